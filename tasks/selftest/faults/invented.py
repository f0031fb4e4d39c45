"""Picture that was never there, and picture that is gone.

A place is the same at all three severities; what is there grows around it.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from tasks.selftest.faults.fault import Fault, mixed
from tasks.selftest.scene import Mask, Pictures, Scene, luma

LARGEST = 0.1  # of the width; places lie half of it from the edges
TRIED = 20  # donors of a patch
APART = 0.06  # luma by which a patch differs from where it is laid
ERASABLE = 60  # places, of which the one with the most detail is erased
EVERY = 8  # frames between those that detail is looked for on
FONT, MARK, MARK_WIDTH = cv2.FONT_HERSHEY_SIMPLEX, "SAMPLE", 0.3  # of the picture's width

Places = npt.NDArray[np.int64]  # `[N, 2]`, line and sample


def _patch(
    scene: Scene, output: Pictures, strength: float, chance: np.random.Generator
) -> Pictures:
    """A piece of another part of the picture, laid where it does not belong, and it stays."""
    side = max(6, round(strength * scene.size[1]))
    place, *donors = _places(scene, TRIED + 1, chance)
    donor = _unlike(scene, place, donors)
    mask = np.zeros(scene.size, np.float32)
    top, left = place - side // 2
    mask[top : top + side, left : left + side] = 1
    soft = cv2.GaussianBlur(mask, (0, 0), side / 10)
    moved = np.roll(output, tuple(place - donor), axis=(1, 2))
    return mixed(output, moved, soft)


def _unlike(scene: Scene, place: Places, donors: list[Places]) -> Places:
    """The first donor that is darker or brighter than the place, or the one that is most."""
    side = round(LARGEST / 2 * scene.size[1])
    tones = cv2.blur(luma(scene.truth[::EVERY]).mean(0), (side, side))
    apart = np.array([abs(tones[tuple(donor)] - tones[tuple(place)]) for donor in donors])
    enough = np.flatnonzero(apart > APART)
    return donors[int(enough[0] if enough.size else apart.argmax())]


def _erased(
    scene: Scene, output: Pictures, strength: float, chance: np.random.Generator
) -> Pictures:
    """A thing painted over with what surrounds it, where the picture has detail."""
    detail = _detail(scene)
    places = _places(scene, ERASABLE, chance)
    top, left = max(places, key=lambda place: float(detail[tuple(place)]))
    radius = max(4, round(strength * scene.size[1] / 2))
    mask = np.zeros(scene.size, np.uint8)
    cv2.circle(mask, (int(left), int(top)), radius, 255, -1)
    soft = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 1.0)
    done = output.copy()
    for n, one in enumerate(output):
        codes = (one.clip(0, 1) * 255).round().astype(np.uint8)
        painted = cv2.inpaint(codes, mask, 3, cv2.INPAINT_TELEA)
        done[n] = mixed(one, np.asarray(painted, np.float32) / 255, soft)
    return done


def _detail(scene: Scene) -> Mask:
    """Slope of the truth's luma around each sample, mean over time."""
    found = np.zeros(scene.size, np.float32)
    for picture in luma(scene.truth[::EVERY]):
        smooth = cv2.GaussianBlur(picture, (0, 0), 1.5)
        down, across = np.gradient(smooth)
        found += np.hypot(down, across)
    return np.asarray(cv2.GaussianBlur(found, (0, 0), LARGEST / 5 * scene.size[1]), np.float32)


def _watermark(scene: Scene, output: Pictures, strength: float, _: np.random.Generator) -> Pictures:
    """A light mark that stays in a corner."""
    height, width = scene.size
    (unit, _tall), _base = cv2.getTextSize(MARK, FONT, 1.0, 1)
    size = MARK_WIDTH * width / unit
    mark = np.zeros(scene.size, np.float32)
    corner = (round((0.95 - MARK_WIDTH) * width), round(0.93 * height))
    cv2.putText(mark, MARK, corner, FONT, size, 1.0, max(1, round(3 * size)))
    soft = cv2.GaussianBlur(mark, (0, 0), 0.8)
    return mixed(output, np.ones_like(output), strength * soft)


def _places(scene: Scene, count: int, chance: np.random.Generator) -> Places:
    """Places at which the largest fault is whole."""
    height, width = scene.size
    edge = round(LARGEST / 2 * width) + 1
    return chance.integers((edge, edge), (height - edge, width - edge), (count, 2))


FAULTS = (
    Fault("alien patch", "CHG", "of the width", (0.02, 0.04, 0.08), _patch, frozenset(),
          frozenset({"EYE", "ID", "SKIN", "WAX", "BOIL", "JIT", "GHOST", "FLK_L", "MOUTH", "LIP",
                     "BLINK", "STICK", "CAST", "TEX", "SWAP", "GRAIN", "SCRATCH"})),
    Fault("thing erased", "CHG", "of the width", (0.02, 0.045, 0.09), _erased, frozenset(),
          frozenset({"EYE", "ID", "SKIN", "WAX", "BOIL", "JIT", "GHOST", "FLK_L", "MOUTH", "LIP",
                     "BLINK", "STICK", "CAST", "TEX", "SWAP", "GRAIN", "SCRATCH"})),
    Fault("watermark", "CHG", "opacity", (0.05, 0.12, 0.3), _watermark, frozenset(),
          frozenset({"SKIN", "FLK_L", "CAST", "ID", "BLOCK", "TEX", "SCRATCH"})),
)  # fmt: skip
