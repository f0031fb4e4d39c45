"""The shelf: what a store keeps of the registry, so that a night never needs MLflow.

models/<sha256>.safetensors          weights, by the hash of the file
models/<name>/<version>.json         what a version is; written once
models/<name>/<version>.benchmark    the table that was registered with it
models/<name>/aliases.json           where the aliases stood when the registry was last seen
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from catalogs.durable import partial_path, publish_once, sync_file, write_whole
from catalogs.errors import StoreError
from catalogs.fixity import sha256_file
from catalogs.model_version import ModelVersion, check_name, read_version, version_json


@dataclass(frozen=True)
class Standing:
    """Where the aliases of a model stand.

    Attributes:
        champion: version in use; None before the first promotion.
        challenger: version that is to be compared with it.
        earlier: champions before this one, oldest first; what `rollback` goes back to.
    """

    champion: int | None = None
    challenger: int | None = None
    earlier: tuple[int, ...] = field(default=())


class Shelf:
    """The models of one store.

    Args:
        folder: `<store>/models`; made when the first version is put there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def weights_file(self, sha256: str) -> Path:
        """Where weights lie."""
        return self.folder / f"{sha256}.safetensors"

    def benchmark_file(self, version: ModelVersion) -> Path:
        """Where a version's benchmark table lies, if it has one."""
        return self._of(version.name) / f"{version.version}.benchmark"

    def holds(self, version: ModelVersion) -> bool:
        """True when nothing of a version is missing here."""
        sha256 = version.weights_sha256
        known = self.find(version.name, version.version) is not None
        return known and (not sha256 or self.weights_file(sha256).is_file())

    def put(self, version: ModelVersion, weights: bytes | None, benchmark: bytes | None) -> None:
        """Keep a version: weights first, so that what is named is there.

        Raises:
            RecipeError: its name could leave the folder.
            StoreError: the weights are not its own, or something else is kept under its number.
        """
        known = self.find(version.name, version.version)
        if known not in (None, version):
            raise StoreError(
                f"{version.reference} is not what this store knows by that number "
                f"({self._file(version.name, version.version)}); register it under another name"
            )
        if weights is not None:
            if hashlib.sha256(weights).hexdigest() != version.weights_sha256:
                raise StoreError(f"the weights are not those of {version.reference}")
            _write_once(self.weights_file(version.weights_sha256), weights)
        if benchmark is not None:
            _write_once(self.benchmark_file(version), benchmark)
        if known is None:
            _write_once(self._file(version.name, version.version), version_json(version))

    def find(self, name: str, version: int) -> ModelVersion | None:
        """A version that is kept here, or None.

        Raises:
            StoreError: its file cannot be read.
        """
        file = self._file(name, version)
        if not file.is_file():
            return None
        try:
            return read_version(file.read_bytes())
        except ValueError as error:
            raise StoreError(f"{file} cannot be read ({error}); restore it") from error

    def versions(self) -> Iterator[ModelVersion]:
        """Every version that is kept here, by name and number."""
        files = self.folder.glob("*/*.json")
        known = ((file.parent.name, int(file.stem)) for file in files if file.stem.isdigit())
        for name, number in sorted(known):
            found = self.find(name, number)
            assert found is not None  # versions are never taken away
            yield found

    def standing(self, name: str) -> Standing:
        """Where the aliases stood when the registry was last seen."""
        try:
            read = json.loads((self._of(name) / "aliases.json").read_bytes())
            return Standing(read["champion"], read["challenger"], tuple(read["earlier"]))
        except FileNotFoundError:
            return Standing()
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{self._of(name)}/aliases.json cannot be read: {error}") from error

    def note(self, name: str, standing: Standing) -> None:
        """Keep where the aliases stand."""
        if standing != self.standing(name):
            data = json.dumps(asdict(standing)).encode()
            write_whole(self._of(name) / "aliases.json", data)

    def verified_weights(self, sha256: str) -> bytes:
        """The weights, after their hash was checked.

        Raises:
            StoreError: they are not here, or are not what was registered.
        """
        file = self.weights_file(sha256)
        if not file.is_file():
            raise StoreError(f"{file} is missing; `wetgate models list` fetches it again")
        if (found := sha256_file(file)) != sha256:
            raise StoreError(
                f"{file} has SHA-256 {found}; remove it, `wetgate models list` fetches it again"
            )
        return file.read_bytes()

    def _file(self, name: str, version: int) -> Path:
        return self._of(name) / f"{version}.json"

    def _of(self, name: str) -> Path:
        return self.folder / check_name(name)


def _write_once(target: Path, data: bytes) -> None:
    """Write a file that never changes; one that is there already must be the same."""
    partial = partial_path(target)
    try:
        partial.write_bytes(data)
        sync_file(partial)
        if not publish_once(partial, target) and target.read_bytes() != data:
            raise StoreError(f"{target} holds something else; remove it if it is damaged")
    finally:
        partial.unlink(missing_ok=True)
