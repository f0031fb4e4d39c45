"""What a worker on another host is asked before it is given work: does it see what we see?

It must be the same Wetgate on the same libraries, or its pixels could be others; and it must
have the store, to write, and the archive, to read, under the same paths.
"""

import hashlib
import os
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from distributed import Worker

from catalogs.store import Store
from flows.night.software import software

REST = "WETGATE_REST"  # when a worker is to begin nothing any more, in seconds of its own clock
_PACKAGES = ("catalogs", "models", "tasks", "flows")
_KINDS = (".py", ".json", ".toml")


@dataclass(frozen=True)
class Folder:
    """A folder that a night reads from.

    Attributes:
        named: what it is to people, such as "the archive".
        entries: some names in it.
    """

    named: str
    path: Path
    entries: tuple[str, ...]


@dataclass(frozen=True)
class Need:
    """What a night's work needs of a worker.

    Attributes:
        token: a file in the store, and what it holds.
        folders: that sources lie in; none of what each host copies from object storage.
        software: see `versions`.
    """

    token: tuple[Path, str]
    folders: tuple[Folder, ...]
    software: tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    """A worker's answer.

    Attributes:
        host: the worker's.
        problems: why it cannot do the work; none where it can.
        rest_seconds: in which it begins nothing any more; None where it has no such time.
    """

    host: str
    problems: tuple[str, ...]
    rest_seconds: float | None = None


@contextmanager
def needed(store: Store, folders: tuple[Folder, ...]) -> Iterator[Need]:
    """What workers are to see, while a night lasts."""
    token = store.root / "logs" / f"cluster-{uuid.uuid4().hex}.seen"
    token.parent.mkdir(parents=True, exist_ok=True)
    token.write_text(token.stem)
    try:
        yield Need((token, token.stem), folders, versions())
    finally:
        token.unlink(missing_ok=True)


@cache
def versions() -> tuple[str, ...]:
    """What computes here, part by part: versions, and a hash of Wetgate's own text."""
    return (
        *software().split(", "),
        f"distributed {metadata.version('distributed')}",
        f"text of wetgate {_text_hash()}",
    )


def look(need: Need) -> Seen:
    """Asked of a worker, and answered there."""
    rest = os.environ.get(REST)
    return Seen(
        host=os.uname().nodename,
        problems=(*_other_software(need), *_other_store(need), *_other_folders(need)),
        rest_seconds=float(rest) - time.time() if rest else None,
    )


def is_at_old_work(worker: Worker) -> bool:
    """Whether all that a worker is at was given up, as when a night was killed; answered there."""
    tasks = worker.state.executing
    return bool(tasks) and all(task.state == "cancelled" for task in tasks)


def _other_software(need: Need) -> Iterator[str]:
    pairs = zip(need.software, versions(), strict=False)
    differ = [f"{there} there, {here} here" for here, there in pairs if here != there]
    if differ:
        yield f"its software differs ({'; '.join(differ)}); install the same wheel and constraints"


def _other_store(need: Need) -> Iterator[str]:
    path, content = need.token
    store = path.parent.parent
    remedy = "mount the store there under the same path, for the same user"
    try:
        if path.read_text() != content:
            yield f"{store} is another store there; {remedy}"
        with tempfile.NamedTemporaryFile(dir=path.parent):
            pass
    except FileNotFoundError:
        yield f"it does not see the store {store}; {remedy}"
    except OSError as error:
        yield f"it cannot write to the store {store} ({error.strerror}); {remedy}"


def _other_folders(need: Need) -> Iterator[str]:
    for folder in need.folders:
        remedy = f"mount {folder.named} there under the same path"
        try:
            missing = set(folder.entries) - {path.name for path in folder.path.iterdir()}
        except OSError as error:
            yield f"it does not see {folder.named} {folder.path} ({error.strerror}); {remedy}"
            continue
        if missing:
            yield f"{folder.path} has no {min(missing)} there; {remedy}"


@cache
def _text_hash() -> str:
    root = Path(__file__).parent.parent.parent
    text = hashlib.sha256()
    for package in _PACKAGES:
        for path in sorted((root / package).rglob("*")):
            if path.suffix in _KINDS and path.is_file():
                text.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    return text.hexdigest()[:12]
