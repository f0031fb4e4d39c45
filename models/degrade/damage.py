"""What every kind of simulated damage promises, and how several are applied in turn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar
from zlib import crc32

import torch
from torch import Tensor

from models.contract import Frame

REFERENCE_LINES = 480  # sizes are given in samples of a picture of so many lines


class Damage(ABC):
    """One kind of damage; a frozen dataclass whose fields are its parameters.

    Attributes:
        name: the key of its masks.
    """

    name: ClassVar[str]

    @abstractmethod
    def applied(self, frames: Iterator[Frame]) -> Iterator[tuple[Frame, Tensor]]:
        """Yield per frame the damaged frame and its mask, bool `[H, W]` on the luma grid.

        The mask lies on the frame's device.

        Samples outside the mask (for subsampled chroma: whose whole footprint is outside)
        are the source's.
        """


def damaged(
    frames: Iterable[Frame], damages: Sequence[Damage]
) -> Iterator[tuple[Frame, dict[str, Tensor]]]:
    """Apply kinds of damage one after the other, each to the result of the one before.

    Yields:
        (damaged frame, masks by the damage's name).
    """
    stream = iter(frames)
    noted: dict[str, deque[Tensor]] = {damage.name: deque() for damage in damages}
    for damage in damages:
        stream = _noting(damage.applied(stream), noted[damage.name])
    for frame in stream:
        yield frame, {name: masks.popleft() for name, masks in noted.items()}


def _noting(results: Iterator[tuple[Frame, Tensor]], masks: deque[Tensor]) -> Iterator[Frame]:
    for frame, mask in results:
        masks.append(mask)
        yield frame


def chance(seed: int, index: int, salt: str = "") -> torch.Generator:
    """The source of chance for one frame: depends on the seed, the frame index and the salt only.

    Kinds of damage with a salt of their own do not correlate when they share a seed. Chance
    that belongs to the whole shot takes index 0.
    """
    generator = torch.Generator(device="cpu")
    number = crc32(f"{salt}:{seed}:{index}".encode()) if salt else seed * 1_000_003 + index
    generator.manual_seed(number % 2**63)
    return generator


def require(name: str, value: float, least: float, most: float, unit: str = "") -> None:
    """Check one parameter of a damage.

    Raises:
        ValueError: the value is outside `least..most`, or not a number.
    """
    if not least <= value <= most:
        raise ValueError(f"{name} {value} is outside {least:g}..{most:g}{unit and ' ' + unit}")
