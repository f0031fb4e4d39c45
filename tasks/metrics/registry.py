"""Every metric there is, in the order in which a report lists them. There is no overall score."""

from __future__ import annotations

from tasks.metrics import (
    blocking,
    cadence,
    change,
    dirt,
    flicker,
    frames,
    ghost,
    scratch,
    timing,
    weave,
)
from tasks.metrics.blinks import BLINK
from tasks.metrics.boil import BOIL
from tasks.metrics.eyes import EYE
from tasks.metrics.grain import GRAIN, REGRAIN
from tasks.metrics.identity import ID
from tasks.metrics.jitter import JIT
from tasks.metrics.lips import LIP, MOUTH
from tasks.metrics.metric import Metric
from tasks.metrics.shown.likeness import SSIM, VMAF
from tasks.metrics.shown.warping import E_WARP, TOF
from tasks.metrics.skin import SKIN
from tasks.metrics.stick import STICK
from tasks.metrics.texture import TEX, WAX

FACES: tuple[Metric, ...] = (EYE, BLINK, LIP, MOUTH, ID, JIT, SKIN)
TEXTURE: tuple[Metric, ...] = (TEX, WAX, BOIL, STICK, GRAIN, REGRAIN)
PICTURE: tuple[Metric, ...] = (
    *timing.METRICS, *flicker.METRICS, *change.METRICS, *ghost.METRICS, *frames.METRICS,
    *cadence.METRICS, *weave.METRICS, *blocking.METRICS,
)  # fmt: skip
FILM: tuple[Metric, ...] = (*dirt.METRICS, *scratch.METRICS)
SHOWN: tuple[Metric, ...] = (E_WARP, TOF, SSIM, VMAF)

METRICS: tuple[Metric, ...] = (*PICTURE, *FACES, *TEXTURE, *FILM, *SHOWN)
