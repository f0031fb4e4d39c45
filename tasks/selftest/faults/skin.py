"""Skin that melts, boils, sticks to the screen, or changes its tone."""

from __future__ import annotations

import cv2
import numpy as np

from tasks.selftest.faults.fault import Fault, mixed
from tasks.selftest.regions import face, skin
from tasks.selftest.scene import Pictures, Scene

FINE = 1.6  # samples where the eyes are 50 apart; smaller detail is texture


def _masks(scene: Scene) -> list[np.ndarray]:
    assert scene.landmarks is not None
    soft = 0.03 * scene.eye_distance
    return [skin(points, scene.size, soft) for points in scene.landmarks]


def _blurred(picture: Pictures, sigma: float) -> Pictures:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)


def _wax(scene: Scene, output: Pictures, strength: float, _: np.random.Generator) -> Pictures:
    """Skin without its pores."""
    sigma = strength * scene.face_scale
    return np.stack([
        mixed(one, _blurred(one, sigma), mask)
        for one, mask in zip(output, _masks(scene), strict=True)
    ])  # fmt: skip


def _redrawn(
    scene: Scene, output: Pictures, strength: float, chance: np.random.Generator
) -> Pictures:
    """The texture of the skin is another on every frame, of the same strength."""
    sigma = FINE * scene.face_scale
    done = output.copy()
    for n, mask in enumerate(_masks(scene)):
        base = _blurred(output[n], sigma)
        fine = output[n] - base
        inside = mask > 0.5
        power = 1.4826 * float(np.median(np.abs(fine[inside]))) if inside.any() else 0.0
        noise = chance.standard_normal((*scene.size, 1)).astype(np.float32)
        noise = _blurred(noise, 0.6 * scene.face_scale)[..., None]
        noise *= power / max(float(noise.std()), 1e-6)
        keep = np.sqrt(1 - min(strength, 1.0) ** 2)
        done[n] = mixed(output[n], base + keep * fine + strength * noise, mask).clip(0, 1)
    return done


def _stuck(scene: Scene, output: Pictures, strength: float, _: np.random.Generator) -> Pictures:
    """The texture of some frames ago stays where it was on the screen."""
    late, sigma = round(strength), FINE * scene.face_scale
    bases = np.stack([_blurred(one, sigma) for one in output])
    fine = output - bases
    done = output.copy()
    for n, mask in enumerate(_masks(scene)):
        done[n] = mixed(output[n], bases[n] + fine[max(n - late, 0)], mask).clip(0, 1)
    return done


def _toned(scene: Scene, output: Pictures, strength: float, _: np.random.Generator) -> Pictures:
    """The face lighter by `strength` units of L*, and bluer by half as many of b*."""
    assert scene.landmarks is not None
    soft = 0.12 * scene.eye_distance
    done = output.copy()
    for n, points in enumerate(scene.landmarks):
        lab = cv2.cvtColor(output[n], cv2.COLOR_RGB2Lab)
        lab[..., 0] += strength
        if not scene.mono:
            lab[..., 2] -= strength / 2
        changed = cv2.cvtColor(lab, cv2.COLOR_Lab2RGB)
        if scene.mono:
            changed = np.repeat(changed[..., 1:2], 3, -1)  # the conversion rounds
        done[n] = mixed(output[n], changed, face(points, scene.size, soft)).clip(0, 1)
    return done


FAULTS = (
    Fault("skin wax", "WAX", "samples of blur, eyes 50 apart", (0.5, 1.0, 2.0), _wax,
          frozenset({"face"}), frozenset({"TEX", "BOIL", "ID", "STICK", "GRAIN", "CHG"})),
    Fault("skin redrawn", "BOIL", "share of the texture", (0.25, 0.5, 1.0), _redrawn,
          frozenset({"face"}), frozenset({"WAX", "TEX", "ID", "STICK", "GRAIN", "JIT", "CHG"})),
    Fault("skin sticking", "STICK", "frames", (1, 2, 5), _stuck,
          frozenset({"face", "motion"}),
          frozenset({"WAX", "BOIL", "TEX", "ID", "GRAIN", "JIT", "GHOST"})),
    Fault("face toned", "SKIN", "units of L*", (2.0, 4.0, 8.0), _toned,
          frozenset({"face"}), frozenset({"CHG", "ID", "CAST", "FLK_L", "GHOST"})),
)  # fmt: skip
