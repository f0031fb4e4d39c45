"""What other frames show where a line stands in one frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from models.labels import Picture
from models.motion import Motion
from models.scratch.lines import STRIPS, Line, strip_edges

DISTANCES = (1, 2, 4, 8)  # frames away that are asked, nearest first
REACH = 9  # samples at 480 lines on either side of a line that are compared
FLANKS = (-45, -30, -20, -12, 12, 20, 30, 45)  # samples at 480 lines from a line to where the
# picture's motion is read; flow close by may follow the line itself
ASKED = 60  # lines of the picture whose motion is read; between them it is interpolated
LARGEST = 0.15  # share of full range: a larger difference to another frame counts as this
UNSURE = 0.3  # part of a strip; where more is not understood, it is not compared
RIGID = 1.5  # samples at 480 lines: where the flanks part by more, the picture is not understood

Floats32 = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Bed:
    """The bed of a line: the samples around it, row by row, in one frame.

    Attributes:
        rows: int64 `[R]`, lines of the picture.
        strip: int64 `[R]`, the strip that each belongs to.
        x: float32 `[R]`, where the line is.
        reach: samples on either side.
        patch: float32 `[R, 2 * reach + 1]`, luma, the line in the middle.
    """

    rows: Rows
    strip: Rows
    x: Floats32
    reach: int
    patch: Picture

    @property
    def away(self) -> Floats32:
        """Distance of each column of the patch from the line, float32 `[2 * reach + 1]`."""
        return np.arange(-self.reach, self.reach + 1, dtype=np.float32)


@dataclass(frozen=True)
class Behind:
    """What one other frame shows of a bed.

    Attributes:
        number: the other frame.
        x, y: float32 `[R]`, where the middle of the bed is there.
        patch: float32 `[R, 2 * reach + 1]`, its luma, brightness matched strip by strip.
        level: float32 `[R]`, what was added to match it.
        misfit: float64 `[STRIPS]`, mean difference beside the line; inf where not comparable.
        moved: float64 `[STRIPS]`, how far the line has moved off the bed, samples, signed; nan
            where it is not seen there.
    """

    number: int
    x: Floats32
    y: Floats32
    patch: Picture
    level: Floats32
    misfit: npt.NDArray[np.float64]
    moved: npt.NDArray[np.float64]


def by_strip(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Mean over the lines of each strip: `[R]` to float64 `[STRIPS]`."""
    edges = strip_edges(len(values))
    means: npt.NDArray[np.float64] = np.add.reduceat(values.astype(np.float64), edges[:-1])
    return means / np.diff(edges)


def half_width(line: Line, unit: float) -> float:
    """Samples from the middle of a line to where it is surely over."""
    return line.width + max(1.0, unit)


def bed_of(line: Line, luma: Picture) -> Bed:
    """The samples around a line of a frame."""
    height = luma.shape[0]
    edges = strip_edges(height)
    strip = np.repeat(np.arange(STRIPS), np.diff(edges))
    middle = (edges[:-1] + edges[1:] - 1) / 2
    rows = np.arange(height)
    x = np.interp(rows, middle, line.place).astype(np.float32)
    reach = max(5, round(REACH * height / 480))
    return Bed(rows, strip, x, reach, drawn(luma, x, rows.astype(np.float32), reach))


def drawn(plane: Picture, x: Floats32, y: Floats32, reach: int) -> Picture:
    """Samples from `reach` left to `reach` right of each place, float32 `[R, 2 * reach + 1]`."""
    away = np.arange(-reach, reach + 1, dtype=np.float32)
    columns = np.ascontiguousarray(x[:, None] + away[None, :], np.float32)
    lines = np.ascontiguousarray(np.broadcast_to(y[:, None], columns.shape), np.float32)
    return np.asarray(
        cv2.remap(plane, columns, lines, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE),
        np.float32,
    )


def behind(
    bed: Bed,
    line: Line,
    lines: Mapping[int, Line],
    index: int,
    number: int,
    luma: Picture,
    motion: Motion,
) -> Behind:
    """Look at a bed in another frame.

    Args:
        bed: the bed of the line in frame `index`.
        line: the line there.
        lines: the line in other frames, by number.
        index: number of the frame.
        number: number of the other frame.
        luma: float32 `[H, W]` of the other frame.
        motion: flow of the shot.
    """
    height, width = luma.shape
    unit = height / 480
    shape = (height, width)
    there, parted = _followed(bed, index, number, shape, motion)
    outside = (there[:, 0] < 0) | (there[:, 0] > width - 1)
    outside |= (there[:, 1] < 0) | (there[:, 1] > height - 1)
    patch = drawn(luma, there[:, 0], there[:, 1], bed.reach)
    ring = np.abs(bed.away) > half_width(line, unit)
    moved = _moved(bed, there[:, 0], lines.get(number))
    apart = np.clip((bed.patch - patch)[:, ring], -LARGEST, LARGEST)
    level = by_strip(apart.mean(axis=1))
    levels = level[bed.strip].astype(np.float32)
    misfit = by_strip(np.abs(apart - levels[:, None]).mean(axis=1))
    misfit[by_strip((parted | outside).astype(np.float64)) > UNSURE] = np.inf
    return Behind(number, there[:, 0], there[:, 1], patch + levels[:, None], levels, misfit, moved)


def _followed(
    bed: Bed, index: int, number: int, shape: tuple[int, int], motion: Motion
) -> tuple[Floats32, npt.NDArray[np.bool_]]:
    """Where the picture behind a bed is in another frame, `[R, 2]`, and where that is unsure."""
    unit = shape[0] / 480
    asked = np.arange(0, len(bed.rows), max(1, shape[0] // ASKED))
    middle = np.stack([bed.x[asked], bed.rows[asked].astype(np.float32)], axis=1)
    aside = np.array([[flank * unit, 0] for flank in FLANKS], np.float32)
    places = (middle[None] + aside[:, None]).reshape(-1, 2)
    ways = (motion.follow(index, number, places, shape) - places).reshape(len(FLANKS), -1, 2)
    way = np.median(ways, axis=0)
    spread = np.median(np.abs(ways - way).sum(axis=2), axis=0)
    x, y, apart = (np.interp(bed.rows, asked, part) for part in (*way.T, spread))
    there = np.stack([bed.x + x, bed.rows + y], axis=1)
    return there.astype(np.float32), apart > RIGID * max(unit, 1.0)


def measured(bed: Bed, line: Line, unit: float) -> tuple[float, float]:
    """Equivalent width of a line in samples, area of its mean profile over height, and contrast.

    The contrast is what it is, share of full range; a line's own is cut where it is sought.
    """
    rows = line.seen[bed.strip]
    side = np.abs(bed.away) > half_width(line, unit)
    core = np.abs(bed.away) <= max(0.5, line.width / 2)
    profile = line.sign * (bed.patch - bed.patch[:, side].mean(axis=1, keepdims=True))[rows]
    mean = np.maximum(profile.mean(axis=0), 0)
    width = float(max(mean[~side].sum() / max(mean.max(), 1e-6), 1.5))
    return width, max(float(mean[core].mean()), line.contrast)


def _moved(bed: Bed, x: Floats32, line: Line | None) -> npt.NDArray[np.float64]:
    """How far the line is from the bed in each strip; nan where it is not seen."""
    if line is None:
        return np.full(STRIPS, np.nan)
    return np.where(line.seen, line.place - by_strip(x), np.nan)
