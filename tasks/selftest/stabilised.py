"""A harmless output that is moved: the source weaves, and a recipe takes the weave out.

Its own source goes with it: the woven frames, moved by the shifts that the recipe recorded, as
`tasks.measure` moves a reel's. What is then seen is the repair and not the move.
"""

from __future__ import annotations

from collections.abc import Iterable

from catalogs.recipe import read_recipe
from models.contract import Frame, apply_step
from models.degrade.weave import Weave
from tasks.metrics.gather import moved_source
from tasks.selftest.output import REPAIRS, Output, frames_of, pictures_of
from tasks.selftest.source import Made
from tasks.steps import build_steps
from tasks.treat import resolve_recipe

WEAVE = Weave(sway=1.2, bounce=1.6, memory=0.3, jump_rate=0.0)
STABILISE = "stabilise"


def stabilised(made: Made) -> Output:
    """The shipped recipe that stabilises, on the damaged source with weave on top."""
    scene = made.scene
    steady, *others = build_steps(resolve_recipe(read_recipe("stabilised")))
    if steady.name != STABILISE:
        raise ValueError(
            f"the recipe begins with {steady.name}; shifts are those of its first step"
        )
    whole = frames_of(scene.source, scene.mono)
    woven = [frame for frame, _ in WEAVE.applied(iter(whole))]
    held: list[Frame] = []
    sources: list[Frame] = []
    for _, after, change in apply_step(steady, woven):
        x, y = (change.parameters.get(f"shift_{axis}_px", 0.0) for axis in "xy")
        sources.append(moved_source(woven[len(held)], x, y))
        held.append(after)
    stream: Iterable[Frame] = held
    for step in others:
        stream = [after for _, after, _ in apply_step(step, stream)]
    return Output("stabilised recipe", pictures_of(stream), REPAIRS | {STABILISE},
                  pictures_of(sources))  # fmt: skip
