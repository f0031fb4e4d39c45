"""What a person can ask of nights, and who asked for it; kept by `catalogs.controls`."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Asked:
    """Who asked for something, when (local time, ISO 8601) and why."""

    person: str
    since: str
    why: str = ""

    @staticmethod
    def now(person: str, why: str) -> "Asked":
        """Asked at this moment."""
        return Asked(person, datetime.now().astimezone().isoformat(timespec="seconds"), why)

    def __str__(self) -> str:
        return f"since {self.since}, by {self.person}" + (f": {self.why}" if self.why else "")


@dataclass(frozen=True)
class Drain:
    """That the night `batch_id` is to end."""

    batch_id: str
    asked: Asked


@dataclass(frozen=True)
class Storage:
    """A storage under maintenance: a folder, and everything below it.

    Attributes:
        path: as it was named, absolute.
        real: the same with its symlinks resolved.
    """

    path: str
    real: str
    asked: Asked

    def holds(self, *paths: Path) -> bool:
        """Whether one of the paths lies in it; only names are compared, no disk is asked."""
        return any(path.is_relative_to(own) for path in paths for own in (self.path, self.real))

    def __str__(self) -> str:
        return f"storage {self.path} is under maintenance {self.asked}"


@dataclass(frozen=True)
class First:
    """Reels, by reel_id or identifier, that come before others, in this order."""

    reels: tuple[str, ...]
    asked: Asked
