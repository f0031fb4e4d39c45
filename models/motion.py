"""Dense motion between two frames, and planes moved along it.

Source: DIS, dense inverse search (Kroeger, Timofte, Dai, Van Gool, ECCV 2016), as in OpenCV,
preset medium. Ours differs in what it looks at: not the luma but a `guide`, the luma with
specks filtered out and brightness divided out, so that dirt and flicker do not pass for
motion.

    motion = Motion()
    motion.see(0, a), motion.see(1, b)
    seen_from_a = warp(b, motion.flow(0, 1, a.shape))      # b, drawn where a has it

Limits: DIS follows motion up to roughly a tenth of the picture per frame; it knows nothing of
transparency (smoke, reflections), and in an area that is hidden in the other frame its answer
is a guess.

OpenCV splits DIS into stripes, one per thread, and the stripes change the answer. Therefore
every estimate here runs on one OpenCV thread: the result never depends on the machine or on
how many workers share it. Parallel work is done by running shots side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

GUIDE_LINES = 360  # motion is estimated on at most so many lines; a compromise with speed
PRESET = cv2.DISOPTICAL_FLOW_PRESET_MEDIUM  # benchmarks/flow.py compares both choices
SMALLEST_GUIDE = 32  # lines or samples; below, DIS has no pyramid and motion is taken as none
SPECK = 3  # side of the guide's median, in guide lines
NEIGHBOURHOOD = 1 / 12  # share of the height over which brightness is divided out
NOISE_FLOOR = 0.02  # share of full range; contrast below it is not amplified

KERNELS = {"bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC}

HELD = 64  # frames; the steps of a recipe lag behind one another by less, all together

Guide = npt.NDArray[np.uint8]
Flow = npt.NDArray[np.float32]
Kernel = Literal["bilinear", "bicubic"]
HeldFlow = npt.NDArray[np.float16]  # exact to 1/100 of a sample; half the memory


def guide(luma: Tensor, lines: int = GUIDE_LINES) -> Guide:
    """Draw what motion is estimated on.

    Args:
        luma: float32 `[H, W]`, 0..1.
        lines: the guide has at most so many lines; the width follows.

    Returns:
        uint8 `[h, w]`: local contrast around mid grey, the same for a frame and for the same
        frame printed brighter or darker.
    """
    picture = luma.cpu().numpy()
    height, width = picture.shape
    if height > lines:
        size = (max(1, round(width * lines / height)), lines)
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    picture = cv2.medianBlur(np.ascontiguousarray(picture), SPECK)
    side = 2 * round(picture.shape[0] * NEIGHBOURHOOD / 2) + 1
    mean = cv2.blur(picture, (side, side))
    spread = np.sqrt(np.maximum(cv2.blur(picture * picture, (side, side)) - mean * mean, 0.0))
    contrast = (picture - mean) / (spread + NOISE_FLOOR)
    return np.clip(128.0 + 48.0 * contrast, 0, 255).astype(np.uint8)


def estimate_flow(here: Guide, there: Guide) -> Flow:
    """Find where each sample of one guide is in another.

    Args:
        here: guide of the frame the flow belongs to, `[h, w]`.
        there: guide of the other frame, of the same shape.

    Returns:
        float32 `[h, w, 2]`, displacement (x, y) in samples of the guide: what is at p here is at
        p + flow(p) there. Zero where the guides are smaller than `SMALLEST_GUIDE`.
    """
    if min(here.shape) < SMALLEST_GUIDE:
        return np.zeros((*here.shape, 2), np.float32)
    cv2.setNumThreads(1)  # the stripes of several threads would change the answer
    search = cv2.DISOpticalFlow.create(PRESET)
    return np.asarray(search.calc(here, there, None), np.float32)  # type: ignore[call-overload]


def enlarged(flow: Flow, shape: tuple[int, int]) -> Tensor:
    """Bring a guide's flow to planes of the given shape (H, W), float32 `[2, H, W]`."""
    height, width = shape
    lines, across = flow.shape[:2]
    parts = np.ascontiguousarray(flow.transpose(2, 0, 1))
    if (lines, across) == shape:
        return torch.from_numpy(parts)
    parts *= np.array([width / across, height / lines], np.float32)[:, None, None]
    whole = np.empty((2, height, width), np.float32)
    for part, out in zip(parts, whole, strict=True):
        cv2.resize(part, (width, height), dst=out)  # bilinear; one by one is twice as fast
    return torch.from_numpy(whole)


