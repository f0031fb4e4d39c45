"""What the restorer adds to the engine's answer, and how far the evidence lets it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from models.restorer.config import MASKED, TASKS
from models.restorer.evidence import fine
from models.restorer.seen import Seen

SCRATCH = MASKED.index("scratch")
STRETCH = 0.05  # the sigmoid of a mask is stretched by so much and cut: 0 and 1 are reached
CAUTION = 2.0  # taken from logits: training weighs damage more than what is sound (`RARE`)
MOST_BACK = 0.1  # of the way from a repaired sample back to what it was
MOST_NOISE = 3.0  # deviations of the noise that the engine found: what is added outside masks
MOST_FLICKER = (
    2.0  # times the flicker that the engine took out around: how much brightness is moved
)


@dataclass(frozen=True)
class Answer:
    """What the restorer says of N frames.

    Attributes:
        addition: float32 `[N, 3, H, W]`, to the engine's answer, see `models.restorer.picture`.
        gate: float32 `[N, 1, H, W]`, 1 minus the product of what each task's mask leaves; above 0
            only within masks.
        logits: float32 `[N, 3, H, W]`, masks of dirt, scratches and destroyed picture before the
            sigmoid.
        uncertainty: float32 `[N, 1, H, W]`: expected absolute error of luma, as it is after.
    """

    addition: Tensor
    gate: Tensor
    logits: Tensor
    uncertainty: Tensor

    def output(self, seen: Seen) -> Tensor:
        """The restored frames."""
        return seen.engine + self.addition


def masks_of(logits: Tensor) -> Tensor:
    """Masks in 0..1 that reach both ends (Louizos, Welling, Kingma, ICLR 2018, without noise)."""
    return ((1 + 2 * STRETCH) * torch.sigmoid(logits - CAUTION) - STRETCH).clamp(0, 1)


def gate_of(masks: Tensor, bounds: Tensor, repaired: Tensor, asked: Tensor) -> Tensor:
    """Where all may be changed: where the engine repaired, and where a mask is that is asked.

    Args:
        masks: `[N, 3, H, W]`, in the order of `MASKED`.
        bounds: `[N, 3, H, W]`, 0 or 1, where each may open.
        repaired: `[N, 1, H, W]`, 0 or 1.
        asked: `[N, 5]`, in the order of `TASKS`.
    """
    left = 1 - repaired
    for number, task in enumerate(MASKED):
        share = asked[:, TASKS.index(task), None, None, None]
        mask = masks[:, number, None] * bounds[:, number, None]
        left = left * (1 - share * mask)
    return 1 - left


def bounded(seen: Seen, wanted: Tensor, lift: Tensor, gate: Tensor) -> Tensor:
    """What is added of what a network wants.

    Outside masks no more than the noise explains that the engine found there; brightness is moved
    no more than the flicker explains that the engine took out around.

    Args:
        seen: N frames.
        wanted: `[N, 3, H, W]`.
        lift: `[N, 1, ceil(H / 8), ceil(W / 8)]`, of brightness.
        gate: see `gate_of`.
    """
    noise, colour = seen.clues[:, 4:5], seen.clues[:, 6:7]
    most = MOST_NOISE * torch.cat((noise, colour, colour), dim=1)
    within = torch.maximum(torch.minimum(wanted, most), -most)
    kept = not_back(seen, gate * wanted + (1 - gate) * within, most)
    reach = MOST_FLICKER * seen.flicker
    height, width = wanted.shape[-2:]
    moved = fine(torch.maximum(torch.minimum(lift, reach), -reach), (int(height), int(width)))
    return torch.cat((kept[:, :1] + moved, kept[:, 1:]), dim=1)


def not_back(seen: Seen, kept: Tensor, most: Tensor) -> Tensor:
    """What is added, without what would bring back dirt or a destroyed picture.

    A sample that the engine repaired goes back to what it was by no more than `MOST_BACK` of the
    way, or than its noise explains. Along scratches it is free, for the engine is less sure there
    of where a scratch ends.

    Args:
        seen: N frames.
        kept: `[N, 3, H, W]`, to be added to the engine's answer.
        most: `[N, 3, H, W]`, what the noise explains.
    """
    back = seen.even - seen.engine
    held = seen.clues[:, :1] * (1 - seen.bounds[:, SCRATCH : SCRATCH + 1]) * (back != 0)
    limit = torch.maximum(MOST_BACK * back.abs(), most)
    limited = back.sign() * torch.minimum(kept * back.sign(), limit)
    return torch.where(held > 0, limited, kept)
