"""What training makes small. All is computed from the pictures; no other network is asked.

What is weighed by `WEIGHTS`, and summed:

    picture     log10 of the mean square error of each frame of each crop, colour differences
                counting `COLOUR`: PSNR is judged, and a decibel is worth as much in every picture
    time        the same of how the error changes from frame to frame: flicker and swimming
    masks       cross entropy and Dice (Milletari et al., 3DV 2016) of each class of damage
    alarm       the mean gate where no damage is and the engine repaired nothing, and what is added
                there, in units of `UNIT`
    doubt       negative log-likelihood of the luma's error under a Laplace distribution whose scale
                is the stated uncertainty; the error itself learns nothing from it
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from models.restorer.answer import Answer
from models.restorer.training.crops import Crops

WEIGHTS = {"picture": 1.0, "time": 0.1, "masks": 0.1, "alarm": 5.0, "doubt": 0.01}
COLOUR = 0.25  # how much the error of a colour difference counts beside that of luma
FLOOR = 1e-6  # mean square error, 60 dB: from there on less and less is won
RARE = 2.0  # a damaged sample's cross entropy counts so many times
UNIT = 0.02  # share of full range: so much added by a false alarm counts as much as the alarm


def losses_of(answer: Answer, crops: Crops) -> dict[str, Tensor]:
    """Each loss by its name, unweighted."""
    error = answer.output(crops.seen) - crops.truth
    luma = error[:, :1]
    return {
        "picture": _steep(error),
        "time": _steep(error.reshape(crops.frames, -1, *error.shape[1:]).diff(dim=0).flatten(0, 1)),
        "masks": masks_loss(answer.logits, crops.masks, crops.seen.bounds),
        "alarm": alarm_loss(answer, crops),
        "doubt": (luma.detach().abs() / answer.uncertainty + answer.uncertainty.log()).mean(),
    }


def total_of(losses: dict[str, Tensor]) -> Tensor:
    """Their weighted sum."""
    return torch.stack([WEIGHTS[name] * loss for name, loss in losses.items()]).sum()


def masks_loss(logits: Tensor, masks: Tensor, bounds: Tensor) -> Tensor:
    """Cross entropy and Dice of masks `[N, 3, H, W]`, classes alike; damage out of bounds is none.

    Of sound samples those out of bounds count too, so that a mask learns what evidence looks like.
    """
    masks = masks * bounds
    cross = functional.binary_cross_entropy_with_logits(
        logits, masks, pos_weight=logits.new_tensor(RARE)
    )
    found = torch.sigmoid(logits)
    common = 2 * (found * masks).sum(dim=(0, 2, 3)) + 1
    dice = 1 - common / (found.sum(dim=(0, 2, 3)) + masks.sum(dim=(0, 2, 3)) + 1)
    return cross + 0.2 * dice.mean()


def alarm_loss(answer: Answer, crops: Crops) -> Tensor:
    """What false alarms cost: 0 where masks are shut over all that is sound."""
    hurt = torch.maximum(crops.masks.amax(dim=1, keepdim=True), crops.seen.clues[:, :1])
    added = answer.addition[:, :1].abs() / UNIT
    return ((1 - hurt) * answer.gate * (1 + added)).mean()


def _steep(error: Tensor) -> Tensor:
    """Mean over pictures of log10 of the mean square; 0 of none."""
    squares = error.square().mean(dim=(2, 3))
    whole = squares[:, 0] + COLOUR * squares[:, 1:].sum(dim=1)
    return (whole + FLOOR).log10().mean() if len(whole) else error.sum()
