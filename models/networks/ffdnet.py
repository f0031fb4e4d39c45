"""FFDNet: a network that takes noise of a stated strength out of one picture.

Source: K. Zhang, W. Zuo, L. Zhang, "FFDNet: Toward a fast and flexible solution for CNN-based
image denoising", IEEE Transactions on Image Processing 27(9), 2018; the colour network of 12
layers, without batch normalisation, as its authors published it. Parameters carry the names of
the published weights, so those load strictly. The noise is the same over the whole picture here.

What changes its pixels raises its revision in `models.networks.architectures`.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

CHANNELS, LAYERS = 96, 12


class FFDNet(nn.Module):
    """The network; float32 RGB in 0..1, sizes even or odd."""

    def __init__(self) -> None:
        super().__init__()
        widths = [4 * 3 + 1, *[CHANNELS] * (LAYERS - 1), 4 * 3]
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(widths):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(inplace=True)]
        self.model = nn.Sequential(*layers[:-1])
        self.eval()

    @torch.inference_mode()
    def forward(self, picture: Tensor, noise: float) -> Tensor:
        """Map `[B, 3, H, W]` to the same without noise; `noise` is its deviation, 0..1."""
        height, width = picture.shape[-2:]
        padded = functional.pad(picture, (0, width % 2, 0, height % 2), mode="replicate")
        quarters = functional.pixel_unshuffle(padded, 2)
        level = torch.full_like(quarters[:, :1], noise)
        clean = self.model(torch.cat([quarters, level], dim=1))
        return functional.pixel_shuffle(clean, 2)[..., :height, :width]
