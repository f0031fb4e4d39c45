"""What a batch is told of object storage: where copies go, and where reels are published."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from catalogs.errors import RecipeError
from catalogs.origin import RemoteRoot
from catalogs.store import Store
from tasks.storage.scratch import SCRATCH_GB, Scratch

if TYPE_CHECKING:
    from tasks.reprocess.plan import ReelPlan


@dataclass(frozen=True)
class ObjectStorage:
    """What a batch is told of object storage.

    Attributes:
        scratch: folder for copies of sources; one in the store when None.
        scratch_gb: what they may come to on a host, in 10^9 bytes.
        publish: where finished reels are copied to; nowhere when None.

    Raises:
        RecipeError: no room is allowed at all.
    """

    scratch: Path | None = None
    scratch_gb: float = SCRATCH_GB
    publish: RemoteRoot | None = None

    def __post_init__(self) -> None:
        if not self.scratch_gb > 0:
            raise RecipeError(f"--scratch-gb {self.scratch_gb}: give a size above 0")

    @staticmethod
    def of(scratch: str | None, scratch_gb: float, publish: str | None) -> "ObjectStorage":
        """As options have it.

        Raises:
            CatalogError, RecipeError: they cannot be used; no credentials of a URL are repeated.
        """
        folder = Path(scratch).absolute() if scratch else None
        return ObjectStorage(folder, scratch_gb, RemoteRoot(publish) if publish else None)

    @staticmethod
    def of_environment() -> "ObjectStorage":
        """For commands that have no such options: as the variables of these options have it.

        Raises:
            RecipeError: WETGATE_SCRATCH_GB is no size above 0.
        """
        size = os.environ.get("WETGATE_SCRATCH_GB") or str(SCRATCH_GB)
        try:
            return ObjectStorage.of(os.environ.get("WETGATE_SCRATCH"), float(size), None)
        except ValueError as error:
            raise RecipeError(f"WETGATE_SCRATCH_GB={size}: give a size above 0") from error

    def refuse_sources(self, *roots: Path | RemoteRoot) -> None:
        """Publish nothing among sources, where nothing is ever written.

        Raises:
            RecipeError: finished reels would go there.
        """
        for root in roots:
            if self.publish and isinstance(root, RemoteRoot) and self.publish.overlaps(root):
                raise RecipeError(
                    f"--publish {self.publish.url}: sources lie in {root.url}, where nothing is "
                    "written; name a folder that is neither above nor below it"
                )

    def room(self, store: Store) -> Scratch:
        """Where copies go; a store has a folder to itself."""
        name = hashlib.sha256(str(store.root).encode()).hexdigest()[:12]
        folder = self.scratch / f"wetgate-{name}" if self.scratch else store.root / "scratch"
        return Scratch(folder, int(self.scratch_gb * 1e9))


def origins(plans: Iterable["ReelPlan"]) -> set[RemoteRoot]:
    """The archive roots in object storage that planned reels came from."""
    return {RemoteRoot(plan.reel.origin.root) for plan in plans if plan.reel.origin}
