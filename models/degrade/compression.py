"""Compression: an access copy coded in blocks of 8 x 8, as by JPEG, DV or an early MPEG.

Source: ITU-T T.81 (JPEG), Annex K: the quantisation tables K.1 and K.2, scaled by quality as
by the Independent JPEG Group's software. R, G, B are coded as Y, Cb, Cr (ITU-T T.871).

Limits: every frame by itself; no motion compensation, no deblocking, no reduced chroma beyond
the source's own. Deeper samples are coded at the scale of 8 bit, then brought back.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from models.contract import Frame
from models.degrade.blend import rewritten
from models.degrade.damage import Damage, require

BLOCK = 8
LUMA_STEPS = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
CHROMA_STEPS = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)
# Y, Cb, Cr of G, B, R (the plane order), without the offset of Cb and Cr.
YCBCR = ((0.587, 0.114, 0.299), (-0.331264, 0.5, -0.168736), (-0.418688, -0.081312, 0.5))


@dataclass(frozen=True)
class Compression(Damage):
    """Block coding of every plane; there is no chance in it.

    Attributes:
        quality: 1..100 on the scale of the Independent JPEG Group; 50 takes the tables as
            they are.
    """

    name: ClassVar[str] = "compression"

    quality: float = 60.0

    def __post_init__(self) -> None:
        require("quality", self.quality, 1, 100)

    def applied(self, frames: Iterator[Frame]) -> Iterator[tuple[Frame, Tensor]]:
        """Yield per frame the coded and decoded frame; the mask is the whole picture."""
        for frame in frames:
            yield rewritten(frame, self._decoded(frame))

    def _decoded(self, frame: Frame) -> list[Tensor]:
        scale = 255 / frame.peak
        planes = [samples * scale for samples in frame.samples()]
        if frame.format.layout == "rgb":
            matrix = torch.tensor(YCBCR, device=planes[0].device)
            coded = torch.einsum("ij,jhw->ihw", matrix, torch.stack(planes))
            planes = [coded[0], coded[1] + 128, coded[2] + 128]
        decoded = [
            self._coded(plane, CHROMA_STEPS if number else LUMA_STEPS)
            for number, plane in enumerate(planes)
        ]
        if frame.format.layout == "rgb":
            inverse = torch.linalg.inv(torch.tensor(YCBCR)).to(planes[0].device)
            stack = torch.stack([decoded[0], decoded[1] - 128, decoded[2] - 128])
            decoded = list(torch.einsum("ij,jhw->ihw", inverse, stack))
        return [plane / scale for plane in decoded]

    def _coded(self, plane: Tensor, table: tuple[tuple[int, ...], ...]) -> Tensor:
        """A plane of 0..255, float32 `[h, w]`, after transform, quantisation and back."""
        lines, samples = plane.shape
        sides = (0, -samples % BLOCK, 0, -lines % BLOCK)
        whole = functional.pad(plane[None, None] - 128, sides, mode="replicate")[0, 0]
        height, width = whole.shape
        cut = (height // BLOCK, BLOCK, width // BLOCK, BLOCK)
        blocks = whole.reshape(cut).transpose(1, 2)
        basis, steps = cosines(plane.device), self._steps(table).to(plane.device)
        quantised = (basis @ blocks @ basis.T / steps).round() * steps
        back = (basis.T @ quantised @ basis).transpose(1, 2).reshape(height, width)
        return back[:lines, :samples] + 128

    def _steps(self, table: tuple[tuple[int, ...], ...]) -> Tensor:
        """Quantiser steps at this quality, float32 `[8, 8]`, whole numbers of 1..255."""
        quality = self.quality
        percent = 5000 / quality if quality < 50 else 200 - 2 * quality
        return ((torch.tensor(table) * percent + 50) / 100).floor().clamp(1, 255)


def cosines(device: torch.device) -> Tensor:
    """The orthonormal discrete cosine transform of eight samples, float32 `[8, 8]`."""
    order = torch.arange(BLOCK, dtype=torch.float32, device=device)
    angles = order[:, None] * (2 * order[None, :] + 1) * (math.pi / (2 * BLOCK))
    scale = torch.full((BLOCK, 1), 0.5, device=device)
    scale[0] = 0.125**0.5
    return torch.cos(angles) * scale
