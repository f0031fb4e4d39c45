"""Tags that an archivist supplies, as strata of their own (see `tasks.strata.tag_file`).

What a tag says is the archivist's knowledge and responsibility; it is never guessed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.strata.classes import TAG, UNCERTAIN


@dataclass(frozen=True)
class Place:
    """Where a shot is, to find its tags.

    Attributes:
        reel_id: of `catalogs.records.CatalogReel`.
        identifier: the archive's own, of the item.
        shot: number in the shot list, from 1.
        start_frame: first frame in the reel.
        stop_frame: first frame after it.
    """

    reel_id: str
    identifier: str
    shot: int
    start_frame: int
    stop_frame: int


@dataclass(frozen=True)
class Tag:
    """One row of the side file."""

    line: int
    reel_id: str
    identifier: str
    shot: int | None
    frames: tuple[int, int] | None
    name: str
    value: str

    @property
    def target(self) -> tuple[object, ...]:
        """What it is on; two values of one tag on one target contradict each other."""
        return self.reel_id, self.identifier, self.shot, self.frames, self.name

    @property
    def precision(self) -> int:
        """A tag of a shot counts before one of a reel, and that before one of an item."""
        return 2 * (self.shot is not None or self.frames is not None) + bool(self.reel_id)

    def is_on(self, place: Place) -> bool:
        """Whether it is on a shot; frames must hold more than half of it."""
        if self.reel_id and self.reel_id != place.reel_id:
            return False
        if self.identifier and self.identifier != place.identifier:
            return False
        if self.shot is not None and self.shot != place.shot:
            return False
        if self.frames is None:
            return True
        held = min(self.frames[1], place.stop_frame) - max(self.frames[0], place.start_frame)
        return 2 * held > place.stop_frame - place.start_frame


@dataclass(frozen=True)
class TagFile:
    """The rows that can be used, and what is wrong with the others."""

    tags: tuple[Tag, ...]
    problems: tuple[str, ...]

    def strata(self, place: Place) -> dict[str, str]:
        """The tags of a shot by their stratum's name, `tag: genre`.

        Of several the most precise counts; of equally precise ones that differ, "uncertain".
        """
        found: dict[str, list[Tag]] = {}
        for tag in self.tags:
            if tag.is_on(place):
                found.setdefault(TAG + tag.name, []).append(tag)
        return {name: _strongest(tags) for name, tags in sorted(found.items())}


def _strongest(tags: Sequence[Tag]) -> str:
    ordered = sorted(tags, key=lambda tag: -tag.precision)
    values = {tag.value for tag in ordered if tag.precision == ordered[0].precision}
    return values.pop() if len(values) == 1 else UNCERTAIN
