"""Networks whose steadiness is measured, and what each is given; see `benchmarks/steady.py`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.peers.fetch_weights import ANIMEVIDEO, FFDNET, FOLDER, X4PLUS
from benchmarks.peers.raw import Frames
from models.contract import Frame
from models.networks.architectures import build_learned
from models.networks.checkpoint import read_checkpoint
from models.networks.image import ImageNetwork
from models.planes import averaged

NOISE = 20  # code values at 8 bit
GRAIN, SOFT = 6, 1.0  # code values at 8 bit; deviation of a blur in samples

Spoil = Callable[[Frames, torch.Generator], Frames]


@dataclass(frozen=True)
class Case:
    """A network, and what it is given.

    Attributes:
        network: made anew for a draw of chance.
        spoilt: makes its source of a clean clip.
        lines: at most so many.
    """

    network: Callable[[int], ImageNetwork]
    spoilt: Spoil
    lines: int = 480


def dreams(draw: int) -> ImageNetwork:
    """A network that invents another pattern in every frame."""
    chance = torch.Generator().manual_seed(draw)

    def forward(tile: Tensor, _noise: float) -> Tensor:
        coarse = torch.randn(1, 1, 12, 16, generator=chance)
        return tile + 0.03 * functional.interpolate(coarse, tile.shape[-2:], mode="bilinear")

    return ImageNetwork(nn.Identity(), forward)


def published(architecture: str, file: str) -> Callable[[int], ImageNetwork]:
    """A network with its published weights, whatever the draw."""

    def make(_draw: int) -> ImageNetwork:
        path = FOLDER / file
        network = build_learned(architecture, read_checkpoint(path.read_bytes(), path.suffix))
        assert isinstance(network, ImageNetwork)
        return network

    return make


def remembered(network: ImageNetwork) -> ImageNetwork:
    """The network, asked once for each picture: alone and made steady it answers the same."""
    known: dict[bytes, Tensor] = {}

    def forward(tile: Tensor, noise: float) -> Tensor:
        picture = hashlib.sha256(tile.numpy().tobytes()).digest()
        if picture not in known:
            drawn = network.forward(tile, noise)
            known[picture] = averaged(drawn, (int(tile.shape[-2]), int(tile.shape[-1])))
        return known[picture]

    return replace(network, forward=forward, scale=1)


def untouched(frames: Frames, _chance: torch.Generator) -> Frames:
    """The frames as they are."""
    return frames


def noisy(frames: Frames, chance: torch.Generator) -> Frames:
    """The frames with noise in every plane."""

    def plus(plane: Tensor) -> Tensor:
        return _code_values(plane + NOISE * torch.randn(plane.shape, generator=chance))

    return [Frame(tuple(map(plus, frame.planes)), frame.format) for frame in frames]


def grainy(frames: Frames, chance: torch.Generator) -> Frames:
    """The frames soft, with grain that all planes share."""
    result = []
    for frame in frames:
        grain = GRAIN * torch.randn(frame.planes[0].shape, generator=chance)
        planes = (cv2.GaussianBlur(plane.float().numpy(), (0, 0), SOFT) for plane in frame.planes)
        spoilt = tuple(_code_values(torch.from_numpy(plane) + grain) for plane in planes)
        result.append(Frame(spoilt, frame.format))
    return result


def _code_values(plane: Tensor) -> Tensor:
    return plane.round().clamp(0, 255).to(torch.uint8)


CASES = {
    "dreams": Case(dreams, untouched),
    "ffdnet": Case(published("ffdnet", FFDNET), noisy),
    "anime": Case(published("spandrel", ANIMEVIDEO), grainy),
    "x4plus": Case(published("spandrel", X4PLUS), grainy, lines=120),
}
