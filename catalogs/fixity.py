"""Hashes of files, and the checksum a catalog gives for one."""

import hashlib
import re
from pathlib import Path

from catalogs.errors import CatalogError

_LENGTHS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}


def hash_file(path: Path, *algorithms: str) -> dict[str, str]:
    """Read a file once and return `{algorithm: hexadecimal digest}`."""
    digests = {name: hashlib.new(name) for name in algorithms}
    with path.open("rb") as stream:
        while block := stream.read(1 << 22):
            for digest in digests.values():
                digest.update(block)
    return {name: digest.hexdigest() for name, digest in digests.items()}


def sha256_file(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    return hash_file(path, "sha256")["sha256"]


def parse_checksum(text: str) -> tuple[str, str]:
    """Read `md5:9e10...` or a bare digest, whose length tells the algorithm.

    Raises:
        CatalogError: not a hexadecimal digest of a known algorithm.
    """
    name, _, digest = text.strip().lower().rpartition(":")
    known = _LENGTHS.get(len(digest))
    if not re.fullmatch(r"[0-9a-f]+", digest) or known is None or name not in ("", known):
        raise CatalogError(
            f"checksum {text!r} is not a hexadecimal md5, sha1, sha256 or sha512 digest"
        )
    return known, digest
