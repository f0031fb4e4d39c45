"""Published networks, run in plain torch on the CPU: FFDNet and temporalfix.

They work on RGB. What a network changed there is added to the frame's own luma and chroma, so that
the way to RGB and back by itself changes nothing. BT.709, limited range.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.peers.fetch_weights import FFDNET, FOLDER, TEMPORALFIX, checked
from benchmarks.peers.raw import Frames, Peer
from models.contract import Frame
from models.networks.ffdnet import FFDNet
from models.networks.temporalfix import REACH, TemporalFix

MISSING = "learned: weights not fetched; python benchmarks/peers/fetch_weights.py"
_TO_LUMA = torch.tensor([0.2126, 0.7152, 0.0722])


def as_rgb(frame: Frame) -> Tensor:
    """An 8 bit 4:2:0 frame as float32 RGB `[3, H, W]`, 0..1."""
    luma, blue, red = (plane.to(torch.float32) for plane in frame.planes)
    size = (int(luma.shape[0]), int(luma.shape[1]))
    chroma = torch.stack([blue, red])[None]
    wide = functional.interpolate(chroma, size=size, mode="bilinear", align_corners=False)[0]
    y, cb, cr = (luma - 16) / 219, *(wide - 128) / 224
    r, b = y + 1.5748 * cr, y + 1.8556 * cb
    g = (y - _TO_LUMA[0] * r - _TO_LUMA[2] * b) / _TO_LUMA[1]
    return torch.stack([r, g, b]).clamp(0, 1)


def plus_rgb(frame: Frame, change: Tensor) -> Frame:
    """The frame with a change of RGB `[3, H, W]` added."""
    luma = (change * _TO_LUMA[:, None, None]).sum(0)
    blue, red = (change[2] - luma) / 1.8556 * 224, (change[0] - luma) / 1.5748 * 224
    deltas = [luma * 219] + [
        functional.avg_pool2d(wide[None, None], 2, ceil_mode=True, count_include_pad=False)[0, 0]
        for wide in (blue, red)
    ]
    planes = (
        (plane + delta).round().clamp(0, 255).to(torch.uint8)
        for plane, delta in zip(frame.planes, deltas, strict=True)
    )
    return Frame(tuple(planes), frame.format)


def denoised(level: float, folder: Path = FOLDER) -> Peer:
    """A peer that is FFDNet for noise of so many code values."""

    def run(frames: Frames) -> Frames:
        network, result = _loaded(FFDNet, folder / FFDNET), []
        for frame in frames:
            picture = as_rgb(frame)
            result.append(plus_rgb(frame, network(picture[None], level / 255)[0] - picture))
        return result

    return run


def steadied(strength: int, folder: Path = FOLDER) -> Peer:
    """A peer that is temporalfix of strength 1..3; frames are mirrored at the ends."""

    def run(frames: Frames) -> Frames:
        network = _loaded(TemporalFix, folder / TEMPORALFIX[strength])
        pictures, result = [as_rgb(frame) for frame in frames], []
        last = len(frames) - 1
        for index, frame in enumerate(frames):
            around = (abs(i) for i in range(index - REACH, index + REACH + 1))
            window = torch.stack([pictures[max(min(i, 2 * last - i), 0)] for i in around])
            result.append(plus_rgb(frame, network(window) - pictures[index]))
        return result

    return run


@cache
def _loaded(network: Callable[[], nn.Module], path: Path) -> nn.Module:
    """A network with its published weights, whose hash is checked first."""
    data = io.BytesIO(checked(path.name, path.read_bytes()))
    built = network()
    built.load_state_dict(torch.load(data, map_location="cpu", weights_only=True), strict=True)
    return built


def learned_peers(folder: Path = FOLDER) -> dict[str, Peer]:
    """Every learned peer.

    FFDNet expects noise that differs from colour to colour; noise that is in luma alone, as
    grain nearly is, looks to it like picture, and needs a level twice as high as it is.
    """
    peers = {f"ffdnet {level}": denoised(level, folder) for level in (10, 20)}
    return peers | {f"temporalfix {number}": steadied(number, folder) for number in TEMPORALFIX}


def is_installed(folder: Path = FOLDER) -> bool:
    """True when the weights of all these peers are there."""
    return all((folder / name).exists() for name in (FFDNET, *TEMPORALFIX.values()))
