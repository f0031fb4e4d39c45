"""Scratches drawn over: along motion where another frame shows the place, else across the line.

Across the line: the scratch's mean profile over some lines is subtracted, so the picture's texture
and grain beneath it stay. Along motion: the samples of the other frame, one real frame. The second
is taken where the first leaves more of a difference than the surroundings have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch

from models.contract import Change, Frame
from models.labels import Picture
from models.lines import STRIPS, Line
from models.motion import Motion
from models.scratch_evidence import CLEAR
from models.scratch_tracks import Track
from models.scratch_views import DISTANCES, Bed, Behind, bed_of, behind, half_width

FAINT = 0.12  # of the profile's height: where the scratch ends
PRESENT = 0.35  # of the contrast: rows with less are breaks
WORSE = 1.4  # times the misfit of the surroundings, at which subtraction has failed
SATURATED = 0.01  # share of full range from black or white where nothing is left beneath


@dataclass(frozen=True)
class _Spot:
    """The samples of one plane that a scratch covers: rows and columns, and how far off middle."""

    rows: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    bed_row: npt.NDArray[np.int64]
    away: npt.NDArray[np.float32]


def repaired(
    tracks: list[Track],
    index: int,
    frames: Mapping[int, Frame],
    lumas: Mapping[int, Picture],
    motion: Motion,
) -> Change:
    """The change that takes the scratches of a frame out.

    Args:
        tracks: the scratches, each with a line in the frame.
        index: number of the frame.
        frames: the window by number.
        lumas: their luma, float32 `[H, W]`.
        motion: flow of the shot.
    """
    frame = frames[index]
    deltas = [np.zeros(tuple(plane.shape), np.float32) for plane in frame.planes]
    for track in tracks:
        line = track.lines[index]
        bed = bed_of(line, lumas[index])
        views = [
            behind(bed, line, track.lines, index, index + offset, lumas[index + offset], motion)
            for offset in (sign * distance for distance in DISTANCES for sign in (-1, 1))
            if index + offset in lumas
        ]
        _draw(deltas, frames, frame, bed, line, views)
    planes = tuple(
        torch.from_numpy(delta.round().astype(np.int32)).to(plane.device) if delta.any() else None
        for delta, plane in zip(deltas, frame.planes, strict=True)
    )
    kept = Change(planes)
    touched = sum(int(torch.count_nonzero(p)) for p in planes[:1] if p is not None)
    share = touched / frame.planes[0].numel()
    clamped = frame.plus(kept)
    return Change.between(
        frame,
        clamped.samples(),
        {"scratches": float(len(tracks)), "damaged_share": share},
    )


def _draw(
    deltas: list[Picture],
    frames: Mapping[int, Frame],
    frame: Frame,
    bed: Bed,
    line: Line,
    views: list[Behind],
) -> None:
    unit = frame.format.height / 480
    profile = _profile(bed.patch, bed, line, unit)
    present = _present(profile, bed, line)
    reach = _half(profile[present], bed) if present.any() else 0.0
    if reach == 0:
        return
    choice = _choice(bed, line, profile, views, unit)
    for number, plane in enumerate(frame.planes):
        scale = _scale(frame, number)
        chroma = number > 0 and frame.format.layout != "rgb"
        spot = _spot(bed, present, reach, plane.shape, scale)
        samples = plane.to(torch.float32).cpu().numpy() / frame.peak
        mine = profile if number == 0 and not chroma and frame.format.layout != "rgb" else None
        delta = -_subtracted(samples, bed, line, spot, scale, unit, mine)
        for place, view in enumerate(views):
            along = (choice[bed.strip] == place)[spot.bed_row]
            if along.any() and not chroma:
                other = frames[view.number].planes[number].to(torch.float32).cpu().numpy()
                delta[along] = _along(other / frame.peak, samples, view, spot, along)
        deltas[number][spot.rows, spot.columns] = delta * frame.peak


def _profile(patch: Picture, bed: Bed, line: Line, unit: float) -> Picture:
    """The scratch alone, smoothed down the picture, float32 `[R, 2 * reach + 1]`."""
    edge = half_width(line, unit)
    left = patch[:, bed.away < -edge].mean(axis=1, keepdims=True)
    right = patch[:, bed.away > edge].mean(axis=1, keepdims=True)
    slope = np.clip((bed.away[None, :] / (bed.reach + edge)) + 0.5, 0, 1)
    alone = patch - left * (1 - slope) - right * slope
    rows = max(9, 2 * (len(bed.rows) // (2 * STRIPS)) + 1)
    return np.asarray(cv2.blur(alone.astype(np.float32), (1, rows)), np.float32)


def _present(profile: Picture, bed: Bed, line: Line) -> npt.NDArray[np.bool_]:
    """Rows where the scratch is there, bool `[R]`."""
    core = np.abs(bed.away) <= max(0.5, line.width / 2)
    height = line.sign * profile[:, core].mean(axis=1)
    near = line.seen | np.roll(line.seen, 1) | np.roll(line.seen, -1)
    return np.asarray(near[bed.strip] & (height > PRESENT * line.contrast), bool)


def _half(profile: Picture, bed: Bed) -> float:
    """Samples from the middle to where the scratch has faded."""
    mean = np.abs(profile.mean(axis=0))
    faint = mean < FAINT * mean[bed.reach]
    right = int(np.argmax(faint[bed.reach :])) if faint[bed.reach :].any() else bed.reach
    left = int(np.argmax(faint[bed.reach :: -1])) if faint[: bed.reach + 1].any() else bed.reach
    return float(max(left, right))


def _choice(
    bed: Bed, line: Line, profile: Picture, views: list[Behind], unit: float
) -> npt.NDArray[np.int64]:
    """For each strip the place in `views` of the frame to draw it from, -1 to subtract."""
    choice = np.full(STRIPS, -1)
    core = np.abs(bed.away) <= max(0.5, line.width / 2)
    clean = (bed.patch - profile)[:, core]
    saturated = np.minimum(bed.patch, 1 - bed.patch)[:, core].mean(axis=1) < SATURATED
    for strip in np.flatnonzero(line.seen):
        rows = bed.strip == strip
        usable = [
            place
            for place, view in enumerate(views)
            if view.misfit[strip] < CLEAR * line.contrast
            and not abs(view.moved[strip]) < 2 * half_width(line, unit)
            and _bare(bed, line, view, rows, core)
        ]
        if not usable:
            continue
        best = min(usable, key=lambda place: views[place].misfit[strip])
        left = np.abs(clean[rows] - views[best].patch[rows][:, core]).mean()
        if left > WORSE * views[best].misfit[strip] or saturated[rows].mean() > 0.2:
            choice[strip] = best
    return choice


def _bare(
    bed: Bed, line: Line, view: Behind, rows: npt.NDArray[np.bool_], core: npt.NDArray[np.bool_]
) -> bool:
    """Whether the other frame shows the place without the line."""
    apart = line.sign * (bed.patch - view.patch)[rows][:, core].mean()
    return bool(apart > 0.5 * line.contrast)


def _scale(frame: Frame, number: int) -> tuple[int, int]:
    """Luma samples per sample of a plane, (down, across)."""
    height, width = frame.format.plane_shapes[0]
    lines, across = frame.format.plane_shapes[number]
    return -(-height // lines), -(-width // across)


def _spot(
    bed: Bed,
    present: npt.NDArray[np.bool_],
    reach: float,
    shape: tuple[int, ...],
    scale: tuple[int, int],
) -> _Spot:
    """The samples of a plane within `reach` luma samples of the line."""
    down, across = scale
    bed_row = np.flatnonzero(present)[::1]
    bed_row = bed_row[bed_row % down == 0]
    middle = (bed.x[bed_row] + 0.5) / across - 0.5
    count = int(np.ceil(reach / across)) + 1
    columns = np.round(middle)[:, None].astype(np.int64) + np.arange(-count, count + 1)
    away = (columns - middle[:, None]) * across
    keep = (np.abs(away) <= reach + across / 2) & (columns >= 0) & (columns < shape[1])
    rows = np.broadcast_to((bed_row // down)[:, None], columns.shape)
    from_bed = np.broadcast_to(bed_row[:, None], columns.shape)
    return _Spot(rows[keep], columns[keep], from_bed[keep], away[keep].astype(np.float32))


def _subtracted(
    samples: Picture,
    bed: Bed,
    line: Line,
    spot: _Spot,
    scale: tuple[int, int],
    unit: float,
    profile: Picture | None,
) -> npt.NDArray[np.float32]:
    """The scratch's profile at each sample of the spot, share of full range."""
    down, across = scale
    if profile is None:
        x = (bed.x + 0.5) / across - 0.5
        y = ((bed.rows + 0.5) / down - 0.5).astype(np.float32)
        columns = np.ascontiguousarray(x[:, None] + bed.away[None, :] / across, np.float32)
        lines = np.ascontiguousarray(np.broadcast_to(y[:, None], columns.shape), np.float32)
        patch = cv2.remap(
            samples, columns, lines, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        profile = _profile(np.asarray(patch, np.float32), bed, line, unit)
    x = np.ascontiguousarray(spot.away + bed.reach, np.float32)
    y = spot.bed_row.astype(np.float32)
    return cv2.remap(profile, x, y, cv2.INTER_LINEAR)[:, 0]


def _along(
    other: Picture, samples: Picture, view: Behind, spot: _Spot, chosen: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float32]:
    """What to add so that the chosen samples of a spot show the other frame."""
    rows = spot.bed_row[chosen]
    x = view.x[rows] + spot.away[chosen]
    found = cv2.remap(
        other, x.astype(np.float32), view.y[rows], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )[:, 0]
    return found + view.level[rows] - samples[spot.rows[chosen], spot.columns[chosen]]
