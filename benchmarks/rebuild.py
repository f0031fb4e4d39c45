"""A lost frame rebuilt from its neighbours: the engine's flow beside RIFE, and beside their mean.

    python benchmarks/rebuild.py [--data ../shared/data] [--clips 20] [--frames 9]

Of every clip some frames are left out, one after the other, and rebuilt from the frame before and
the frame after by

    mean     half of each
    engine   `models.missing.rebuild.between_by` along the engine's flow, as the step `missing`
    rife     `models.networks.rebuild` with RIFE's published weights (release 3.8); needs
             `python benchmarks/peers/fetch_weights.py`

PSNR of luma against the frame itself, dB, is the mean over the frames left out. Clips whose mean of
both neighbours is above 45 dB hardly move and are left out of the sums.
"""

from __future__ import annotations

from pathlib import Path

import torch

from benchmarks.clips import CLIPS, common_options, on_one_core, read_clip
from benchmarks.peers.fetch_weights import FOLDER, RIFE, checked
from benchmarks.peers.raw import Frames
from models.missing.destroyed import Shown
from models.motion import Motion
from models.networks.architectures import build_learned
from models.networks.checkpoint import read_checkpoint
from models.networks.rebuild import RebuildNetwork

STILL = 45.0  # dB
WAYS = ("mean", "engine", "rife")


def rife() -> RebuildNetwork:
    """RIFE with its published weights."""
    data = checked(RIFE, (FOLDER / RIFE).read_bytes())
    network = build_learned("rife", read_checkpoint(data, Path(RIFE).suffix))
    assert isinstance(network, RebuildNetwork)
    return network


def psnr(frames: Frames, network: RebuildNetwork) -> tuple[float, ...]:
    """Of each of `WAYS`."""
    shown = Shown(Motion())
    shown.keep(0, tuple(frames))
    sums = torch.zeros(len(WAYS))
    places = range(1, len(frames) - 1, 3)
    for n in places:
        before, true, after = frames[n - 1 : n + 2]
        mean = (before.samples()[0] + after.samples()[0]) / 2
        ways = (shown.between(n, n - 1, n + 1), network.way(shown, n, n - 1, n + 1))
        drawn = [mean, *(way.drawn(before, after)[0] for way in ways)]
        for place, luma in enumerate(drawn):
            error = ((luma - true.samples()[0]) / true.peak).square().mean().clamp_min(1e-9)
            sums[place] += -10 * torch.log10(error)
    return tuple((sums / len(places)).tolist())


def main() -> None:
    """Print a line a clip, and the mean of those that move."""
    options = common_options(__doc__, clips=20, frames=9).parse_args()
    on_one_core()
    network = rife()
    print(f"{'clip':36}" + "".join(f"{way:>9}" for way in WAYS))
    moving = []
    for name in CLIPS[: options.clips]:
        found = psnr(read_clip(options.data / "clean" / name, options.frames), network)
        print(f"{name:36}" + "".join(f"{value:9.2f}" for value in found), flush=True)
        if found[0] < STILL:
            moving.append(found)
    means = torch.tensor(moving).mean(0).tolist()
    better = sum(one[2] > one[1] for one in moving)
    print(f"{f'{len(moving)} clips that move':36}" + "".join(f"{value:9.2f}" for value in means))
    print(f"rife less engine: {means[2] - means[1]:+.2f} dB, better on {better} of {len(moving)}")


if __name__ == "__main__":
    main()
