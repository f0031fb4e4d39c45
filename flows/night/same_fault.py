"""Whether one fault after another is the same: then it is of the machine, not of the shots.

The rule: shots that fail in a row, none restored between them, with errors of one type and one
wording, numbers and paths apart. Where they are of two reels or more, the fault is systematic.
Where they are all of one reel, its other shots are put off until a shot of another reel was tried:
one that is restored shows that the fault was the reel's own.
"""

import re

SAME_FAULT = 5  # shots in a row
EVENT = "systematic fault"

_PLACES = re.compile(r"(?:[\w.-]*/)+[\w.-]*|0x[0-9a-f]+|\b[0-9a-f]*[0-9][0-9a-f]*\b", re.IGNORECASE)


class SameFault:
    """Counts shots that fail in a row.

    Args:
        limit: so many make a fault systematic; 0 for never.
    """

    def __init__(self, limit: int = SAME_FAULT) -> None:
        self._limit = limit
        self._wording = ""
        self._shots: dict[str, str] = {}  # reels of the shots that failed
        self._own: set[str] = set()  # reels whose fault is their own

    def failed(self, reel_id: str, shot_id: str, fault: str) -> None:
        """A shot failed."""
        if reel_id in self._own:
            return
        wording = shape(fault)
        if wording != self._wording:
            self._shots.clear()
        self._wording = wording
        self._shots[shot_id] = reel_id

    def restored(self) -> None:
        """A shot was restored."""
        if self.is_long:
            self._own |= self.reels
        self._shots.clear()

    @property
    def reels(self) -> set[str]:
        """Whose shots failed in a row."""
        return set(self._shots.values())

    @property
    def is_long(self) -> bool:
        """Whether so many failed in a row that a reason is to be looked for."""
        return 0 < self._limit <= len(self._shots)

    def told(self, fault: str) -> str:
        """The fault, for people."""
        return (
            f"{len(self._shots)} shots in a row ({', '.join(sorted(self.reels))}) failed of one "
            f"fault: {_first_line(fault)}; the night was stopped, and shots that were not decided "
            "stay undone. Put it right and run it again; where the shots are to keep their "
            "originals, run it with --same-fault 0"
        )


def shape(fault: str) -> str:
    """The wording of a fault without what differs from shot to shot: numbers, paths, addresses."""
    return _PLACES.sub("#", _first_line(fault))


def _first_line(fault: str) -> str:
    return fault.partition("\n")[0].partition("; see ")[0]
