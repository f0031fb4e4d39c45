"""Crops of damaged runs with their truth: what a step of training takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.restorer.seen import Seen


@dataclass(frozen=True)
class Cut:
    """What is cut from a draw.

    Attributes:
        size: side of a crop in samples, a multiple of 8, at most the picture's.
        frames: of a crop.
        crops: how many.
        across: samples a line of the part of the picture that is damaged, at most.
    """

    size: int = 96
    frames: int = 5
    crops: int = 12
    across: int = 400


@dataclass(frozen=True)
class Crops:
    """Crops of one draw, or a batch of them; T frames of B crops.

    Attributes:
        seen: of T x B frames, ordered by frame, then crop.
        truth: float32 `[T x B, 3, h, w]`.
        masks: float32 `[T x B, 3, h, w]`, 0 or 1: dirt, scratches, destroyed picture.
        asked: float32 `[B, 5]`.
    """

    seen: Seen
    truth: Tensor
    masks: Tensor
    asked: Tensor

    @property
    def frames(self) -> int:
        """T."""
        return self.truth.shape[0] // self.asked.shape[0]

    def on(self, device: torch.device) -> Crops:
        """The same on a device."""
        seen = Seen(**{name: part.to(device) for name, part in vars(self.seen).items()})
        rest = (part.to(device) for part in (self.truth, self.masks, self.asked))
        return Crops(seen, *rest)

    def chosen(self, numbers: Sequence[int]) -> Crops:
        """Some of the crops."""
        picked = torch.tensor(numbers, device=self.truth.device)
        shots = self.asked.shape[0]

        def of(whole: Tensor) -> Tensor:
            apart = whole.reshape(-1, shots, *whole.shape[1:])
            return apart[:, picked].flatten(0, 1)

        seen = Seen(**{name: of(part) for name, part in vars(self.seen).items()})
        return Crops(seen, of(self.truth), of(self.masks), self.asked[picked])

    @staticmethod
    def side_by_side(parts: Sequence[Crops]) -> Crops:
        """Crops of several draws of one length as one batch."""
        frames = parts[0].frames

        def of(wholes: Sequence[Tensor]) -> Tensor:
            apart = [w.reshape(frames, -1, *w.shape[1:]) for w in wholes]
            return torch.cat(apart, dim=1).flatten(0, 1)

        names = vars(parts[0].seen)
        return Crops(
            Seen(**{name: of([getattr(p.seen, name) for p in parts]) for name in names}),
            of([p.truth for p in parts]),
            of([p.masks for p in parts]),
            torch.cat([p.asked for p in parts]),
        )
