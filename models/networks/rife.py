"""RIFE: a network that draws the picture halfway between two others.

Source: Z. Huang, T. Zhang, W. Heng, B. Shi, S. Zhou, "Real-time intermediate flow estimation for
video frame interpolation", ECCV 2022; the network of its release 3.8 (MIT), whose three blocks
find, from coarse to fine, where the picture between lies in either of the two and which of them
shows it. Written anew; parameters carry the names of the published weights, so those load strictly.
Left out: the block that only teaches.

What changes its pixels raises its revision in `models.networks.architectures`.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

SCALES = (4, 2, 1)  # how much smaller the picture is that each block sees
WIDTH = 90
MULTIPLE = 32  # of which both sides are
_TEACHER = "block_tea."  # of no use once it is trained
_WRAPPED = "module."


def own_tensors(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The published weights without what is not run."""
    named = {name.removeprefix(_WRAPPED): tensor for name, tensor in tensors.items()}
    return {name: tensor for name, tensor in named.items() if not name.startswith(_TEACHER)}


def _layer(before: int, after: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, 3, stride, 1), nn.PReLU(after))


def _enlarging(channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.ConvTranspose2d(WIDTH, WIDTH // 2, 4, 2, 1),
        nn.PReLU(WIDTH // 2),
        nn.ConvTranspose2d(WIDTH // 2, channels, 4, 2, 1),
    )


def _scaled(picture: Tensor, factor: float) -> Tensor:
    return functional.interpolate(
        picture, scale_factor=factor, mode="bilinear", align_corners=False
    )


def _warped(picture: Tensor, flow: Tensor) -> Tensor:
    """What lies `flow` samples (across, down) away; the border beyond it."""
    height, width = picture.shape[-2:]
    across = torch.arange(width, device=flow.device) + flow[:, 0]
    down = torch.arange(height, device=flow.device)[:, None] + flow[:, 1]
    grid = torch.stack((2 * across / (width - 1) - 1, 2 * down / (height - 1) - 1), dim=-1)
    return functional.grid_sample(picture, grid, padding_mode="border", align_corners=True)


class _Block(nn.Module):
    """Motion at one scale."""

    def __init__(self) -> None:
        super().__init__()
        self.conv0 = nn.Sequential(_layer(11, WIDTH // 2, 2), _layer(WIDTH // 2, WIDTH, 2))
        for number in range(4):
            layers = nn.Sequential(_layer(WIDTH, WIDTH), _layer(WIDTH, WIDTH))
            self.add_module(f"convblock{number}", layers)
        self.conv1 = _enlarging(4)
        self.conv2 = _enlarging(1)

    def forward(self, seen: Tensor, flow: Tensor, scale: int) -> tuple[Tensor, Tensor]:
        """What is to be added to flow and mask.

        Args:
            seen: both pictures and the mask, `[B, 7, H, W]`.
            flow: as it was found so far, `[B, 4, H, W]`.
            scale: how much smaller the block sees them.
        """
        small = torch.cat((_scaled(seen, 1 / scale), _scaled(flow, 1 / scale) / scale), dim=1)
        x = self.conv0(small)
        for number in range(4):
            x = x + self.get_submodule(f"convblock{number}")(x)
        return _scaled(self.conv1(x), scale) * scale, _scaled(self.conv2(x), scale)


class Rife(nn.Module):
    """The network; float32 R'G'B' in 0..1, sides that are multiples of `MULTIPLE`."""

    def __init__(self) -> None:
        super().__init__()
        self.block0, self.block1, self.block2 = _Block(), _Block(), _Block()
        self.eval()

    @torch.inference_mode()
    def forward(self, before: Tensor, after: Tensor) -> tuple[Tensor, Tensor]:
        """Where the picture halfway lies in two others, `[B, 3, H, W]` each.

        Returns:
            float32 `[B, 4, H, W]`, motion to `before` (across, down) and to `after`, in samples;
            float32 `[B, 1, H, W]`, share of it that `before` shows, 0..1.
        """
        flow = torch.zeros_like(before[:, :1]).repeat(1, 4, 1, 1)
        mask = flow[:, :1]
        one, other = before, after
        for block, scale in zip((self.block0, self.block1, self.block2), SCALES, strict=True):
            there = block(torch.cat((one, other, mask), dim=1), flow, scale)
            back = block(torch.cat((other, one, -mask), dim=1), _swapped(flow), scale)
            flow = flow + (there[0] + _swapped(back[0])) / 2
            mask = mask + (there[1] - back[1]) / 2
            one, other = _warped(before, flow[:, :2]), _warped(after, flow[:, 2:])
        return flow, torch.sigmoid(mask)


def _swapped(flow: Tensor) -> Tensor:
    return torch.cat((flow[:, 2:], flow[:, :2]), dim=1)
