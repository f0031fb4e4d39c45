"""What is said on standard error while work goes on."""

import sys
from contextlib import suppress


def say_aside(message: str) -> None:
    """Write a line; a stream that is closed or full keeps nobody from the work."""
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{message}\n")
        sys.stderr.flush()
