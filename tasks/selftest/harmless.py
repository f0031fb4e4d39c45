"""Harmless outputs: what a restoration may hand over without any fault.

Thresholds come from them, so they must hold what correct work looks like: a real denoiser, a
regrain and our own steps among it.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from catalogs.recipe import read_recipe
from models.contract import Frame, Step, apply_step
from models.grain.denoise import Denoise
from models.motion import Motion
from tasks.media.clip import compressed
from tasks.selftest.output import DENOISED, REPAIRS, Output, frames_of, pictures_of
from tasks.selftest.scene import Pictures
from tasks.selftest.source import Made, grain
from tasks.steps import build_steps
from tasks.treat import resolve_recipe

REGRAIN = 0.012
SHARPEN = 0.35
RATE_FACTOR = 20
GAMMA = 0.88


def harmless_outputs(made: Made) -> Iterator[Output]:
    """All harmless outputs of a scene, each made when it is asked for."""
    scene, truth = made.scene, made.scene.truth
    yield Output("ideal, grain kept", made.grainy)
    yield Output("truth", truth, DENOISED)
    regrained = truth + grain(truth, REGRAIN, scene.chance("regrain"), scene.mono)
    yield Output("regrained", regrained.clip(0, 1), DENOISED | {"grain"})
    yield Output("denoised", stepped(made.grainy, scene.mono, (Denoise(),)), DENOISED)
    yield Output("sharpened", sharpened(truth), DENOISED)
    yield Output("compressed", _h264(truth, scene.rate, scene.mono), DENOISED)
    yield Output("graded", truth**GAMMA, DENOISED)
    yield Output("conservative recipe", conservative(made), REPAIRS)
    yield Output("doubled and halved", _resampled(truth), DENOISED)


def stepped(pictures: Pictures, mono: bool, steps: tuple[Step, ...]) -> Pictures:
    """Pictures after our own steps, as a night runs them."""
    stream: Iterator[Frame] = iter(frames_of(pictures, mono))
    motion = Motion()
    for step in steps:
        stream = (after for _, after, _ in apply_step(step, stream, motion))
    return pictures_of(stream)


def conservative(made: Made) -> Pictures:
    """The default recipe on the damaged source."""
    steps = build_steps(resolve_recipe(read_recipe("conservative")))
    return stepped(made.scene.source, made.scene.mono, steps)


def sharpened(pictures: Pictures) -> Pictures:
    """Unsharp mask."""
    blurred = np.stack([cv2.GaussianBlur(one, (0, 0), 1.0) for one in pictures])
    return np.asarray((pictures + SHARPEN * (pictures - blurred)).clip(0, 1), np.float32)


def _h264(pictures: Pictures, rate: float, mono: bool) -> Pictures:
    whole = compressed((pictures.clip(0, 1) * 255).round().astype(np.uint8), rate, RATE_FACTOR)
    back: Pictures = np.asarray(whole, np.float32) / np.float32(255)
    return np.repeat(back.mean(-1, keepdims=True), 3, -1) if mono else back


def _resampled(pictures: Pictures) -> Pictures:
    height, width = pictures.shape[1:3]
    done = np.empty_like(pictures)
    for n, one in enumerate(pictures):
        large = cv2.resize(one, (2 * width, 2 * height), interpolation=cv2.INTER_CUBIC)
        done[n] = cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA).clip(0, 1)
    return done
