"""Step `denoise`: grain and noise are averaged away along the motion.

Source: temporal averaging in place, as MVTools' Degrain; the weight by patch distance after
Buades, Lisani and Miladinović, "Patch-based video denoising with optical flow estimation", IEEE
Transactions on Image Processing, 2016. Ours differs in that the noise is measured by brightness in
every frame. What no neighbour shows is left with its grain, unless `spatial` asks for more.

How, for each frame:
    1. The noise is measured by brightness from the frame and its neighbours in place.
    2. `look_ahead` frames behind and ahead are drawn in place, bicubic, which keeps detail.
    3. Each of their samples counts for as much as the patch around it differs by no more than
       noise does: in energy, so that no edge is doubled, and in the mean, so that smoke and
       shadows are not smeared.
    4. The frame and its neighbours are averaged with these weights.
    5. With `spatial`, the noise that is left is shrunk within the frame (`models.grain.shrink`).
    6. `keep_grain` of what was removed is put back.

Limits: in time, four neighbours take out 7 dB at most, eight 9.5. Noise that lasts (a dirty gate,
coding blocks) is picture to this step. In flickering film neighbours do not match: run `deflicker`
first. Film without noise is left as it is, up to rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from models.contract import Change, Frame, Step, Touches, windows
from models.grain.averaging import noise_map, weight
from models.grain.shrink import shrunk
from models.missing.rebuild import fitted, moved
from models.motion import Motion
from models.planes import averaged


@dataclass(frozen=True)
class Denoised:
    """What was made of one frame.

    Attributes:
        change: the step's answer.
        averaged: the change that averaging in time alone would be.
        noise: float32 `[H, W]`, deviation of the luma's noise, share of full range.
        left: likewise, what averaging leaves of it; of the first plane.
    """

    change: Change
    averaged: Change
    noise: Tensor
    left: Tensor


@dataclass(frozen=True)
class Denoise(Step):
    """Average noise away in time.

    Attributes:
        look_ahead: frames averaged on either side, 1..4.
        strength: how much the neighbours count, 0..1.
        spatial: how much of the noise that is left then is shrunk within the frame, 0..1; softens
            the faintest texture.
        keep_grain: share of the removed noise that is put back, 0..1.
        largest_noise: deviation, share of full range, 0.005..0.2; where more is measured, it is
            taken for motion that the flow cannot follow, and the picture is left alone.
    """

    name: ClassVar[str] = "denoise"
    version: ClassVar[int] = 2
    touches: ClassVar[Touches] = "every sample"

    look_ahead: int = 2
    strength: float = 1.0
    spatial: float = 0.0
    keep_grain: float = 0.0
    largest_noise: float = 0.06

    def __post_init__(self) -> None:
        if not 1 <= self.look_ahead <= 4:
            raise ValueError(f"look_ahead {self.look_ahead} is outside 1..4 frames")
        if not 0 <= self.spatial <= 1:
            raise ValueError(f"spatial {self.spatial} is outside 0..1")
        if not 0 <= self.strength <= 1:
            raise ValueError(f"strength {self.strength} is outside 0..1")
        if not 0 <= self.keep_grain <= 1:
            raise ValueError(f"keep_grain {self.keep_grain} is outside 0..1")
        if not 0.005 <= self.largest_noise <= 0.2:
            raise ValueError(f"largest_noise {self.largest_noise} is outside 0.005..0.2")

    def changes(self, frames: Iterator[Frame], motion: Motion) -> Iterator[Change]:
        """Yield one change per frame, looking `look_ahead` frames behind and ahead."""
        return (denoised.change for denoised in self.denoised(frames, motion))

    def denoised(self, frames: Iterator[Frame], motion: Motion) -> Iterator[Denoised]:
        """As `changes`, with what was found on the way to each."""
        lumas: dict[int, Tensor] = {}
        for index, window in enumerate(windows(frames, self.look_ahead, self.look_ahead)):
            held = dict(enumerate(window.frames, index - window.centre))
            for number in [n for n in held if n not in lumas]:
                lumas[number] = held[number].luma()
                motion.see(number, lumas[number])
            for number in [n for n in lumas if n not in held]:
                del lumas[number]
            near = {n: f for n, f in held.items() if n != index}
            if not near or self.strength == 0 or self.keep_grain == 1:
                nothing = Change.none(window.frame, {"noise_share": 0.0})
                none = torch.zeros_like(lumas[index])
                yield Denoised(nothing, nothing, none, none)
            else:
                flows = flows_from(motion, index, near)
                yield self._denoised(window.frame, lumas[index], near, lumas, flows)

    def _denoised(
        self,
        frame: Frame,
        luma: Tensor,
        near: Mapping[int, Frame],
        lumas: Mapping[int, Tensor],
        flows: Mapping[int, Tensor],
    ) -> Denoised:
        places = [moved(lumas[n], flows[n]) for n in flows]
        noise = noise_map(luma, places, luma, frame.peak, self.largest_noise)
        weights = [weight(luma, place, noise) for place in places]
        on_grid = _Grids(luma, weights, list(flows.values()))
        wanted, plain, remaining = [], [], noise
        for number, samples in enumerate(frame.samples()):
            plane = samples.to(torch.float32) / frame.peak
            parts, shares, own = places, weights, noise
            if number > 0 or frame.format.layout == "rgb":
                light, given, ways = on_grid.of((int(plane.shape[0]), int(plane.shape[1])))
                planes = [near[n].planes[number].to(torch.float32) / frame.peak for n in flows]
                parts = [moved(part, way) for part, way in zip(planes, ways, strict=True)]
                own = noise_map(plane, parts, light, frame.peak, self.largest_noise)
                shares = [
                    torch.minimum(share, weight(plane, part, own))
                    for share, part in zip(given, parts, strict=True)
                ]
            clean, mean, left = self._averaged(plane, parts, shares, own)
            wanted.append(_rounded(clean.lerp_(plane, self.keep_grain), frame.peak))
            plain.append(_rounded(mean, frame.peak))
            remaining = left if number == 0 else remaining
        change = Change.between(frame, wanted, {"noise_share": float(noise.mean())})
        return Denoised(change, Change.between(frame, plain), noise, remaining)

    def _averaged(
        self, plane: Tensor, parts: list[Tensor], shares: list[Tensor], noise: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """A plane without its noise, only averaged in time, and the deviation left in that."""
        removed = torch.zeros_like(plane)
        total = torch.ones_like(plane)
        squares = torch.ones_like(plane)
        for part, share in zip(parts, shares, strict=True):
            counted = self.strength * share
            squares.addcmul_(counted, counted)
            total.add_(counted)
            removed.add_(counted.mul_(plane - part))
        removed.div_(total)
        mean = plane - removed
        left = squares.sqrt_().div_(total).mul_(noise)
        clean = shrunk(mean, removed, left, self.spatial) if self.spatial else mean
        return clean.clone() if clean is mean else clean, mean, left


def _rounded(plane: Tensor, peak: int) -> Tensor:
    return plane.mul_(peak).round_().to(torch.int32)


class _Grids:
    """What was found on the luma grid, brought to the grids of other planes, once for each."""

    def __init__(self, luma: Tensor, weights: list[Tensor], flows: list[Tensor]) -> None:
        self._luma, self._weights, self._flows = luma, weights, flows
        self._known: dict[tuple[int, int], tuple[Tensor, list[Tensor], list[Tensor]]] = {}

    def of(self, shape: tuple[int, int]) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """Luma, weights and flows on a grid `[H, W]` of the shape."""
        if shape not in self._known:
            self._known[shape] = (
                averaged(self._luma, shape),
                [averaged(share, shape) for share in self._weights],
                [fitted(flow, shape) for flow in self._flows],
            )
        return self._known[shape]


def flows_from(motion: Motion, index: int, near: Mapping[int, Frame]) -> dict[int, Tensor]:
    """Flows from a frame to its neighbours, those to the farther ones chained, `[2, H, W]`."""
    form = next(iter(near.values())).format
    shape = (form.height, form.width)
    nearest_first = sorted(near, key=lambda n: abs(n - index))
    return {n: motion.through(index, n, shape).to(near[n].planes[0].device) for n in nearest_first}
