"""Hashes of files, and the checksum a catalog gives for one."""

import hashlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from catalogs.errors import CatalogError

_LENGTHS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}


OnBytes = Callable[[int], None]


def hash_file(path: Path, *algorithms: str, on_bytes: OnBytes | None = None) -> dict[str, str]:
    """Read a file once and return `{algorithm: hexadecimal digest}`.

    Args:
        path: the file.
        algorithms: names that `hashlib` knows.
        on_bytes: called with the size of each block that was read.
    """
    digests = {name: hashlib.new(name) for name in algorithms}
    with path.open("rb") as stream:
        while block := stream.read(1 << 22):
            for digest in digests.values():
                digest.update(block)
            if on_bytes:
                on_bytes(len(block))
    return {name: digest.hexdigest() for name, digest in digests.items()}


def sha256_file(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    return hash_file(path, "sha256")["sha256"]


def sha256_of_files(digests: Iterable[str]) -> str:
    """One digest for the files of an image sequence, from theirs, in the order of the frames."""
    return hashlib.sha256("".join(f"{digest}\n" for digest in digests).encode()).hexdigest()


def parse_checksum(text: str) -> tuple[str, str]:
    """Read `md5:9e10...` or a bare digest, whose length tells the algorithm.

    Raises:
        CatalogError: not a hexadecimal digest of a known algorithm.
    """
    name, _, digest = (part.strip() for part in text.lower().rpartition(":"))
    name = name.replace("-", "")
    known = _LENGTHS.get(len(digest))
    if not re.fullmatch(r"[0-9a-f]+", digest) or known is None or name not in ("", known):
        raise CatalogError(
            f"checksum {text!r} is not a hexadecimal md5, sha1, sha256 or sha512 digest"
        )
    return known, digest
