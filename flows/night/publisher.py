"""Copies finished reels to object storage while the night goes on, one reel after another.

A copy that fails leaves its reel as it stands in the store, restored; it is said, counted and
recorded, and the next night takes it up where it ended.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from catalogs.errors import StorageError, WetgateError
from catalogs.origin import RemoteRoot
from catalogs.publications import Publication, record_publication, standing_copies, was_published
from flows.night.order import Order
from tasks.storage.publish import Plan, is_listed_whole, publish_reel

MOST_FAULTS = 3  # reels in a row; then the storage is let alone until the next night
_LOOK_SECONDS = 1.0

Say = Callable[[str, str], None]


class _Unseen(StorageError):
    """A copy that was read back on an earlier night could not be looked at: no word against it."""


class _Stopped(WetgateError):
    """The night is to end: nothing more is sent."""


class Publisher:
    """A thread that copies the reels it is told of.

    Attributes:
        unpublished: reels whose copies are not whole.
    """

    def __init__(self, order: Order, root: RemoteRoot, say: Say, stop: Callable[[], bool]) -> None:
        self.unpublished: set[str] = set()
        self._order = order
        self._root = root
        self._say = say
        self._stop = stop
        self._waiting: queue.SimpleQueue[tuple[str, str] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._thread.start()

    def add(self, reel_id: str, label: str) -> None:
        """A reel stands complete in the store, in the folder of its treatment."""
        self.unpublished.add(reel_id)
        self._waiting.put((reel_id, label))

    def finish(self) -> None:
        """Return when all that were added are copied, or were given up."""
        self._waiting.put(None)
        while self._thread.is_alive():
            self._thread.join(_LOOK_SECONDS)
            self._stop()  # the night's thread asks, so that this one hears of it

    def leave(self) -> None:
        """Return soon, in the midst of an object as well; what is not whole is sent again."""
        self._waiting.put(None)
        self._thread.join(_LOOK_SECONDS)

    def _run(self) -> None:
        faults = 0  # of the storage, one after another
        while (told := self._waiting.get()) is not None:
            reel_id, label = told
            try:
                self._publish(reel_id, label, faults)
                self.unpublished.discard(reel_id)
                faults = 0
            except Exception as error:  # whatever it is, the other reels go on
                faults += isinstance(error, StorageError)
                self._failed(reel_id, label, error)

    def _publish(self, reel_id: str, label: str, faults: int) -> None:
        plan = Plan.of(self._order.store.reel_folder(reel_id, label))
        ledger, told = self._order.ledger, plan.told(self._root, 0)
        if was_published(ledger, told):
            seen = self._is_seen(plan, faults)
        else:
            seen = False
            _refuse_after(faults)
        if seen:
            if told.derivative_id not in standing_copies(ledger, reel_id):
                record_publication(ledger, told)
            self._say(reel_id, f"published on an earlier night: {told.url}")
            return
        self._proceed()
        done = publish_reel(plan, self._root, self._proceed)
        record_publication(ledger, done)
        detail = (
            f"{done.object_count} objects, {done.bytes} bytes, {done.sent_count} of them sent now, "
            f"each read back with its SHA-256; manifest sha256 {done.manifest_sha256}: {done.url}"
        )
        self._order.record("publication", done.derivative_id, "success", detail)
        self._say(reel_id, str(done))

    def _is_seen(self, plan: Plan, faults: int) -> bool:
        """Whether a copy that was published lies there still, as it is listed."""
        try:
            _refuse_after(faults)
            return is_listed_whole(plan, self._root)
        except StorageError as error:
            raise _Unseen(f"published on an earlier night, not looked at now: {error}") from error

    def _proceed(self) -> None:
        if self._stop():
            raise _Stopped("the night was stopped before all of it was sent; run it again")

    def _failed(self, reel_id: str, label: str, error: Exception) -> None:
        derivative = f"{reel_id}.{label}"
        why = str(error) if isinstance(error, WetgateError) else f"{type(error).__name__}: {error}"
        url = self._root.below(f"{reel_id}/{label}")
        self._order.record("publication", derivative, "failure", f"{url}: {why}")
        if isinstance(error, _Unseen):
            self._say(reel_id, f"{url}: {why}")
            return
        failed = Publication(reel_id, derivative, url, "", "failed", why)
        record_publication(self._order.ledger, failed)
        self._say(reel_id, str(failed))


def _refuse_after(faults: int) -> None:
    if faults >= MOST_FAULTS:
        raise StorageError(f"the storage failed {faults} reels before it; not tried")


@contextmanager
def publishing(order: Order, say: Say, stop: Callable[[], bool]) -> Iterator[Publisher | None]:
    """A publisher for as long as a batch works, where it is to have one; then what it has left."""
    if order.storage.publish is None:
        yield None
        return
    ended = threading.Event()
    publisher = Publisher(order, order.storage.publish, say, lambda: stop() or ended.is_set())
    try:
        yield publisher
        publisher.finish()
    except BaseException:
        ended.set()
        publisher.leave()
        raise
