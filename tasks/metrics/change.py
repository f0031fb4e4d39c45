"""CHG and CAST: picture that was invented, erased or recoloured.

CHG looks for what differs and stays: the median over time of

    the direct difference, slightly blurred, sample by sample (fine things), and
    what a constant grade leaves of the colours of small blocks (large, low-contrast things)

    CHG = 100 * the greater of  P99.99 over samples outside lines of |G_2(median_t D)|,
                                max over blocks of |median_t ungraded|, median of three abreast

A scratch that was taken away, or put in, is the business of SCRATCH: where a narrow line stays
over a quarter of the height, it and the few samples beside it, which a repair paints anew, are
left out, and so is a block that differs from both beside it. The median over time takes dirt out.

CAST looks for a colour that drifts over the stretch. With u_t the median of what the grade leaves
on frame t, as colour difference without luma, smoothed over five frames,

    CAST = 100 * P95 over t of |u_t - median_t u|

over the whole picture, and over each of nine parts of it; the greatest is taken. Blocks of which a
channel is near white on either side are left out: flicker changes the hue of a sky that is clipped.
Per cent of full range; lower is better. A grade that is the same all the time is neither.

Source: own. Blind to: what appears for less than half of a stretch (see SWAP, DIRT); what moves
with the scene; upright things as narrow as a scratch; CAST also to hues that were wrong from the
first frame to the last.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tasks.metrics.grade import BLOCK, unclipped, ungraded
from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair

Plane = npt.NDArray[np.float32]

BLUR = 2.0  # samples
FINE_SHARE = 0.9999
LINE_BANDS = 4  # of the height; a line is narrow over a whole band
LINE_REACH = 9  # samples across; what is wider is no line
LEAST_LINE = 0.008  # of full range
SHORTEST = 5  # frames
SMOOTH = 5  # frames
LEAST_SEEN = 0.1  # share of the blocks of a part that are not clipped
PARTS = 3  # of the picture each way, in which a cast is looked for
MOST_FRAMES = 48  # of which the median over time is taken; more would cost and add nothing


def measure_change(pair: Pair) -> Value:
    """CHG of a pair."""
    if pair.count < SHORTEST:
        return Value.none(f"needs {SHORTEST} frames")
    some = torch.linspace(0, pair.count - 1, min(pair.count, MOST_FRAMES)).long()
    stays = _over_time(pair.direct[some].numpy())
    lines, there = _lines(stays)
    blurred = np.abs(cv2.GaussianBlur(stays - lines, (0, 0), BLUR))
    fine = float(np.quantile(np.where(there, 0, blurred), FINE_SHARE))
    broad = _among_three(_placed(pair, pair.ungraded)[some].median(0).values).abs().max()
    return Value(100 * max(fine, float(broad)))


def _over_time(pictures: Plane) -> Plane:
    """The median over time of `[T, h, w]`; line by line, which is many times as fast."""
    middle = (len(pictures) - 1) // 2
    lines = pictures.swapaxes(0, 1)
    return np.stack([np.partition(line, middle, axis=0)[middle] for line in lines])


def _lines(stays: Plane) -> tuple[Plane, npt.NDArray[np.bool_]]:
    """Narrow upright structure, and where there is such, both of the same shape."""
    bands = np.array_split(stays, min(LINE_BANDS, len(stays)))
    upright = np.concatenate([
        np.broadcast_to(np.median(band, axis=0), band.shape) for band in bands
    ])  # fmt: skip
    lines = np.asarray(upright - cv2.blur(upright, (LINE_REACH, 1)), np.float32)
    strong = (np.abs(lines) > LEAST_LINE).astype(np.uint8)
    return lines, cv2.dilate(strong, np.ones((1, LINE_REACH), np.uint8)) > 0


def _placed(pair: Pair, left: Tensor) -> Tensor:
    """Values of blocks, `[T, C, N]`, in their places, `[T, C, rows, columns]`."""
    colour = pair.source_colour
    width = pair.source.shape[2] if colour is None else colour.shape[3]
    side = 4 * BLOCK if colour is None else BLOCK
    return left.reshape(*left.shape[:2], -1, max(1, width // min(side, width)))


def _among_three(blocks: Tensor) -> Tensor:
    """The median of each block and of those beside it; as they are where there are fewer."""
    if blocks.shape[-1] < 3:
        return blocks
    return blocks.unfold(-1, 3, 1).median(-1).values


def measure_cast(pair: Pair) -> Value:
    """CAST of a pair."""
    if pair.source_colour is None:
        return Value.none("monochrome")
    if pair.count < SMOOTH + 2:
        return Value.none(f"needs {SMOOTH + 2} frames")
    whole = unclipped(*pair.block_colours)
    left = ungraded(*pair.block_colours, whole).masked_fill(~whole[:, None], torch.nan)
    hue = _placed(pair, left - left.mean(1, keepdim=True))
    parts = [hue] + [
        part for rows in hue.tensor_split(PARTS, 2) for part in rows.tensor_split(PARTS, 3)
    ]
    courses = [part.flatten(2).nanmedian(2).values for part in parts if _is_seen(part)]
    if not courses:
        return Value.none("the picture is clipped at white")
    value, where = max(_drift(course) for course in courses)
    return Value(100 * value, coverage=float(whole.float().mean()), where=where)


def _is_seen(part: Tensor) -> bool:
    """Whether enough blocks of a part `[T, 3, rows, columns]` are not clipped on every frame."""
    seen = ~part[:, 0].flatten(1).isnan()
    return bool(seen.numel() and seen.any(1).all() and seen.float().mean() >= LEAST_SEEN)


def _drift(course: Tensor) -> tuple[float, int]:
    """How far a colour `[T, 3]` goes from its median, and on which frame it is farthest."""
    smooth = course.unfold(0, SMOOTH, 1).mean(-1)
    apart = torch.linalg.vector_norm(smooth - smooth.median(0).values, dim=1)
    return float(torch.quantile(apart, 0.95)), int(apart.argmax()) + SMOOTH // 2


METRICS = (
    Metric(
        identifier="CHG",
        name="Picture invented or erased",
        unit="% of full range",
        worse="higher",
        floor=1.5,
        formula="the greater of P99.99 of |G_2(median_t D)| outside upright lines and the largest "
        "|median_t| of what a constant grade leaves of block colours; D is R less S",
        source="own",
        blind="what appears for less than half of a stretch; what moves with the scene; upright "
        "things as narrow as a scratch",
        measure=measure_change,
    ),
    Metric(
        identifier="CAST",
        name="Colour cast that drifts",
        unit="% of full range",
        worse="higher",
        floor=1.0,
        formula="P95 over t of |u_t - median_t u|; u the median over the blocks of the picture, or "
        "of a ninth of it, of the colour that a constant grade leaves",
        source="own",
        blind="hues that are wrong from the first frame to the last; monochrome film",
        measure=measure_cast,
    ),
)
