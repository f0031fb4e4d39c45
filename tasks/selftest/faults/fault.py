"""What a fault is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from tasks.selftest.scene import Pictures, Scene

Needs = Literal["face", "speech", "blink", "colour", "motion", "dirt"]
Inject = Callable[[Scene, Pictures, float, np.random.Generator], Pictures]


@dataclass(frozen=True)
class Fault:
    """One fault at three severities.

    Attributes:
        name: in the suite's table.
        metric: identifier of the metric that has to see it.
        unit: of the strengths.
        strengths: below visibility, mild, strong.
        inject: (scene, harmless output, strength, chance) to the faulty output; never changes
            its input.
        needs: what a scene must have for the fault to exist in it.
        allowed: identifiers of other metrics that may be flagged by it.
    """

    name: str
    metric: str
    unit: str
    strengths: tuple[float, float, float]
    inject: Inject
    needs: frozenset[Needs] = frozenset()
    allowed: frozenset[str] = field(default_factory=frozenset)


def mixed(first: Pictures, second: npt.ArrayLike, mask: npt.ArrayLike) -> Pictures:
    """`second` where the mask `[H, W]` or `[T, H, W]` is 1, `first` where it is 0."""
    cover = np.asarray(mask, np.float32)[..., None]
    return np.asarray(first + (np.asarray(second, np.float32) - first) * cover, np.float32)
