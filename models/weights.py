"""Published weights: where they lie, and that they are the right ones.

They come inside packages of a registry, which are never imported: only a file of theirs is
read, as data, after its hash was checked. Nothing is fetched at run time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from catalogs.errors import VerificationError


@dataclass(frozen=True)
class Weights:
    """One published file of weights, and how it is known.

    Attributes:
        name: of the network.
        file: its file's name in the package.
        distribution: the package that carries it.
        sha256: of the whole file, 64 hexadecimal digits.
        licence: of the weights, as their publisher states it.
        origin: who published them, and where.
        install: the line that installs the package.
    """

    name: str
    file: str
    distribution: str
    sha256: str
    licence: str
    origin: str
    install: str

    def find(self) -> Path:
        """Path of the file in the installed package.

        Raises:
            VerificationError: the package, or the file in it, is not installed.
        """
        try:
            files = metadata.files(self.distribution) or []
        except metadata.PackageNotFoundError:
            files = []
        for file in files:
            path = Path(str(file.locate()))
            if file.name == self.file and path.is_file():
                return path
        raise VerificationError(
            f"{self.file} ({self.name}) was not found; the package {self.distribution} carries "
            f"it: {self.install}"
        )

    def read(self, path: Path | None = None) -> bytes:
        """The whole file, after its hash was checked.

        Args:
            path: where to read it instead of in the installed package.

        Raises:
            VerificationError: it is not installed, or it is not the published one.
        """
        place = path or self.find()
        data = place.read_bytes()
        found = hashlib.sha256(data).hexdigest()
        if found != self.sha256:
            raise VerificationError(
                f"{place} has SHA-256 {found}, expected {self.sha256}; reinstall "
                f"{self.distribution}: {self.install}"
            )
        return data
