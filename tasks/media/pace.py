"""Two readers of one file, kept together so that the disk is read once.

Hashing is faster than decoding. Left alone it would be through a large file, and what it
read gone from memory, before the decoder comes to it.
"""

import threading
from contextlib import suppress
from pathlib import Path

AHEAD_BYTES = 512 << 20  # what the system's page cache is trusted to keep
_LOOK_SECONDS = 0.05


class Abandoned(Exception):
    """The other reader gave up: there is no use in going on."""


class Pace:
    """Holds a reader back while it is far ahead of a decoder.

    Args:
        ahead_bytes: how far ahead it may be.

    Where the system does not tell how much a process has read (no `/proc`), nobody waits.
    """

    def __init__(self, ahead_bytes: int = AHEAD_BYTES) -> None:
        self._ahead = ahead_bytes
        self._process_id: int | None = None
        self._read = 0
        self._abandoned = threading.Event()

    def follow(self, process_id: int) -> None:
        """The decoder's process."""
        self._process_id = process_id

    def abandon(self) -> None:
        """The decoder gave up: whoever waits is let go."""
        self._abandoned.set()

    def keep(self, size: int) -> None:
        """The reader has read `size` more bytes; returns when it may read on.

        Raises:
            Abandoned: the decoder gave up.
        """
        self._read += size
        while not self._abandoned.is_set():
            seen = self._decoder_read()
            if seen is None or self._read - seen <= self._ahead:
                return
            self._abandoned.wait(_LOOK_SECONDS)
        raise Abandoned

    def _decoder_read(self) -> int | None:
        """Bytes that the decoder has asked for; None when it has ended or does not tell."""
        if self._process_id is None:
            return None
        with suppress(OSError, ValueError):
            lines = Path(f"/proc/{self._process_id}/io").read_text().splitlines()
            return int(lines[0].partition(":")[2])
        return None
