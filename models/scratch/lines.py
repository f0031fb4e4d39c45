"""Thin lines that run down one frame: scratches, and also poles, window frames and wires.

Source: the spatial half of Newson, Almansa, Gousseau, Perez, "Robust automatic line scratch
detection in films", IEEE Transactions on Image Processing 23(3), 2014: a sample of a line differs
from what lies to its left and to its right with one sign, and does so again and again down the
picture. Ours tests strips of lines by their t-value instead of single samples a contrario, so that
a line may be fainter than the grain, and follows it from strip to strip, so that it may lean.

What is found is a line, not damage: `models.scratch.step` decides which lines are scratches.

Limits: the picture's sides are left out. Lines that lean by more than one in fifteen, or that are
wider than `WIDEST`, are not seen.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from models.labels import Picture

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

STRIPS = 16  # strips of lines that a picture is cut into
WIDTHS = (1, 2, 4)  # samples at 480 lines that a line is sought at
WIDEST = 5  # samples at 480 lines
LIMIT = 0.1  # share of full range: a larger difference counts as this, lest one object decide
LEAST_T = 5.0  # of a strip: mean over its standard error
LEAN = 1 / 15  # largest shift across per line down
SIDE = 14  # samples at 480 lines from the picture's sides, where no line is sought
GAP = 3  # strips that a broken line may leave out


@dataclass(frozen=True)
class Line:
    """A line in one frame.

    Attributes:
        sign: 1 brighter than its sides, -1 darker.
        place: float64 `[STRIPS]`, x of its middle in each strip, on a smooth curve through what was
            seen.
        seen: bool `[STRIPS]`, strips in which it stands out.
        contrast: mean difference to its sides where seen, share of full range, above 0.
        width: samples across.
    """

    sign: int
    place: Floats
    seen: Flags
    contrast: float
    width: float


@dataclass(frozen=True)
class _Spots:
    """Places where strips show a line: strip, x, t-value, contrast, width, all `[N]`."""

    strip: npt.NDArray[np.int64]
    x: Floats
    strength: Floats
    contrast: Floats
    width: Floats


def strip_edges(lines: int) -> npt.NDArray[np.int64]:
    """First line of each strip and the end of the last, int64 `[STRIPS + 1]`."""
    return np.linspace(0, lines, STRIPS + 1).round().astype(np.int64)


def find_lines(luma: Picture, shortest: float, least_contrast: float) -> list[Line]:
    """Find the lines of a frame.

    Args:
        luma: float32 `[H, W]`, 0..1.
        shortest: least part of the height that a line must be seen on, 0..1.
        least_contrast: least difference to its sides, share of full range.
    """
    unit = luma.shape[0] / 480
    found = []
    responses = [_response(luma, max(1, round(width * unit))) for width in WIDTHS]
    for sign in (1, -1):
        spots = _spots(luma, responses, sign, least_contrast)
        for chain in _chains(spots, luma.shape[0]):
            line = _line(spots, chain, sign)
            if line.seen.mean() >= shortest and _inside(line, luma.shape[1], SIDE * unit):
                found.append(line)
    return _apart(found, WIDEST * unit)


def _inside(line: Line, width: int, side: float) -> bool:
    """Whether a line stands off the picture's sides, where the camera's gate shows as lines."""
    place = line.place[line.seen]
    return bool(place.min() >= side and place.max() <= width - 1 - side)


def _apart(lines: list[Line], least: float) -> list[Line]:
    """Drop what accompanies a stronger line: its flanks, or the same line seen twice.

    What goes on in line, above or below a long break, is joined to it.
    """
    kept: list[Line] = []
    for line in sorted(lines, key=lambda line: -line.contrast * line.seen.sum()):
        near = [
            place
            for place, other in enumerate(kept)
            if np.abs(line.place - other.place)[line.seen].mean() <= least
        ]
        if not near:
            kept.append(line)
        elif len(near) == 1 and _goes_on(kept[near[0]], line):
            kept[near[0]] = _joined(kept[near[0]], line)
    return kept


def _goes_on(one: Line, other: Line) -> bool:
    """Whether two lines are of one sign and show in different strips."""
    return one.sign == other.sign and not bool((one.seen & other.seen).any())


def _joined(one: Line, other: Line) -> Line:
    """One line through what was seen of two."""
    seen = one.seen | other.seen
    strips = np.flatnonzero(seen)
    curve = np.polyfit(strips, np.where(one.seen, one.place, other.place)[strips], 1)
    place = np.asarray(np.polyval(curve, np.arange(STRIPS)), np.float64)
    return Line(one.sign, place, seen, one.contrast, one.width)


def _response(luma: Picture, width: int) -> tuple[int, Picture, Picture]:
    """Width, and mean and t-value in strips of how a line of that width would differ, signed.

    Returns:
        (width, float32 `[STRIPS, W]` mean, float32 `[STRIPS, W]` t-value).
    """
    side = max(2, width + 1)
    first = -(width // 2)  # of the line's samples; those of even width have their middle between
    middle = _mean(luma, first, width)
    left = _mean(luma, first - side, side)
    right = _mean(luma, first + width, side)
    one, other = middle - left, middle - right
    least = np.where(one * other > 0, np.where(np.abs(one) < np.abs(other), one, other), 0)
    least = np.clip(least, -LIMIT, LIMIT)
    means, scores = [], []
    edges = strip_edges(luma.shape[0])
    for top, bottom in itertools.pairwise(edges):
        rows = least[top:bottom]
        mean = rows.mean(axis=0)
        error = rows.std(axis=0) / max(len(rows), 1) ** 0.5 + 0.0015
        means.append(mean)
        scores.append(mean / error)
    return width, np.stack(means), np.stack(scores)


def _mean(luma: Picture, first: int, count: int) -> Picture:
    """Mean of `count` samples from `first` right of each; at the edge the edge is repeated."""
    mean = cv2.blur(luma, (count, 1), anchor=(0, 0), borderType=cv2.BORDER_REPLICATE)
    columns = np.clip(np.arange(luma.shape[1]) + first, 0, luma.shape[1] - 1)
    return np.asarray(mean, np.float32)[:, columns]


def _spots(
    luma: Picture,
    responses: list[tuple[int, Picture, Picture]],
    sign: int,
    least_contrast: float,
) -> _Spots:
    """The largest responses of one sign, none two of them closer than a line is wide."""
    scores = np.stack([sign * score for _, _, score in responses])
    means = np.stack([sign * mean for _, mean, _ in responses])
    scores[means < least_contrast] = 0
    which = scores.argmax(axis=0)
    best = np.take_along_axis(scores, which[None], 0)[0]
    reach = 2 * max(1, round(WIDEST * luma.shape[0] / 960)) + 1
    top = cv2.dilate(best, np.ones((1, reach), np.uint8))
    strip, column = np.nonzero((best >= LEAST_T) & (best == top))
    chosen = which[strip, column]
    widths = np.array([width for width, _, _ in responses], dtype=np.float64)
    return _Spots(
        strip,
        _refined(scores[chosen, strip], column) - 0.5 * (widths[chosen] % 2 == 0),
        best[strip, column].astype(np.float64),
        means[chosen, strip, column].astype(np.float64),
        widths[chosen],
    )


def _refined(scores: Picture, column: npt.NDArray[np.int64]) -> Floats:
    """Place of the maximum between samples: the vertex of a parabola through three.

    Args:
        scores: float32 `[N, W]`, of each spot's strip at its width.
        column: int64 `[N]`, where it is largest.
    """
    spot, last = np.arange(len(column)), scores.shape[1] - 1
    left = scores[spot, np.maximum(column - 1, 0)].astype(np.float64)
    right = scores[spot, np.minimum(column + 1, last)].astype(np.float64)
    bend = np.maximum(2 * scores[spot, column] - left - right, 1e-6)
    shift: Floats = np.clip((right - left) / (2 * bend), -0.5, 0.5)
    return column + shift


def _chains(spots: _Spots, lines: int) -> list[list[int]]:
    """Join spots of successive strips, strongest start first; each spot is used once."""
    free = set(range(len(spots.strip)))
    reach = LEAN * lines / STRIPS + 1.0
    chains = []
    for start in np.argsort(-spots.strength, kind="stable"):
        if int(start) not in free:
            continue
        free.discard(int(start))
        chain = [int(start)]
        for way in (1, -1):
            chain = _followed(spots, chain, way, free, reach)
        chains.append(sorted(chain, key=lambda spot: spots.strip[spot]))
    return chains


def _followed(spots: _Spots, chain: list[int], way: int, free: set[int], reach: float) -> list[int]:
    """Grow a chain up or down the picture for as long as there is something to join."""
    start = max(chain, key=lambda spot: way * spots.strip[spot])
    at, x = int(spots.strip[start]), float(spots.x[start])
    missed = 0
    while missed <= GAP and 0 <= at + way < STRIPS:
        at += way
        near = [
            spot
            for spot in np.flatnonzero(spots.strip == at)
            if int(spot) in free and abs(spots.x[spot] - x) <= reach * (1 + missed)
        ]
        if not near:
            missed += 1
            continue
        best = int(min(near, key=lambda spot: abs(spots.x[spot] - x)))
        free.discard(best)
        chain.append(best)
        x, missed = float(spots.x[best]), 0
    return chain


def _line(spots: _Spots, chain: list[int], sign: int) -> Line:
    strips = spots.strip[chain]
    seen = np.zeros(STRIPS, dtype=bool)
    seen[strips] = True
    bend = 2 if len(strips) >= 6 else 1 if len(strips) >= 3 else 0
    curve = np.polyfit(strips, spots.x[chain], bend)
    place = np.asarray(np.polyval(curve, np.arange(STRIPS)), np.float64)
    return Line(
        sign,
        place,
        seen,
        float(np.median(spots.contrast[chain])),
        float(np.median(spots.width[chain])),
    )
