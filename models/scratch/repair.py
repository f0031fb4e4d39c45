"""Scratches drawn over: along motion where another frame shows the place, else across the line.

Across the line: the scratch's mean profile over some lines is subtracted, so the picture's texture
and grain beneath it stay. Along motion: the samples of the other frame, one real frame. The second
is taken where the first leaves more of a difference than the surroundings have.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt
import torch

from models.contract import Change, Frame
from models.labels import Mask, Picture
from models.motion import Motion
from models.scratch.evidence import CLEAR
from models.scratch.lines import STRIPS, Line
from models.scratch.profile import (
    Spot,
    core_of,
    crossed_rows,
    fade_of,
    present_rows,
    profile_at,
    profile_in,
    profile_of,
    scale_of,
    spot_of,
    usual_where,
)
from models.scratch.tracks import Track
from models.scratch.views import DISTANCES, Bed, Behind, bed_of, behind, half_width

WORSE = 1.4  # times the misfit of the surroundings, at which subtraction has failed
SATURATED = 0.01  # share of full range from black or white where nothing is left beneath


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
    planes = [_rounded(delta, frame, number) for number, delta in enumerate(deltas)]
    touched = 0 if planes[0] is None else int(torch.count_nonzero(planes[0]))
    share = touched / frame.planes[0].numel()
    return Change(tuple(planes), {"scratches": float(len(tracks)), "damaged_share": share})


def _samples(frame: Frame, number: int) -> Picture:
    """A plane as shares of full range, float32 `[H, W]`."""
    plane = frame.planes[number].to(torch.float32) / frame.peak
    return np.asarray(plane.cpu().numpy(), np.float32)


def _rounded(delta: Picture, frame: Frame, number: int) -> torch.Tensor | None:
    """A plane's change in code values that keeps it in range; None where there is none."""
    plane = frame.planes[number]
    before = plane.to(torch.int32)
    step = torch.from_numpy(delta.round().astype(np.int32)).to(plane.device)
    change = (before + step).clamp(0, frame.peak) - before
    return change if bool(change.any()) else None


def _draw(
    deltas: list[Picture],
    frames: Mapping[int, Frame],
    frame: Frame,
    bed: Bed,
    line: Line,
    views: list[Behind],
) -> None:
    unit = frame.format.height / 480
    profile = profile_of(bed.patch, bed, line, unit)
    present = present_rows(profile, bed, line)
    if not present.any():
        return
    reach = fade_of(profile[present], bed, line.sign)
    crossed = crossed_rows(profile, bed, line, unit)
    choice = _choice(bed, line, profile, views, unit)
    for number, plane in enumerate(frame.planes):
        scale = scale_of(frame, number)
        chroma = number > 0 and frame.format.layout != "rgb"
        spot = spot_of(bed, present, reach, plane.shape, scale)
        if not spot.bed_row.size:
            continue
        samples = _samples(frame, number)
        is_luma = number == 0 and frame.format.layout != "rgb"
        mine = profile if is_luma else profile_in(samples, bed, line, scale, unit)
        delta = -profile_at(usual_where(crossed, mine, bed, line), bed, spot)
        for place, view in enumerate(views):
            along = choice[bed.strip[spot.bed_row]] == place
            if along.any() and not chroma:
                delta[along] = _along(
                    _samples(frames[view.number], number), samples, view, spot, along
                )
        keep = spot.keep
        deltas[number][spot.rows[keep], spot.columns[keep]] = delta[keep] * frame.peak


def _choice(
    bed: Bed, line: Line, profile: Picture, views: list[Behind], unit: float
) -> npt.NDArray[np.int64]:
    """For each strip the place in `views` of the frame to draw it from, -1 to subtract."""
    choice = np.full(STRIPS, -1)
    core = core_of(bed, line)
    clean = (bed.patch - profile)[:, core]
    saturated = np.minimum(bed.patch, 1 - bed.patch)[:, core].mean(axis=1) < SATURATED
    for strip in np.flatnonzero(line.seen):
        rows = np.asarray(bed.strip == strip, bool)
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


def _bare(bed: Bed, line: Line, view: Behind, rows: Mask, core: Mask) -> bool:
    """Whether the other frame shows the place without the line."""
    apart = line.sign * (bed.patch - view.patch)[rows][:, core].mean()
    return bool(apart > 0.5 * line.contrast)


def _along(other: Picture, samples: Picture, view: Behind, spot: Spot, chosen: Mask) -> Picture:
    """What to add so that the chosen rows of a spot show the other frame, float32 `[r, K]`."""
    rows = spot.bed_row[chosen]
    x = np.ascontiguousarray(view.x[rows][:, None] + spot.away[chosen], np.float32)
    y = np.ascontiguousarray(np.broadcast_to(view.y[rows][:, None], x.shape), np.float32)
    found = cv2.remap(other, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    level = view.level[rows][:, None]
    return np.asarray(found + level - samples[spot.rows[chosen], spot.columns[chosen]], np.float32)
