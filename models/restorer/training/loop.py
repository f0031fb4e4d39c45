"""The steps of training.

Adam; the rate of learning rises over the first `WARM_UP` steps and falls as a cosine to nothing at
the last. How many there will be is said at the start, so that a run that was stopped goes on as if
it had not been. What is used is the running average of the weights.

On one kind of CPU the same seed gives the same weights, bit for bit, whatever the number of
workers that make draws; on a GPU sums are not taken in one order, and weights agree up to rounding.
With bfloat16 only the convolutions are; pictures, losses and weights stay float32.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from models.restorer.config import RestorerConfig
from models.restorer.network import Restorer
from models.restorer.training.checkpoint import Training
from models.restorer.training.crops import Crops
from models.restorer.training.losses import losses_of, total_of

WARM_UP = 50  # steps
MEMORY = 0.05  # part of all steps over which weights are averaged
LEAST_RATE = 0.01  # of the highest, at the end
STEEPEST = 1.0  # norm that the gradient is cut to

Report = Callable[[int, Mapping[str, float]], None]


@dataclass(frozen=True)
class Rules:
    """How a restorer is trained.

    Attributes:
        seed: of its first weights.
        rate: the highest rate of learning.
        steps: of the whole run.
        precision: of the convolutions.
    """

    seed: int = 0
    rate: float = 2e-3
    steps: int = 2000
    precision: torch.dtype = torch.float32

    def rate_at(self, step: int) -> float:
        """The rate of learning at a step, from 0."""
        falling = 0.5 + 0.5 * math.cos(math.pi * min(1.0, step / self.steps))
        return self.rate * min(1.0, (step + 1) / WARM_UP) * max(falling, LEAST_RATE)


def new_training(config: RestorerConfig, rules: Rules, device: torch.device) -> Training:
    """A training before its first step."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(rules.seed)
        restorer = Restorer(config)
    restorer.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(restorer).requires_grad_(False)
    optimizer = torch.optim.Adam(restorer.parameters(), lr=rules.rate, betas=(0.9, 0.99))
    return Training(0, restorer, average, optimizer)


def train(
    training: Training, batch_of: Callable[[int], Crops], rules: Rules
) -> Iterator[dict[str, float]]:
    """Train without end, step by step, in place.

    Yields:
        What the step cost: each loss, their sum as `loss`, mean PSNR of luma in dB of the engine's
        answer as `before` and of the output as `after`, the norm of the gradient and seconds.
    """
    training.restorer.train()
    while True:
        started = time.monotonic()
        figures = _step(training, batch_of(training.step), rules)
        training.step += 1
        yield {**figures, "seconds": time.monotonic() - started}


def _step(training: Training, crops: Crops, rules: Rules) -> dict[str, float]:
    for group in training.optimizer.param_groups:
        group["lr"] = rules.rate_at(training.step)
    device = crops.truth.device.type
    with torch.autocast(device, rules.precision, enabled=rules.precision != torch.float32):
        answer = training.restorer(crops.seen, crops.asked, crops.frames)
    losses = losses_of(answer, crops)
    total = total_of(losses)
    training.optimizer.zero_grad(set_to_none=True)
    total.backward()  # type: ignore[no-untyped-call]
    norm = torch.nn.utils.clip_grad_norm_(training.restorer.parameters(), STEEPEST)
    if not bool(torch.isfinite(norm)):
        return {"loss": float(total.detach()), "skipped": 1.0}
    training.optimizer.step()
    _average(training, max(1, round(MEMORY * rules.steps)))
    with torch.no_grad():
        after = _psnr(answer.output(crops.seen) - crops.truth)
        before = _psnr(crops.seen.engine - crops.truth)
    figures = {name: float(loss.detach()) for name, loss in losses.items()}
    return {
        **figures,
        "loss": float(total.detach()),
        "before": before,
        "after": after,
        "norm": float(norm),
        "skipped": 0.0,
    }


@torch.no_grad()
def _average(training: Training, memory: int) -> None:
    share = 1 / min(training.step + 1, memory)
    pairs = zip(training.average.parameters(), training.restorer.parameters(), strict=True)
    for mean, now in pairs:
        mean.lerp_(now, share)


def _psnr(error: Tensor) -> float:
    """Mean PSNR in dB of the luma of `[N, 3, h, w]`; at most 60."""
    squares = error[:, 0].square().mean(dim=(1, 2)).clamp(min=1e-6)
    return float(-10 * squares.log10().mean())
