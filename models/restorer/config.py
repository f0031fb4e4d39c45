"""How large a restorer is, and what it can be asked to do."""

from __future__ import annotations

from dataclasses import dataclass

TASKS = ("denoise", "dirt", "scratch", "inpaint", "flicker")
MASKED = ("dirt", "scratch", "inpaint")  # tasks that change only what a mask covers
PLACES = 4  # neighbours in place that the network sees: two on either side
LEVELS = 8  # neighbours whose brightness it sees: four on either side
MULTIPLE = 8  # sides of what the network sees are multiples of this


def tasks_of(asked: str) -> tuple[str, ...]:
    """The tasks that a text names, by comma, in the order of `TASKS`; all where it is empty.

    Raises:
        ValueError: it names one that is not known.
    """
    named = {name.strip() for name in asked.split(",")} - {""}
    if unknown := sorted(named - set(TASKS)):
        raise ValueError(f"no task is named {', '.join(unknown)}; there are {', '.join(TASKS)}")
    return tuple(task for task in TASKS if task in named or not named)


@dataclass(frozen=True)
class RestorerConfig:
    """The sizes of a restorer.

    Attributes:
        widths: channels at 1/2, 1/4 and 1/8 of the picture's size, multiples of 8.
        state: channels of the recurrent state, at 1/8.
        blocks: residual blocks at 1/2 and at 1/8, each.
    """

    widths: tuple[int, int, int] = (32, 80, 144)
    state: int = 64
    blocks: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(self.widths))
        if len(self.widths) != 3 or any(w < 8 or w % 8 for w in self.widths):
            raise ValueError(f"widths {self.widths} are not three multiples of 8")
        if not 8 <= self.state <= 1024:
            raise ValueError(f"state {self.state} is outside 8..1024 channels")
        if not 1 <= self.blocks <= 16:
            raise ValueError(f"blocks {self.blocks} is outside 1..16")


SMALL = RestorerConfig()  # 1.4 M parameters: trained and run on two cores
LARGE = RestorerConfig(widths=(48, 112, 176), state=96, blocks=3)  # 3.7 M: for a GPU

SIZES = {"small": SMALL, "large": LARGE}
