"""FLK and FLK_L: brightness that the restoration makes jump from frame to frame.

FLK, of the whole picture. With m the mean luma of a frame, over its mean, h the high-pass of
`tasks.metrics.bands`, and <> the mean over time,

    FLK = 100 * sqrt(max(0, <h(m_R)^2> - max(0, <h(m_R) h(m_S)>)))

What R and S share is the light of the scene, or flicker that was left: neither was put in. What
R alone does was: so fire is no fault, and flicker that was taken out is none. The same is done
with the median over small blocks of h of a block over its mean, which things that move do not
disturb, and the smaller of the two is taken. Per cent; lower is steadier; about 0.4 is visible.

FLK_L, of parts of the picture. In blocks of 24 samples at 288 lines,

    f_b = min( rms h(D_b), sqrt(max(0, <h(R_b)^2> - max(0, <h(R_b) h(S_b)>))) )

with D_b, R_b, S_b the medians of the direct difference and of both sides, less those of the frame.
The first term knows nothing of motion; the second is not fooled where R took local flicker of S
away. With F the 97th percentile of f over areas of three by three blocks, or half of that over
single blocks, which grain moves more, and T the flicker of the whole picture that R took away,

    T^2 = max(0, <h(m_S)^2> - <h(m_R)^2>),      FLK_L = 100 sqrt(max(0, F^2 - (0.15 T)^2))

because what takes flicker of several per cent away leaves a residue of it that differs from place
to place, and is far less than what was there. Where nothing was taken away, nothing is allowed.
Per cent of full range.

FLICKER is shown, not judged: rms h(m) / mean(m) of the source and of the restored picture. It is
where a recipe that takes flicker out shows what it left.

Source: the YAVG trace of QCTools and a second-difference high-pass; visibility limits of BBC RD
1975/13. Blind to: flicker left over that the source has too (see FLICKER, before and after);
changes slower than 2 Hz; flicker of parts that are smaller than a block.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tasks.metrics.bands import USUAL_RATE, high, lag, rms
from tasks.metrics.direct import local_medians
from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair

SHORTEST = 5  # frames of the high-pass
DARKEST = 1e-3  # mean luma; below, a share of it means nothing
DARK_BLOCK = 0.05  # mean luma; darker blocks count as if they were so bright
AREA = 3  # blocks each way
SINGLE = 0.5  # what a single block counts
BLOCK_SHARE = 0.97  # of the blocks that a value is not beyond
RESIDUE = 0.15  # of flicker that was taken away, what may be left of it in parts of the picture


def flicker_percent(trace: Tensor, rate: float = USUAL_RATE) -> float | None:
    """Flicker of a trace of luma `[T]`, 0..1, in per cent; None when too short or too dark."""
    waves = high(trace, rate)
    level = float(trace.mean()) if trace.numel() else 0.0
    if waves.shape[0] < SHORTEST or level < DARKEST:
        return None
    return 100 * float(rms(waves)) / level


def measure_flicker(pair: Pair) -> Value:
    """FLK of a pair."""
    means = [side.mean(dim=(1, 2)).double() for side in (pair.source, pair.restored)]
    own, waves = (high(mean, pair.rate) / mean.mean().clamp_min(1e-9) for mean in means)
    if waves.shape[0] < SHORTEST or min(float(mean.mean()) for mean in means) < DARKEST:
        return Value.none(f"needs {_needed(pair)} frames that are not black")
    blocks = [_block_waves(side, pair.rate) for side in pair.local_medians]
    value = min(float(_alone(waves, own)), float(_alone(blocks[1], blocks[0])))
    left = ((waves * own).mean() / (own * own).mean().clamp_min(1e-12)).clamp(0, 1)
    where = int((waves - left * own).abs().argmax()) + lag(pair.rate)
    return Value(100 * value, before=flicker_percent(means[0], pair.rate), where=where)


def _alone(waves: Tensor, own: Tensor) -> Tensor:
    """Rms over time of what R does and S does not, `[T, ...]` to `[...]`."""
    shared = (waves * own).mean(0).clamp_min(0)
    return ((waves**2).mean(0) - shared).clamp_min(0).sqrt()


def _block_waves(medians: Tensor, rate: float) -> Tensor:
    """The median over blocks of h of a block over its mean, `[T']`."""
    blocks = medians.flatten(1).double()
    return (high(blocks, rate) / blocks.mean(0).clamp_min(DARK_BLOCK)).median(1).values


def _needed(pair: Pair) -> int:
    return SHORTEST + 2 * lag(pair.rate)


def measure_local_flicker(pair: Pair) -> Value:
    """FLK_L of a pair."""
    apart, own, after = (
        high(_from_median(medians), pair.rate)
        for medians in (local_medians(pair.direct), *pair.local_medians)
    )
    if apart.shape[0] < SHORTEST:
        return Value.none(f"needs {_needed(pair)} frames")
    single, _ = _highest(apart, own, after)
    areas = [_areas(blocks) for blocks in (apart, own, after)]
    whole, worst = _highest(*areas)
    found = max(SINGLE * single, whole)
    allowed = RESIDUE * _taken_away(pair)
    return Value(100 * math.sqrt(max(0.0, found**2 - allowed**2)), where=worst + lag(pair.rate))


def _taken_away(pair: Pair) -> float:
    """Flicker of the whole picture that S has and R has not, share of full range."""
    before, after = (
        float((high(side.mean(dim=(1, 2)).double(), pair.rate) ** 2).mean())
        for side in (pair.source, pair.restored)
    )
    return math.sqrt(max(0.0, before - after))


def _highest(apart: Tensor, own: Tensor, after: Tensor) -> tuple[float, int]:
    """The 97th percentile of f, and the frame on which the worst place is worst."""
    sizes = torch.minimum(rms(apart), _alone(after, own)).flatten()
    course = apart.flatten(1)[:, int(sizes.argmax())]
    return float(torch.quantile(sizes, BLOCK_SHARE)), int(course.abs().argmax())


def _areas(blocks: Tensor) -> Tensor:
    """Means over areas of blocks, `[T, rows, columns]`; as they are where there are fewer."""
    if min(blocks.shape[1:]) < AREA:
        return blocks
    return torch.nn.functional.avg_pool2d(blocks[:, None], AREA, 1)[:, 0]


def _from_median(blocks: Tensor) -> Tensor:
    return blocks - blocks.flatten(1).median(1).values[:, None, None]


def measure_shown(pair: Pair) -> Value:
    """FLICKER of a pair: what is there, before and after, whoever made it."""
    before, after = (
        flicker_percent(side.mean(dim=(1, 2)).double(), pair.rate)
        for side in (pair.source, pair.restored)
    )
    if after is None:
        return Value.none(f"needs {_needed(pair)} frames that are not black")
    return Value(after, before=before)


METRICS = (
    Metric(
        identifier="FLK",
        name="Flicker of the whole picture, introduced",
        unit="% of mean luma",
        worse="higher",
        floor=0.4,
        formula="100 sqrt(<h(m_R)^2> - <h(m_R) h(m_S)>); m the mean luma of a frame over its mean, "
        "or the median over blocks of such; the smaller",
        source="YAVG of QCTools; visibility after BBC RD 1975/13",
        blind="flicker that the source has too and that was left (shown as FLICKER); changes "
        "slower than 2 Hz",
        measure=measure_flicker,
    ),
    Metric(
        identifier="FLK_L",
        name="Flicker of parts of the picture, introduced",
        unit="% of full range",
        worse="higher",
        floor=0.3,
        formula="sqrt(F^2 - (0.15 T)^2); F the P97 over areas of min(rms h(D_b), sqrt(<h(R_b)^2> - "
        "<h(R_b) h(S_b)>)), D_b the median of R less S in a block, less that of the frame; T the "
        "flicker of the whole picture that was taken away",
        source="own",
        blind="flicker of an area smaller than a block; flicker that the source has there too; up "
        "to 0.15 of the flicker that was taken away",
        measure=measure_local_flicker,
    ),
    Metric(
        identifier="FLICKER",
        name="Flicker, before and after",
        unit="% of mean luma",
        worse="higher",
        floor=0.4,
        formula="100 rms_t h(m) / mean(m); m the mean luma of a frame",
        source="YAVG of QCTools",
        blind="cannot tell a flickering film from a flickering scene",
        measure=measure_shown,
        gated=False,
    ),
)
