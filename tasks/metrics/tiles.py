"""Energies of fine texture inside the windows at native resolution.

The high-pass of a window is `H = Y - G_s Y`. Each frame is compared with the one `L` frames
later (`tasks.metrics.bands.lag`), which is drawn where the first has it, along motion searched
on the smoothed window itself: the motion of the proxy is too coarse for pores. Both sides go
along the same motion and through the same masks, so every ratio of them is fair, and R = S
gives equal sums.

    E   energy of H
    C   coherent energy <H_t, W H_(t+L)>: what comes back on the next frame; grain does not
    X   the same between the two sides

A sample is left out where the smoothed source does not come back (occlusion, dirt, bad
motion), where R differs from S on one of both frames only, and along upright lines in which R
differs from S (scratches): what was repaired is no texture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt
import torch

from tasks.metrics.sums import Sums

if TYPE_CHECKING:
    from tasks.metrics.pair import TilePair

Plane = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

GUIDE_BLUR = 2.0  # samples, smoothing of what motion is searched on, or s where that is larger
AWAY = 0.05  # of full range; smoothed luma that differs by more did not come back
REPAIRED = 0.04  # of full range, change of R - S from frame to frame that is a repair
SCRATCH = 0.01  # of full range, mean of R - S along an upright line, against its surroundings
SCRATCH_HEIGHT, SCRATCH_WIDTH = 12, 6  # lines and surroundings of it, in blurs of R - S
SEARCHED = 256  # samples; motion is searched on windows reduced to at most this side
SMALLEST_SEARCH = 24  # samples; below, motion is taken as none


@dataclass(frozen=True)
class _Layers:
    """One frame of a window.

    Attributes:
        fine: `[h, w, 2 K]`, H of S and of R at the first scale, at the second, and so on.
        broad: `[h, w, 2]`, smoothed luma of S, and R - S smoothed.
        scratched: `[h, w]`, where R differs from S along an upright line.
        guide: what motion is searched on.
    """

    fine: Plane
    broad: Plane
    scratched: Mask
    guide: npt.NDArray[np.uint8]


def energies(
    tile: TilePair, regions: Sequence[Mask], scales: Sequence[float], step: int, count: int
) -> tuple[tuple[Sums, ...], ...]:
    """Sum up a window.

    Args:
        tile: the window.
        regions: a mask for each of its frames, bool `[G, h, w]`.
        scales: K values of s, samples, at most two.
        step: L, frames.
        count: frames of the stretch.

    Returns:
        For each scale G sums.
    """
    place = {frame: n for n, frame in enumerate(tile.frames.tolist())}
    layers: dict[int, _Layers] = {}
    table = np.zeros((len(scales), regions[0].shape[0], len(fields(Sums)), count))
    for frame, here in place.items():
        there = place.get(frame + step)
        if there is None:
            continue
        for n in (here, there):
            if n not in layers:
                layers[n] = _layers(tile.source[n].numpy(), tile.restored[n].numpy(), scales)
        table[..., frame] = _row(layers[here], layers[there], regions[here])
        del layers[here]
    return tuple(tuple(Sums(*torch.from_numpy(rows)) for rows in scale) for scale in table)


def _layers(source: Plane, restored: Plane, scales: Sequence[float]) -> _Layers:
    fine = np.stack([high_pass(luma, s) for s in scales for luma in (source, restored)], -1)
    side = 2 * round(2 * scales[0]) + 1
    change = np.asarray(cv2.blur(restored - source, (side, side)), np.float32)
    upright = cv2.blur(change, (1, SCRATCH_HEIGHT * side + 1))
    scratched = np.abs(upright - cv2.blur(upright, (SCRATCH_WIDTH * side + 1, 1))) > SCRATCH
    smooth = cv2.GaussianBlur(source, (0, 0), max(GUIDE_BLUR, scales[0]))
    return _Layers(fine, np.dstack((smooth, change)), scratched, _guide(smooth))


def high_pass(luma: Plane, scale: float) -> Plane:
    """H of a plane `[h, w]`, s in samples."""
    return np.asarray(luma - cv2.GaussianBlur(luma, (0, 0), scale), np.float32)


def _guide(smooth: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """What motion is searched on: the window at its own contrast, at most `SEARCHED` a side."""
    longest = max(smooth.shape)
    if longest > SEARCHED:
        size = tuple(max(1, round(n * SEARCHED / longest)) for n in smooth.shape[::-1])
        smooth = cv2.resize(smooth, size, interpolation=cv2.INTER_AREA)
    mean, spread = float(smooth.mean()), float(smooth.std())
    gain = 255 / max(5 * spread, 0.2)
    return np.asarray(np.clip(128 + (smooth - mean) * gain, 0, 255), np.uint8)


@lru_cache(maxsize=16)
def _search(_shape: tuple[int, ...]) -> cv2.DISOpticalFlow:
    """One search for each size: a small picture changes the settings of the object for good."""
    cv2.setNumThreads(1)  # the stripes of several threads would change the answer
    return cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)


def _flow(
    here: npt.NDArray[np.uint8], there: npt.NDArray[np.uint8], shape: tuple[int, ...]
) -> Plane:
    """Places (x, y) of each sample on the other frame, float32 `[h, w, 2]`."""
    height, width = shape
    places = np.empty((height, width, 2), np.float32)
    places[..., 0], places[..., 1] = np.arange(width), np.arange(height)[:, None]
    if min(here.shape) < SMALLEST_SEARCH:
        return places
    flow = np.asarray(_search(here.shape).calc(here, there, None))  # type: ignore[call-overload]
    if flow.shape[:2] != (height, width):
        flow = cv2.resize(flow, (width, height)) * np.float32(width / flow.shape[1])
    places += flow
    return places


def _row(here: _Layers, there: _Layers, regions: Mask) -> npt.NDArray[np.float64]:
    """Sums of one pair of frames, `[K, G, 7]`."""
    height, width = here.scratched.shape
    places = _flow(here.guide, there.guide, (height, width))
    apart = here.broad - _drawn(there.broad, places, cv2.INTER_LINEAR)
    away = apart[..., 0] - np.median(apart[::4, ::4, 0])
    kept = (np.abs(away) < AWAY) & (np.abs(apart[..., 1]) < REPAIRED)
    kept &= ~(here.scratched | there.scratched)
    kept &= (places[..., 0] >= 0) & (places[..., 0] <= width - 1)
    kept &= (places[..., 1] >= 0) & (places[..., 1] <= height - 1)
    after = _drawn(there.fine, places, cv2.INTER_CUBIC)
    rows = [_sums(here.fine, after, np.flatnonzero(region & kept)) for region in regions]
    return np.array(rows).swapaxes(0, 1)


def _drawn(planes: Plane, places: Plane, kernel: int) -> Plane:
    drawn = cv2.remap(  # type: ignore[call-overload]
        planes, places, None, kernel, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(drawn, np.float32)


def _sums(here: Plane, after: Plane, kept: npt.NDArray[np.intp]) -> list[tuple[float, ...]]:
    """The fields of `Sums` of each scale, from planes `[h, w, 2 K]` at some of their samples."""
    columns = here.shape[-1]
    before, later = (
        np.ascontiguousarray(planes.reshape(-1, columns).take(kept, 0).T)
        for planes in (here, after)
    )
    found: list[tuple[float, ...]] = []
    for n in range(0, columns, 2):
        s, r, t, q = before[n], before[n + 1], later[n], later[n + 1]
        found.append((
            float(s.size), float(s @ s + t @ t) / 2, float(r @ r + q @ q) / 2,
            float(s @ r + t @ q) / 2, float(s @ t), float(r @ q), float(r @ t + s @ q) / 2,
        ))  # fmt: skip
    return found
