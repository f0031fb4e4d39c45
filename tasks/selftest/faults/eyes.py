"""Eyes that flicker, that change shape, that never blink."""

from __future__ import annotations

import cv2
import numpy as np

from tasks.selftest.faults.fault import Fault, mixed
from tasks.selftest.regions import EYES, eyes
from tasks.selftest.scene import Pictures, Points, Scene

OPENNESS = ((159, 145, 33, 133), (386, 374, 362, 263))  # upper, lower lid, corners
BLINK = 0.62  # of the usual openness; below, an eye is closing


def _flicker(
    scene: Scene, output: Pictures, strength: float, chance: np.random.Generator
) -> Pictures:
    """The eyes' brightness jumps from frame to frame, as a face model's patch does."""
    assert scene.landmarks is not None
    gains = 1 + strength * chance.standard_normal(scene.count).clip(-2, 2)
    done = output.copy()
    for n, points in enumerate(scene.landmarks):
        mask = eyes(points, scene.size, 0.04 * scene.eye_distance)
        done[n] = mixed(output[n], output[n] * np.float32(gains[n]), mask).clip(0, 1)
    return done


def _shape(
    scene: Scene, output: Pictures, strength: float, chance: np.random.Generator
) -> Pictures:
    """Lids and irises are drawn a little elsewhere on every frame, each eye by itself."""
    assert scene.landmarks is not None
    length = strength * scene.eye_distance
    down, across = np.indices(scene.size, np.float32)
    done = output.copy()
    for n, points in enumerate(scene.landmarks):
        move = np.zeros((2, *scene.size), np.float32)
        for eye in EYES:
            centre, span = points[list(eye)].mean(0), 0.35 * scene.eye_distance
            near = np.exp(
                -((across - centre[0]) ** 2 + (down - centre[1]) ** 2) / (2 * span**2) * 4
            )
            turn = chance.standard_normal(2)
            move += near * (length * turn / max(np.hypot(*turn), 0.3))[:, None, None].astype("f4")
        done[n] = cv2.remap(output[n], across + move[0], down + move[1], cv2.INTER_CUBIC,
                            borderMode=cv2.BORDER_REPLICATE).clip(0, 1)  # fmt: skip
    return done


def openness(landmarks: Points) -> np.ndarray:
    """Height of the eyes over their width, `[T]`."""
    parts = [
        np.linalg.norm(landmarks[:, up] - landmarks[:, low], axis=1)
        / np.linalg.norm(landmarks[:, left] - landmarks[:, right], axis=1).clip(1e-3)
        for up, low, left, right in OPENNESS
    ]
    return np.asarray(np.mean(parts, axis=0))


def closing(landmarks: Points) -> np.ndarray:
    """Frames on which the eyes are closing or closed, bool `[T]`."""
    open_share = openness(landmarks) / np.median(openness(landmarks))
    return np.asarray(open_share < BLINK)


def _no_blink(scene: Scene, output: Pictures, strength: float, _: np.random.Generator) -> Pictures:
    """Closed eyes are painted open, with the eyes of the nearest open frame."""
    assert scene.landmarks is not None
    shut = closing(scene.landmarks)
    wide = np.convolve(shut, np.ones(5), "same") > 0
    opened = np.flatnonzero(~wide)
    done = output.copy()
    for n in np.flatnonzero(wide):
        donor = int(opened[np.abs(opened - n).argmin()])
        corners = [33, 133, 362, 263, 168, 6]
        turn = cv2.estimateAffinePartial2D(
            scene.landmarks[donor, corners], scene.landmarks[n, corners]
        )[0]
        moved = cv2.warpAffine(output[donor], turn, scene.size[::-1], flags=cv2.INTER_CUBIC)
        points = cv2.transform(scene.landmarks[donor][None], turn)[0]
        mask = strength * eyes(points, scene.size, 0.05 * scene.eye_distance)
        done[n] = mixed(output[n], moved, mask).clip(0, 1)
    return done


FAULTS = (
    Fault("eye flicker", "EYE", "of brightness", (0.02, 0.06, 0.12), _flicker,
          frozenset({"face"}), frozenset({"ID", "FLK_L", "CHG"})),
    Fault("eye shape", "EYE", "of the eye distance", (0.008, 0.022, 0.044), _shape,
          frozenset({"face"}), frozenset({"JIT", "ID", "BLINK", "WAX", "BOIL", "CHG"})),
    Fault("blink removed", "BLINK", "opacity", (0.3, 0.7, 1.0), _no_blink,
          frozenset({"face", "blink"}), frozenset({"EYE", "ID", "FLK_L", "JIT", "CHG", "GHOST"})),
)  # fmt: skip
