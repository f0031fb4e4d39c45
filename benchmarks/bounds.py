"""How much true damage lies where the restorer's masks may open, and how much sound picture.

    python benchmarks/bounds.py [--data ../shared/data] [--clips N] [--frames N]

Clips, seeds and damage are those of `network.py`: one kind of damage, and its task alone is asked.
`sound` is undamaged film, and undamaged film with grain, of which every task with a mask is asked.

    inside      true damage within the bounds of its task's mask, % of its samples
    engine      true damage that the engine repaired, %
    undamaged   undamaged picture within the bounds, %, mean over frames
    worst       likewise, of the worst frame
    grain       likewise, mean, of film with grain that is to stay
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks.clips import CLIPS, common_options, on_one_core, read_clip
from benchmarks.network import KINDS
from benchmarks.peers.raw import Frames
from benchmarks.scores import Table
from models.degrade import Damage, Grain, damaged
from models.motion import Motion
from models.restorer.config import MASKED
from models.restorer.neighbours import seen_of
from models.restorer.seen import Seen

COLUMNS = ("inside", "engine", "undamaged", "worst", "grain")
OF_TASK = {"dirt": "dirt", "scratch": "scratches", "inpaint": "missing"}  # its kind of damage


def seen(frames: Frames, tasks: Sequence[str]) -> Seen:
    """What the network would be shown."""
    return Seen.joined([one for _, one in seen_of(frames, Motion(), tasks)])


def share(of: torch.Tensor, within: torch.Tensor) -> float:
    """Per cent of the samples of one mask that are within another; nan of none."""
    return 100 * float(within[of].double().mean()) if bool(of.any()) else float("nan")


def damage(truth: Frames, kinds: Sequence[Damage], task: str) -> dict[str, float]:
    """How much of the true damage is within bounds, and how much the engine repaired."""
    spoilt, masks = zip(*damaged(truth, kinds), strict=True)
    one = seen(list(spoilt), (task,))
    true = torch.stack([next(iter(found.values())) for found in masks])
    repaired = one.clues[:, 0] > 0
    return {
        "inside": share(true, (one.bounds[:, MASKED.index(task)] > 0) | repaired),
        "engine": share(true, repaired),
    }


def main() -> None:
    options = common_options(__doc__, clips=6, frames=12).parse_args()
    on_one_core()
    table = Table(COLUMNS)
    table.head()
    for seed, clip in enumerate(CLIPS[: options.clips]):
        truth = read_clip(Path(options.data) / "clean" / clip, options.frames)
        sound = seen(truth, MASKED).bounds.double()
        grainy = [frame for frame, _ in damaged(truth, [Grain(seed=seed)])]
        grain = seen(grainy, MASKED).bounds.double()
        for number, task in enumerate(MASKED):
            by_frame = 100 * sound[:, number].mean(dim=(1, 2)).numpy()
            found = damage(truth, KINDS[OF_TASK[task]].damages(seed, options.data), task)
            row = {
                **found,
                "undamaged": float(np.mean(by_frame)),
                "worst": float(np.max(by_frame)),
                "grain": 100 * float(grain[:, number].mean()),
            }
            table.add(clip, task, row)
    table.means()


if __name__ == "__main__":
    main()
