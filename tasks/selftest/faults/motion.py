"""Ghosts, late, doubled, foreign and pulsing frames, an unsteady picture."""

from __future__ import annotations

import cv2
import numpy as np

from tasks.selftest.faults.fault import Fault
from tasks.selftest.scene import Pictures, Scene, luma

FOREIGN = 3  # frames of a clip that come from elsewhere
ELSEWHERE = 6  # frames away at the least
LIVELY = 0.25  # of the frames, those that change most; a doubled frame is one of them


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
    """Some frames are the ones before them, of those on which the most moves."""
    inner = np.arange(3, scene.count - 2)
    small = luma(scene.truth[:, ::2, ::2])
    steps = np.abs(small[inner] - small[inner - 1]).mean((1, 2))
    lively = chance.permutation(inner[steps >= np.quantile(steps, 1 - LIVELY)])
    done = output.copy()
    for n in lively[: round(strength)]:
        done[n] = output[n - 1]
    return done


def _pulsing(scene: Scene, output: Pictures, strength: float, _: np.random.Generator) -> Pictures:
    """Every second frame is soft, as frames are that were made up between two others."""
    done = output.copy()
    for n in range(1, len(done), 2):
        done[n] = cv2.GaussianBlur(output[n], (0, 0), strength * scene.scale)
    return done


def _foreign(
    scene: Scene, output: Pictures, strength: float, chance: np.random.Generator
) -> Pictures:
    """Single frames come from elsewhere in the shot: of those, from where it looks so different."""
    inner = chance.permutation(np.arange(5, scene.count - 5))
    small = luma(scene.truth[:, ::4, ::4])
    done = output.copy()
    for n in inner[:FOREIGN]:
        others = np.flatnonzero(np.abs(np.arange(scene.count) - n) >= ELSEWHERE)
        apart = ((small[others] - small[n]) ** 2).mean((1, 2))
        order = others[apart.argsort()]
        done[n] = output[order[round(strength * (len(order) - 1))]]
    return done


def _version(
    scene: Scene, output: Pictures, strength: float, chance: np.random.Generator
) -> Pictures:
    """For a while another version of the shot is cut in, of another grade."""
    length = max(4, scene.count // 8)
    first = int(chance.integers(4, scene.count - length - 4))
    done = output.copy()
    done[first : first + length] = output[first : first + length].clip(0, 1) ** (1 - strength)
    return done


# What a picture that is not where the source's is may be flagged for too.
_MOVED = frozenset({"JIT", "EYE", "LIP", "ID", "WAX", "BOIL", "STICK", "TEX", "CHG", "FLK_L",
                    "GRAIN", "REGRAIN", "DIRT", "SWAP", "WEAVE"})  # fmt: skip
_LATE = _MOVED | {"MOUTH", "BLINK", "SKIN", "DUP", "GHOST", "SCRATCH"}
# The same of single frames: what is a mean or a median over time does not see them.
_FEW = frozenset({"FLK_L", "GHOST", "WEAVE", "JIT", "EYE", "BOIL", "DIRT", "BLINK", "MOUTH"})

FAULTS = (
    Fault("picture late", "GHOST", "frames", (0.5, 1, 3), _late, frozenset({"motion"}),
          _LATE - {"GHOST"}),
    Fault("recursive blend", "GHOST", "share of the frame before", (0.1, 0.25, 0.5), _recursive,
          frozenset({"motion"}), (_MOVED | {"MOUTH", "BLINK", "BLOCK", "DUP"}) - {"WEAVE"}),
    Fault("weave", "WEAVE", "samples at 288 lines", (0.15, 0.4, 1.0), _weave, frozenset(),
          (_MOVED | {"SKIN", "SCRATCH", "CADENCE", "GHOST", "BLOCK"}) - {"WEAVE"}),
    Fault("frames doubled", "DUP", "frames of the clip", (1, 2, 6), _doubled,
          frozenset({"motion"}), _FEW | {"SWAP", "LIP", "STICK"}),
    Fault("cadence pulsing", "CADENCE", "samples of blur at 288 lines", (0.5, 0.8, 1.4), _pulsing,
          frozenset(), (_MOVED | {"BLOCK"}) - {"LIP", "SWAP"}),
    Fault("foreign frames", "SWAP", "quantile of difference", (0.1, 0.5, 1.0), _foreign,
          frozenset({"motion"}), _FEW | {"FLK", "CADENCE", "BLOCK", "DUP", "ID", "CAST"}),
    Fault("version cut in", "FLK", "of gamma", (0.03, 0.12, 0.24), _version, frozenset(),
          frozenset({"SWAP", "FLK_L", "CHG", "CAST", "SKIN", "EYE"})),
)  # fmt: skip
