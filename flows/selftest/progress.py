"""What is shown while the injection suite runs.

On a terminal a bar over the clips with the outputs measured so far; elsewhere one plain line
whenever a clip is finished.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from tasks.selftest.run import Listener


class SuiteProgress:
    """Counts clips and outputs and shows them."""

    def __init__(self, bar: Progress | None) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=None, message="") if bar else None
        self._clips = self._done = self._outputs = 0
        self._started = time.monotonic()

    def listener(self) -> Listener:
        """Who tells it."""
        return Listener(self._begin, self._output, self._finished)

    def _begin(self, clips: Sequence[str], found: Sequence[str]) -> None:
        self._clips, self._done = len(clips), len(found)
        self._show(f"{len(clips)} clips, {len(found)} measured by an earlier run")

    def _output(self, clip: str) -> None:
        self._outputs += 1
        if self._bar is not None:
            spent = time.monotonic() - self._started
            self._show(f"{self._outputs} outputs, {spent / self._outputs:.1f} s each; now {clip}")

    def _finished(self, clip: str) -> None:
        self._done += 1
        self._show(f"{clip} measured, {self._outputs} outputs in all")

    def _show(self, message: str) -> None:
        place = f"{self._done}/{self._clips} clips"
        if self._bar is None or self._task is None:
            print(f"{place}: {message}", flush=True)
            return
        self._bar.update(
            self._task, total=max(self._clips, 1), completed=self._done, description=place,
            message=message,
        )  # fmt: skip


@contextmanager
def suite_progress() -> Iterator[SuiteProgress]:
    """Progress on standard output for the length of a run."""
    if not sys.stdout.isatty():
        yield SuiteProgress(None)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(20),
        TextColumn("{task.fields[message]}"),
    )
    with Progress(*columns, console=Console()) as bar:
        yield SuiteProgress(bar)
