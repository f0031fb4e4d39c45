"""How steady a network could become: what limits `models/networks/steady.py`, flow or trust.

    python benchmarks/steady_bound.py [--data ../shared/data] [--clips 4] [--frames 12]
        [--lines 240] [--only NETWORK,NETWORK]

Clips, networks and measures are those of `benchmarks/steady.py`. A network's results are averaged
with as many frames on either side as the engine takes, each trusted as if the clean clip were
known: by exp(-(e / (3 f))^2), where e is the mean difference of the clean clip in place over
5 x 5 samples and f the flicker of the network. Three columns, each the flicker that is cut and the
change of PSNR in dB:

    clean flow    along the motion of the clean clip, by which flicker is measured, too
    result flow   along the motion that the engine finds in the network's results
    engine        the engine, which has neither

What the first leaves cannot be had by averaging in place; from the first to the second is what
flow costs, from there to the third what it costs that only noisy pictures tell whom to trust.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import mean

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.clips import CLIPS, common_options, on_one_core, read_clip, run_steps
from benchmarks.peers.raw import Frames
from benchmarks.steady import DRAWS, STEADINESS, flicker, in_rgb, psnr
from benchmarks.steady_cases import CASES, NOISE, Case, remembered
from models.contract import Frame
from models.motion import Motion, warp
from models.networks.learned import ModelSettings, ModelStep
from models.networks.rgb import as_rgb
from models.networks.steady import AHEAD, CARRIES, evenly

Search = Callable[[], Motion]


def averaged_in_place(results: Frames, clean: Frames, along: Frames, search: Search,
                      tolerated: float) -> Frames:  # fmt: skip
    """The results, each averaged with its neighbours as far as the clean clip says.

    Args:
        results: of a network.
        clean: the clip.
        along: frames whose motion is followed.
        search: makes the flow.
        tolerated: e / sqrt(-log(trust)), share of full range.
    """
    motion = search()
    for index, frame in enumerate(along):
        motion.see(index, frame.luma())
    pictures, true = [as_rgb(one) for one in results], [as_rgb(one) for one in clean]
    shape = (results[0].format.height, results[0].format.width)
    found = []
    for here, picture in enumerate(pictures):
        total, added = torch.ones(shape), picture.clone()
        for there in range(max(0, here - AHEAD), min(len(results), here + AHEAD + 1)):
            if there != here:
                flow = motion.through(here, there, shape)
                trust = _trust(true[here], warp(true[there].contiguous(), flow, CARRIES), tolerated)
                added += trust * warp(pictures[there].contiguous(), flow, CARRIES)
                total += trust
        found.append(_frame(added / total, results[here]))
    return found


def _trust(true: Tensor, seen: Tensor, tolerated: float) -> Tensor:
    apart = (true - seen).abs().mean(0)[None, None]
    apart = functional.avg_pool2d(apart, 5, 1, 2, count_include_pad=False)[0, 0]
    return torch.exp(-((apart / tolerated) ** 2))


def _frame(picture: Tensor, like: Frame) -> Frame:
    red, green, blue = (255 * picture).round().clamp(0, 255).to(torch.uint8)
    return Frame((green, blue, red), like.format)


def columns_of(case: Case, clean: Frames) -> list[tuple[float, float]]:
    """Of each column the flicker that is cut and the change of PSNR."""
    sources = [case.spoilt(clean, torch.Generator().manual_seed(draw)) for draw in DRAWS]
    networks = [remembered(case.network(draw)) for draw in DRAWS]
    alone, steady = (
        [
            run_steps([ModelStep(ModelSettings("", steadiness=share, noise=NOISE / 255), network)])(
                source
            )
            for network, source in zip(networks, sources, strict=True)
        ]
        for share in STEADINESS
    )
    before, likeness = flicker(alone[0], alone[1], clean), _likeness(alone, clean)
    place = partial(averaged_in_place, clean=clean, tolerated=3 * before / 100)
    by_clean = [place(one, along=clean, search=Motion) for one in alone]
    by_result = [place(one, along=one, search=partial(Motion, evenly)) for one in alone]
    return [
        (1 - flicker(made[0], made[1], clean) / before, _likeness(made, clean) - likeness)
        for made in (by_clean, by_result, steady)
    ]


def _likeness(made: list[Frames], clean: Frames) -> float:
    return mean(psnr(one, clean) for one in made)


def main() -> None:
    """Print a line a clip and network."""
    parser = common_options(__doc__, clips=4, frames=12)
    parser.add_argument("--lines", type=int, default=240, help="of the clips, at most")
    options = parser.parse_args()
    on_one_core()
    print(f"{'clip':28} {'network':8} {'clean flow':>13} {'result flow':>13} {'engine':>13}")
    for name in CLIPS[: options.clips]:
        for word, case in CASES.items():
            if any(part in word for part in options.only.split(",")):
                lines = min(options.lines, case.lines)
                clean = in_rgb(read_clip(options.data / "clean" / name, options.frames, lines))
                cells = (f"{cut:6.0%} {db:+6.2f}" for cut, db in columns_of(case, clean))
                print(f"{name:28} {word:8}", *cells, flush=True)


if __name__ == "__main__":
    main()
