"""Damage that is left or new, and grain that is gone or added."""

from __future__ import annotations

import cv2
import numpy as np

from tasks.selftest.faults.fault import Fault, mixed
from tasks.selftest.scene import Pictures, Scene, luma

FINEST = 0.004  # of full range, the grain of a source that has less


def _dirt_left(
    scene: Scene, output: Pictures, strength: float, chance: np.random.Generator
) -> Pictures:
    """A share of the source's own blotches is still there."""
    done = output.copy()
    for n in range(scene.count):
        number, areas = cv2.connectedComponents(scene.dirt[n].astype(np.uint8))
        kept = 1 + np.flatnonzero(chance.random(number - 1) < strength)
        if not kept.size:
            continue
        mask = cv2.GaussianBlur(np.isin(areas, kept).astype(np.float32), (0, 0), 0.7)
        done[n] = mixed(output[n], scene.source[n], (mask > 0.2).astype(np.float32))
    return done


def _scratch(
    scene: Scene, output: Pictures, strength: float, chance: np.random.Generator
) -> Pictures:
    """A bright or dark line from top to bottom that drifts slowly; wide when it is strong."""
    height, width = scene.size
    sign = 1.0 if chance.random() < 0.5 else -1.0
    place = float(chance.uniform(0.15, 0.85) * width)
    lines = np.arange(height)[:, None]
    across = np.arange(width)[None, :]
    half = (0.5 if strength < 0.1 else 1.0) * max(scene.scale, 1.0)
    done = output.copy()
    for n in range(scene.count):
        place += float(chance.normal(0, 0.05))
        centre = place + 0.4 * np.sin(2 * np.pi * lines / height)
        cover = np.clip(half + 0.5 - np.abs(across - centre), 0, 1)
        done[n] = (output[n] + sign * strength * cover[..., None]).clip(0, 1)
    return done


def _plastic(scene: Scene, output: Pictures, strength: float, _: np.random.Generator) -> Pictures:
    """Grain taken out of every frame by a strong spatial filter, in part or wholly."""
    smooth = np.stack([cv2.bilateralFilter(one, 9, 0.12, 2.0 * scene.scale) for one in output])
    return np.asarray(output + strength * (smooth - output), np.float32)


def _noisy(
    scene: Scene, output: Pictures, strength: float, chance: np.random.Generator
) -> Pictures:
    """New grain on top, so many times as strong as that of the source."""
    apart = np.abs(luma(scene.source) - luma(scene.truth))
    own = max(1.4826 * float(np.median(apart)), FINEST)
    done = np.empty_like(output)
    for n, one in enumerate(output):
        noise = chance.standard_normal(one.shape[:2]).astype(np.float32)
        noise = cv2.GaussianBlur(noise, (0, 0), 0.7)
        done[n] = (one + (strength * own / noise.std() * noise)[..., None]).clip(0, 1)
    return done


def _blocks(scene: Scene, output: Pictures, strength: float, _: np.random.Generator) -> Pictures:
    """Compressed frame by frame, the more the stronger."""
    quality = int(100 - strength)
    done = np.empty_like(output)
    for n, one in enumerate(output):
        picture = (one[..., ::-1] * 255).round().astype(np.uint8)
        data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        back = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert back is not None  # it was encoded a line above
        done[n] = back[..., ::-1].astype(np.float32) / 255
    if scene.mono:
        done = np.repeat(done.mean(-1, keepdims=True), 3, -1)
    return done


FAULTS = (
    Fault("dirt left", "DIRT", "share of the blotches", (0.1, 0.5, 1.0), _dirt_left,
          frozenset({"dirt"}), frozenset({"CHG", "FLK_L", "BLINK"})),
    Fault("scratch", "SCRATCH", "of full range", (0.03, 0.06, 0.12), _scratch, frozenset(),
          frozenset({"CHG", "ID", "EYE", "DIRT", "BOIL", "WAX", "STICK", "BLOCK"})),
    Fault("grain gone", "GRAIN", "share taken out", (0.3, 0.7, 1.0), _plastic, frozenset(),
          frozenset({"TEX", "WAX", "BOIL", "BLOCK", "STICK", "ID", "EYE"})),
    Fault("blocking", "BLOCK", "100 less the JPEG quality", (60.0, 80.0, 92.0), _blocks,
          frozenset(),
          frozenset({"TEX", "WAX", "BOIL", "GRAIN", "ID", "STICK", "EYE", "CAST", "SKIN", "JIT",
                     "CADENCE", "FLK_L", "CHG", "LIP", "BLINK", "SCRATCH"})),
    Fault("noise added", "REGRAIN", "of the source's own grain", (0.3, 0.7, 1.2), _noisy,
          frozenset(),
          frozenset({"TEX", "WAX", "BOIL", "STICK", "EYE", "JIT", "ID", "LIP", "CHG"})),
)  # fmt: skip
