"""Dissolves and fades: runs of blends that the network takes for a transition."""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.shots.cues import Cue
from models.shots.evidence import Evidence
from models.shots.rules import Rules
from models.shots.window import View

NEAR = 6  # frames, a quarter of a second: what lies nearer is one and the same
LONGEST_RUN = 120  # frames that a run may have; a longer one is looked at in parts


@dataclass(frozen=True)
class Run:
    """Blends that follow each other with gaps below `NEAR` frames.

    Attributes:
        start: first blend.
        last: last blend so far.
        count: how many there were.
    """

    start: int
    last: int
    count: int = 1

    def takes(self, index: int) -> bool:
        """True where a blend at this frame would belong to the run."""
        return index - self.last < NEAR and index - self.start < LONGEST_RUN


def is_blend(cue: Cue, rules: Rules) -> bool:
    """True for a frame well inside the straight line between two frames that differ."""
    return any(
        abs(blend.weight - 0.5) < 0.35
        and blend.residual < rules.blend_residual
        and blend.change > rules.blend_change
        for blend in cue.blends
    )


def extend_run(run: Run | None, view: View[Cue], rules: Rules) -> tuple[Run | None, Run | None]:
    """Carry a run of blends over one frame.

    Returns:
        (the run that goes on, the run that ended here), either may be None.
    """
    going = run is not None and run.takes(view.index)
    if not is_blend(view.here, rules):
        return (run, None) if going else (None, run)
    if run is None or not going:
        return Run(view.index, view.index), run
    return replace(run, last=view.index, count=run.count + 1), None


def place_boundary(run: Run, view: View[Cue], evidence: Evidence, rules: Rules) -> int | None:
    """Decide whether a run of blends is a transition, and where the next shot begins.

    Returns:
        The first flat frame where the picture fades away, else the frame that the network
        finds likeliest; None where it sees no transition.
    """
    if run.count < rules.blend_frames:
        return None
    start, stop = max(run.start - NEAR, 1), min(run.last + NEAR, view.stop)
    one, many = evidence.chances(view, start, stop)
    inside = [index for index in range(start, stop) if many[index - start] > rules.within]
    if len(inside) < rules.blend_frames:
        return None
    for index in range(inside[0] + 1, min(inside[-1] + NEAR, view.stop)):
        if view.at(index).texture < rules.flat_texture:
            return index
    likeliest = max(inside, key=lambda index: float(one[index - start]))
    return min(likeliest + 1, stop - 1)
