"""COST: what restoring and measuring cost, by stage and by metric.

    seconds a frame          processor seconds / frames
    per film minute          seconds a frame x frames a second x 60

Unit: core-seconds, lower is cheaper. No picture is looked at. Source: own. Blind to: waiting,
start-up of workers, disks; seconds that are not processor seconds overstate a stage that waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Cost:
    """What one stage or metric cost.

    Attributes:
        name: of the stage or metric; "total" for all.
        seconds: core-seconds altogether.
        frame_seconds: core-seconds a frame.
        film_minute_seconds: core-seconds a minute of film.
    """

    name: str
    seconds: float
    frame_seconds: float
    film_minute_seconds: float

    def hours_for(self, frames: int, cores: int = 1) -> float:
        """Hours for so many frames on so many cores, none of them idle."""
        return self.frame_seconds * frames / cores / 3600


def costs_of(seconds: Mapping[str, float], frames: int, rate: Fraction) -> tuple[Cost, ...]:
    """The costs of a reel or a batch, the dearest first, and their total at the end.

    Args:
        seconds: core-seconds by stage or metric.
        frames: how many frames they were spent on.
        rate: frames a second.

    Raises:
        ValueError: there is no frame, or a rate or cost below 0.
    """
    if frames < 1 or rate <= 0:
        raise ValueError(f"{frames} frames at {rate} a second cost nothing")
    if any(spent < 0 for spent in seconds.values()):
        raise ValueError("a cost is below 0")
    named = sorted(seconds.items(), key=lambda item: -item[1])
    named.append(("total", sum(seconds.values())))
    minute = float(rate) * 60
    return tuple(
        Cost(name, spent, spent / frames, spent / frames * minute) for name, spent in named
    )
