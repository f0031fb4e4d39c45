"""Picture that was never there, and picture that is gone."""

from __future__ import annotations

import cv2
import numpy as np

from tasks.selftest.faults.fault import Fault, mixed
from tasks.selftest.scene import Pictures, Scene


def _patch(
    scene: Scene, output: Pictures, strength: float, chance: np.random.Generator
) -> Pictures:
    """A piece of another part of the picture, laid where it does not belong, and it stays."""
    side = max(6, round(strength * scene.size[1]))
    place, donor = (_corner(scene, side, chance) for _ in range(2))
    for _ in range(20):
        here, there = (_mean(output, corner, side) for corner in (place, donor))
        if abs(here - there) > 0.06:
            break
        donor = _corner(scene, side, chance)
    mask = np.zeros(scene.size, np.float32)
    mask[place[0] : place[0] + side, place[1] : place[1] + side] = 1
    soft = cv2.GaussianBlur(mask, (0, 0), side / 10)
    moved = np.roll(output, (place[0] - donor[0], place[1] - donor[1]), axis=(1, 2))
    return mixed(output, moved, soft)


def _erased(
    scene: Scene, output: Pictures, strength: float, chance: np.random.Generator
) -> Pictures:
    """A thing painted over with what surrounds it, where the picture is not flat."""
    side = max(8, round(strength * scene.size[1]))
    corners = [_corner(scene, side, chance) for _ in range(60)]
    detail = [float(scene.truth[0, y : y + side, x : x + side].std()) for y, x in corners]
    top, left = corners[int(np.argmax(detail))]
    mask = np.zeros(scene.size, np.uint8)
    cv2.circle(mask, (left + side // 2, top + side // 2), side // 2, 255, -1)
    soft = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 1.0)
    done = output.copy()
    for n, one in enumerate(output):
        painted = cv2.inpaint((one * 255).round().astype(np.uint8), mask, 3, cv2.INPAINT_TELEA)
        done[n] = mixed(one, np.asarray(painted, np.float32) / 255, soft)
    return done


def _watermark(scene: Scene, output: Pictures, strength: float, _: np.random.Generator) -> Pictures:
    """A light mark that stays in a corner."""
    height, width = scene.size
    mark = np.zeros(scene.size, np.float32)
    size = height / 260
    cv2.putText(mark, "SAMPLE", (round(0.62 * width), round(0.9 * height)),
                cv2.FONT_HERSHEY_SIMPLEX, size, 1.0, max(1, round(3 * size)))  # fmt: skip
    soft = cv2.GaussianBlur(mark, (0, 0), 0.8)
    return mixed(output, np.ones_like(output), strength * soft)


def _corner(scene: Scene, side: int, chance: np.random.Generator) -> tuple[int, int]:
    height, width = scene.size
    return int(chance.integers(0, height - side)), int(chance.integers(0, width - side))


def _mean(output: Pictures, corner: tuple[int, int], side: int) -> float:
    return float(output[:, corner[0] : corner[0] + side, corner[1] : corner[1] + side].mean())


FAULTS = (
    Fault("alien patch", "CHG", "of the width", (0.02, 0.04, 0.08), _patch, frozenset(),
          frozenset({"EYE", "ID", "SKIN", "WAX", "BOIL", "JIT", "GHOST", "FLK_L", "MOUTH", "LIP",
                     "BLINK", "STICK", "CAST", "TEX", "SWAP", "GRAIN"})),
    Fault("thing erased", "CHG", "of the width", (0.02, 0.045, 0.09), _erased, frozenset(),
          frozenset({"EYE", "ID", "SKIN", "WAX", "BOIL", "JIT", "GHOST", "FLK_L", "MOUTH", "LIP",
                     "BLINK", "STICK", "CAST", "TEX", "SWAP", "GRAIN"})),
    Fault("watermark", "CHG", "opacity", (0.05, 0.12, 0.3), _watermark, frozenset(),
          frozenset({"SKIN", "FLK_L", "CAST", "ID", "BLOCK", "TEX"})),
)  # fmt: skip
