"""The parts of the restorer: layers that know the task, buffers in time, and a gated state.

Features are float32 `[N, C, H, W]`. What is carried from frame to frame is weighed by a trust of
its own, 0..1, which is learned.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.restorer.config import TASKS


class Told(nn.Module):
    """Scale and shift of each channel by what is asked (FiLM, Perez et al., AAAI 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.by_task = nn.Linear(len(TASKS), 2 * channels)
        nn.init.zeros_(self.by_task.weight)
        nn.init.zeros_(self.by_task.bias)

    def forward(self, x: Tensor, asked: Tensor) -> Tensor:
        """Map `[N, C, H, W]` under the tasks `[N, 5]`."""
        scale, shift = self.by_task(asked)[..., None, None].chunk(2, dim=1)
        told: Tensor = x * (1 + scale) + shift
        return told


class Residual(nn.Module):
    """Two convolutions whose result is added; `features_in` may be wider than what comes out."""

    def __init__(self, channels: int, features_in: int | None = None) -> None:
        super().__init__()
        self.first = nn.Conv2d(features_in or channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.told = Told(channels)
        with torch.no_grad():
            self.second.weight.mul_(0.1)

    def forward(self, x: Tensor, asked: Tensor, mixed: Tensor | None = None) -> Tensor:
        """Map `[N, C, H, W]`; `mixed` goes through the convolutions in the place of `x`."""
        inner = self.told(self.first(x if mixed is None else mixed), asked)
        added: Tensor = self.second(functional.leaky_relu(inner, 0.1))
        return x + added


class Buffered(nn.Module):
    """A residual block that sees an eighth of both neighbours' features in place of its own."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.share = channels // 8
        self.trust = nn.Conv2d(channels, 1, 1)
        self.block = Residual(channels)
        with torch.no_grad():
            self.trust.bias.fill_(2.0)  # type: ignore[union-attr]

    def sent(self, x: Tensor) -> Tensor:
        """What others may see of a frame: `[N, 2 * share, H, W]`, first for the one after it."""
        return x[:, : 2 * self.share] * torch.sigmoid(self.trust(x))

    def forward(self, x: Tensor, before: Tensor, after: Tensor, asked: Tensor) -> Tensor:
        """Map a frame's features with what its neighbours sent, `[N, share, H, W]` each."""
        mixed = torch.cat((before, after, x[:, 2 * self.share :]), dim=1)
        result: Tensor = self.block(x, asked, mixed)
        return result

    def to_next(self, sent: Tensor) -> Tensor:
        """The part of what was sent that the frame after it sees."""
        return sent[:, : self.share]

    def to_last(self, sent: Tensor) -> Tensor:
        """The part that the frame before it sees."""
        return sent[:, self.share :]


class Recurrent(nn.Module):
    """A minimal gated unit (Zhou et al., 2016): one state."""

    def __init__(self, channels: int, state: int) -> None:
        super().__init__()
        self.state = state
        self.read = nn.Conv2d(channels + state, 2 * state, 3, padding=1)
        self.told_by = nn.Conv2d(state, channels, 1)

    def empty(self, x: Tensor) -> Tensor:
        """The state before the first frame."""
        return x.new_zeros(x.shape[0], self.state, *x.shape[-2:])

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """The features with the state's, and the state after the frame."""
        gate, fresh = self.read(torch.cat((x, state), dim=1)).chunk(2, dim=1)
        gate, fresh = torch.sigmoid(gate), torch.tanh(fresh)
        seen = state + gate * (fresh - state)
        return x + self.told_by(seen), seen
