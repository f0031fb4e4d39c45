"""Publish: a finished reel's folder is copied to object storage, and every object is read back.

The folder there has the names it has in the store, `<reel>/<treatment>/`, and its manifest is
written last: where it is missing no reel stands. What is there already and reads back as the
manifest says is not sent again. Where anything beside a manifest is replaced, or it
is of the same reel joined otherwise, it is removed before.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from catalogs.errors import StorageError, VerificationError
from catalogs.fixity import OnBytes, sha256_file
from catalogs.origin import RemoteRoot
from catalogs.publications import Publication
from tasks.manifest import MANIFEST
from tasks.sidecar import is_sidecar
from tasks.storage.bucket import Bucket, RemoteObject, open_bucket

TRIES = 2

Proceed = Callable[[], None]


@dataclass(frozen=True)
class Plan:
    """What a finished reel's copy consists of.

    Attributes:
        folder: the reel in the store.
        target: folder of the copy, relative to the root.
        manifest: the manifest as it is written.
        files: (name, bytes, SHA-256) of every film, and of a sidecar that is as recorded.
    """

    folder: Path
    target: str
    manifest: bytes
    files: tuple[tuple[str, int, str], ...]

    @staticmethod
    def of(folder: Path) -> "Plan":
        """Of a reel in the store.

        Raises:
            VerificationError: its manifest cannot be read: it is no finished reel.
        """
        try:
            manifest = (folder / MANIFEST).read_bytes()
            facts = json.loads(manifest)["files"]
            files = [(n, int(f["bytes"]), str(f["sha256"])) for n, f in facts.items()]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise VerificationError(
                f"{folder.name}: has no manifest that can be read; run `wetgate verify`, then the "
                "night again"
            ) from error
        kept = (one for one in files if not is_sidecar(one[0]) or _is_whole(folder, *one))
        return Plan(folder, f"{folder.parent.name}/{folder.name}", manifest, tuple(kept))

    @property
    def manifest_sha256(self) -> str:
        """Of the manifest."""
        return hashlib.sha256(self.manifest).hexdigest()

    @property
    def whole(self) -> tuple[tuple[str, int, str], ...]:
        """Every object, the manifest last."""
        return (*self.files, (MANIFEST, len(self.manifest), self.manifest_sha256))

    def told(self, root: RemoteRoot, sent: int) -> Publication:
        """What is recorded when all of it was read back."""
        return Publication(
            reel_id=self.folder.parent.name,
            derivative_id=f"{self.folder.parent.name}.{self.folder.name}",
            url=root.below(self.target),
            manifest_sha256=self.manifest_sha256,
            status="published",
            object_count=len(self.whole),
            sent_count=sent,
            bytes=sum(size for _, size, _ in self.whole),
        )


def publish_reel(plan: Plan, root: RemoteRoot, proceed: Proceed = lambda: None) -> Publication:
    """Copy a finished reel to object storage, going on where an earlier try ended.

    Args:
        plan: the reel.
        root: where reels go.
        proceed: called before each object; what it raises ends the work there.

    Raises:
        StorageError: the storage does not answer, refuses, or gives back other bytes.
        VerificationError: a file in the store is not what its manifest says.
    """
    bucket = open_bucket(root)
    there = bucket.folder(plan.target)
    standing = there.pop(MANIFEST, None)
    if standing and not _holds(bucket, standing, len(plan.manifest), plan.manifest_sha256):
        bucket.remove(standing.path)
        standing = None
    sent = 0
    for name, size, sha256 in plan.whole:
        proceed()
        found = standing if name == MANIFEST else there.get(name)
        if found is None or not _holds(bucket, found, size, sha256):
            if standing and name != MANIFEST:  # what it vouches for is replaced
                bucket.remove(standing.path)
                standing = None
            _send(bucket, plan, name, size, sha256)
            sent += 1
    return plan.told(root, sent)


def is_listed_whole(plan: Plan, root: RemoteRoot) -> bool:
    """True when every object is listed with its size; their bytes are not read.

    Raises:
        StorageError: the storage does not answer.
    """
    there = open_bucket(root).folder(plan.target)
    sizes = {name: one.size_bytes for name, one in there.items()}
    return all(sizes.get(name) == size for name, size, _ in plan.whole)


def check_published(publication: Publication, on_bytes: OnBytes | None = None) -> Iterator[str]:
    """Read a copy again to its last byte, by the manifest that stands there.

    Args:
        publication: the copy, as it was when it was whole.
        on_bytes: told of each piece of it that was read.

    Yields:
        What is not as it was published, in words.

    Raises:
        StorageError: the storage does not answer, which is no verdict.
    """
    bucket = open_bucket(RemoteRoot(publication.url))
    there = bucket.folder("")
    standing = there.get(MANIFEST)
    if standing is None:
        yield f"{MANIFEST} is missing"
        return
    manifest = bucket.read(MANIFEST, 0, standing.size_bytes)
    if hashlib.sha256(manifest).hexdigest() != publication.manifest_sha256:
        yield f"{MANIFEST} is not the one that was published"
        return
    for name, facts in json.loads(manifest)["files"].items():
        found = there.get(name)
        if found is None:
            if not is_sidecar(name):
                yield f"{name} is missing"
        elif not _holds(bucket, found, facts["bytes"], facts["sha256"], on_bytes):
            yield f"{name} differs from the manifest (planned sha256 {facts['sha256']})"


def _is_whole(folder: Path, name: str, size: int, sha256: str) -> bool:
    path = folder / name
    return path.is_file() and path.stat().st_size == size and sha256_file(path) == sha256


def _holds(
    bucket: Bucket, found: RemoteObject, size: int, sha256: str, on_bytes: OnBytes | None = None
) -> bool:
    """Whether an object has these bytes: it is read to its last one."""
    return found.size_bytes == size and bucket.sha256(found.path, size, on_bytes) == sha256


def _send(bucket: Bucket, plan: Plan, name: str, size: int, sha256: str) -> None:
    path = f"{plan.target}/{name}"
    for _ in range(TRIES):
        bucket.write(plan.folder / name, path)
        found = bucket.look(path)
        if found is not None and _holds(bucket, found, size, sha256):
            return
    if not _is_whole(plan.folder, name, size, sha256):
        raise VerificationError(
            f"{name}: is not what its manifest says; run `wetgate verify`, then the night again"
        )
    raise StorageError(
        f"{name}: the storage gave back other bytes than it was sent, {TRIES} times; look at it "
        "before anything more is put there"
    )
