"""What can be done to a worker process in the midst of its work; each is a fault of the wild."""

import ctypes
import os
import re
import resource
import signal
import time
from pathlib import Path

SPARE_BYTES = 64 << 20


def nothing() -> None:
    """Work as usual."""


def wait(file: str) -> None:
    """Work on when a file appears."""
    deadline = time.monotonic() + 600
    while not Path(file).exists() and time.monotonic() < deadline:
        time.sleep(0.01)


def die() -> None:
    """End as by the kernel's or a person's `kill -9`."""
    os.kill(os.getpid(), signal.SIGKILL)


def segfault() -> None:
    """Read where there is no memory, as a faulty library does."""
    ctypes.string_at(0)


def exhaust_memory() -> None:
    """Allocate until there is no more, within a limit that spares the machine."""
    limits = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    spare = pages * resource.getpagesize() + SPARE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (spare, limits[1]))
    held = []
    try:
        while True:
            held.append(bytearray(1 << 20))
    finally:
        held.clear()
        resource.setrlimit(resource.RLIMIT_AS, limits)


def lose_gpu() -> None:
    """What every shot meets when the GPU fell off the bus."""
    raise RuntimeError(f"CUDA error: device lost at {id(object()):#x}")


def hang() -> None:
    """Compute for ever in C and never let go of the interpreter."""
    re.match(r"(a+)+$", "a" * 64 + "b")


def change(path: str) -> None:
    """Overwrite a piece in the midst of a file."""
    file = Path(path)
    size = file.stat().st_size
    with file.open("r+b") as stream:
        stream.seek(size // 3)
        stream.write(bytes(size // 3))


def remove(path: str) -> None:
    """Take a file away."""
    Path(path).unlink()


def move_clock(file: str, seconds: float) -> None:
    """Let the clock jump."""
    Path(file).write_text(str(seconds))


def fill(path: str) -> None:
    """Somebody else takes all the room of a disk."""
    with Path(path).open("wb", buffering=0) as stream:
        while True:
            try:
                stream.write(bytes(1 << 12))
            except OSError:
                break
