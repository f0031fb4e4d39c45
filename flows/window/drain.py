"""When a night is to stop: when a signal asks it to, and at which time of the clock."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, time, timedelta
from typing import Any

import typer


@contextmanager
def drained_by_signals() -> Iterator[Callable[[], bool]]:
    """A question to ask before beginning anything new: is it time to stop?

    SIGTERM or one Ctrl-C lets running work finish; a second Ctrl-C ends at once.
    """
    stop = threading.Event()

    def on_signal(_number: int, _frame: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        with suppress(OSError):  # past `sys.stderr`, in the midst of whose writing this may run
            os.write(2, b"Stopping: what runs is finished first. Once more ends it at once.\n")

    in_main = threading.current_thread() is threading.main_thread()
    before = {s: signal.signal(s, on_signal) for s in (signal.SIGTERM, signal.SIGINT) if in_main}
    try:
        yield stop.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def check_clock(until: str) -> None:
    """Refuse what is no time of day, as a command line does."""
    try:
        read_clock(until)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--until") from error


def read_clock(until: str) -> time:
    """A time of day.

    Raises:
        ValueError: it is none.
    """
    try:
        return datetime.strptime(until, "%H:%M").time()
    except ValueError as error:
        raise ValueError(f"{until!r} is not HH:MM") from error


def next_time(until: str | None) -> datetime | None:
    """The next time the clock shows `until`."""
    if until is None:
        return None
    now, clock = present(), read_clock(until)
    days = (now.date() + timedelta(days=n) for n in range(2))
    shown = (datetime.combine(day, clock.replace(fold=fold)) for day in days for fold in (0, 1))
    return next(one for one in shown if one.timestamp() > now.timestamp())


def present() -> datetime:
    """This moment, in local time."""
    return datetime.now().astimezone()
