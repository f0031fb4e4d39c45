"""What the restorer says of frames, and how much of it counts."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from models.restorer.config import MASKED, TASKS

STRETCH = 0.05  # the sigmoid of a mask is stretched by so much and cut, so that 0 and 1 are reached


@dataclass(frozen=True)
class Answer:
    """What the restorer says of N frames.

    Attributes:
        gate: float32 `[N, 1, H, W]` in 0..1: how much of the residual counts.
        residual: float32 `[N, 3, H, W]`, see `models.restorer.picture`.
        masks: float32 `[N, 3, H, W]` in 0..1: where dirt, scratches and destroyed picture lie.
        logits: the same before the sigmoid.
        uncertainty: float32 `[N, 1, H, W]`: expected absolute error of luma, as it is after.
    """

    gate: Tensor
    residual: Tensor
    masks: Tensor
    logits: Tensor
    uncertainty: Tensor

    def output(self, source: Tensor) -> Tensor:
        """The restored frames; where the gate is 0 they are the source, bit for bit."""
        return source + self.gate * self.residual


def masks_of(logits: Tensor) -> Tensor:
    """Masks in 0..1 that reach both ends (Louizos, Welling, Kingma, ICLR 2018, without noise)."""
    return ((1 + 2 * STRETCH) * torch.sigmoid(logits) - STRETCH).clamp(0, 1)


def gate_of(masks: Tensor, asked: Tensor) -> Tensor:
    """How much of the residual counts: 1 minus the product of what each task leaves.

    Args:
        masks: `[N, 3, H, W]`, of dirt, scratches and destroyed picture; the other tasks reach
            everywhere.
        asked: `[N, 5]`.
    """
    left = torch.ones_like(masks[:, :1])
    for number, task in enumerate(TASKS):
        share = asked[:, number, None, None, None]
        where = masks[:, MASKED.index(task), None] if task in MASKED else 1.0
        left = left * (1 - share * where)
    return 1 - left
