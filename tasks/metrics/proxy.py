"""The proxy P: what the source would look like without flicker, specks and grain.

    gain       each frame brought to the mean luma of the nine frames around it
    specks     samples that differ from both motion-compensated neighbours by more than
               `SPECK` with the same sign take the mean of the two
    grain      a bilateral filter over 7 samples

P is no restoration. It is what a restored picture is compared with, so that the damage of the
source is not counted against the one that took it away. Where the metrics compared with the
source itself, grain correlated with itself, and a perfect result looked faulty.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.motion import SMALLEST_GUIDE, enlarged, guide, warp

AROUND = 4  # frames before and after whose mean luma a frame is brought to
SPECK = 0.06  # of full range
BILATERAL = (7, 0.08, 1.8)  # diameter in samples, range of luma, samples
FLOW_LINES = 270  # motion of the proxy is searched on at most so many lines


@dataclass(frozen=True)
class Flows:
    """Motion between successive frames, at the proxy's scale.

    Attributes:
        forward: float16 `[T - 1, 2, h, w]`, (x, y): what is at p on frame t is at p + forward on
            frame t + 1.
        backward: the same from frame t + 1 to frame t.
        seen: bool `[T - 1, h, w]`, samples of frame t that are seen on frame t + 1 as well: there
            and back lead home, `|f + b'|^2 < 0.01 (|f|^2 + |b'|^2) + 0.5` (Sundaram, Brox,
            Keutzer, ECCV 2010).
    """

    forward: Tensor
    backward: Tensor
    seen: Tensor

    def speed(self) -> Tensor:
        """90th percentile of the motion per pair of frames, samples, float32 `[T - 1]`."""
        across, down = self.forward.flatten(2)[:, :, ::7].float().unbind(1)
        lengths = torch.hypot(across, down).numpy()
        return torch.from_numpy(np.quantile(lengths, 0.9, axis=1))  # torch would sort them all


def estimate_flows(pictures: Tensor) -> Flows:
    """Search the motion between all successive frames, float32 `[T, h, w]`."""
    shape = (int(pictures.shape[1]), int(pictures.shape[2]))
    guides = [guide(picture, FLOW_LINES) for picture in pictures]
    cv2.setNumThreads(1)  # the stripes of several threads would change the answer
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    forward, backward, seen = [], [], []
    for here, there in itertools.pairwise(guides):
        onward, home = _searched(search, here, there), _searched(search, there, here)
        forward.append(enlarged(onward, shape).half())
        backward.append(enlarged(home, shape).half())
        seen.append(_seen(onward, home, shape))
    empty = torch.zeros(0, 2, *shape, dtype=torch.float16)
    if not forward:
        return Flows(empty, empty, torch.zeros(0, *shape, dtype=torch.bool))
    return Flows(torch.stack(forward), torch.stack(backward), torch.stack(seen))


def _searched(
    search: cv2.DISOpticalFlow, here: npt.NDArray[np.uint8], there: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float32]:
    if min(here.shape) < SMALLEST_GUIDE:
        return np.zeros((*here.shape, 2), np.float32)
    return np.asarray(search.calc(here, there, None), np.float32)  # type: ignore[call-overload]


def _seen(
    onward: npt.NDArray[np.float32], home: npt.NDArray[np.float32], shape: tuple[int, int]
) -> Tensor:
    """Where there and back lead home, bool of `shape`; both flows `[h, w, 2]`."""
    height, width = onward.shape[:2]
    x = onward[..., 0] + np.arange(width, dtype=np.float32)
    y = onward[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    back = cv2.remap(home, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    away = _squared(np.add(onward, back))
    there = away < 0.01 * (_squared(onward) + _squared(back)) + 0.5
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    whole = cv2.resize((there & inside).astype(np.uint8), shape[::-1], None, 0, 0,
                       cv2.INTER_NEAREST)  # fmt: skip
    return torch.from_numpy(whole.astype(bool))


def _squared(flow: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Squared length of a motion `[h, w, 2]`; a sum over the last axis takes four times as long."""
    return np.asarray(flow[..., 0] ** 2 + flow[..., 1] ** 2)


def proxy(source: Tensor, flow: Flows) -> Tensor:
    """P of a stretch, float32 `[T, h, w]`."""
    even = levelled(source)
    return torch.stack([_smooth(_despecked(even, flow, n)) for n in range(even.shape[0])])


def levelled(pictures: Tensor) -> Tensor:
    """Each frame of `[T, h, w]` brought to the mean luma of the nine frames around it."""
    return pictures * gains(pictures)[:, None, None]


def gains(pictures: Tensor) -> Tensor:
    """What brings each frame of `[T, h, w]` to the mean luma of the nine around it, `[T]`."""
    means = pictures.mean(dim=(1, 2)).clamp_min(1e-4)
    count = means.shape[0]
    around = torch.stack([
        means[max(0, n - AROUND) : min(count, n + AROUND + 1)].mean() for n in range(count)
    ])  # fmt: skip
    return around / means


def _despecked(even: Tensor, flow: Flows, n: int) -> Tensor:
    """Frame n with its one-frame specks replaced; as it is at the ends of the stretch."""
    if not 0 < n < even.shape[0] - 1:
        return even[n]
    before = warp(even[n - 1], flow.backward[n - 1].float())
    after = warp(even[n + 1], flow.forward[n].float())
    high, low = torch.maximum(before, after), torch.minimum(before, after)
    speck = (even[n] > high + SPECK) | (even[n] < low - SPECK)
    return torch.where(speck, (before + after) / 2, even[n])


def _smooth(picture: Tensor) -> Tensor:
    return torch.from_numpy(cv2.bilateralFilter(picture.numpy(), *BILATERAL))
