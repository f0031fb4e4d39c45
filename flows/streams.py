"""What is said while work goes on, and at its end: a stream that nobody reads keeps nobody from it.

Where standard output or standard error is closed, or goes to a full disk, the ledger and the report
have what it would say.
"""

import os
import sys
from contextlib import suppress
from typing import TextIO


def say(message: str) -> None:
    """Write a line to standard output."""
    _write(sys.stdout, message)


def say_aside(message: str) -> None:
    """Write a line to standard error."""
    _write(sys.stderr, message)


def _write(stream: TextIO, message: str) -> None:
    try:
        stream.write(f"{message}\n")
        stream.flush()
    except (OSError, ValueError):
        _give_up(stream)


def _give_up(stream: TextIO) -> None:
    """Let go of what it holds, or Python would fail with it at the very end."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
