"""Where time goes: seconds of named functions, each without those that it calls."""

import os
import threading
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

_TICK = 1 / os.sysconf("SC_CLK_TCK")


class Parts:
    """Wraps functions and adds up what each takes, in all threads.

    Args:
        clock: `time.perf_counter` for wall, `time.thread_time` for processor seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.seconds: dict[str, float] = {}
        self.calls: dict[str, int] = {}
        self._clock = clock
        self._inner = threading.local()
        self._lock = threading.Lock()

    def watch(self, owner: Any, name: str, part: str) -> None:
        """Count the function `name` of a module or class as (a share of) a part."""
        function = getattr(owner, name)

        @wraps(function)
        def watched(*arguments: Any, **named: Any) -> Any:
            outer, self._inner.seconds = getattr(self._inner, "seconds", 0.0), 0.0
            began = self._clock()
            try:
                return function(*arguments, **named)
            finally:
                whole = self._clock() - began
                with self._lock:
                    own = whole - self._inner.seconds
                    self.seconds[part] = self.seconds.get(part, 0.0) + own
                    self.calls[part] = self.calls.get(part, 0) + 1
                self._inner.seconds = outer + whole

        setattr(owner, name, watched)


def cpu_of_threads() -> dict[str, float]:
    """Processor seconds of this process so far, by kind of thread."""
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    found: dict[str, float] = {}
    for task in Path("/proc/self/task").iterdir():
        try:
            fields = (task / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # ended meanwhile
            continue
        kind = _kind(names.get(int(task.name), "other"))
        found[kind] = found.get(kind, 0.0) + (int(fields[11]) + int(fields[12])) * _TICK
    return found


def _kind(name: str) -> str:
    kinds = {
        "MainThread": "the loop (main thread)",
        "ThreadPoolExecutor": "Prefect tasks that watch",
        "IO": "Dask client and scheduler",
        "Dask": "Dask workers of this process",
        "Event": "Prefect events and its API client",
        "Global": "Prefect events and its API client",
        "Run": "Prefect events and its API client",
        "APILogWorker": "Prefect events and its API client",
        "EventsWorker": "Prefect events and its API client",
    }
    return next((kind for start, kind in kinds.items() if name.startswith(start)), "other")


def rss_megabytes(pid: int | None = None) -> float:
    """Memory of a process that is resident now."""
    text = Path(f"/proc/{pid or os.getpid()}/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024
