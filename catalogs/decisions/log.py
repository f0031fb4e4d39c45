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
from itertools import count
from pathlib import Path
from threading import RLock

from catalogs.decisions.chain import read_line, written
from catalogs.decisions.decision import Decision, Draft
from catalogs.decisions.followed import Followed, read_bytes
from catalogs.decisions.rules import check_allowed
from catalogs.durable import sync_folder
from catalogs.errors import DecisionError, StoreError

LOG = "log.jsonl"


class DecisionLog:
    """The log below one folder; may be used by several threads.

    What was read is kept, and any change to it is found, see `catalogs.decisions.followed`.

    Args:
        folder: `<store>/decisions`; made when something is first decided.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / LOG
        self._known = Followed(self.path)
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
                    self._known.update(stream.fileno())
            except FileNotFoundError as error:
                self._known.check_never_was(error)
                return ()
            except OSError as error:
                raise StoreError(f"cannot read {self.path}: {error.strerror}; fix it") from error
            return self._known.snapshot

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
            self._known.update(descriptor)
            self._cut_torn(descriptor)
            check_allowed(draft, self._known.decisions)
            decision = Decision(
                **asdict(draft),
                sequence=len(self._known.decisions) + 1,
                decided_at=datetime.now(UTC).isoformat(timespec="seconds"),
                before=self._known.last,
            )
            line = written(decision)
            self._write(descriptor, line)
            decision = read_line(line[:-1], decision.sequence, decision.before)
            self._known.keep([decision], line, os.fstat(descriptor))
            return decision

    @contextmanager
    def _held(self) -> Iterator[int]:
        """The log, opened for this writer alone; its name is on the disk."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            made = 0 if self._known.decisions else os.O_CREAT  # a lost one is not begun anew
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | made, 0o644)
        except OSError as error:
            if isinstance(error, FileNotFoundError):
                self._known.check_never_was(error)
            raise StoreError(f"cannot write {self.path}: {error.strerror}; fix it") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not os.fstat(descriptor).st_size:
                sync_folder(self.folder)
                sync_folder(self.folder.parent)
            yield descriptor
        finally:
            os.close(descriptor)

    def _cut_torn(self, descriptor: int) -> None:
        """Move what follows the last whole line into a file beside the log."""
        rest = read_bytes(descriptor, self._known.size, os.fstat(descriptor).st_size)
        if not rest:
            return
        try:
            with self._free_name().open("xb") as beside:
                beside.write(rest)
                beside.flush()
                os.fsync(beside.fileno())
            sync_folder(self.folder)
            os.ftruncate(descriptor, self._known.size)
            os.fsync(descriptor)
        except OSError as error:
            raise StoreError(f"cannot mend {self.path}: {error.strerror}; fix it") from error

    def _free_name(self) -> Path:
        before = len(self._known.decisions)
        names = (self.folder / f"torn-{before:06d}-{n}.txt" for n in count(1))
        return next(path for path in names if not path.exists())

    def _write(self, descriptor: int, line: bytes) -> None:
        """Write and flush a line; one that could not be written wholly is taken back."""
        try:
            left = memoryview(line)
            while left:
                left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
        except OSError as error:
            os.ftruncate(descriptor, self._known.size)
            raise StoreError(
                f"cannot write {self.path}: {error.strerror}; nothing was decided; free or fix it"
            ) from error
