"""The time limit of a piece of work, and what is known of a process that ended in its midst.

Every process at work keeps a log of its own, `STORE/logs/worker-<host>-<id>.log`, and removes it
when the work is done or failed. A process that was ended leaves it: with the stack of Python where
the time was up or a library crashed, with nothing but its first line where it was killed.
"""

import faulthandler
import os
import re
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from catalogs.store import Store

_TIME_UP = re.compile(r"^Timeout \((.+)\)!$", re.MULTILINE)
_CRASH = re.compile(r"^Fatal Python error: (.+)$", re.MULTILINE)


@contextmanager
def hard_limit(seconds: float, store: Store, work: str = "") -> Iterator[Callable[[], None]]:
    """End this process, whatever it is doing, when the time is up.

    Prefect's and Dask's time limits do not interrupt work in C or in a subprocess. What is
    yielded begins the time anew.

    Args:
        seconds: the time.
        store: whose logs tell of the end.
        work: what the work is called when its end is asked for, see `last_words`.
    """
    log = store.root / "logs" / f"worker-{socket.gethostname()}-{uuid.uuid4().hex}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with log.open("a", encoding="utf-8") as stream, _crashes_told(stream):
            stream.write(f"{work}, process {os.getpid()} on {socket.gethostname()}\n")
            stream.flush()

            def begin() -> None:
                faulthandler.dump_traceback_later(seconds, exit=True, file=stream)

            begin()
            try:
                yield begin
            finally:
                faulthandler.cancel_dump_traceback_later()
    finally:
        log.unlink(missing_ok=True)


@contextmanager
def _crashes_told(stream: IO[str]) -> Iterator[None]:
    """Let a crash in C leave its stack, unless it is told elsewhere already."""
    if faulthandler.is_enabled():
        yield
        return
    faulthandler.enable(stream)
    try:
        yield
    finally:
        faulthandler.disable()


def last_words(store: Store, work: str) -> str:
    """How the process that was last at a piece of work ended, as far as it left word; or ""."""
    logs = (store.root / "logs").glob("worker-*.log")
    told = [log for log in logs if _text(log).startswith(f"{work}, process ")]
    if not told:
        return ""
    newest = max(told, key=_modified)
    said = _text(newest)
    if time_up := _TIME_UP.search(said):
        how = f"it gave no sign of life for its time limit, {time_up[1]}"
    elif crash := _CRASH.search(said):
        how = f"it crashed: {crash[1]}"
    else:
        how = "it was killed from outside without a word, as the system does for want of memory"
    return f"{how}; see {newest.relative_to(store.root)}"


def _text(log: Path) -> str:
    try:
        return log.read_text(encoding="utf-8", errors="replace")
    except OSError:  # its work was done meanwhile
        return ""


def _modified(log: Path) -> int:
    try:
        return log.stat().st_mtime_ns
    except OSError:
        return 0
