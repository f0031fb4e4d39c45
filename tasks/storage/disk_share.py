"""What copies of sources and a night's other work leave each other where they share a disk.

What others are about to write, and a reserve, stands in `<root>/needed`. The night that watches the
disk tells it again and again; who makes copies heeds it.
"""

import os
import time
from contextlib import suppress
from pathlib import Path

from catalogs.durable import write_whole
from catalogs.store_lock import is_locked

TOLD_SECONDS = 600.0  # what was not told again for so long is of a night that was killed


def tell_needed(root: Path, size_bytes: float) -> None:
    """Keep copies in this folder from taking so much of its disk."""
    root.mkdir(parents=True, exist_ok=True)
    write_whole(root / "needed", str(int(size_bytes)).encode())


def needed_bytes(root: Path) -> int:
    """What others are about to write to the disk of this folder; 0 where nobody says."""
    with suppress(FileNotFoundError, ValueError):
        file = root / "needed"
        if time.time() - file.stat().st_mtime < TOLD_SECONDS:
            return int(file.read_text())
    return 0


def forget_needed(root: Path) -> None:
    """The night is over."""
    (root / "needed").unlink(missing_ok=True)


def entries_of(root: Path) -> list[Path]:
    """Every entry of scratch, of all hosts whose part this folder shows."""
    with suppress(FileNotFoundError):  # another process sweeps, and took a folder away
        return [path for path in root.glob("*/*") if path.is_dir()]
    return []


def lock_of(entry: Path) -> Path:
    """The lock of an entry."""
    return entry.with_name(f"{entry.name}.lock")


def last_used(entry: Path) -> float:
    """When who used an entry last was done with it."""
    with suppress(FileNotFoundError):
        return entry.stat().st_mtime
    return 0.0


def promised_bytes(entry: Path) -> int:
    """What an entry of scratch may come to."""
    with suppress(FileNotFoundError, ValueError):
        return int((entry / "bytes").read_text())
    return 0


def ahead_bytes(entry: Path) -> int:
    """What copies that are being made in an entry have still to write.

    0 once they are whole, and where who made them was killed.
    """
    if (entry / "whole").is_file() or not is_locked(lock_of(entry)):
        return 0
    return max(0, promised_bytes(entry) - _written(entry))


def _written(entry: Path) -> int:
    """Bytes that the files of an entry take on the disk."""
    total = 0
    for folder, _, names in os.walk(entry):
        for name in names:
            with suppress(FileNotFoundError):  # its filling failed meanwhile
                total += 512 * (Path(folder) / name).stat().st_blocks
    return total
