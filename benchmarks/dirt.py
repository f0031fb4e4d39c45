"""Step `dirt` against known truth, beside what removes dirt elsewhere.

    python benchmarks/dirt.py [--data ../shared/data] [--clips N] [--frames N] [--only NAME,...]
                              [--real SHARE]

Clean modern clips of 360..480 lines get dirt by `models.degrade`, half of it in drawn shapes, half
in shapes of real dirt (--real 0..1), which are smaller and fainter:

    precision   detected samples that lie within 2 samples of dirt; what a means changed counts
                as detected
    recall      visibly dirty samples (luma off by 3 % or more) within 1 sample of a detected one
    F1          of the two
    in before   PSNR of luma inside the dirt as it was, dB
    in after    the same after the repair; gain dB is the difference
    outside     samples changed farther than 2 samples from dirt, %
    harm        samples changed on the undamaged clip, %
    fps         frames per second of one core, flow included, decoding not

The last lines are samples changed, in per cent, on a film that has real dirt: there is no truth,
and what is changed may be right.
"""

from __future__ import annotations

from benchmarks.clips import (
    CLIPS,
    chosen,
    common_options,
    nothing,
    on_one_core,
    read_clip,
    real_textures,
    run_steps,
)
from benchmarks.peers import available_peers
from benchmarks.scores import Table, changed_percent, repair_row
from models.degrade import Dirt as DirtDamage
from models.degrade import damaged
from models.dirt.step import Dirt

PEERS = (
    "ffmpeg atadenoise",
    "ffmpeg tmedian",
    "ffmpeg removegrain 4",
    "vapoursynth spotless",
    "vapoursynth spotless 2",
    "vapoursynth removedirt",
)
SLOW = ("temporalfix 1", "temporalfix 2", "temporalfix 3")
COLUMNS = ("precision", "recall", "F1", "in before", "in after", "gain dB", "outside", "harm",
           "fps")  # fmt: skip
FILM = "oldfilm_sf_earthquake_1906.mkv"


def main() -> None:
    parser = common_options(__doc__, clips=12, frames=24)
    parser.add_argument("--slow", action="store_true", help="the networks as well, 0.5 fps")
    parser.add_argument("--real", type=float, default=0.5, help="share of shapes of real dirt")
    options = parser.parse_args()
    on_one_core()
    peers, wanted = available_peers(), PEERS + (SLOW if options.slow else ())
    means = {"nothing": nothing, "step dirt": run_steps([Dirt()])}
    means |= {name: peers[name] for name in wanted if name in peers}
    means = chosen(means, options.only)
    textures, table = real_textures(options.data), Table(COLUMNS)
    table.head()
    for seed, clip in enumerate(CLIPS[: options.clips]):
        truth = read_clip(options.data / "clean" / clip, options.frames)
        dirt = DirtDamage(seed=seed, textures=textures, texture_share=options.real)
        pairs = list(damaged(truth, (dirt,)))
        spoilt, masks = [f for f, _ in pairs], [m["dirt"].numpy() for _, m in pairs]
        for name, run in means.items():
            table.add(clip, name, repair_row(run, truth, spoilt, masks))
    table.means()
    table.wins(("step dirt",), ("F1", "gain dB"))
    film = read_clip(options.data / "oldfilm" / FILM, options.frames)
    for name, run in means.items():
        print(f"{FILM:32}{name:28}changed {changed_percent(film, run(film)):8.4f} %", flush=True)


if __name__ == "__main__":
    main()
