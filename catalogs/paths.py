"""Paths from a catalog, confined to the archive root.

A catalog is data from outside: its paths may not leave the archive, name a URL or an
ffmpeg protocol, or look like an option to a program.
"""

import os
import re
import unicodedata
from pathlib import Path

from catalogs.errors import CatalogError

_PROTOCOL = re.compile(r"^[A-Za-z][A-Za-z0-9+.,-]*:")


def confine(root: Path, written: str) -> Path:
    """The absolute path that `written` names below `root`, symlinks resolved.

    Raises:
        CatalogError: the path is empty, absolute, a URL or protocol, option-like, holds
            control characters, or leads out of `root` by `..` or a symlink.
    """
    if not written.strip():
        raise CatalogError("path is empty; name the source file")
    if _PROTOCOL.match(written):
        raise CatalogError(f"path {written!r} is a URL or protocol; name a file in the archive")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in written):
        raise CatalogError(f"path {written!r} holds control characters; rename the file")
    parts = written.replace("\\", "/").split("/")
    if parts[0] == "" or written.startswith("~"):
        raise CatalogError(f"path {written!r} is absolute; write it relative to the archive root")
    if ".." in parts:
        raise CatalogError(f"path {written!r} holds '..'; write it relative to the archive root")
    if any(part.startswith("-") for part in parts):
        raise CatalogError(f"path {written!r} looks like an option; rename the file")
    resolved_root = Path(os.path.realpath(root))
    resolved = Path(os.path.realpath(resolved_root / written))
    if not resolved.is_relative_to(resolved_root):
        raise CatalogError(f"path {written!r} leads out of the archive by a symlink; move the file")
    return resolved
