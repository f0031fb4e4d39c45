"""A frame made from the frames before and after it, along the motion between them.

Source: symmetric interpolation along the flow (Baker et al., "A database and evaluation
methodology for optical flow", IJCV 2011). The flow at the wanted time is found by fixed-point
iteration instead of splatting, so that no holes arise. Every sample is taken from one of the two
frames: their mean would be smoother than the film's grain.

    between = between_by(flow, back, before.luma(), after.luma(), time=0.5)
    planes = between.drawn(before, after)

Limits: things move straight and evenly from one frame to the other; what shows in neither of
them cannot be known.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from models.contract import Frame
from models.labels import odd
from models.motion import warp
from models.planes import averaged
from models.sight import LEVEL_SHARE

STEPS = 5  # of the fixed-point iteration
PATCH = 1 / 60  # of the height: side of the patch in which two hypotheses are compared
HIDDEN = 1 / 240  # of the height: flows there and back that miss by more tell of occlusion
SEAM = 1 / 120  # of the height: width of the passage from one frame to the other


@dataclass(frozen=True)
class Between:
    """Where each sample of the wanted picture is in both frames, and which of them gives it.

    Attributes:
        time: of the wanted picture, 0 at the frame before, 1 at the frame after.
        to_before: float32 `[2, H, W]`, from the wanted picture to the frame before.
        to_after: float32 `[2, H, W]`, to the frame after.
        from_before: float32 `[H, W]`, 0..1, share taken from the frame before.
    """

    time: float
    to_before: Tensor
    to_after: Tensor
    from_before: Tensor

    def drawn(self, before: Frame, after: Frame) -> tuple[Tensor, ...]:
        """Draw every plane, int32 `[H, W]` of code values."""
        planes = []
        for number, (one, other) in enumerate(zip(before.samples(), after.samples(), strict=True)):
            shape = (int(one.shape[0]), int(one.shape[1]))
            a = moved(one.to(torch.float32), fitted(self.to_before, shape))
            b = moved(other.to(torch.float32), fitted(self.to_after, shape))
            share = averaged(self.from_before[None], shape)[0]
            if number == 0 or before.format.layout == "rgb":
                a, b = self._levelled(a, b)
            mixed = share * a + (1 - share) * b
            planes.append(mixed.round().clamp(0, before.peak).to(torch.int32))
        return tuple(planes)

    def _levelled(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        """Both pictures at the brightness of the wanted time, area by area."""
        side = odd(a.shape[0] * LEVEL_SHARE)
        difference = torch.from_numpy(cv2.blur((b - a).cpu().numpy(), (side, side))).to(a.device)
        return a + self.time * difference, b - (1 - self.time) * difference


def between_by(flow: Tensor, back: Tensor, before: Tensor, after: Tensor, time: float) -> Between:
    """Find the way by the flow between the two frames; each sample is mostly taken from one.

    Args:
        flow: float32 `[2, H, W]` from the frame before to the frame after.
        back: float32 `[2, H, W]`, the other way.
        before: float32 `[H, W]`, luma of the frame before.
        after: float32 `[H, W]`, luma of the frame after.
        time: of the wanted picture, 0 at the frame before, 1 at the frame after.
    """
    first = _passing(flow, time)
    second = _passing(back, 1 - time)
    places = [
        (-time * first, (1 - time) * first),
        (time * second, -(1 - time) * second),
    ]
    costs = [_patch((warp(before, a) - warp(after, b)).abs()) for a, b in places]
    better = costs[1] < costs[0]
    lost = _miss(flow, back, places[0][0])  # seen before, hidden after
    found = _miss(back, flow, places[1][1])  # hidden before, seen after
    hidden = max(1.0, before.shape[0] * HIDDEN)
    gone, new = (lost > hidden) & (found <= hidden), (found > hidden) & (lost <= hidden)
    # what is seen in one frame only moves as that frame says
    use_second = torch.where(gone, False, torch.where(new, True, better))
    to_before = torch.where(use_second, places[1][0], places[0][0])
    to_after = torch.where(use_second, places[1][1], places[0][1])
    nearest = torch.full_like(before, float(time <= 0.5))
    chosen = torch.where(gone, 1.0, torch.where(new, 0.0, nearest))
    return Between(time, to_before, to_after, _soft(chosen))


def _passing(flow: Tensor, time: float) -> Tensor:
    """Motion of what passes each place at the time, from a flow that starts at time 0."""
    moving = flow
    for _ in range(STEPS):
        moving = warp(flow, -time * moving)
    return moving


def _miss(flow: Tensor, back: Tensor, place: Tensor) -> Tensor:
    """How far from its start a thing comes back by the other flow, in samples, `[H, W]`.

    Args:
        flow: float32 `[2, H, W]` from a frame to another.
        back: the other way.
        place: float32 `[2, H, W]` from the wanted picture to the frame.
    """
    miss = (flow + warp(back, flow)).square().sum(0).sqrt()
    return warp(_patch(miss), place)


def _patch(values: Tensor) -> Tensor:
    side = odd(values.shape[0] * PATCH)
    blurred = cv2.blur(values.cpu().numpy(), (side, side))
    return torch.from_numpy(np.asarray(blurred, np.float32)).to(values.device)


def _soft(chosen: Tensor) -> Tensor:
    """The choice without specks, its borders softened."""
    side = odd(chosen.shape[0] * SEAM * 2)
    mask = (chosen.cpu().numpy() * 255).astype(np.uint8)
    whole = np.asarray(cv2.medianBlur(mask, min(side, 15)), np.float32) / 255
    softened = cv2.blur(whole, (side, side))
    return torch.from_numpy(np.asarray(softened, np.float32)).to(chosen.device)


def fitted(flow: Tensor, shape: tuple[int, int]) -> Tensor:
    """A flow brought from the luma grid to a plane of the given shape, in its samples."""
    scale = torch.tensor(
        [shape[1] / flow.shape[2], shape[0] / flow.shape[1]],
        dtype=torch.float32,
        device=flow.device,
    )
    return averaged(flow, shape) * scale[:, None, None]


def moved(plane: Tensor, flow: Tensor) -> Tensor:
    """Draw a plane `[H, W]` where the frame that the flow belongs to has it, bicubic."""
    return warp(plane, flow, "bicubic")
