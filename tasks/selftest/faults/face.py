"""Faces that become someone else, or shake."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from tasks.selftest.faults.fault import Fault, mixed
from tasks.selftest.regions import OVAL, face
from tasks.selftest.scene import Pictures, Points, Scene, luma

Inside = npt.NDArray[np.bool_]
MATCHED = (*OVAL[::3], 33, 133, 362, 263, 1, 61, 291, 199)


def _other(scene: Scene, output: Pictures, strength: float, _: np.random.Generator) -> Pictures:
    """Another person's face blended in, laid on this one and brought to its tones."""
    assert scene.landmarks is not None and scene.other is not None
    pictures, marks = scene.other
    soft = 0.12 * scene.eye_distance
    done = output.copy()
    for n, points in enumerate(scene.landmarks):
        donor = min(n, len(pictures) - 1)
        turn = cv2.estimateAffine2D(marks[donor, list(MATCHED)], points[list(MATCHED)])[0]
        laid = cv2.warpAffine(pictures[donor], turn, scene.size[::-1], flags=cv2.INTER_LINEAR)
        theirs: Points = cv2.transform(marks[donor][None], turn)[0]
        mask = np.minimum(face(points, scene.size, soft), face(theirs, scene.size, soft))
        toned = _toned_as(output[n], np.asarray(laid, np.float32), mask > 0.5, scene.mono)
        done[n] = mixed(output[n], toned, strength * mask).clip(0, 1)
    return done


def _toned_as(wanted: Pictures, picture: Pictures, inside: Inside, mono: bool) -> Pictures:
    """A picture with the mean colour and the contrast that another has inside a region."""
    if mono:
        picture = np.repeat(luma(picture)[..., None], 3, -1)
    ours, own = wanted[inside], picture[inside]
    gain = np.clip(luma(ours).std() / max(float(luma(own).std()), 1e-3), 0.6, 1.6)
    return np.asarray((picture - own.mean(0)) * gain + ours.mean(0), np.float32)


def _shake(
    scene: Scene, output: Pictures, strength: float, chance: np.random.Generator
) -> Pictures:
    """The face is drawn a little elsewhere on every frame."""
    assert scene.landmarks is not None
    down, across = np.indices(scene.size, np.float32)
    done = output.copy()
    for n, points in enumerate(scene.landmarks):
        mask = face(points, scene.size, 0.12 * scene.eye_distance)
        x, y = strength * scene.eye_distance * chance.standard_normal(2).clip(-2, 2)
        done[n] = cv2.remap(
            output[n], (across + x * mask).astype("f4"), (down + y * mask).astype("f4"),
            cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE,
        ).clip(0, 1)  # fmt: skip
    return done


FAULTS = (
    Fault("other face", "ID", "opacity", (0.15, 0.35, 0.7), _other,
          frozenset({"face"}),
          frozenset({"CHG", "SKIN", "EYE", "WAX", "BOIL", "JIT", "MOUTH", "LIP", "BLINK", "GHOST",
                     "FLK_L", "TEX", "STICK", "CAST", "GRAIN", "SCRATCH"})),
    Fault("face shake", "JIT", "of the eye distance", (0.005, 0.013, 0.027), _shake,
          frozenset({"face"}),
          frozenset({"EYE", "WAX", "BOIL", "STICK", "FLK_L", "ID", "TEX", "CHG", "GRAIN",
                     "WEAVE", "GHOST", "SWAP"})),
)  # fmt: skip
