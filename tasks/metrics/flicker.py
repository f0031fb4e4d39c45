"""FLK and FLK_L: brightness that the restoration makes jump from frame to frame.

FLK, of the whole picture:

    FLK = 100 * rms_t( h(m_R) - beta h(m_S) ) / mean(m_R),   0 <= beta <= 1

with m the mean luma of a frame, h the high-pass of `tasks.metrics.bands`, and beta the share of
the source's own flicker that is left, by least squares. So a fire that flickers in the scene is
no fault, and flicker that was taken out is none; what R does that S does not is. The same is
done with the luma at the 5th, 25th, 50th, 75th and 95th per cent of a frame, and the greater of
the mean's value and the median of these is taken. Per cent; lower is steadier; about 0.4 is
visible.

FLK_L, of parts of the picture: in blocks of 24 samples at 288 lines,

    FLK_L = 100 * P97 over blocks of min( rms h(D_b), sqrt(max(0, E_R - E_S)) )

with D_b the block's median of the direct difference less that of the frame, and E the mean of
h squared of the block's luma, of R and of S. The first term knows nothing of motion; the second
is not fooled where R took local flicker of S away.

FLICKER is shown, not judged: rms h(m) / mean(m) of the source and of the restored picture.

Source: the YAVG trace of QCTools and a second-difference high-pass; visibility limits of BBC RD
1975/13. Blind to: flicker left over that the source has too (see FLICKER, before and after);
changes slower than 2 Hz.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tasks.metrics.bands import USUAL_RATE, high, lag, rms
from tasks.metrics.direct import block_medians
from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair

SHORTEST = 5  # frames of the high-pass
DARKEST = 1e-3  # mean luma; below, a share of it means nothing
PERCENTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
BLOCK = 24  # samples at 288 lines
BLOCK_SHARE = 0.97  # of the blocks that a value is not beyond


def flicker_percent(trace: Tensor, rate: float = USUAL_RATE) -> float | None:
    """Flicker of a trace of luma `[T]`, 0..1, in per cent; None when too short or too dark."""
    waves = high(trace, rate)
    level = float(trace.mean()) if trace.numel() else 0.0
    if waves.shape[0] < SHORTEST or level < DARKEST:
        return None
    return 100 * float(rms(waves)) / level


def _traces(pictures: Tensor) -> Tensor:
    """Mean and percentiles of each frame, `[T, 6]`."""
    some = pictures[:, ::3, ::3].flatten(1)
    points = torch.quantile(some, torch.tensor(PERCENTILES), dim=1).T
    return torch.cat((pictures.mean(dim=(1, 2))[:, None], points), 1).double()


def _introduced(pair: Pair) -> Tensor | None:
    """What in h of R h of S does not explain, over the mean of R, `[T', 6]`."""
    before, after = _traces(pair.source), _traces(pair.restored)
    waves, own = high(after, pair.rate), high(before, pair.rate)
    level = float(after[:, 0].mean())
    if waves.shape[0] < SHORTEST or level < DARKEST:
        return None
    left = ((waves * own).sum(0) / (own * own).sum(0).clamp_min(1e-12)).clamp(0, 1)
    return (waves - left * own) / level


def measure_flicker(pair: Pair) -> Value:
    """FLK of a pair."""
    extra = _introduced(pair)
    if extra is None:
        return Value.none(f"needs {SHORTEST + 2 * lag(pair.rate)} frames that are not black")
    sizes = 100 * rms(extra)
    whole, parts = float(sizes[0]), float(sizes[1:].median())
    before = flicker_percent(pair.source.mean(dim=(1, 2)).double(), pair.rate)
    where = int(extra[:, 0].abs().argmax()) + lag(pair.rate)
    return Value(max(whole, parts), before=before, where=where)


def measure_local_flicker(pair: Pair) -> Value:
    """FLK_L of a pair."""
    side = max(4, round(BLOCK * pair.source.shape[1] / 288))
    apart = high(_from_median(block_medians(pair.direct, side)), pair.rate)
    if apart.shape[0] < SHORTEST:
        return Value.none(f"needs {SHORTEST + 2 * lag(pair.rate)} frames")
    own, after = (
        high(_from_median(block_medians(side_of, side)), pair.rate)
        for side_of in (pair.source, pair.restored)
    )
    excess = ((after**2).mean(0) - (own**2).mean(0)).clamp_min(0).sqrt()
    sizes = torch.minimum(rms(apart), excess).flatten()
    value = 100 * float(torch.quantile(sizes, BLOCK_SHARE))
    worst = apart.flatten(1)[:, int(sizes.argmax())]
    return Value(value, where=int(worst.abs().argmax()) + lag(pair.rate))


def _from_median(blocks: Tensor) -> Tensor:
    return blocks - blocks.flatten(1).median(1).values[:, None, None]


def measure_shown(pair: Pair) -> Value:
    """FLICKER of a pair: what is there, before and after, whoever made it."""
    before, after = (
        flicker_percent(side.mean(dim=(1, 2)).double(), pair.rate)
        for side in (pair.source, pair.restored)
    )
    if after is None:
        return Value.none(f"needs {SHORTEST + 2 * lag(pair.rate)} frames that are not black")
    return Value(after, before=before)


METRICS = (
    Metric(
        identifier="FLK",
        name="Flicker of the whole picture, introduced",
        unit="% of mean luma",
        worse="higher",
        floor=0.4,
        formula="100 rms_t(h(m_R) - beta h(m_S)) / mean(m_R); m the mean luma of a frame and its "
        "percentiles, beta in 0..1 the share of the source's flicker that is left",
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
        floor=0.5,
        formula="P97 over blocks of min(rms h(D_b), sqrt(max(0, E_R - E_S))); D_b the block's "
        "median of R less S, less that of the frame",
        source="own",
        blind="flicker of an area smaller than about three blocks; flicker where the source "
        "flickers as strongly",
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
