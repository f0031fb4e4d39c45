"""The strata by their exact names, and the edges of their classes.

A class holds its lower edge and not its upper. "unknown" is what could not be measured or is not
said, "uncertain" what could be of two classes; neither is compared with anything.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass

FACIAL_LUMINANCE = "facial luminance relative to scene"
ITA = "ITA"
COLOUR = "colour"
DECADE = "decade"
TAG = "tag: "  # before the name of an archivist's tag

UNKNOWN = "unknown"
UNCERTAIN = "uncertain"


@dataclass(frozen=True)
class Classes:
    """One stratum variable that is a number cut at fixed edges.

    Attributes:
        name: exact, as in tables.
        edges: ascending.
        unit: of the edges; empty for shares and ratios.
    """

    name: str
    edges: tuple[float, ...]
    unit: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes from low to high."""
        unit = f" {self.unit}" if self.unit else ""
        inner = [f"{a:g} to {b:g}{unit}" for a, b in zip(self.edges, self.edges[1:], strict=False)]
        return f"below {self.edges[0]:g}{unit}", *inner, f"{self.edges[-1]:g}{unit} or more"

    def of(self, value: float | None) -> str:
        """The class of a value; "unknown" for None and for what is no number."""
        if value is None or math.isnan(value):
            return UNKNOWN
        return self.labels[bisect_right(self.edges, value)]


# A face a quarter brighter or darker than the middle of its picture stands out from it.
RELATIVE_LUMINANCE = Classes(FACIAL_LUMINANCE, (0.8, 1.25))
SCENE_LUMINANCE = Classes("scene luminance", (0.12, 0.3))
# Talking people in a still shot move by 1 to 10, hand-held and panned shots by 15 to 100.
MOTION = Classes("motion", (5, 20), "% of width per second")
# Below 24 no landmark is worth much; from 96 on there are pores.
FACE_SIZE = Classes("face size", (24, 48, 96), "samples between the eyes")
# Video of today measures 0.2 to 0.5, five old films 0.3 to 1.2; fine grain put on 0.9 to 1.0,
# coarse grain or fur 1.6 to 2.1.
GRAIN = Classes("grain level", (0.5, 1.25), "% of full range")
FRAME_RATE = Classes("frame rate", (20, 26, 35), "frames per second")
RESOLUTION = Classes("resolution", (577, 1081, 2161), "lines")

NUMBERS = (
    RELATIVE_LUMINANCE, SCENE_LUMINANCE, MOTION, FACE_SIZE, GRAIN, FRAME_RATE, RESOLUTION,
)  # fmt: skip
