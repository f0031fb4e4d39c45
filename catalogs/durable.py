"""Files that appear whole or not at all, and stay after a power cut.

A file is written under a temporary name, flushed to the disk, then given its final name,
and the folder is flushed as well. Temporary names never end like the final one.
"""

import os
import uuid
from pathlib import Path


def write_whole(target: Path, data: bytes) -> None:
    """Write a small file, replacing an older one."""
    partial = partial_path(target)
    try:
        partial.write_bytes(data)
        publish(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def publish(partial: Path, target: Path) -> None:
    """Give a finished file its final name, replacing an older one."""
    sync_file(partial)
    partial.replace(target)
    sync_folder(target.parent)


def publish_once(partial: Path, target: Path) -> bool:
    """Give a flushed file its final name unless the name is taken; of two writers one wins.

    Returns:
        False when the name was taken.
    """
    try:
        os.link(partial, target)
    except FileExistsError:
        return False
    sync_folder(target.parent)
    return True


def partial_path(target: Path) -> Path:
    """A temporary name beside the final one, in a folder that is made if need be."""
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.parent / f".{target.name}.{uuid.uuid4().hex}.partial"


def sync_file(path: Path) -> None:
    """Flush a file's content to the disk."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
