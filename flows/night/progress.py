"""What is shown while the night runs, and the log of each reel in plain language.

On a terminal one line a reel, with shots done, frames per second and time left; elsewhere
one plain line whenever something happened.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from catalogs.errors import StoreError
from catalogs.store import Store
from flows.streams import say

Record = Callable[[str], None]


@dataclass
class ReelProgress:
    """How far one reel is."""

    shots: int = 0
    shots_done: int = 0
    frames: int = 0
    frames_done: int = 0
    started: float = field(default_factory=time.monotonic)
    frames_found: int = 0  # finished on an earlier night

    @property
    def frames_per_second(self) -> float:
        """Frames restored per second of this night."""
        spent = time.monotonic() - self.started
        return (self.frames_done - self.frames_found) / spent if spent > 0 else 0.0

    def describe(self) -> str:
        """Shots done, speed and time left."""
        text = f"{self.shots_done}/{self.shots} shots"
        speed = self.frames_per_second
        if speed > 0 and self.frames_done < self.frames:
            left = (self.frames - self.frames_done) / speed
            text += f", {speed:.1f} frames/s, {_duration(left)} left"
        return text


class NightProgress:
    """Shows reels as they go on and writes their logs.

    Logs are a view of what the ledger has: where one cannot be written, the night goes on.

    Args:
        store: where the logs lie.
        bars: of the terminal, where there is one.
        record: told once of a log that cannot be written.
    """

    def __init__(
        self, store: Store, bars: Progress | None, record: Record = lambda _: None
    ) -> None:
        self._store = store
        self._bars = bars
        self._record = record
        self._unwritten = False  # and that was recorded
        self._reels: dict[str, ReelProgress] = {}
        self._rows: dict[str, TaskID] = {}

    def say(self, reel_id: str, message: str) -> None:
        """Write one line to the reel's log and show it."""
        log = self._store.log_file(reel_id)
        try:
            _add_line(log, message)
        except OSError as error:
            self._say_unwritten(log, error)
        self._show(reel_id, message)

    def tell(self, message: str) -> None:
        """Show what concerns the whole night."""
        if self._bars is None:
            say(message)
        else:
            with suppress(OSError, ValueError):  # the terminal is gone
                self._bars.console.print(message)

    def begin(self, reel_id: str, shots: int, frames: int, done: int, frames_done: int) -> None:
        """A reel's shots are known."""
        self._reels[reel_id] = ReelProgress(
            shots, done, frames, frames_done, frames_found=frames_done
        )
        known = f", {done} finished on an earlier night" if done else ""
        self.say(reel_id, f"{frames} frames in {shots} shots{known}")

    def shot_done(self, reel_id: str, frames: int) -> None:
        """One more shot of a reel is recorded."""
        reel = self._reels[reel_id]
        reel.shots_done += 1
        reel.frames_done += frames
        self._show(reel_id, reel.describe())

    def _say_unwritten(self, log: Path, error: OSError) -> None:
        """Record that a log cannot be written; a full disk may take that at a later line only."""
        if self._unwritten:
            return
        why = (
            f"{log} cannot be written: {error.strerror}; logs of reels may lack lines of this "
            "night, the ledger has what they would say. Free or fix it"
        )
        self.tell(why)
        with suppress(StoreError):
            self._record(why)
            self._unwritten = True

    def _show(self, reel_id: str, message: str) -> None:
        if self._bars is None:
            self.tell(f"{reel_id}: {message}")
            return
        if reel_id not in self._rows:
            self._rows[reel_id] = self._bars.add_task(reel_id, total=1, message="")
        reel = self._reels.get(reel_id, ReelProgress())
        self._bars.update(
            self._rows[reel_id],
            total=max(reel.frames, 1),
            completed=reel.frames_done,
            message=message,
        )


def _add_line(log: Path, message: str) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S%z")
    with log.open("a", encoding="utf-8") as stream:
        stream.write(f"{stamp} {message}\n")


@contextmanager
def night_progress(store: Store, record: Record) -> Iterator[NightProgress]:
    """Progress on standard output for the length of a night; see `NightProgress`."""
    if not sys.stdout.isatty():
        yield NightProgress(store, None, record)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(20),
        TextColumn("{task.fields[message]}"),
    )
    with Progress(*columns, console=Console()) as bars:
        yield NightProgress(store, bars, record)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
