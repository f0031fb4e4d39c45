"""How steady a picture-by-picture network becomes: flicker that it made, and what that costs.

    python benchmarks/steady.py [--data ../shared/data] [--clips 4] [--frames 24]

Two networks on clean clips of real footage, each alone and made steady (`models/steady.py`):

    dreams   adds another smooth pattern to every frame, deviation 3 % of full range
    ffdnet   FFDNet of its published weights on the clip in R'G'B' with noise of deviation 20
             (8 bit), another in each channel, as it was trained; needs
             `python benchmarks/peers/fetch_weights.py`

    flicker  mean change from frame to frame of (result - clean), along the motion of the clean
             clip, where that motion leads back to where it came from; % of full range
    PSNR     of luma against the clean clip, dB
    GHOST    the metric (`tasks/metrics/ghost.py`), beside the threshold at which a shot is flagged
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.clips import CLIPS, common_options, on_one_core, read_clip, run_steps
from benchmarks.peers.fetch_weights import FFDNET, FOLDER
from benchmarks.peers.raw import Frames
from catalogs.picture import PictureFormat
from catalogs.source import ColourTags
from models.architectures import build_learned
from models.checkpoint import read_checkpoint
from models.contract import Frame
from models.image_network import ImageNetwork
from models.learned import Learned, ModelSettings, ModelStep
from models.motion import Motion, joined, warp
from models.rgb import as_rgb
from tasks.measure import shipped_calibration
from tasks.metrics.gather import Look, paired
from tasks.metrics.ghost import METRICS as GHOSTS
from tasks.metrics.pair import Declared, Pair
from tasks.metrics.source_class import class_name, source_facts
from tasks.metrics.verdict import limits

RATE = 25.0  # frames a second that are claimed; GHOST does not ask
NOISE = 20  # code values at 8 bit
STEADINESS = (0.0, ModelSettings("").steadiness)
SURE = 0.5  # samples of the guide between where motion began and where it led back


def dreams() -> Learned:
    """A network that invents another pattern in every frame."""
    chance = torch.Generator().manual_seed(1)

    def forward(tile: Tensor, _noise: float) -> Tensor:
        coarse = torch.randn(1, 1, 12, 16, generator=chance)
        return tile + 0.03 * functional.interpolate(coarse, tile.shape[-2:], mode="bilinear")

    return ImageNetwork(nn.Identity(), forward)


def ffdnet() -> Learned:
    """FFDNet with its published weights."""
    return build_learned("ffdnet", read_checkpoint((FOLDER / FFDNET).read_bytes(), ".pth"))


def in_rgb(frames: Frames) -> Frames:
    """The frames in R'G'B', 8 bit."""
    form = PictureFormat(frames[0].format.width, frames[0].format.height, "gbrp")
    rgb = [(255 * as_rgb(frame)).round().to(torch.uint8) for frame in frames]
    return [Frame((one[1], one[2], one[0]), form) for one in rgb]


def noisy(frames: Frames) -> Frames:
    """The frames with noise in every plane."""
    chance = torch.Generator().manual_seed(2)

    def plus(plane: Tensor) -> Tensor:
        noise = NOISE * torch.randn(plane.shape, generator=chance)
        return (plane + noise).round().clamp(0, 255).to(torch.uint8)

    return [Frame(tuple(map(plus, frame.planes)), frame.format) for frame in frames]


def flicker(result: Frames, clean: Frames) -> float:
    """See above."""
    motion, total, before = Motion(), [], None
    for index, (frame, true) in enumerate(zip(result, clean, strict=True)):
        motion.see(index, true.luma())
        error = frame.luma() - true.luma()
        if before is not None:
            flow = motion.flow(index, index - 1, (error.shape[0], error.shape[1]))
            back = joined(motion.searched(index, index - 1), motion.searched(index - 1, index))
            sure = torch.from_numpy((back**2).sum(-1) < SURE**2).float()
            sure = functional.interpolate(sure[None, None], error.shape)[0, 0]
            change = (error - warp(before, flow)).abs()
            total.append(float((change * sure).sum() / sure.sum()))
        before = error
    return 100 * sum(total[2:]) / len(total[2:])  # the first frames are still the network's


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


def main() -> None:
    """Print a line a clip and network."""
    options = common_options(__doc__, clips=4, frames=24).parse_args()
    on_one_core()
    print(f"{'clip':32} {'network':8} {'flicker alone':>14} {'steady':>7} {'cut':>6}"
          f" {'PSNR alone':>11} {'steady':>7}"
          f" {'GHOST alone':>12} {'steady':>7} {'flag':>5}")  # fmt: skip
    networks = {"dreams": dreams} | ({"ffdnet": ffdnet} if (FOLDER / FFDNET).exists() else {})
    for name in CLIPS[: options.clips]:
        clean = in_rgb(read_clip(options.data / "clean" / name, options.frames))
        for word, make in networks.items():
            source = noisy(clean) if word == "ffdnet" else clean
            found = []
            for steadiness in STEADINESS:
                settings = ModelSettings(word, steadiness=steadiness, noise=NOISE / 255)
                result = run_steps([ModelStep(settings, make())])(source)
                pair = pair_of(source, result)
                found.append((flicker(result, clean), psnr(result, clean), ghost(pair)))
            (alone, before, haunted), (steady, after, still) = found
            print(f"{name:32} {word:8} {alone:12.3f} % {steady:5.3f} % {1 - steady / alone:6.1%}"
                  f" {before:11.2f} {after:7.2f}"
                  f" {haunted:12.2f} {still:7.2f} {threshold(pair):5.2f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
