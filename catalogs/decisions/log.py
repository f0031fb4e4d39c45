"""The log of decisions: STORE/decisions/log.jsonl, one line each, only ever added to.

A decision is on the disk before `append` returns it. Writers of any number of processes take
turns (flock). A line that a crash left unfinished was never answered for: the next writer moves it
into a file of its own beside the log, `torn-<lines before it>-<n>.txt`, and `torn` names it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock

from catalogs.decisions.chain import FIRST, read_line, written
from catalogs.decisions.decision import Decision, Draft
from catalogs.decisions.rules import check_allowed
from catalogs.durable import sync_folder
from catalogs.errors import DecisionError, StoreError, VerificationError

LOG = "log.jsonl"
_REMEDY = "put the log back from a copy; nothing was computed from what follows"


class DecisionLog:
    """The log below one folder; may be used by several threads.

    What was read is kept, so that reading again reads only what was added. A change to what was
    read before is found by a new `DecisionLog`.

    Args:
        folder: `<store>/decisions`; made when something is first decided.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / LOG
        self._known: list[Decision] = []
        self._snapshot: tuple[Decision, ...] = ()
        self._offset = 0
        self._file: tuple[int, int] | None = None
        self._turn = RLock()

    @property
    def torn(self) -> tuple[Path, ...]:
        """What crashes left of lines that were never answered for, oldest first."""
        return tuple(sorted(self.folder.glob("torn-*.txt")))

    def read(self) -> tuple[Decision, ...]:
        """Every decision, oldest first; a line that is being written is not one yet.

        Raises:
            VerificationError: the chain does not hold; names the line and what is wrong.
            StoreError: it cannot be read.
        """
        with self._turn:
            try:
                with self.path.open("rb") as stream:
                    self._follow(stream.fileno())
            except FileNotFoundError as error:
                if self._known:
                    raise VerificationError(f"{self.path} is gone; {_REMEDY}") from error
                return ()
            except OSError as error:
                raise StoreError(f"cannot read {self.path}: {error.strerror}; fix it") from error
            if len(self._snapshot) != len(self._known):
                self._snapshot = tuple(self._known)
            return self._snapshot

    def append(self, draft: Draft, expected_output: str | None = None) -> Decision:
        """Take a decision: chained, and on the disk before this returns.

        Args:
            draft: what is decided.
            expected_output: SHA-256 of the output that stands now; not compared when None.

        Raises:
            DecisionError: the draft is of another output; or what was decided before does not
                allow it, for instance a lock. Nothing is written.
            VerificationError: the chain does not hold; nothing is added to it.
            StoreError: it cannot be written.
        """
        if expected_output is not None and draft.output_sha256 != expected_output:
            raise DecisionError(
                f"{draft.subject} was rendered anew since it was looked at; look at it again"
            )
        with self._turn, self._held() as descriptor:
            self._follow(descriptor)
            self._cut_torn(descriptor)
            check_allowed(draft, self._known)
            decision = Decision(
                **asdict(draft),
                sequence=len(self._known) + 1,
                decided_at=datetime.now(UTC).isoformat(timespec="seconds"),
                before=self._last,
            )
            line = written(decision)
            self._write(descriptor, line)
            decision = read_line(line[:-1], decision.sequence, self._last)
            self._known.append(decision)
            self._offset += len(line)
            return decision

    @property
    def _last(self) -> str:
        return self._known[-1].sha256 if self._known else FIRST

    @contextmanager
    def _held(self) -> Iterator[int]:
        """The log, opened for this writer alone; its name is on the disk."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as error:
            raise StoreError(f"cannot write {self.path}: {error.strerror}; fix it") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not os.fstat(descriptor).st_size:
                sync_folder(self.folder)
                sync_folder(self.folder.parent)
            yield descriptor
        finally:
            os.close(descriptor)

    def _follow(self, descriptor: int) -> None:
        """Read the whole lines that were added since."""
        status = os.fstat(descriptor)
        file = (status.st_dev, status.st_ino)
        if self._file not in (None, file):  # put back from a copy: read from the start
            self._known, self._offset, self._snapshot = [], 0, ()
        self._file = file
        if status.st_size < self._offset:
            raise VerificationError(f"{self.path} is shorter than it was; {_REMEDY}")
        data = _read(descriptor, self._offset, status.st_size)
        whole = data[: data.rfind(b"\n") + 1]
        try:
            for line in whole.split(b"\n")[:-1]:
                self._known.append(read_line(line, len(self._known) + 1, self._last))
                self._offset += len(line) + 1
        except VerificationError as error:
            raise VerificationError(f"{self.path}: {error}; {_REMEDY}") from error

    def _cut_torn(self, descriptor: int) -> None:
        """Move what follows the last whole line into a file beside the log."""
        rest = _read(descriptor, self._offset, os.fstat(descriptor).st_size)
        if not rest:
            return
        try:
            number = len(self.torn) + 1
            with (self.folder / f"torn-{len(self._known):06d}-{number}.txt").open("xb") as beside:
                beside.write(rest)
                beside.flush()
                os.fsync(beside.fileno())
            sync_folder(self.folder)
            os.ftruncate(descriptor, self._offset)
            os.fsync(descriptor)
        except OSError as error:
            raise StoreError(f"cannot mend {self.path}: {error.strerror}; fix it") from error

    def _write(self, descriptor: int, line: bytes) -> None:
        """Write and flush a line; one that could not be written wholly is taken back."""
        try:
            left = memoryview(line)
            while left:
                left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
        except OSError as error:
            os.ftruncate(descriptor, self._offset)
            raise StoreError(
                f"cannot write {self.path}: {error.strerror}; nothing was decided; free or fix it"
            ) from error


def _read(descriptor: int, start: int, stop: int) -> bytes:
    parts = []
    while start < stop and (part := os.pread(descriptor, stop - start, start)):
        parts.append(part)
        start += len(part)
    return b"".join(parts)
