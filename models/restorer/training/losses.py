"""What training makes small. All is computed from the pictures; no other network is asked.

What is weighed by `WEIGHTS`, and summed:

    picture     Charbonnier distance to the truth (Charbonnier et al., ICIP 1994), damage counting
                more
    slope       the same of differences between adjacent samples of luma: edges stay sharp
    time        how the error of luma changes from frame to frame: flicker and swimming
    masks       cross entropy and Dice (Milletari et al., 3DV 2016) of each class of damage
    doubt       negative log-likelihood of the luma's error under a Laplace distribution whose scale
                is the stated uncertainty; the error itself learns nothing from it

The error is the output's, so where the gate is shut nothing is learned of the residual.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from models.restorer.answer import Answer
from models.restorer.config import MASKED, TASKS
from models.restorer.training.crops import Crops

WEIGHTS = {"picture": 1.0, "slope": 0.25, "time": 0.25, "masks": 0.02, "doubt": 0.002}
DAMAGE = 4.0  # how much more a damaged sample counts
COLOUR = 0.5  # how much a colour difference counts beside luma
ROUND = 1e-3  # below this the Charbonnier distance is a square
RARE = 4.0  # a damaged sample's cross entropy counts so many times


def losses_of(answer: Answer, crops: Crops) -> dict[str, Tensor]:
    """Each loss by its name, unweighted."""
    error = answer.output(crops.seen.source) - crops.truth
    luma = error[:, :1]
    return {
        "picture": _picture(error, _asked_damage(crops)),
        "slope": _near(luma.diff(dim=-1)) + _near(luma.diff(dim=-2)),
        "time": _near(luma.reshape(crops.frames, -1, *luma.shape[1:]).diff(dim=0)),
        "masks": masks_loss(answer.logits, crops.masks),
        "doubt": (luma.detach().abs() / answer.uncertainty + answer.uncertainty.log()).mean(),
    }


def total_of(losses: dict[str, Tensor]) -> Tensor:
    """Their weighted sum."""
    return torch.stack([WEIGHTS[name] * loss for name, loss in losses.items()]).sum()


def masks_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Cross entropy and Dice of masks `[N, 3, H, W]`, classes alike."""
    cross = functional.binary_cross_entropy_with_logits(
        logits, masks, pos_weight=logits.new_tensor(RARE)
    )
    found = torch.sigmoid(logits)
    common = 2 * (found * masks).sum(dim=(0, 2, 3)) + 1
    dice = 1 - common / (found.sum(dim=(0, 2, 3)) + masks.sum(dim=(0, 2, 3)) + 1)
    return cross + 0.2 * dice.mean()


def _charbonnier(error: Tensor) -> Tensor:
    return (error * error + ROUND * ROUND).sqrt() - ROUND


def _near(error: Tensor) -> Tensor:
    return _charbonnier(error).mean() if error.numel() else error.sum()


def _picture(error: Tensor, damage: Tensor) -> Tensor:
    weight = 1 + DAMAGE * damage
    share = error.new_tensor((1, COLOUR, COLOUR))[:, None, None]
    return (_charbonnier(error) * share * weight).sum() / (weight.sum() * share.sum())


def _asked_damage(crops: Crops) -> Tensor:
    """Where damage is that was to be repaired, 0 or 1, `[N, 1, H, W]`."""
    columns = [TASKS.index(task) for task in MASKED]
    asked = crops.asked[:, columns].repeat(crops.frames, 1)[..., None, None]
    return (crops.masks * asked).amax(dim=1, keepdim=True)
