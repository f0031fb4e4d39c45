"""Scripts, styles and pictures of the pages: read once, at the start, and served by their names.

No name of a request reaches the file system: what is not among these is not there.
"""

import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Self

_KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_SERVED = (".js", ".css", ".svg", ".woff2", ".png")


@dataclass(frozen=True)
class Asset:
    """One file.

    Attributes:
        version: start of its SHA-256; an address with it is never another content.
    """

    content: bytes
    kind: str
    version: str


class Assets:
    """Every file of `dashboard/static`, by its name below it."""

    def __init__(self, found: dict[str, Asset]) -> None:
        self._found = found

    @classmethod
    def shipped(cls) -> Self:
        """What is installed."""
        return cls(_read())

    def find(self, name: str) -> Asset | None:
        """A file, or None."""
        return self._found.get(name)

    def address(self, name: str) -> str:
        """Where a page finds a file."""
        return f"/static/{name}?v={self._found[name].version}"

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return name in self._found


@cache
def _read() -> dict[str, Asset]:
    found: dict[str, Asset] = {}
    _gather(resources.files("dashboard") / "static", "", found)
    return found


def _gather(folder: Traversable, prefix: str, found: dict[str, Asset]) -> None:
    for entry in folder.iterdir():
        if entry.is_dir():
            _gather(entry, f"{prefix}{entry.name}/", found)
        elif entry.name.endswith(_SERVED):
            content = entry.read_bytes()
            suffix = "." + entry.name.rpartition(".")[2]
            kind = _KINDS.get(suffix) or mimetypes.guess_type(entry.name)[0] or "text/plain"
            found[prefix + entry.name] = Asset(
                content, kind, hashlib.sha256(content).hexdigest()[:12]
            )
