"""The profile of a scratch: its shape across, alone, without the picture that it lies on."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from models.contract import Frame
from models.labels import Mask, Picture
from models.scratch.lines import STRIPS, Line
from models.scratch.views import Bed, half_width

FAINT = 0.12  # of the profile's height: where the scratch ends
PRESENT = 0.35  # of the contrast: rows with less are breaks
FAR = 0.75  # of the usual height of the profile, which an edge takes it away from its median
PALE = 0.25  # of the median height of the profile where it is seen; so are these

Places = npt.NDArray[np.int64]
Scale = tuple[int, int]


@dataclass(frozen=True)
class Spot:
    """The samples of one plane that a scratch covers, and some beside them, line by line.

    Attributes:
        rows: int64 `[R, K]`, lines of the plane.
        columns: int64 `[R, K]`, within the plane.
        bed_row: int64 `[R]`, the line of the bed that each belongs to.
        away: float32 `[R, K]`, distance from the middle of the scratch in luma samples.
        keep: bool `[R, K]`, which of them the scratch covers.
    """

    rows: Places
    columns: Places
    bed_row: Places
    away: Picture
    keep: Mask


def scale_of(frame: Frame, number: int) -> Scale:
    """Luma samples per sample of a plane, (down, across)."""
    height, width = frame.format.plane_shapes[0]
    lines, across = frame.format.plane_shapes[number]
    return -(-height // lines), -(-width // across)


def core_of(bed: Bed, line: Line) -> Mask:
    """The columns of a bed where the scratch is deepest, bool `[2 * reach + 1]`."""
    return np.asarray(np.abs(bed.away) <= max(0.5, line.width / 2), bool)


def profile_of(patch: Picture, bed: Bed, line: Line, unit: float) -> Picture:
    """The scratch alone, smoothed down the picture, float32 `[R, 2 * reach + 1]`."""
    edge = half_width(line, unit)
    left = patch[:, bed.away < -edge].mean(axis=1, keepdims=True)
    right = patch[:, bed.away > edge].mean(axis=1, keepdims=True)
    slope = np.clip((bed.away[None, :] / (bed.reach + edge)) + 0.5, 0, 1)
    alone = patch - left * (1 - slope) - right * slope
    rows = max(9, 2 * (len(bed.rows) // (2 * STRIPS)) + 1)
    return np.asarray(cv2.blur(alone.astype(np.float32), (1, rows)), np.float32)


def profile_in(samples: Picture, bed: Bed, line: Line, scale: Scale, unit: float) -> Picture:
    """The profile of a scratch in a plane of its own scale, on the bed's grid."""
    down, across = scale
    x = (bed.x + 0.5) / across - 0.5
    y = (bed.rows + 0.5) / down - 0.5
    columns = np.ascontiguousarray(x[:, None] + bed.away[None, :] / across, np.float32)
    lines = np.ascontiguousarray(np.broadcast_to(y[:, None], columns.shape), np.float32)
    patch = cv2.remap(samples, columns, lines, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return profile_of(np.asarray(patch, np.float32), bed, line, unit)


def crossed_rows(profile: Picture, bed: Bed, line: Line, unit: float) -> Mask:
    """Rows where an edge of the picture crosses the scratch, bool `[R]`.

    There the sides differ and the profile is far from the usual one: it holds a part of the edge,
    and to subtract it would smear the edge.
    """
    seen = line.seen[bed.strip]
    if not seen.any():
        return np.zeros(len(profile), bool)
    away = np.abs(profile - np.median(profile[seen], axis=0)).max(axis=1)
    far = away > FAR * float(np.median(np.abs(profile[seen][:, core_of(bed, line)]).mean(axis=1)))
    edge = half_width(line, unit)
    apart = bed.patch[:, bed.away > edge].mean(axis=1) - bed.patch[:, bed.away < -edge].mean(axis=1)
    return np.asarray(far & (np.abs(apart) > line.contrast), bool)


def usual_where(crossed: Mask, profile: Picture, bed: Bed, line: Line) -> Picture:
    """A profile with its median over the rows that are seen where an edge crosses it."""
    if not crossed.any():
        return profile
    usual = np.median(profile[line.seen[bed.strip]], axis=0)
    return np.where(crossed[:, None], usual, profile)


def present_rows(profile: Picture, bed: Bed, line: Line) -> Mask:
    """Rows where the scratch is there, bool `[R]`."""
    height = line.sign * profile[:, core_of(bed, line)].mean(axis=1)
    if not line.seen[bed.strip].any():
        return np.zeros(len(height), bool)
    least = max(PRESENT * line.contrast, PALE * float(np.median(height[line.seen[bed.strip]])))
    beyond = np.pad(line.seen, 1)
    near = line.seen | beyond[:-2] | beyond[2:]
    return np.asarray(near[bed.strip] & (height > least), bool)


def fade_of(profile: Picture, bed: Bed, sign: int) -> tuple[float, float]:
    """Samples from the middle to where the scratch has faded, (left, right); 0 if it has none.

    A profile that rises again before it has faded is something else's: there it is over, too.
    """
    mean = sign * profile.mean(axis=0)
    return _faded(mean[bed.reach :: -1]), _faded(mean[bed.reach :])


def _faded(mean: Picture) -> float:
    """Samples from the first to where a signed profile has faded."""
    top = int(mean[: len(mean) // 2].argmax())
    faint = mean < FAINT * mean[top]
    faint[1:] |= mean[1:] > mean[:-1]
    faint[: top + 1] = False
    return float(np.argmax(faint)) if faint.any() else float(len(mean) - 1)


def spot_of(
    bed: Bed, present: Mask, reach: tuple[float, float], shape: tuple[int, ...], scale: Scale
) -> Spot:
    """The samples of a plane within `reach` luma samples (left, right) of the scratch."""
    down, across = scale
    bed_row = np.flatnonzero(present)
    bed_row = bed_row[bed_row % down == 0]
    middle = (bed.x[bed_row] + 0.5) / across - 0.5
    count = int(np.ceil(max(reach) / across)) + 1
    columns = np.round(middle)[:, None].astype(np.int64) + np.arange(-count, count + 1)
    away = (columns - middle[:, None]) * across
    keep = (away >= -reach[0] - across / 2) & (away <= reach[1] + across / 2)
    keep &= (columns >= 0) & (columns < shape[1])
    rows = np.broadcast_to((bed_row // down)[:, None], columns.shape)
    columns = columns.clip(0, shape[1] - 1)
    return Spot(rows, columns, bed_row, away.astype(np.float32), np.asarray(keep, bool))


def profile_at(profile: Picture, bed: Bed, spot: Spot) -> Picture:
    """The profile at each sample of a spot, float32 `[R, K]`."""
    x = np.ascontiguousarray(spot.away + bed.reach, np.float32)
    lines = np.broadcast_to(spot.bed_row[:, None], x.shape)
    y = np.ascontiguousarray(lines, np.float32)
    return np.asarray(cv2.remap(profile, x, y, cv2.INTER_LINEAR), np.float32)
