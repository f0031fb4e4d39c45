"""Who it is: SFace, a point on a sphere for every face.

Source: SFace (Zhong, Deng, Hu, Zhao, Wen: SFace, sigmoid-constrained hypersphere loss for
robust face recognition, 2021), the weights of OpenCV's zoo. Two faces are as far apart as
their points: the cosine distance is 1 - a · b.

Limits: grain, blur and yaw move the point as well as another person does; a recogniser errs
more on some groups of people than on others, so distances compare a face with itself, before
and after, and never judge who somebody is.
"""

from __future__ import annotations

import threading
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.faces.chip import CHIP
from models.faces.weights import RECOGNISER

SIDE = 112  # samples, what the network sees
LENGTH = 128

# Eyes, nose and mouth corners, left to right in the picture: where the network was taught to
# find them, and where they lie on a chip (means over frontal faces of 27 clips).
TAUGHT = (
    (38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655),
    (70.7299, 92.2041),
)  # fmt: skip
ON_CHIP = ((80.0, 96.0), (144.0, 96.0), (112.0, 131.7), (87.6, 164.4), (136.4, 164.4))

_ONE_AT_A_TIME = threading.Lock()  # the network keeps its input until it has answered


def embedding(chips: Tensor) -> Tensor:
    """Describe who is on a chip.

    Args:
        chips: uint8 `[224, 224, 3]` or `[N, 224, 224, 3]`, R'G'B'; for a monochrome picture
            luma three times.

    Returns:
        float32 `[N, 128]` of unit length; N is 1 for a single chip.

    Raises:
        ValueError: not chips.
        VerificationError: the weights are not installed, or not the published ones.
    """
    several = chips[None] if chips.ndim == 3 else chips
    if several.ndim != 4 or several.shape[1:] != (CHIP, CHIP, 3) or several.dtype != torch.uint8:
        raise ValueError(f"not chips: {tuple(chips.shape)} {chips.dtype}")
    points = np.zeros((several.shape[0], LENGTH), np.float32)
    with _ONE_AT_A_TIME:
        cv2.setNumThreads(1)
        for number, chip in enumerate(several.cpu().numpy()):
            points[number] = _point(chip)
    return torch.from_numpy(points)


def _point(chip: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    network = _network()
    network.setInput(cv2.dnn.blobFromImage(_align(chip)))
    answer = np.asarray(network.forward(), np.float32).reshape(LENGTH)
    return answer / max(float(np.linalg.norm(answer)), 1e-12)


def _align(chip: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The chip as the network was taught: its five points on the taught ones."""
    half = cv2.resize(chip, (CHIP // 2, CHIP // 2), interpolation=cv2.INTER_AREA)
    aligned = cv2.warpAffine(
        half, _from_half(), (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(aligned, np.uint8)


@cache
def _from_half() -> npt.NDArray[np.float64]:
    """The similarity from a chip of half size that fits the five points best."""
    source = (np.array(ON_CHIP) - 0.5) / 2  # a half sample's centre lies between two
    target = np.array(TAUGHT)
    here, there = (p[:, 0] + 1j * p[:, 1] for p in (source, target))
    centred = here - here.mean()
    turn = np.vdot(centred, there - there.mean()) / np.vdot(centred, centred).real
    offset = there.mean() - turn * here.mean()
    return np.array(
        ((turn.real, -turn.imag, offset.real), (turn.imag, turn.real, offset.imag)), np.float64
    )


@cache
def _network() -> cv2.dnn.Net:
    """The network, loaded once per process and only if a face needs it."""
    return cv2.dnn.readNetFromONNX(np.frombuffer(RECOGNISER.read(), np.uint8))
