"""How steady a picture-by-picture network becomes: flicker that it made, and what that costs.

    python benchmarks/steady.py [--data ../shared/data] [--clips 4] [--frames 12] [--lines 240]
        [--only NETWORK,NETWORK]

Networks on clean clips of real footage, each alone and made steady (`models/networks/steady.py`).
All but the first need `python benchmarks/peers/fetch_weights.py`:

    dreams   adds another smooth pattern to every frame, deviation 3 % of full range
    ffdnet   FFDNet on the clip in R'G'B' with noise of deviation 20 (8 bit), another in each
             channel, as it was trained
    anime    Real-ESRGAN animevideov3 on the clip as soft and grainy as film: blurred by one
             sample, with grain of deviation 6, the same in each channel
    x4plus   Real-ESRGAN x4plus on the same, of at most 120 lines: it takes a core minutes a clip

    flicker  Every clip is spoilt twice, with another draw of noise (`dreams` draws its patterns
             twice). What the picture makes a network do is in both results and cancels in their
             difference; what chance makes it do is left. Mean change of that difference from
             frame to frame, along the motion of the clean clip, where that motion leads back to
             where it came from, over the root of 2; % of full range
    PSNR     of luma against the clean clip, dB, mean of both
    GHOST    the metric (`tasks/metrics/ghost.py`), beside the threshold at which a shot is flagged

The change of (result - clean) along the motion, of one result, is no measure of it: a flow that is
a part of a sample off makes as much of it at edges, and no steadying takes that away. On
`clean_sam2_bedroom` a perfectly steady change, a blur of 1.4 % on the mean, shows as 0.67 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from statistics import mean

import torch
from torch.nn import functional

from benchmarks.clips import CLIPS, common_options, on_one_core, read_clip, run_steps
from benchmarks.peers.raw import Frames
from benchmarks.steady_cases import CASES, NOISE, Case, remembered
from catalogs.picture import PictureFormat
from catalogs.source import ColourTags
from models.contract import Frame
from models.motion import Motion, joined, warp
from models.networks.learned import ModelSettings, ModelStep
from models.networks.rgb import as_rgb
from tasks.measure import shipped_calibration
from tasks.metrics.gather import Look, paired
from tasks.metrics.ghost import METRICS as GHOSTS
from tasks.metrics.pair import Declared, Pair
from tasks.metrics.source_class import class_name, source_facts
from tasks.metrics.verdict import limits

RATE = 25.0  # frames a second that are claimed; GHOST does not ask
STEADINESS = (0.0, ModelSettings("").steadiness)
SURE = 0.5  # samples of the guide between where motion began and where it led back
DRAWS = (1, 2)


def in_rgb(frames: Frames) -> Frames:
    """The frames in R'G'B', 8 bit."""
    form = PictureFormat(frames[0].format.width, frames[0].format.height, "gbrp")
    rgb = [(255 * as_rgb(frame)).round().to(torch.uint8) for frame in frames]
    return [Frame((one[1], one[2], one[0]), form) for one in rgb]


def flicker(one: Frames, other: Frames, clean: Frames) -> float:
    """See above."""
    motion, total, before = Motion(), [], None
    for index, (first, second, true) in enumerate(zip(one, other, clean, strict=True)):
        motion.see(index, true.luma())
        apart = first.luma() - second.luma()
        if before is not None:
            flow = motion.flow(index, index - 1, (apart.shape[0], apart.shape[1]))
            back = joined(motion.searched(index, index - 1), motion.searched(index - 1, index))
            sure = torch.from_numpy((back**2).sum(-1) < SURE**2).float()
            sure = functional.interpolate(sure[None, None], apart.shape)[0, 0]
            change = (apart - warp(before, flow)).abs()
            total.append(float((change * sure).sum() / sure.sum()))
        before = apart
    return 100 / math.sqrt(2) * mean(total[2:])  # the first frames are still the network's


def psnr(result: Frames, clean: Frames) -> float:
    """Of luma, over all frames."""
    errors = [((a.luma() - b.luma()) ** 2).mean() for a, b in zip(result, clean, strict=True)]
    return float(-10 * torch.log10(torch.stack(errors).mean()))


def pair_of(source: Frames, result: Frames) -> Pair:
    """The two as metrics see them."""
    look = Look(source[0].format, ColourTags(range="pc"), RATE, Declared(frozenset({"denoise"})))
    (pair,) = paired(look, iter(zip(source, result, strict=True)), len(source))
    return pair


def ghost(pair: Pair) -> float:
    """GHOST; nan where nothing moves enough."""
    found = GHOSTS[0].measure(pair).value
    return math.nan if found is None else found


def threshold(pair: Pair) -> float:
    """From where GHOST flags such a source."""
    calibration = shipped_calibration()
    name = class_name(source_facts(pair), calibration.levels)
    found = limits(GHOSTS[0], name, calibration)
    return math.nan if found is None else found.flag


@dataclass(frozen=True)
class Found:
    """What was measured of the results of both draws."""

    flicker: float
    psnr: float
    ghost: float
    flag: float


def measured(sources: list[Frames], results: list[Frames], clean: Frames) -> Found:
    """See above."""
    pair = pair_of(sources[0], results[0])
    one, other = results
    likeness = mean(psnr(result, clean) for result in results)
    return Found(flicker(one, other, clean), likeness, ghost(pair), threshold(pair))


def found_of(case: Case, clean: Frames) -> list[Found]:
    """The source's figures, the network's alone, and those of the network made steady."""
    sources = [case.spoilt(clean, torch.Generator().manual_seed(draw)) for draw in DRAWS]
    networks = [remembered(case.network(draw)) for draw in DRAWS]
    found = [measured(sources, sources, clean)]
    for steadiness in STEADINESS:
        step = partial(ModelStep, ModelSettings("", steadiness=steadiness, noise=NOISE / 255))
        results = [
            run_steps([step(network)])(source)
            for network, source in zip(networks, sources, strict=True)
        ]
        found.append(measured(sources, results, clean))
    return found


def main() -> None:
    """Print a line a clip and network."""
    parser = common_options(__doc__, clips=4, frames=12)
    parser.add_argument("--lines", type=int, default=240, help="of the clips, at most")
    options = parser.parse_args()
    on_one_core()
    print(f"{'clip':28} {'network':8} {'flicker: source':>15} {'alone':>6} {'steady':>6} {'cut':>5}"
          f" {'PSNR: source':>13} {'alone':>6} {'steady':>6}"
          f" {'GHOST: alone':>13} {'steady':>6} {'flag':>5}")  # fmt: skip
    for name in CLIPS[: options.clips]:
        for word, case in CASES.items():
            if not any(part in word for part in options.only.split(",")):
                continue
            lines = min(options.lines, case.lines)
            clean = in_rgb(read_clip(options.data / "clean" / name, options.frames, lines))
            source, alone, steady = found_of(case, clean)
            cut = 1 - steady.flicker / alone.flicker
            print(f"{name:28} {word:8} {source.flicker:13.3f} % {alone.flicker:6.3f}"
                  f" {steady.flicker:6.3f} {cut:5.0%}"
                  f" {source.psnr:13.2f} {alone.psnr:6.2f} {steady.psnr:6.2f}"
                  f" {alone.ghost:13.3f} {steady.ghost:6.3f} {steady.flag:5.2f}",
                  flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
