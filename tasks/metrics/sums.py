"""Sums of fine texture over one region of a window; what they mean says `tasks.metrics.tiles`."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn.functional import conv1d

AROUND = 9  # pairs of frames whose sums say where a fault is
FEWEST_PAIRS = 4  # of frames
FEWEST_SAMPLES = 4000  # compared in all of them
FAINTEST = 0.001  # of full range, the least texture that is measured
CERTAIN = 4.0  # standard errors by which it must stand out from nothing


@dataclass(frozen=True)
class Sums:
    """Sums over one region, for each pair of frames at its first; float64 `[T]`, 0 without a pair.

    Attributes:
        count: samples that were compared.
        source: E of S, the mean of both frames.
        restored: E of R, likewise.
        both: `<H_S, H_R>` on the same frame, likewise.
        source_again: C of S.
        restored_again: C of R.
        both_again: X, the mean of `<H_R, W H_S'>` and `<H_S, W H_R'>`.
    """

    count: Tensor
    source: Tensor
    restored: Tensor
    both: Tensor
    source_again: Tensor
    restored_again: Tensor
    both_again: Tensor

    @staticmethod
    def none(count: int) -> Sums:
        """Sums of `count` frames without a sample."""
        return Sums(*torch.zeros(len(fields(Sums)), count, dtype=torch.float64))

    def __add__(self, other: Sums) -> Sums:
        return Sums(*(a + b for a, b in zip(_columns(self), _columns(other), strict=True)))

    def total(self) -> Sums:
        """Over all frames, 0-dimensional."""
        return Sums(*(column.sum() for column in _columns(self)))

    def around(self) -> Sums:
        """Over the `AROUND` pairs of frames around each."""
        kernel = torch.ones(1, 1, AROUND, dtype=torch.float64)
        return Sums(*(
            conv1d(column[None, None], kernel, padding=AROUND // 2)[0, 0]
            for column in _columns(self)
        ))  # fmt: skip

    @property
    def gain(self) -> Tensor:
        """How much of the source's texture the restored picture has, as an amplitude."""
        return self.both_again / self.source_again

    def is_enough(self) -> bool:
        """Whether enough was compared."""
        pairs = int((self.count > 0).sum())
        return pairs >= FEWEST_PAIRS and float(self.count.sum()) >= FEWEST_SAMPLES

    def has_texture(self) -> bool:
        """Whether texture that comes back stands out from chance."""
        if not self.is_enough():
            return False
        used = self.count > 0
        coherent = self.source_again[used]
        mean, error = coherent.mean(), coherent.std() / len(coherent) ** 0.5
        rms = (mean / self.count[used].mean()).clamp_min(0) ** 0.5
        return bool((rms > FAINTEST) & (mean > CERTAIN * error))


def _columns(sums: Sums) -> tuple[Tensor, ...]:
    return tuple(getattr(sums, field.name) for field in fields(sums))
