"""What speaks for a boundary at each frame, by cheap means: jumps, flatness, blends.

A jump compares frames before the boundary with frames after it, several of each, and
takes the pair that agrees best. One or two frames that are damaged, or white with a flash,
are thereby stepped over. What is left is compared again with its parts free to move, and
with what the footage does around it: a jump among jumps is no boundary.

A blend is a frame that lies on the straight line between an earlier and a later frame,
which themselves differ: so do the frames of a dissolve and of a fade, and hardly ever
those of a moving picture.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.shots.alignment import aligned_distance
from models.shots.signature import Signature, correlation, distance
from models.shots.window import View, slide

SHORTEST_SHOT = 3  # frames; what is shorter counts as a flash
SURROUNDING = 9  # frames to either side whose own jumps a jump is measured against
_BUSY = 4  # of those jumps the fourth counts: two bad frames make three, which say nothing
BASELINES = (6, 12, 24)  # frames from the middle of a blend to its ends
EMPTY = 0.01  # energy of lasting texture, below which there is no picture but grain
CANDIDATE = 0.3  # distance from which a jump is looked at closely
# (frames before the boundary, frames after it), enough to step over any two bad frames
PAIRS = ((1, 0), (1, 1), (2, 0), (1, 2), (2, 1), (3, 0))
_TONE_FLOOR = 2.0  # square code values: differences of tone below this are noise


@dataclass(frozen=True)
class Blend:
    """How a frame lies between two others, one baseline before it and one after.

    Attributes:
        weight: share of the later frame that fits best; 0.5 halfway.
        residual: what does not fit, as a share of how much the two differ.
        change: how much the two differ in texture or in contrast, 0..1 and a little over.
    """

    weight: float
    residual: float
    change: float


@dataclass(frozen=True)
class Cue:
    """Evidence for a shot starting at this frame.

    Attributes:
        thumbnail: uint8 RGB `[27, 48, 3]` of the frame.
        jump: how much more the picture changes here than around; 0 where it is no candidate.
        texture: energy that the frame shares with a neighbour; about 0 for a flat picture.
        blends: one per baseline that fits within the reel.
    """

    thumbnail: NDArray[np.uint8]
    jump: float
    texture: float
    blends: tuple[Blend, ...]


@dataclass(frozen=True)
class _Steady:
    """A frame and the energy of texture that it shares with a neighbour; grain has none."""

    frame: Signature
    texture: float


@dataclass(frozen=True)
class _Linked:
    """A frame and its distances to the five before it, nearest first."""

    steady: _Steady
    distances: tuple[float, ...]


def find_cues(frames: Iterable[Signature]) -> Iterator[Cue]:
    """Weigh every frame of a reel, in order; holds 49 frames and a few more."""
    reach = max(BASELINES)
    for view in slide(_link(_steady(frames)), behind=reach, ahead=reach):
        here = view.here.steady
        yield Cue(here.frame.thumbnail, _jump(view), here.texture, tuple(_blends(view)))


def _steady(frames: Iterable[Signature]) -> Iterator[_Steady]:
    """Find how much of each frame's texture lasts into the next, or from the one before."""
    for view in slide(frames, behind=1, ahead=1):
        others = [other for other in view.items if other is not view.here]
        shared = (correlation(other.texture, view.here.texture) for other in others)
        yield _Steady(view.here, max(shared, default=0.0))


def _link(frames: Iterable[_Steady]) -> Iterator[_Linked]:
    """Measure each frame against those just before it."""
    for view in slide(frames, behind=5, ahead=0):
        others = view.items[-2::-1]
        yield _Linked(view.here, tuple(_distance(other, view.here) for other in others))


def _distance(a: _Steady, b: _Steady) -> float:
    """How little the textures of two frames agree; 0 between two empty ones."""
    return 0.0 if max(a.texture, b.texture) < EMPTY else distance(a.frame, b.frame)


def _jump(view: View[_Linked]) -> float:
    """How much more the picture changes at this frame than around it."""
    index = view.index
    here = _crossing(view, index)
    if here < CANDIDATE:
        return 0.0
    earlier = max(_crossing(view, index - 2), _crossing(view, index - 1))
    later = max(_crossing(view, index + 1), _crossing(view, index + 2))
    if here <= earlier or here < later:
        return 0.0
    across = min(_aligned(view, index - before, index + after) for before, after in PAIRS)
    nearby = range(index - SURROUNDING, index + SURROUNDING + 1)
    pairs = [(t - 1, t) for t in nearby if t != index and view.holds(t - 1) and view.holds(t)]
    around = sorted((_aligned(view, *pair) for pair in pairs), reverse=True)
    rank = math.ceil(_BUSY * len(around) / (2 * SURROUNDING))  # fewer at the reel's ends
    return across - around[rank - 1]


def _crossing(view: View[_Linked], index: int) -> float:
    """Smallest distance across a boundary before frame `index`; 0 near the reel's ends."""
    if not (view.holds(index - SHORTEST_SHOT) and view.holds(index + SHORTEST_SHOT - 1)):
        return 0.0
    return min(view.at(index + after).distances[before + after - 1] for before, after in PAIRS)


def _aligned(view: View[_Linked], earlier: int, later: int) -> float:
    """Distance between two frames when their parts may move; 0 between two empty ones."""
    a, b = view.at(earlier).steady, view.at(later).steady
    if max(a.texture, b.texture) < EMPTY:
        return 0.0
    return aligned_distance(a.frame.texture, b.frame.texture)


def _blends(view: View[_Linked]) -> Iterator[Blend]:
    """Fit this frame between pairs of frames around it."""
    for baseline in BASELINES:
        before, after = view.index - baseline, view.index + baseline
        if view.holds(before) and view.holds(after):
            ends = view.at(before).steady.frame, view.at(after).steady.frame
            yield _fit_blend(ends[0], view.here.steady.frame, ends[1])


def _fit_blend(before: Signature, here: Signature, after: Signature) -> Blend:
    """Find the mixture of two frames that comes nearest to a third."""
    step, way = here.tones - before.tones, after.tones - before.tones
    apart = correlation(way, way)
    weight = correlation(step, way) / (apart + _TONE_FLOOR)
    rest = step - weight * way
    contrasts = sorted(correlation(end.tones, end.tones) for end in (before, after))
    ratio = float(np.sqrt((contrasts[0] + _TONE_FLOOR) / (contrasts[1] + _TONE_FLOOR)))
    return Blend(
        weight=weight,
        residual=correlation(rest, rest) / (apart + _TONE_FLOOR),
        change=max(distance(before, after), 1 - ratio),
    )
