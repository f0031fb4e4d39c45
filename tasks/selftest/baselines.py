"""The usual measures, beside ours for comparison: warping error, tOF, PSNR against the truth.

    E_warp  sum seen (R_t - W R_(t+1))^2 / sum seen, mean over t; luma, flow of the source. Lower
            is steadier. Lai, Huang, Wang, Shechtman, Yumer, Yang, "Learning blind video temporal
            consistency", ECCV 2018 (theirs is on R'G'B')
    tOF     mean |OF(R) - OF(truth)|, samples, Farneback with the authors' parameters, on every
            sixth pair of frames. Lower is better. Chu, Xie, Mayer, Leal-Taixe, Thuerey,
            "Learning temporal coherence via self-supervision for GAN-based video generation",
            SIGGRAPH 2020
    PSNR    dB, luma against the undamaged truth. Higher is better

All at the proxy's scale.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.motion import warp
from tasks.metrics.fidelity import psnr
from tasks.metrics.pair import Pair

EVERY = 6  # pairs of frames, for tOF

Motion = npt.NDArray[np.float32]


def warping_error(pair: Pair) -> float | None:
    """E_warp of a stretch; None without two frames or without a sample that is seen on both."""
    errors = []
    for t in range(pair.count - 1):
        seen = pair.flow.seen[t]
        if seen.any():
            ahead = warp(pair.restored[t + 1], pair.flow.forward[t].float())
            errors.append(float(((pair.restored[t] - ahead) ** 2)[seen].mean()))
    return float(np.mean(errors)) if errors else None


def truth_motion(truth: Tensor) -> list[Motion]:
    """Motion of the truth, float32 `[T, h, w]` in 0..1, for `motion_error`."""
    pictures = [_eight_bit(picture) for picture in truth]
    return [_farneback(pictures, t) for t in range(0, len(pictures) - 1, EVERY)]


def motion_error(restored: Tensor, motion: list[Motion]) -> float | None:
    """TOF of a restored picture, float32 `[T, h, w]`; None without two frames."""
    pictures = [_eight_bit(picture) for picture in restored]
    apart = [
        float(np.linalg.norm(_farneback(pictures, EVERY * n) - wanted, axis=2).mean())
        for n, wanted in enumerate(motion)
    ]
    return float(np.mean(apart)) if apart else None


def truth_psnr(restored: Tensor, truth: Tensor) -> float:
    """PSNR in dB, infinite for the truth itself."""
    return psnr(truth.flatten(1), restored.flatten(1), 1.0)


def _farneback(pictures: list[npt.NDArray[np.uint8]], t: int) -> Motion:
    start = np.zeros((*pictures[t].shape, 2), np.float32)
    found = cv2.calcOpticalFlowFarneback(
        pictures[t], pictures[t + 1], start, 0.5, 3, 15, 3, 5, 1.2, 0
    )
    return np.asarray(found, np.float32)


def _eight_bit(picture: Tensor) -> npt.NDArray[np.uint8]:
    return np.asarray((picture * 255).round().clamp(0, 255).to(torch.uint8).numpy())