class Motion:
    """The optical flow of one shot: each pair of frames is searched once, whichever step asks.

    The guide of a frame is drawn when the first step shows the frame; later steps show the same
    picture repaired, and the flow found before holds for them. Frames are numbered from the start
    of the shot. What lies `HELD` frames behind the newest is forgotten, so memory does not grow.

    Args:
        search: finds the flow between two guides.
    """

    def __init__(self, search: Callable[[Guide, Guide], Flow] = estimate_flow) -> None:
        self._search = search
        self._guides: dict[int, Guide] = {}
        self._flows: dict[tuple[int, int], HeldFlow] = {}

    def see(self, index: int, luma: Tensor) -> None:
        """Take in a frame, unless it was seen before.

        Args:
            index: the frame's number in the shot.
            luma: float32 `[H, W]`, 0..1.
        """
        if index in self._guides:
            return
        self._guides[index] = guide(luma, GUIDE_LINES)
        for old in [i for i in self._guides if i < index - HELD]:
            del self._guides[old]
        for pair in [p for p in self._flows if min(p) < index - HELD]:
            del self._flows[pair]

    def renew(self, index: int, luma: Tensor) -> None:
        """Take in a frame anew: its picture is no longer what was seen."""
        self._guides.pop(index, None)
        for pair in [p for p in self._flows if index in p]:
            del self._flows[pair]
        self.see(index, luma)

    def flow(self, here: int, there: int, shape: tuple[int, int]) -> Tensor:
        """Flow between two frames that were seen, for planes of the given shape.

        Returns:
            float32 `[2, H, W]`, displacement (x, y) in samples: what is at p here is at
            p + flow(p) there.
        """
        return enlarged(self.searched(here, there), shape)

    def through(self, here: int, there: int, shape: tuple[int, int]) -> Tensor:
        """As `flow`, joined from frame to frame; what moves far is followed in smaller steps."""
        step = 1 if there > here else -1
        whole = self.searched(here, here + step)
        for at in range(here + step, there, step):
            whole = joined(whole, self.searched(at, at + step))
        return enlarged(whole, shape)

    def follow(
        self, here: int, there: int, places: npt.NDArray[np.float32], shape: tuple[int, int]
    ) -> npt.NDArray[np.float32]:
        """Where single places of one frame are in another, adjacent or not.

        Args:
            here: number of the frame.
            there: number of the other frame; those between were seen, too.
            places: float32 `[N, 2]`, (x, y) in samples.
            shape: (H, W) of the planes.

        Returns:
            float32 `[N, 2]`, (x, y) in samples.
        """
        step = 1 if there > here else -1
        for at in range(here, there, step):
            flow = self._held(at, at + step)
            scale = np.array([flow.shape[1] / shape[1], flow.shape[0] / shape[0]], np.float32)
            places = places + _read((places + 0.5) * scale - 0.5, flow) / scale
        return places

    def searched(self, here: int, there: int) -> Flow:
        """Flow between the guides of two frames that were seen, see `estimate_flow`."""
        return self._held(here, there).astype(np.float32)

    def _held(self, here: int, there: int) -> HeldFlow:
        pair = (here, there)
        if pair not in self._flows:
            flow = self._search(self._guides[here], self._guides[there])
            self._flows[pair] = flow.astype(np.float16)
        return self._flows[pair]


