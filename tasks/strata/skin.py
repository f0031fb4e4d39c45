"""ITA: the individual typology angle of skin, where film allows one.

    ITA = atan2(L* - 50, b*) * 180 / pi     on cheeks, CIELAB D65

Classes: Chardon, Cretois and Hourseau, 1991; Del Bino and Bernerd, 2013. Degrees, higher is
lighter. ITA is a measure of a picture and not of a person: three units of L* move it by 3 to 10
degrees, a harmless gamma of 0.88 by 11 (Howard et al., arXiv 2106.11240, on how little such
measures can be trusted without a controlled camera). Therefore

    - monochrome film has none; its stratum is "facial luminance relative to scene";
    - it is read only where b* exceeds 3 and the light is not far from neutral;
    - it is the median over a person's shots, and a person whose interval of one deviation
      crosses the edge of a class is "uncertain".

It says nothing of ethnicity, and nothing here does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tasks.strata.classes import ITA, UNCERTAIN, UNKNOWN
from tasks.strata.colour import CAST_LIMIT, Floats, lab

LEAST_YELLOW = 3.0  # b*; near 0 the angle swings, and skin below it stands in bluish light
# Median shift by a harmless gamma of 0.88: what one shot's grade may do. Shots share the doubt.
SHOT_DEVIATION = 11.0  # degrees

CLASSES = ("dark", "brown", "tan", "intermediate", "light", "very light")
EDGES = (-30.0, 10.0, 28.0, 41.0, 55.0)  # degrees, between the classes


@dataclass(frozen=True)
class ShotIta:
    """ITA of one face in one shot.

    Attributes:
        degrees: None where it must not be read.
        note: why not.
    """

    degrees: float | None
    note: str = ""


@dataclass(frozen=True)
class PersonIta:
    """ITA of one person over the shots of a reel.

    Attributes:
        degrees: median over shots; None without any.
        deviation: over shots, at least `SHOT_DEVIATION` over the root of their number.
        shots: how many it rests on.
        stratum: the class, "uncertain" or "unknown".
    """

    degrees: float | None
    deviation: float | None
    shots: int
    stratum: str

    name = ITA


def read_ita(cheeks: Floats, cast: float | None) -> ShotIta:
    """ITA of one face in one shot.

    Args:
        cheeks: R'G'B' `[N, 3]`, 0..1: the median colour of the cheeks on each frame.
        cast: degrees, see `tasks.strata.colour.cast_degrees`; of the whole picture.
    """
    if not len(cheeks):
        return ShotIta(None, "no frame shows the cheeks")
    if cast is None or cast > CAST_LIMIT:
        return ShotIta(None, f"the light is not within {CAST_LIMIT:g} degrees of neutral")
    lightness, _, yellow = np.median(lab(cheeks), axis=0)
    if yellow <= LEAST_YELLOW:
        return ShotIta(None, f"b* of the cheeks is {yellow:.1f}, not above {LEAST_YELLOW:g}")
    return ShotIta(math.degrees(math.atan2(lightness - 50, yellow)))


def person_ita(shots: Sequence[ShotIta]) -> PersonIta:
    """One person's ITA and class."""
    known = np.array([shot.degrees for shot in shots if shot.degrees is not None])
    if not len(known):
        return PersonIta(None, None, 0, UNKNOWN)
    middle = float(np.median(known))
    spread = float(known.std(ddof=1)) if len(known) > 1 else 0.0
    deviation = max(spread, SHOT_DEVIATION / math.sqrt(len(known)))
    low, high = (ita_class(middle + side * deviation) for side in (-1, 1))
    return PersonIta(middle, deviation, len(known), low if low == high else UNCERTAIN)


def ita_class(degrees: float) -> str:
    """The class of an angle, whatever its doubt; an edge belongs to the class below it."""
    return CLASSES[sum(degrees > edge for edge in EDGES)]
