"""How a worker comes by a reel's source: a file here as it is, one in object storage by copies."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalogs.errors import SourceError
from catalogs.records import CatalogReel, Reel, Shot
from tasks.storage import stage
from tasks.storage.listed import Part, list_again, list_source
from tasks.storage.scratch import Scratch

if TYPE_CHECKING:
    from flows.night.order import Order

Told = Callable[[stage.Staged], None]


@contextmanager
def archive_at_hand(
    order: "Order", catalog: CatalogReel
) -> Iterator[tuple[Path, Callable[[Reel], Reel], float]]:
    """The archive root as files, with one reel's source in it.

    Yields:
        The root, what gives a reel that was ingested from it its true place, and how many seconds
        its copy waited for room.

    Raises:
        SourceError: the source is not there, does not fit into scratch, or cannot be had.
        NoRoomYetError: other copies, and what reels in work still write, leave its copy no room.
    """
    if isinstance(order.archive, Path):
        yield order.archive, lambda reel: reel, 0.0
        return
    scratch = replace(order.scratch, modest=True)  # the reel is not in work yet
    listed = list_source(catalog, order.archive)
    try:
        with stage.staged(listed, scratch) as copies:
            _record(order, catalog.reel_id, copies)
            yield copies.root, lambda reel: stage.ingested_there(reel, copies), copies.waited
    except Exception:
        scratch.drop(listed.key)  # the reel is held, or will be looked at anew
        raise


@contextmanager
def at_hand(
    order: "Order", reel: Reel, part: Part | None = None, last: bool = False
) -> Iterator[Reel]:
    """A reel that was ingested, its source as files that are what was ingested.

    Args:
        order: with room for copies.
        reel: the reel; one whose source is a file here is yielded as it is.
        part: what is enough of an image sequence; the whole source where it is None.
        last: whether the source is not needed any more after this.

    Raises:
        SourceError: the source has changed, is not there, does not fit or cannot be had.
    """

    def told(copies: stage.Staged) -> None:
        _record(order, reel.reel_id, copies)

    with copied(reel, order.scratch, part, last, told) as here:
        yield here


def frames_of(shot: Shot) -> Part:
    """What is enough for who works on one shot."""
    return Part(shot.start_frame, shot.stop_frame)


@contextmanager
def copied(
    reel: Reel,
    scratch: Scratch,
    part: Part | None = None,
    last: bool = False,
    told: Told = lambda _: None,
) -> Iterator[Reel]:
    """As `at_hand`, outside a batch; `told` is told of the copies."""
    if reel.origin is None:
        yield reel
        return
    whole = list_again(reel)
    some = part if part and stage.part_is_enough(reel, whole, scratch) else None
    listed = whole.only(some) if some else whole
    try:
        with stage.staged(listed, scratch) as copies:
            told(copies)
            yield stage.staged_part(reel, copies) if some else stage.staged_reel(reel, copies)
    except SourceError:
        scratch.drop(listed.key)
        raise
    finally:
        if some:
            scratch.drop(listed.key)
    if last:
        scratch.drop(whole.key)


def sweep_hosts(client: Any, order: "Order") -> None:
    """Remove copies that nobody uses from every host of a cluster."""
    try:
        client.run(order.scratch.sweep)
    except Exception as error:  # they are bounded, and the next night removes them
        order.record("staging", order.batch_id, "warning", f"copies were left: {error}")


def _record(order: "Order", reel_id: str, copies: stage.Staged) -> None:
    if copies.fresh and copies.listed.objects:
        order.record("staging", reel_id, "success", copies.said)