def _read(places: Flow, flow: HeldFlow) -> Flow:
    """A flow read at single places (x, y), `[N, 2]`, bilinear; the edge is repeated."""
    height, width = flow.shape[:2]
    x, y = (np.clip(at, 0, size - 1) for at, size in zip(places.T, (width, height), strict=True))
    left, top = x.astype(np.int64), y.astype(np.int64)
    right, below = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    across, down = (x - left)[:, None], (y - top)[:, None]
    above = flow[top, left] * (1 - across) + flow[top, right] * across
    under = flow[below, left] * (1 - across) + flow[below, right] * across
    return np.asarray(above * (1 - down) + under * down, np.float32)


def warp(planes: Tensor, flow: Tensor, kernel: Kernel = "bilinear") -> Tensor:
    """Draw planes where the frame that the flow belongs to has them.

    Args:
        planes: float32 `[H, W]` or `[C, H, W]`.
        flow: float32 `[2, H, W]`, displacement (x, y) in samples.
        kernel: bilinear, or bicubic, which keeps grain and may overshoot.

    Returns:
        float32 of the shape of `planes`; beyond the edge the edge is repeated. On the CPU places
        are rounded to 1/32 sample.
    """
    height, width = planes.shape[-2:]
    if planes.device.type == "cpu":  # OpenCV is three times as fast there
        return _remapped(planes.reshape(-1, height, width), flow, kernel).reshape(planes.shape)
    down = torch.arange(height, dtype=torch.float32, device=planes.device)
    across = torch.arange(width, dtype=torch.float32, device=planes.device)
    grid = _grid(down[:, None] + flow[1], across + flow[0], height, width)
    moved = torch.nn.functional.grid_sample(
        planes.reshape(1, -1, height, width),
        grid,
        kernel,
        padding_mode="border",
        align_corners=False,
    )
    return moved.reshape(planes.shape)


def _remapped(planes: Tensor, flow: Tensor, kernel: Kernel) -> Tensor:
    """As `warp`, of `[C, H, W]`."""
    height, width = planes.shape[1:]
    x, y = (np.empty((height, width), np.float32) for _ in range(2))
    np.add(flow[0].numpy(), np.arange(width, dtype=np.float32), out=x)
    np.add(flow[1].numpy(), np.arange(height, dtype=np.float32)[:, None], out=y)
    moved = np.empty(tuple(planes.shape), np.float32)
    for plane, out in zip(planes.numpy(), moved, strict=True):
        whole = np.ascontiguousarray(plane)
        cv2.remap(whole, x, y, KERNELS[kernel], dst=out, borderMode=cv2.BORDER_REPLICATE)
    return torch.from_numpy(moved)


def sampled(plane: Tensor, y: Tensor, x: Tensor, kernel: Kernel = "bicubic") -> Tensor:
    """Read a plane at single places between its samples.

    Args:
        plane: float32 `[H, W]`.
        y: float32 `[N]`, lines.
        x: float32 `[N]`, samples along the line.
        kernel: as in `warp`.

    Returns:
        float32 `[N]`; beyond the edge the edge is repeated.
    """
    if y.numel() == 0:
        return torch.zeros_like(y)
    grid = _grid(y[None], x[None], plane.shape[0], plane.shape[1])
    return torch.nn.functional.grid_sample(
        plane[None, None], grid, kernel, padding_mode="border", align_corners=False
    )[0, 0, 0]


def _grid(y: Tensor, x: Tensor, height: int, width: int) -> Tensor:
    """Places in samples `[H, W]` as torch's grid `[1, H, W, 2]`, -1..1 from edge to edge."""
    return torch.stack(((x + 0.5) * (2 / width) - 1, (y + 0.5) * (2 / height) - 1), dim=-1)[None]


def joined(first: Flow, second: Flow) -> Flow:
    """Join a flow from a to b and a flow from b to c into one from a to c, all `[h, w, 2]`."""
    height, width = first.shape[:2]
    x = first[..., 0] + np.arange(width, dtype=np.float32)
    y = first[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    onward = cv2.remap(second, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(first + onward, np.float32)
