"""Brightness and colour that change in time, and sharpness that is lost everywhere."""

from __future__ import annotations

import cv2
import numpy as np

from tasks.selftest.faults.fault import Fault
from tasks.selftest.scene import Pictures, Scene


def _gain(scene: Scene, output: Pictures, strength: float, chance: np.random.Generator) -> Pictures:
    """The whole picture brighter and darker from frame to frame."""
    gains = 1 + strength * chance.standard_normal(scene.count)
    return np.asarray((output * gains[:, None, None, None]).clip(0, 1), np.float32)


def _quadrant(
    scene: Scene, output: Pictures, strength: float, chance: np.random.Generator
) -> Pictures:
    """One quarter of the picture brighter and darker from frame to frame."""
    height, width = scene.size
    mask = np.zeros(scene.size, np.float32)
    top, left = (int(half) for half in chance.integers(0, 2, 2))
    down = slice(top * height // 2, (top + 1) * height // 2)
    mask[down, left * width // 2 : (left + 1) * width // 2] = 1
    soft = cv2.GaussianBlur(mask, (0, 0), height / 20)
    gains = strength * chance.standard_normal(scene.count)
    whole = 1 + gains[:, None, None, None] * soft[None, ..., None]
    return np.asarray((output * whole).clip(0, 1), np.float32)


def _cast(scene: Scene, output: Pictures, strength: float, _: np.random.Generator) -> Pictures:
    """The hue of the picture drifts over the shot: a* and b* up and down once."""
    turn = np.linspace(0, 2 * np.pi, scene.count)
    done = np.empty_like(output)
    for n, one in enumerate(output):
        lab = cv2.cvtColor(one, cv2.COLOR_RGB2Lab)
        lab[..., 1] += strength * np.sin(turn[n])
        lab[..., 2] += strength * np.cos(turn[n])
        done[n] = cv2.cvtColor(lab, cv2.COLOR_Lab2RGB).clip(0, 1)
    return done


def _soft(scene: Scene, output: Pictures, strength: float, _: np.random.Generator) -> Pictures:
    """The whole picture blurred."""
    sigma = strength * scene.scale
    return np.stack([cv2.GaussianBlur(one, (0, 0), sigma) for one in output])


FAULTS = (
    Fault("global flicker", "FLK", "of brightness", (0.003, 0.01, 0.025), _gain, frozenset(),
          frozenset({"EYE", "SKIN", "CAST", "FLK_L"})),
    Fault("local flicker", "FLK_L", "of brightness", (0.005, 0.015, 0.03), _quadrant, frozenset(),
          frozenset({"FLK", "EYE", "CAST", "CHG", "SKIN", "SWAP"})),
    Fault("colour cast", "CAST", "units of a* and b*", (2.0, 5.0, 10.0), _cast,
          frozenset({"colour"}), frozenset({"SKIN", "FLK", "ID", "CHG", "FLK_L", "GHOST"})),
    Fault("blur", "TEX", "samples at 288 lines", (0.45, 0.8, 1.4), _soft, frozenset(),
          frozenset({"GRAIN", "WAX", "BOIL", "BLOCK", "ID", "STICK", "EYE", "JIT", "CHG",
                     "MOUTH"})),
)  # fmt: skip
