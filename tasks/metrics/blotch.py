"""Blotches on one frame that its two neighbours do not show, and how plain each one is.

A blotch is a connected area that lies beyond everything near it in both neighbours, drawn in
place along the motion (ROD: Nadenau and Mitra, 1997; Kokaram, "Motion Picture Restoration",
1998). Edges and texture that the flow places a little wrong stay within what is near, so they
are no blotches. Which blotches are dirt is asked by `tasks.metrics.certain`.

Pictures are uint8 `[H, W]`; contrasts are shares of full range, areas samples at 480 lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]
Signed = npt.NDArray[np.float32]
Flow = npt.NDArray[np.float32]
Box = tuple[slice, slice]

CONTRAST = 0.05  # share of full range by which a blotch leaves what is near
NOISE = 4.0  # and at least so many deviations of the noise
NEAR = 7  # side of what is near, samples at 480 lines
SMALLEST = 4.0  # samples at 480 lines
LARGEST = 3000.0
MOST = 0.05  # share of the picture; more is a cut, a flash or motion that is not followed
COUNTED = 80  # blotches of a frame that are looked at, the plainest ones
RING = 4  # width of the surroundings, samples at 480 lines
RICCO = 25.0  # samples at 480 lines; up to here light is summed over the area, then over its root


@dataclass(frozen=True)
class Views:
    """A frame and its two neighbours drawn in place, uint8 `[H, W]`."""

    here: Grey
    before: Grey
    after: Grey

    @property
    def unit(self) -> float:
        """Samples per sample at 480 lines."""
        return int(self.here.shape[0]) / 480

    @cached_property
    def noise(self) -> float:
        """Deviation of the noise of one picture, share of full range, at least 1/1000."""
        apart = cv2.absdiff(self.before[::3, ::3], self.after[::3, ::3])
        return max(float(np.median(apart)) / 255 * 1.4826 / 2**0.5, 1e-3)

    @cached_property
    def beyond(self) -> tuple[Grey, Grey]:
        """Where the frame is darker, and brighter, than all that is near in both neighbours."""
        side = 2 * round(NEAR * self.unit / 2) + 1
        kernel = np.ones((side, side), np.uint8)
        least = round(255 * max(CONTRAST, NOISE * self.noise))
        low = cv2.erode(np.minimum(self.before, self.after), kernel)
        high = cv2.dilate(np.maximum(self.before, self.after), kernel)
        dark, bright = cv2.subtract(low, self.here), cv2.subtract(self.here, high)
        return (dark >= least).view(np.uint8), (bright >= least).view(np.uint8)

    @property
    def is_followed(self) -> bool:
        """Whether the neighbours show most of the frame: no cut, no flash."""
        dark, bright = self.beyond
        return cv2.countNonZero(dark) + cv2.countNonZero(bright) <= MOST * dark.size

    def expected(self, box: Box) -> Signed:
        """What the neighbours say should be seen, shares of full range."""
        both = self.before[box].astype(np.float32) + self.after[box]
        return np.asarray(both / 510, np.float32)

    def excess(self, box: Box) -> Signed:
        """The frame less what is expected, signed share of full range."""
        return np.asarray(self.here[box].astype(np.float32) / 255 - self.expected(box), np.float32)


@dataclass(frozen=True)
class Blotch:
    """A blotch.

    Attributes:
        box: lines and samples around it, with its surroundings.
        inside: bool, in the box, its samples.
        ring: bool, in the box, its surroundings.
        contrast: mean excess less that of the surroundings, signed share of full range.
        area: samples at 480 lines.
    """

    box: Box
    inside: npt.NDArray[np.bool_]
    ring: npt.NDArray[np.bool_]
    contrast: float
    area: float

    @property
    def visibility(self) -> float:
        """Contrast times area, for large ones times its root (Ricco, Piper)."""
        area = self.area if self.area <= RICCO else (self.area * RICCO) ** 0.5
        return abs(self.contrast) * float(area)

    def contrast_on(self, views: Views) -> float:
        """How the same samples stand out on another picture, signed share of full range."""
        return _contrast(views.excess(self.box), self.inside, self.ring)

    def kept_on(self, views: Views) -> float:
        """What part of its contrast it has in another picture; 1 of what has none."""
        return self.contrast_on(views) / self.contrast if self.contrast else 1.0


def find(views: Views) -> list[Blotch]:
    """All blotches of a frame, certain or not, the plainest first."""
    unit = views.unit
    found: list[Blotch] = []
    for beyond in views.beyond:
        labels = np.asarray(cv2.connectedComponents(beyond, connectivity=8)[1], np.int32)
        places = np.flatnonzero(beyond.view(np.bool_))  # few beside all that are labelled
        owners = labels.ravel()[places]
        areas = np.bincount(owners) / unit**2
        fits = np.flatnonzero((areas >= SMALLEST) & (areas <= LARGEST))
        for name in sorted(fits.tolist(), key=lambda name: -areas[name])[:COUNTED]:
            found.append(_blotch(views, labels, name, places[owners == name]))
    return sorted(found, key=lambda blotch: -blotch.visibility)[:COUNTED]


def _blotch(
    views: Views, labels: npt.NDArray[np.int32], name: int, places: npt.NDArray[np.intp]
) -> Blotch:
    """The blotch of a name, whose samples are at some places of the flat picture."""
    unit = views.unit
    reach = max(2, round((RING + 1) * unit)) + 1
    rows, columns = (
        slice(max(0, int(own.min()) - reach), min(size, int(own.max()) + 1 + reach))
        for own, size in zip(np.divmod(places, labels.shape[1]), labels.shape, strict=True)
    )
    box = (rows, columns)
    inside = np.asarray(labels[box] == name)
    kernel = np.ones((3, 3), np.uint8)
    close = cv2.dilate(inside.astype(np.uint8), kernel, iterations=max(1, round(unit)))
    far = cv2.dilate(close, np.ones((2 * reach - 1, 2 * reach - 1), np.uint8))
    ring = (far > 0) & (close == 0)
    contrast = _contrast(views.excess(box), inside, ring)
    return Blotch(box, inside, ring, contrast, len(places) / unit**2)


def _contrast(excess: Signed, inside: npt.NDArray[np.bool_], ring: npt.NDArray[np.bool_]) -> float:
    around = float(np.median(excess[ring])) if ring.any() else 0.0
    return float(excess[inside].mean()) - around
