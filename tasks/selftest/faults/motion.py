"""Ghosts, late, lost, doubled and pulsing frames, an unsteady picture."""

from __future__ import annotations

import cv2
import numpy as np

from tasks.selftest.faults.fault import Fault
from tasks.selftest.scene import Pictures, Scene


def _late(_scene: Scene, output: Pictures, strength: float, _: np.random.Generator) -> Pictures:
    """The picture of some frames ago, between two frames where the number is broken."""
    places = np.clip(np.arange(len(output)) - strength, 0, None)
    below = np.floor(places).astype(int)
    part = (places - below)[:, None, None, None].astype(np.float32)
    return np.asarray(
        output[below] * (1 - part) + output[np.minimum(below + 1, len(output) - 1)] * part
    )


def _recursive(
    _scene: Scene, output: Pictures, strength: float, _: np.random.Generator
) -> Pictures:
    """Each frame keeps a share of the one before, as a temporal filter does."""
    done = output.copy()
    for n in range(1, len(done)):
        done[n] = (1 - strength) * output[n] + strength * done[n - 1]
    return done


def _weave(
    scene: Scene, output: Pictures, strength: float, chance: np.random.Generator
) -> Pictures:
    """The whole picture is moved a little on every frame."""
    height, width = scene.size
    done = np.empty_like(output)
    for n, one in enumerate(output):
        x, y = strength * scene.scale * chance.standard_normal(2)
        move = np.array([[1, 0, x], [0, 1, y]], np.float32)
        done[n] = cv2.warpAffine(one, move, (width, height), flags=cv2.INTER_CUBIC,
                                 borderMode=cv2.BORDER_REPLICATE).clip(0, 1)  # fmt: skip
    return done


def _doubled(
    scene: Scene, output: Pictures, strength: float, chance: np.random.Generator
) -> Pictures:
    """Some frames are the ones before them."""
    inner = np.arange(3, scene.count - 2)
    chosen = np.sort(chance.choice(inner, min(round(strength), len(inner)), replace=False))
    done = output.copy()
    for n in chosen:
        done[n] = done[n - 1]
    return done


def _pulsing(scene: Scene, output: Pictures, strength: float, _: np.random.Generator) -> Pictures:
    """Every second frame is soft, as frames are that were made up between two others."""
    done = output.copy()
    for n in range(1, len(done), 2):
        done[n] = cv2.GaussianBlur(output[n], (0, 0), strength * scene.scale)
    return done


def _versions(
    scene: Scene, output: Pictures, strength: float, chance: np.random.Generator
) -> Pictures:
    """Single frames come from elsewhere in the shot."""
    inner = np.arange(5, scene.count - 5)
    chosen = chance.choice(inner, min(round(strength), len(inner)), replace=False)
    done = output.copy()
    for n in chosen:
        done[n] = output[(n + scene.count // 2) % scene.count]
    return done


_MOVED = frozenset({"JIT", "EYE", "LIP", "MOUTH", "BLINK", "ID", "WAX", "BOIL", "STICK", "TEX",
                    "CHG", "GHOST", "DUP", "CADENCE", "SWAP", "FLK_L", "WEAVE", "GRAIN", "SKIN",
                    "DIRT", "SCRATCH", "CAST", "FLK", "BLOCK"})  # fmt: skip

FAULTS = (
    Fault("picture late", "GHOST", "frames", (0.5, 1, 3), _late, frozenset({"motion"}), _MOVED),
    Fault("recursive blend", "GHOST", "share of the frame before", (0.1, 0.25, 0.5), _recursive,
          frozenset({"motion"}), _MOVED),
    Fault("weave", "WEAVE", "samples at 288 lines", (0.15, 0.4, 1.0), _weave, frozenset(), _MOVED),
    Fault("frames doubled", "DUP", "frames of the clip", (1, 2, 6), _doubled,
          frozenset({"motion"}), _MOVED),
    Fault("cadence pulsing", "CADENCE", "samples of blur at 288 lines", (0.5, 0.8, 1.4), _pulsing,
          frozenset(), _MOVED),
    Fault("foreign frames", "SWAP", "frames of the clip", (1, 2, 4), _versions,
          frozenset({"motion"}), _MOVED),
)  # fmt: skip
