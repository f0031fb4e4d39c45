"""How a night takes up a reel: where an earlier night left it, or from its source."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from catalogs.errors import NoAnswerError, StoreError
from catalogs.mixtures import read_restored_reel_shots
from catalogs.recipe import Treatment
from catalogs.records import CatalogReel, Reel, Shot
from catalogs.shot_list import current_shots
from catalogs.treatments import recorded_treatments
from flows.night.jobs import Job
from flows.night.recorded import finished_shots, record_allowances, record_restored
from flows.night.reels import OpenReel, Reels
from tasks.manifest import is_assembled
from tasks.report.words import STANDS
from tasks.reprocess.reprocessed import standing_treatment
from tasks.split import DETECTOR
from tasks.storage.listed import is_unchanged


class TakeUp:
    """Finds what is left to do of reels, and puts it in line.

    Args:
        reels: of the night.
        is_over: whether the night is; a reel that is looked at then is left.
    """

    def __init__(self, reels: Reels, is_over: Callable[[], bool]) -> None:
        self._reels = reels
        self._is_over = is_over
        self._order = reels.order
        self._recorded: dict[str, Treatment] = {}

    def learn(self) -> None:
        """Read what concerns every reel: what is wrong there is the fault of none."""
        self._recorded = recorded_treatments(self._order.ledger)

    def begin(self, entry: CatalogReel, known: Reel | None) -> None:
        """Take up a reel of the catalog where an earlier night left it, unless it must wait."""
        if self._is_over():
            self._reels.unseen.add(entry.reel_id)
            return
        with self._kept_to(entry, known):
            self._begin(entry, known)

    @contextmanager
    def _kept_to(self, entry: CatalogReel, reel: Reel | None) -> Iterator[None]:
        """Keep a fault of a reel's own files and records to it."""
        try:
            yield
        except (OSError, StoreError) as error:
            self._reels.fail("take-up", entry, reel, f"{type(error).__name__}: {error}")

    def _begin(self, entry: CatalogReel, known: Reel | None) -> None:
        if why := self._reels.storages.why(entry, known):
            self._reels.waiting[entry.reel_id] = (entry, known)
            self._reels.say(entry.reel_id, f"waits: {why}")
            return
        try:
            same = known and known.catalog == entry and is_unchanged(known, self._order.archive)
        except NoAnswerError as error:
            same = known is not None and self._stays(known, error)
        shots = current_shots(self._order.ledger, known, DETECTOR) if known and same else ()
        if known is None or not shots:  # none where another detector has found none yet
            self._reels.queue.add(Job("ingest", entry))  # which lists first what it reads
            return
        self._go_on(known, shots)

    def _stays(self, known: Reel, error: NoAnswerError) -> bool:
        """Whether a reel stands complete, which a storage that does not answer changes nothing of.

        Any other is listed once more when its job begins.
        """
        order = self._order
        shots = current_shots(order.ledger, known, DETECTOR)
        own = standing_treatment(
            order.ledger, known, shots, order.treatment, order.policy, self._recorded
        )
        treatment = own if isinstance(own, Treatment) else order.for_reel(known.reel_id).treatment
        if not shots or not is_assembled(known, shots, treatment, order.store, order.notice):
            return False
        why = f"stays as it was restored, its source was not looked at: {error}"
        order.record("source not looked at", known.reel_id, "warning", why)
        self._reels.say(known.reel_id, why)
        return True

    def begin_waiting(self) -> None:
        """Take up what waited for a storage whose maintenance has ended."""
        for reel_id, (entry, known) in list(self._reels.waiting.items()):
            if not self._reels.storages.why(entry, known):
                del self._reels.waiting[reel_id]
                self.begin(entry, known)

    def ingested(self, reel: Reel, shots: tuple[Shot, ...]) -> None:
        """Take up a reel that was ingested just now."""
        self._reels.say(reel.reel_id, f"ingested: {_describe(reel)}")
        with self._kept_to(reel.catalog, reel):
            self._go_on(reel, shots)

    def _go_on(self, reel: Reel, shots: tuple[Shot, ...]) -> None:
        """Go on with a reel: where it was reprocessed from this recipe, as it stands."""
        order = self._order
        own = standing_treatment(
            order.ledger, reel, shots, order.treatment, order.policy, self._recorded
        )
        if isinstance(own, Treatment):
            order.treatments[reel.reel_id] = own
            order.bases[reel.reel_id] = order.treatment.treatment_id
        elif own is not None:
            why = f"does not stay as it was reprocessed: {own}"
            order.record("reprocessed version", reel.reel_id, "warning", why)
            self._reels.say(reel.reel_id, why)
        self._open(reel, shots)

    def again(self, reel: Reel, shots: tuple[Shot, ...]) -> None:
        """Take up a reel that was restored before, with the treatment that the order has."""
        with self._kept_to(reel.catalog, reel):
            self._open(reel, shots)

    def _open(self, reel: Reel, shots: tuple[Shot, ...]) -> None:
        """Put in line what is left to do of a reel, with the treatment that the order has."""
        if self._reels.is_locked(reel.reel_id):
            return
        order, tally = self._order.for_reel(reel.reel_id), self._reels.tally
        if is_assembled(reel, shots, order.treatment, order.store, order.notice):
            recorded = read_restored_reel_shots(order.ledger, reel, order.treatment)
            how = STANDS if order.base else "finished on an earlier night"
            order.record("found finished", reel.reel_id, "success", how)
            record_restored(order, reel)
            tally.restored.add(reel.reel_id)
            for restored in recorded.values():
                tally.count(restored.status)
            self._reels.say(reel.reel_id, f"{how}; nothing to do")
            self._reels.joined(reel.reel_id)
            self._reels.stands(reel.reel_id, order.treatment.label)
            return
        finished = finished_shots(order, reel, shots, self._is_over)
        if finished is None:
            self._reels.unseen.add(reel.reel_id)
            return
        record_allowances(order, reel)
        for restored in finished.values():
            tally.count(restored.status)
        missing = {shot for shot in shots if shot not in finished}
        self._reels.open[reel.reel_id] = OpenReel(reel, shots, missing)
        frames_done = sum(shot.frame_count for shot in finished)
        self._reels.progress.begin(
            reel.reel_id, len(shots), reel.content.frame_count, len(finished), frames_done
        )
        for shot in shots:
            if shot in missing:
                self._reels.queue.add(Job("restore", reel.catalog, reel, shot))
        self._reels.join_when_complete(reel.reel_id)


def _describe(reel: Reel) -> str:
    picture, header = reel.header.picture, reel.header
    sound = f"{len(header.audio)} audio stream(s)" if header.audio else "silent"
    return (
        f"{reel.content.frame_count} frames, {picture.width}x{picture.height} "
        f"{picture.pixel_format}, {reel.frame_rate} fps (from the {reel.frame_rate_source}), "
        f"{sound}"
    )
