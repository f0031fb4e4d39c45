"""PSNR and SSIM of a shot against a known truth, while its frames go by.

For simulated damage only; a real film has no truth. See `tasks.metrics.fidelity`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import fmean

from torch import Tensor

from catalogs.records import Measurement
from models.contract import Frame
from tasks.metrics.fidelity import psnr_of, squared_error, ssim


@dataclass
class AgainstTruth:
    """What is kept of each frame: (of the source, of the restored picture)."""

    errors: list[tuple[float, float]] = field(default_factory=list)
    likeness: list[tuple[float, float]] = field(default_factory=list)

    def watched(
        self, sides: Iterator[tuple[Frame, Frame]], truth: Iterator[Frame]
    ) -> Iterator[tuple[Frame, Frame]]:
        """Pass the frames on and compare each with the truth."""
        for (before, after), clean in zip(sides, truth, strict=False):
            known = clean.luma()
            sets = before.luma(), after.luma()
            first, second = (_mean_square(luma, known) for luma in sets)
            self.errors.append((first, second))
            first, second = (ssim(known, luma, 1.0) for luma in sets)
            self.likeness.append((first, second))
            yield before, after

    def measurements(self) -> tuple[Measurement, ...]:
        """PSNR of the shot as a whole and mean SSIM, of luma."""
        if not self.errors:
            return ()
        errors, likeness = (
            tuple(fmean(side) for side in zip(*pairs, strict=True))
            for pairs in (self.errors, self.likeness)
        )
        return (
            Measurement("PSNR", psnr_of(errors[0], 1.0), psnr_of(errors[1], 1.0), "dB"),
            Measurement("SSIM", likeness[0], likeness[1], "0..1"),
        )


def _mean_square(picture: Tensor, truth: Tensor) -> float:
    return squared_error(truth, picture) / truth.numel()
