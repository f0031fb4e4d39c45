"""What is shown while files are read for their hashes, and the end of it when time is up."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from catalogs.store import Store
from flows.fixity.due import Due


class TimeIsUp(Exception):
    """Ends a round from within a file."""


class Reading:
    """Counts bytes as they are read, shows them, and ends the round when its time is up."""

    def __init__(self, bar: Progress | None, deadline: float | None) -> None:
        self.bytes = 0
        self._bar = bar
        self._deadline = deadline
        self._task = bar.add_task("", total=None, place="") if bar else None

    def begin(self, store: Store, due: Due, place: str) -> None:
        """A reel is taken up."""
        self._stop_in_time()
        if self._bar is not None and self._task is not None:
            total = _bytes_ahead(store, due)
            self._bar.reset(self._task, description=due.reel.reel_id, total=total, place=place)

    def on_bytes(self, count: int) -> None:
        """A block was read."""
        self.bytes += count
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, count)
        self._stop_in_time()

    def _stop_in_time(self) -> None:
        if self._deadline is not None and time.monotonic() >= self._deadline:
            raise TimeIsUp


@contextmanager
def reading_progress(at_most_hours: float | None) -> Iterator[Reading]:
    """Progress on a terminal for the length of a round."""
    deadline = None if at_most_hours is None else time.monotonic() + at_most_hours * 3600
    if not sys.stdout.isatty():
        yield Reading(None, deadline)
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(20), DownloadColumn(), TransferSpeedColumn(),
        TextColumn("{task.fields[place]}"),
    )  # fmt: skip
    with Progress(*columns, console=Console()) as bar:
        yield Reading(bar, deadline)


def _bytes_ahead(store: Store, due: Due) -> int:
    """About what will be read of a reel, for a bar."""
    folders = [*due.derivatives, *([store.shot_folder(due.reel.reel_id)] if due.shots else [])]
    sizes = [
        path.stat().st_size
        for folder in folders
        if folder.is_dir()
        for path in folder.iterdir()
        if path.is_file()
    ]
    return sum(sizes) + (due.reel.content.size_bytes if due.source else 0)
