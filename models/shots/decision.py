"""Where shots begin: cheap cues propose, the network is asked where they leave it open.

The rules, in words:
    - A jump well above what goes on around it is a cut. A lesser one is a cut if the
      network agrees.
    - Where a picture comes out of a flat stretch (black, white), a shot begins. The flat
      frames stay with the shot before them, unless the network saw that shot fade out.
    - A run of blends that the network takes for a transition is one boundary, see
      `gradual`; it is dropped where a boundary was found already.

Limits: a cut between like pictures within fast motion is missed; a transition of more
than 120 frames may be found twice; a shot of one or two frames counts as a flash.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from models.shots.cues import SHORTEST_SHOT, Cue
from models.shots.evidence import BLOCK, MARGIN, Evidence, Judge
from models.shots.gradual import LONGEST_RUN, NEAR, Run, extend_run, place_boundary
from models.shots.rules import Rules
from models.shots.window import View, slide

AHEAD = BLOCK + MARGIN  # a look that begins at the next frame, and its margin
BEHIND = LONGEST_RUN + 2 * NEAR + BLOCK + MARGIN  # a run, the look it needs, and some more


def decide_boundaries(cues: Iterable[Cue], judge: Judge, rules: Rules) -> Iterator[int]:
    """Find the frames at which a shot begins, the reel's first frame excepted.

    Holds at most `BEHIND + AHEAD + 1` frames, whatever the reel's length.

    Args:
        cues: of every frame of the reel, in order.
        judge: maps uint8 `[100, 27, 48, 3]` to two float32 `[100]`, see `transnet`.
        rules: the thresholds.

    Yields:
        Frame numbers, ascending, each at least 1.
    """
    evidence = Evidence(judge, BEHIND)
    found: list[int] = []  # not yet handed out, or near enough to matter
    handed_out = 0
    run: Run | None = None
    for view in slide(cues, BEHIND, AHEAD):
        if _begins_shot(view, found, evidence, rules):
            found.append(view.index)
        run, ended = extend_run(run, view, rules)
        if ended is None and view.index + 1 == view.stop:
            run, ended = None, run
        if ended is not None:
            _add_gradual(ended, found, view, evidence, rules)
        settled = (run.start if run else view.index) - 2 * NEAR
        yield from (index for index in found if handed_out < index < settled)
        handed_out = max(handed_out, settled - 1)
        found = [index for index in found if index >= handed_out - 2 * NEAR]
    yield from (index for index in found if index > handed_out)


def _begins_shot(view: View[Cue], found: list[int], evidence: Evidence, rules: Rules) -> bool:
    """True for a cut, and for a picture that comes out of a flat stretch.

    One finding is enough within a quarter of a second, unless the next is a clear cut.
    """
    nearest = view.index - max(found, default=-NEAR)
    if view.here.jump >= rules.clear_jump:
        return nearest >= SHORTEST_SHOT
    if nearest < NEAR:
        return False
    return _leaves_flat(view, rules) or _is_weak_cut(view, evidence, rules)


def _is_weak_cut(view: View[Cue], evidence: Evidence, rules: Rules) -> bool:
    """True where the picture jumps a little and the network agrees."""
    if view.here.jump < rules.weak_jump:
        return False
    one, _ = evidence.chances(view, max(view.index - 2, 0), view.index + 2)
    return float(one.max()) >= rules.support


def _leaves_flat(view: View[Cue], rules: Rules) -> bool:
    """True for the first frame of a picture that lasts, after a stretch without one."""
    before = range(view.index - rules.flat_frames, view.index)
    after = range(view.index, view.index + SHORTEST_SHOT)
    return (
        before.start >= 0
        and all(view.at(index).texture < rules.flat_texture for index in before)
        and all(view.at(index).texture >= rules.flat_texture for index in after)
    )


def _add_gradual(
    run: Run, found: list[int], view: View[Cue], evidence: Evidence, rules: Rules
) -> None:
    """Add the boundary of a gradual transition to those found, unless it is among them."""
    if any(run.start - NEAR <= index <= run.last + NEAR for index in found):
        return
    boundary = place_boundary(run, view, evidence, rules)
    if boundary is not None:
        found.append(boundary)
        found.sort()
