"""The harmless copy of a shot: what a metric says of it is the metric's own level there.

    R = base + (1 - DIMMED) * (S + SOFTENED * (B S - S) - base)

B is the binomial mean of 3 by 3 samples, base is 0, of chroma planes their middle. Each plane is
treated alike and rounded; nothing else is done, and no step is declared.

Why this and no step of ours: it is the same on every sample of every shot, so it cannot serve one
stratum worse than another, while a denoiser or a deflickerer can, and its disparity would be taken
out of that of the very recipe that uses it. It looks at one frame only, so it cannot ghost, boil
or lag. It keeps more than 85 % of the grain, so GRAIN is measured too. It costs 1 % of the metrics.

Why not the source itself: a metric of a picture that was not touched is exactly its innocent
value, whatever the light, the grain and the size of the face.

Limits: dirt and scratches stay, and as no step is declared that takes them out, DIRT and SCRATCH
count in it what was added, never what was left. At 8 bits small changes round to none, so smooth
and dark pictures are touched less than others.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from models.contract import Frame

# Goes with every row; a copy that is made otherwise has another name.
HARMLESS = "harmless copy 1"
SOFTENED = 1 / 16
DIMMED = 1 / 128
_BINOMIAL = np.array([1, 2, 1], np.float32) / 4


def harmless_copy(frame: Frame) -> Frame:
    """A frame as a faultless restoration might hand it over: slightly softer and darker."""
    chroma = frame.format.layout not in ("gray", "rgb")
    middle = (frame.peak + 1) / 2
    planes = tuple(
        _copied(plane, middle if chroma and number > 0 else 0.0, frame.peak)
        for number, plane in enumerate(frame.planes)
    )
    return Frame(planes, frame.format)


def _copied(plane: Tensor, base: float, peak: int) -> Tensor:
    samples = plane.cpu().numpy()
    exact = samples.astype(np.float32)
    mean = cv2.sepFilter2D(exact, -1, _BINOMIAL, _BINOMIAL, borderType=cv2.BORDER_REPLICATE)
    wanted = base + (1 - DIMMED) * (exact + SOFTENED * (mean - exact) - base)
    return torch.from_numpy(np.rint(wanted).clip(0, peak).astype(samples.dtype))
