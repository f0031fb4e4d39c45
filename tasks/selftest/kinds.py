"""What a scene is like, so that no kind of it is seen worse than the rest without notice.

    luminance  mean luma of the truth: dark below 0.12, middle, bright from 0.3 on
    colour     colour or monochrome
    skin       of a scene in colour with a face: ITA of the cheeks of the truth, light from 28
               degrees on, else dark. ITA = atan2(L* - 50, b*) 180 / pi, CIELAB D65 (Chardon,
               Cretois, Hourseau, 1991); where b* is 3 or less it is not read

Limits: ITA is a measure of a picture and not of a person; a grade moves it by a class. Six classes
would leave each with a clip or two, so there are two here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import cv2
import numpy as np

from tasks.metrics.source_class import USUAL_LEVELS
from tasks.selftest.scene import Scene, luma

CHEEKS = (50, 280)  # landmarks in the middle of the cheeks
CHEEK = 0.15  # side of what is read there, in eye distances
LEAST_YELLOW = 3.0  # b*
LIGHT = 28.0  # degrees


def kinds_of(scene: Scene) -> Mapping[str, str]:
    """Stratum by name; a stratum that a scene is in no part of is left out."""
    found = {
        "luminance": USUAL_LEVELS["luminance"].of(float(luma(scene.truth).mean())),
        "colour": "monochrome" if scene.mono else "colour",
    }
    degrees = skin_angle(scene)
    if degrees is not None:
        found["skin"] = "light" if degrees >= LIGHT else "dark"
    return found


def skin_angle(scene: Scene) -> float | None:
    """ITA of a scene in degrees; None without a face, without colour, or where it says nothing."""
    if scene.mono or scene.landmarks is None:
        return None
    side = max(2, round(CHEEK * scene.eye_distance))
    samples = []
    for picture, marks in zip(scene.truth[::8], scene.landmarks[::8], strict=True):
        lab = cv2.cvtColor(np.ascontiguousarray(picture.clip(0, 1)), cv2.COLOR_RGB2Lab)
        for x, y in marks[list(CHEEKS), :2].round().astype(int):
            patch = lab[max(y - side, 0) : y + side, max(x - side, 0) : x + side]
            samples.append(patch.reshape(-1, 3))
    lightness, _, yellow = np.median(np.concatenate(samples), axis=0)
    if yellow <= LEAST_YELLOW:
        return None
    return math.degrees(math.atan2(float(lightness) - 50, float(yellow)))
