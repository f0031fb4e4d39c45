"""Step `scratch` against known truth, beside DeScratch.

    python benchmarks/scratches.py [--data ../shared/data] [--clips N] [--frames N] [--only NAME]

Clean modern clips of 360..480 lines are scratched by `models.degrade.Scratches`: upright lines
that arrive, wander sideways, break off, black and white, opaque to translucent. The columns are
those of `dirt.py`: precision, recall and F1 of the samples changed; PSNR of luma inside the
scratches before and after; samples changed elsewhere, and on the undamaged clip (harm), in per
cent; frames per second of one core.
"""

from __future__ import annotations

from benchmarks.clips import (
    CLIPS,
    chosen,
    common_options,
    nothing,
    on_one_core,
    read_clip,
    run_steps,
)
from benchmarks.dirt import COLUMNS
from benchmarks.peers import available_peers
from benchmarks.scores import Table, repair_row
from models.degrade import Scratches, damaged
from models.scratch.step import Scratch

PEERS = (
    "vapoursynth descratch mild",
    "vapoursynth descratch strong",
    "vapoursynth descratch faint",
)


def main() -> None:
    options = common_options(__doc__, clips=8, frames=32).parse_args()
    on_one_core()
    peers = available_peers()
    means = {"nothing": nothing, "step scratch": run_steps([Scratch()])}
    means |= {name: peers[name] for name in PEERS if name in peers}
    means = chosen(means, options.only)
    table = Table(COLUMNS)
    table.head()
    for seed, clip in enumerate(CLIPS[: options.clips]):
        truth = read_clip(options.data / "clean" / clip, options.frames)
        pairs = list(damaged(truth, (Scratches(seed=seed),)))
        spoilt, masks = [f for f, _ in pairs], [m["scratches"].numpy() for _, m in pairs]
        for name, run in means.items():
            table.add(clip, name, repair_row(run, truth, spoilt, masks))
    table.means()
    table.wins(("step scratch",), ("F1", "gain dB"))


if __name__ == "__main__":
    main()
