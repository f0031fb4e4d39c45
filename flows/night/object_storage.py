"""Object storage and a batch of work: where copies go, and how a worker comes by a source."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalogs.errors import RecipeError, SourceError
from catalogs.origin import RemoteRoot
from catalogs.records import CatalogReel, Reel
from catalogs.store import Store
from flows.commands.options import SCRATCH_GB
from tasks.storage import stage
from tasks.storage.listed import list_again, list_source
from tasks.storage.scratch import Scratch

if TYPE_CHECKING:
    from flows.night.order import Order
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


@contextmanager
def archive_at_hand(
    order: "Order", catalog: CatalogReel
) -> Iterator[tuple[Path, Callable[[Reel], Reel]]]:
    """The archive root as files, with one reel's source in it.

    Yields:
        The root, and what gives a reel that was ingested from it its true place.

    Raises:
        SourceError: the source is not there, does not fit into scratch, or cannot be had.
    """
    if isinstance(order.archive, Path):
        yield order.archive, lambda reel: reel
        return
    scratch, listed = order.scratch, list_source(catalog, order.archive)
    try:
        with stage.staged(listed, scratch) as copies:
            _record(order, catalog.reel_id, copies)
            yield copies.root, lambda reel: stage.ingested_there(reel, copies)
    except Exception:
        scratch.drop(listed.key)  # the reel is held, or will be looked at anew
        raise


@contextmanager
def at_hand(order: "Order", reel: Reel, last: bool = False) -> Iterator[Reel]:
    """A reel that was ingested, its source as files that are what was ingested.

    Args:
        order: with room for copies.
        reel: the reel; one whose source is a file here is yielded as it is.
        last: whether the source is not needed any more after this.

    Raises:
        SourceError: the source has changed, is not there, does not fit or cannot be had.
    """
    with copied(reel, order.scratch, last, lambda said: _record(order, reel.reel_id, said)) as here:
        yield here


@contextmanager
def copied(
    reel: Reel,
    scratch: Scratch,
    last: bool = False,
    told: Callable[[stage.Staged], None] = lambda _: None,
) -> Iterator[Reel]:
    """As `at_hand`, outside a batch; `told` is told of the copies."""
    if reel.origin is None:
        yield reel
        return
    listed = list_again(reel)
    try:
        with stage.staged(listed, scratch) as copies:
            told(copies)
            yield stage.staged_reel(reel, copies)
    except SourceError:
        scratch.drop(listed.key)
        raise
    if last:
        scratch.drop(listed.key)


def sweep_hosts(client: Any, order: "Order") -> None:
    """Remove copies that nobody uses from every host of a cluster."""
    try:
        client.run(order.scratch.sweep)
    except Exception as error:  # they are bounded, and the next night removes them
        order.record("staging", order.batch_id, "warning", f"copies were left: {error}")


def _record(order: "Order", reel_id: str, copies: stage.Staged) -> None:
    if copies.fresh:
        order.record("staging", reel_id, "success", copies.said)
