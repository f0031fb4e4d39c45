"""What is shown while shots are read for their strata.

On a terminal a bar over the shots; elsewhere one plain line whenever a shot is read.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn


class StrataProgress:
    """Counts shots and frames and shows them."""

    def __init__(self, shots: int, bar: Progress | None) -> None:
        self._shots, self._done, self._frames = shots, 0, 0
        self._started = time.monotonic()
        self._bar = bar
        self._task = bar.add_task("", total=shots, message="") if bar else None

    def done(self, shot_id: str, frames: int, reason: str) -> None:
        """A shot was read, or failed for a reason."""
        self._done += 1
        self._frames += frames
        place = f"{self._done}/{self._shots} shots"
        speed = self._frames / max(time.monotonic() - self._started, 1e-3)
        message = f"{shot_id} {'failed: ' + reason if reason else 'read'}, {speed:.1f} frames/s"
        if self._bar is None or self._task is None:
            self.say(f"{place}: {message}")
            return
        if reason:
            self.say(f"{place}: {message}")
        self._bar.update(self._task, completed=self._done, description=place, message=message)

    def say(self, message: str) -> None:
        """Print a line; above the bar, where there is one."""
        if self._bar is None:
            print(message, flush=True)
        else:
            self._bar.console.print(message, markup=False)


@contextmanager
def strata_progress(shots: int) -> Iterator[StrataProgress]:
    """Progress on standard output for the length of a run."""
    if not sys.stdout.isatty() or not shots:
        yield StrataProgress(shots, None)
        return
    columns = (TextColumn("{task.description}"), BarColumn(20), TextColumn("{task.fields[message]}",
               markup=False))  # fmt: skip
    with Progress(*columns, console=Console()) as bar:
        yield StrataProgress(shots, bar)
