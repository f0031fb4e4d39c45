"""Every fault of the suite, and which of them can be in a scene."""

from __future__ import annotations

import numpy as np
import torch

from tasks.metrics.proxy import estimate_flows
from tasks.selftest.faults import eyes, face, film, invented, light, motion, mouth, skin, timing
from tasks.selftest.faults.fault import Fault, Needs
from tasks.selftest.faults.timing import TimingFault
from tasks.selftest.scene import Scene, luma

FAULTS: tuple[Fault, ...] = (
    *eyes.FAULTS, *mouth.FAULTS, *skin.FAULTS, *face.FAULTS, *invented.FAULTS, *motion.FAULTS,
    *light.FAULTS, *film.FAULTS,
)  # fmt: skip
TIMING_FAULTS: tuple[TimingFault, ...] = timing.FAULTS
LEAST_MOTION = 0.8  # samples a frame, 90th percentile, at 288 lines
LEAST_EYES = 36.0  # samples between pupils; the lids of smaller eyes are a line or two apart
LEAST_SPEECH = 0.0065  # spread of the mouth's opening over the face's height, slow changes apart
SLOW = 15  # frames; a smile that takes so long is not speech


def possible(scene: Scene) -> frozenset[Needs]:
    """What a scene has that faults need."""
    found: set[Needs] = {"dirt"}
    if not scene.mono:
        found.add("colour")
    if _moves(scene):
        found.add("motion")
    if scene.landmarks is not None:
        found.add("face")
        if _speaks(scene.landmarks):
            found.add("speech")
        if scene.eye_distance > LEAST_EYES and eyes.closing(scene.landmarks)[4:-4].any():
            found.add("blink")
    return frozenset(found)


def faults_of(scene: Scene) -> tuple[Fault, ...]:
    """The faults that can be in a scene."""
    has = possible(scene)
    return tuple(fault for fault in FAULTS if fault.needs <= has)


def _moves(scene: Scene) -> bool:
    speed = estimate_flows(torch.from_numpy(luma(scene.truth))).speed()
    return float(speed.median()) > LEAST_MOTION * scene.scale


def _speaks(landmarks: np.ndarray) -> bool:
    opening = np.linalg.norm(landmarks[:, 13] - landmarks[:, 14], axis=1)
    height = np.linalg.norm(landmarks[:, 10] - landmarks[:, 152], axis=1).clip(1)
    course = np.pad(opening / height, SLOW // 2, mode="edge")
    slow = np.convolve(course, np.ones(SLOW) / SLOW, "valid")
    return float(np.std(opening / height - slow)) > LEAST_SPEECH
