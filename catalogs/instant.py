"""The time of a new row: later than that of every row before it, whatever the clock says.

What holds of a thing is its newest row, so rows must be in the order in which they were written,
also where the clock was set back between two of them, or two machines' clocks differ. The file
`<store>/clock` holds the time of the newest row; where the clock is behind it, a row is recorded
right after it.
"""

import fcntl
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_STEP = timedelta(microseconds=1)
_NEVER = datetime.fromtimestamp(0, UTC)


def next_instant(tables: Path) -> datetime:
    """A time for rows that are written now.

    Args:
        tables: folder of the ledger.

    Raises:
        OSError: the store cannot be written.
    """
    clock = _clock(tables)
    clock.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(clock, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        before = _read(os.pread(descriptor, 64, 0)) or _newest_row(tables)
        now = max(datetime.now(UTC), before + _STEP)
        os.pwrite(descriptor, now.isoformat(timespec="microseconds").encode(), 0)
        return now
    finally:
        os.close(descriptor)


def clock_behind(tables: Path) -> timedelta:
    """By how much this machine's clock is behind the newest row; negative where it is not."""
    clock = _clock(tables)
    newest = _read(clock.read_bytes()) if clock.is_file() else None
    return (newest or _newest_row(tables)) - datetime.now(UTC)


def _clock(tables: Path) -> Path:
    return tables.with_name("clock")


def _read(said: bytes) -> datetime | None:
    """The time in the file; None where it was never written whole."""
    try:
        return datetime.fromisoformat(said.decode("ascii"))
    except ValueError:
        return None


def _newest_row(tables: Path) -> datetime:
    """Of all tables; a file that cannot be read is left to those who need its rows."""
    newest = _NEVER
    for file in tables.glob("*/*/*.parquet"):
        try:
            column = pq.read_table(file, columns=["recorded_at"], partitioning=None)["recorded_at"]
        except (pa.ArrowInvalid, OSError):
            continue
        newest = max(newest, pc.max(column).as_py() or newest)
    return newest
