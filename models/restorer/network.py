"""The restorer: what it adds to the engine's answer.

    answer = restorer(seen, asked, frames=T)     # T frames each of several shots at once
    output = answer.output(seen)                 # the engine's answer + what is added

At half size, three levels, see `models.restorer.config`. Between four runs of layers that look at
one frame each lie a buffer, a buffer and the recurrent state, and a buffer again; `stream.py` runs
the same parts over a shot frame by frame. Before it is trained it adds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.restorer.answer import Answer, bounded, gate_of, masks_of
from models.restorer.blocks import Buffered, Recurrent, Residual
from models.restorer.config import LEVELS, MASKED, RestorerConfig
from models.restorer.seen import Seen
from models.restorer.views import (
    CANDIDATES,
    COARSE_INPUTS,
    ENTERING,
    LEAVING,
    brightness,
    entering,
    leaving,
    mixed,
    unit_of,
)

BUFFERS = 3  # in a row; each waits for one further frame
OUTPUTS = len(MASKED) + CANDIDATES + 3 + 1  # masks, shares, additions, uncertainty
SHUT = -4.0  # logits of masks at first: they are 0


@dataclass(frozen=True)
class Passing:
    """A frame on its way through the network."""

    seen: Seen
    asked: Tensor
    x: Tensor
    skips: tuple[Tensor, ...]
    shares: Tensor | None = None  # of each neighbour's brightness


class Restorer(nn.Module):
    """The network."""

    def __init__(self, config: RestorerConfig) -> None:
        super().__init__()
        half, quarter, eighth = config.widths
        self.config = config
        self.enter = nn.Conv2d(ENTERING, half, 3, padding=1)
        self.outer = nn.ModuleList(Residual(half) for _ in range(config.blocks))
        self.to_quarter = nn.Conv2d(half, quarter, 2, stride=2)
        self.to_eighth = nn.Conv2d(quarter, eighth, 2, stride=2)
        self.bright = nn.Conv2d(COARSE_INPUTS, eighth, 1)
        self.exchanges = nn.ModuleList(Buffered(c) for c in (quarter, eighth, quarter))
        self.recurrent = Recurrent(eighth, config.state)
        self.inner = nn.ModuleList(Residual(eighth) for _ in range(config.blocks))
        self.level = nn.Conv2d(eighth, LEVELS, 1)
        self.from_eighth = nn.Conv2d(eighth, 4 * quarter, 1)
        self.from_quarter = nn.Conv2d(quarter, 4 * half, 1)
        self.leave = nn.ModuleList(Residual(half) for _ in range(config.blocks))
        self.head = Residual(half, half + LEAVING)
        self.answer = nn.Conv2d(half, 4 * OUTPUTS, 3, padding=1)
        for layer in (self.answer, self.level):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        with torch.no_grad():
            self.get_parameter("answer.bias")[: 4 * len(MASKED)] = SHUT

    @property
    def parameter_count(self) -> int:
        """How many numbers are learned."""
        return sum(p.numel() for p in self.parameters())

    def forward(self, seen: Seen, asked: Tensor, frames: int) -> Answer:
        """Answer for whole shots at once.

        Args:
            seen: of T frames of B shots, ordered by frame, then shot; sides are multiples of 8.
            asked: float32 `[B, 5]` in 0..1, in the order of `TASKS`.
            frames: T.
        """
        passing = self.begin(seen, asked.repeat(frames, 1))
        passing = self._mixed(0, passing, frames)
        passing = self._mixed(1, self.descend(passing), frames)
        passing = self._remembered(passing, frames)
        passing = self._mixed(2, self.ascend(passing), frames)
        return self.end(passing)

    def begin(self, seen: Seen, asked: Tensor) -> Passing:
        """From what is shown of the frames to features at a quarter of their size."""
        x = functional.leaky_relu(self.enter(entering(seen)), 0.1)
        for block in self.outer:
            x = block(x, asked)
        return Passing(seen, asked, self.to_quarter(x), (x,))

    def descend(self, passing: Passing) -> Passing:
        """From a quarter of the size to an eighth."""
        x = self.to_eighth(passing.x) + self.bright(brightness(passing.seen))
        return replace(passing, x=x, skips=(*passing.skips, passing.x))

    def remember(self, passing: Passing, state: Tensor | None) -> tuple[Passing, Tensor]:
        """The recurrent state, of one frame; None before the first."""
        state = self.recurrent.empty(passing.x) if state is None else state
        x, state = self.recurrent(passing.x, state)
        return replace(passing, x=x), state

    def ascend(self, passing: Passing) -> Passing:
        """From an eighth of the size to a quarter."""
        x = passing.x
        for block in self.inner:
            x = block(x, passing.asked)
        shares = self.level(x)
        x = functional.pixel_shuffle(self.from_eighth(x), 2) + passing.skips[1]
        return replace(passing, x=x, skips=passing.skips[:1], shares=shares)

    def end(self, passing: Passing) -> Answer:
        """From a quarter of the size to the answer; here the damaged samples are seen."""
        seen, asked = passing.seen, passing.asked
        x = functional.pixel_shuffle(self.from_quarter(passing.x), 2) + passing.skips[0]
        for block in self.leave:
            x = block(x, asked)
        x = self.head(x, asked, torch.cat((x, leaving(seen)), dim=1))
        x = self.answer(functional.leaky_relu(x, 0.1))
        out = functional.pixel_shuffle(x, 2).to(torch.float32)
        logits, shares, addition, spread = torch.split(out, [len(MASKED), CANDIDATES, 3, 1], dim=1)
        gate = gate_of(masks_of(logits), seen.bounds, seen.clues[:, :1], asked)
        wanted = mixed(seen, shares) + unit_of(seen) * addition
        assert passing.shares is not None
        lift = (passing.shares.to(torch.float32) * seen.levels).sum(dim=1, keepdim=True)
        added = bounded(seen, wanted, lift, gate)
        return Answer(added, gate, logits, functional.softplus(spread - 4) + 1e-3)

    def mix(self, number: int, passing: Passing, before: Tensor, after: Tensor) -> Passing:
        """A buffer's block, with what the frames before and after have sent."""
        return replace(passing, x=self._exchange(number)(passing.x, before, after, passing.asked))

    def sent(self, number: int, passing: Passing) -> Tensor:
        """What a buffer keeps of a frame for its neighbours."""
        return self._exchange(number).sent(passing.x)

    def _exchange(self, number: int) -> Buffered:
        found = self.exchanges[number]
        assert isinstance(found, Buffered)
        return found

    def _mixed(self, number: int, passing: Passing, frames: int) -> Passing:
        sent = self.sent(number, passing)
        to_next, to_last = sent.chunk(2, dim=1)
        shots = sent.shape[0] // frames
        nothing = torch.zeros_like(to_next[:shots])
        before = torch.cat((nothing, to_next[:-shots])) if frames > 1 else nothing
        after = torch.cat((to_last[shots:], nothing)) if frames > 1 else nothing
        return self.mix(number, passing, before, after)

    def _remembered(self, passing: Passing, frames: int) -> Passing:
        state, parts = None, []
        for x in passing.x.chunk(frames):
            one, state = self.remember(replace(passing, x=x), state)
            parts.append(one.x)
        return replace(passing, x=torch.cat(parts))
