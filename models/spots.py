"""Where a frame spikes: connected samples of one sign, each as one spot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.labels import Floats, Labels, components, count_of


@dataclass(frozen=True)
class Spots:
    """Attributes: place: float64 `[N, 2]`, (x, y); area, spike: float64 `[N]`, spike signed."""

    place: Floats
    area: Floats
    spike: Floats

    def of(self, chosen: npt.NDArray[np.bool_]) -> Spots:
        """Some of the spots."""
        return Spots(self.place[chosen], self.area[chosen], self.spike[chosen])


def spots(spike: npt.NDArray[np.float32]) -> Spots:
    """The connected spikes of one sign, each as one spot; single samples are left out."""
    found = []
    for sign in (-1, 1):
        labels, count = components(sign * spike > 0)
        every = spots_of(labels, count, spike)
        found.append(every.of((every.area > 1) & (np.arange(count) > 0)))
    joined = zip(*((s.place, s.area, s.spike) for s in found), strict=True)
    return Spots(*(np.concatenate(part) for part in joined))


def spots_of(labels: Labels, count: int, spike: npt.NDArray[np.float32]) -> Spots:
    """Centre, area and mean spike of each label."""
    used = np.flatnonzero(labels > 0)  # a third of the time of `nonzero`
    rows, columns = np.divmod(used, labels.shape[1])
    names = labels.ravel()[used]
    area = count_of(names, count)
    size = np.maximum(area, 1)
    x, y = (np.bincount(names, weights=at, minlength=count) / size for at in (columns, rows))
    mean = np.bincount(names, weights=spike.ravel()[used], minlength=count) / size
    return Spots(np.stack([x, y], axis=1), area, mean)
