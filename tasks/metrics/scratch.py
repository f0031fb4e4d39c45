"""SCRATCH: upright lines that stay in place, left by the restoration or added by it.

Formula, for the response c of a column (see `tasks.metrics.columns`), on the whole pictures of
the stretch at the proxy's scale:

    added   the best path of `SHORTEST` frames through max(0, c_R - 1.6 c_S) of one sign, where c_S
            is the largest within a column; nothing beside a line of S that is twice as strong, for
            that is what a repair left of it
    left    a certain scratch of S along whose path c_R is more than half of c_S
    value   the larger of the two means, percent of full range

A line of S is a certain scratch when it lasts, runs over three quarters of the height once what
moves behind it is averaged out, and keeps its place while the scene around it moves by `MOVED`
samples or more. Door frames and poles move with the scene, or are as strong in R as in S. A line
with another of its sign beside it is not certain: as a moulding moves by, one of its lines takes
the place of the next. What is left counts where the recipe declares to take scratches out; what is
added always counts.

Unit: percent of full range, lower is cleaner. Equal pictures have no added scratch.
Source: Newson, Almansa, Gousseau, Perez, IEEE TIP 23(3), 2014 (lines by frame, then by motion);
Joyeux, Boukir, Besserer, WACV 2000 (profile). Ours compares S and R, so that lines of the scene
cancel.

Blind to: a scratch of S that stays, in front of a scene that does not move (it may be a pole);
scratches that lean by more than a sample in twelve lines, or wander by more than a sample a frame;
short ones, in proportion. Finding lines by `models.scratch.lines` is not shared; the motion is, in
kind.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tasks.metrics.columns import Track, near, persistent, responses, seen_share, tracks
from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair

SHORTEST = 8  # frames
AS_BEFORE = 1.6  # sharpening and grades strengthen a line of the scene by less
BESIDE = 6  # columns on either side of a line of S in which a repair may leave something
STRONGER = 2.0  # times as strong must that line be
LEFT = 0.5  # part of a scratch's response
APART, PARALLEL = 4, 12  # columns from a line, between which another makes it uncertain
AS_STRONG = 0.5  # part of its response
LEAST = 0.012  # share of full range, of a scratch of S
MOST = 8  # lines of each sign that are looked at
LASTING = 16  # frames; or the whole stretch, if it is shorter
MOVED = 3.0  # samples
IN_PLACE = 0.35  # a scratch moves by less than this part of the scene's motion
WHOLE = 0.75  # of the height
AROUND = 24  # columns on either side where the scene's motion is read
REMOVERS = frozenset({"scratch"})


@dataclass(frozen=True)
class Scratches:
    """What was found in a stretch, shares of full range.

    Attributes:
        added: response of the strongest scratch that R has and S has not.
        added_at: its last frame of those that count, None without one.
        source: the strongest certain scratch of S.
        left: what R has of the one that is left most; 0 when all are gone.
        left_at: its first frame.
    """

    added: float
    added_at: int | None
    source: float
    left: float
    left_at: int | None


def scratches(pair: Pair) -> Scratches:
    """Find the scratches of a stretch of at least `SHORTEST` frames."""
    before, after = responses(pair.source), responses(pair.restored)
    added, added_at = _added(before, after)
    source, left, left_at = 0.0, 0.0, None
    for sign in (1, -1):
        mine, theirs = (sign * before).clamp_min(0), near((sign * after).clamp_min(0), 1)
        for track in tracks(mine, LEAST, SHORTEST, MOST):
            if not _is_scratch(track, pair, sign) or _has_parallel(track, mine):
                continue
            source = max(source, track.response)
            kept = track.mean(theirs)
            if kept > max(LEFT * track.response, left):
                left, left_at = kept, track.start
    return Scratches(added, added_at, source, left, left_at)


def _added(before: Tensor, after: Tensor) -> tuple[float, int | None]:
    beside = near(before.abs(), BESIDE) >= STRONGER * after.abs()
    worst, where = 0.0, None
    for sign in (1, -1):
        mine, theirs = (sign * before).clamp_min(0), (sign * after).clamp_min(0)
        excess = (theirs - AS_BEFORE * near(mine, 1)).clamp_min(0).masked_fill(beside, 0.0)
        means = persistent(excess, SHORTEST)
        if float(means.max()) > worst:
            worst = float(means.max())
            where = int(means.argmax()) // means.shape[1] + SHORTEST - 1
    return worst, where


def _is_scratch(track: Track, pair: Pair, sign: int) -> bool:
    if len(track.columns) < min(LASTING, pair.count):
        return False
    scene = _scene_shift(track, pair.flow.forward[:, 0])
    line = float(track.columns[-1] - track.columns[0])
    if abs(scene) < MOVED or abs(line) > IN_PLACE * abs(scene):
        return False
    return seen_share(pair.source, track, sign) >= WHOLE


def _has_parallel(track: Track, mine: Tensor) -> bool:
    """Whether a line of the same sign runs beside it; `mine` `[T, w]` is 0 or more."""
    offsets = torch.arange(APART, PARALLEL + 1)
    columns = track.columns[:, None] + torch.cat([-offsets, offsets])
    beside = mine[track.frames[:, None], columns.clamp(0, mine.shape[1] - 1)]
    return float(beside.amax(1).mean()) >= AS_STRONG * track.response


def _scene_shift(track: Track, sideways: Tensor) -> float:
    """How far the scene beside a line moves sideways while the line lasts, samples."""
    width = sideways.shape[-1]
    total = 0.0
    for frame, column in zip(track.frames.tolist()[:-1], track.columns.tolist(), strict=False):
        part = sideways[frame, ::4, max(0, column - AROUND) : min(width, column + AROUND + 1) : 3]
        total += float(part.float().median())
    return total


def _measure(pair: Pair) -> Value:
    if pair.count < SHORTEST:
        return Value.none(f"needs {SHORTEST} frames")
    found = scratches(pair)
    counts = bool(pair.declared.steps & REMOVERS)
    if counts and found.left > found.added:
        return Value(100 * found.left, 1.0, 100 * found.source, "left", found.left_at)
    note = "added" if found.added >= LEAST else ""
    if not counts and found.left > 0:
        note = f"{note}; the recipe takes no scratches out".lstrip("; ")
    return Value(100 * found.added, 1.0, 100 * found.source, note, found.added_at)


SCRATCH = Metric(
    identifier="SCRATCH",
    name="Scratches left or added",
    unit="% of full range",
    worse="higher",
    floor=0.7,
    formula=(
        "Response of a column: the smaller difference to its two sides where both have one sign, "
        "clipped, mean over bands of 12 lines. Added: mean of max(0, c_R - 1.6 c_S) along the best "
        "path of 8 frames that moves by at most a sample a frame. Left: c_R along a certain "
        "scratch of S, where it is more than half of c_S and the recipe takes scratches out. "
        "Value: the larger."
    ),
    source=(
        "Newson, Almansa, Gousseau, Perez, IEEE TIP 23(3), 2014; Joyeux, Boukir, Besserer, WACV "
        "2000; the comparison of both sides is ours"
    ),
    blind=(
        "Scratches of the source that are left in front of a scene that stands still. Scratches "
        "that lean, or wander by more than a sample a frame at 360 lines. Short and faint ones "
        "count in proportion to length and contrast; at 1080 lines a line of one sample counts a "
        "third."
    ),
    measure=_measure,
)
METRICS = (SCRATCH,)
