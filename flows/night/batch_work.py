"""The work of a batch on its cluster: whatever becomes of the cluster, there is a tally."""

from collections.abc import Callable
from contextlib import suppress

from catalogs.errors import ClusterError, StoreError
from flows.cluster.crew import night_crew
from flows.cluster.places import ClusterLostError
from flows.cluster.profile import ClusterProfile
from flows.cluster.start import night_cluster
from flows.night.loop import Night
from flows.night.order import Order
from flows.night.progress import NightProgress, night_progress
from flows.night.publisher import publishing
from flows.night.source_at_hand import sweep_hosts
from flows.night.submit import submitter
from flows.night.tally import Tally
from flows.streams import say_aside
from flows.window.asked import AskedByPeople
from flows.window.hour import Hour
from flows.window.prefect_run import PrefectRun, watching
from flows.window.stop import Stop
from flows.window.storages import Storages

Go = Callable[[Night], Tally]
Alarm = Callable[[str], None]

LOG = "log"  # event of a reel's log that cannot be written


class BatchWork:
    """Works once.

    Args:
        order: what all the work has in common.
        profile: of the cluster.
        hour: at which it must be over.
        same_fault: so many shots that fail in a row of one fault stop it; 0 for never.
        alarm: told why it was stopped, at once.
    """

    def __init__(
        self, order: Order, profile: ClusterProfile, hour: Hour, same_fault: int, alarm: Alarm
    ) -> None:
        self._order = order
        self._profile = profile
        self._hour = hour
        self._same_fault = same_fault
        self._alarm = alarm
        self._tally: Tally | None = None  # once all is done

    def work(self, go: Go, signalled: Callable[[], bool]) -> Tally:
        """What the batch came to; nothing, and stopped, where there was no cluster.

        Args:
            go: what the night is to do.
            signalled: whether a signal asked it to end.
        """
        try:
            with night_progress(self._order.store, self._record_log) as progress:
                self._work(go, signalled, progress)
        except (ClusterError, ClusterLostError) as error:
            return self._without(error)
        assert self._tally is not None  # else something was raised
        return self._tally

    def _work(self, go: Go, signalled: Callable[[], bool], progress: NightProgress) -> None:
        order = self._order
        prefect = PrefectRun(order, progress.tell)
        gates = (self._hour, AskedByPeople(order, progress.tell), prefect)
        stop = Stop(signalled, (Storages(order), *gates))
        try:
            with (
                watching(prefect),
                night_cluster(self._profile, order.has_networks) as client,
                night_crew(order, client, self._profile, stop) as crew,
            ):
                night = Night(
                    order, submitter(order, client, crew), crew.slots, progress, stop, gates,
                    self._same_fault, self._alarm,
                )  # fmt: skip
                with publishing(order, progress.say, stop) as publisher:
                    if publisher:
                        night.publish(publisher.add)
                    tally = go(night)
                tally.cancelled = prefect.word == "cancelled"
                tally.unpublished = publisher.unpublished if publisher else set()
                night.conclude()
                self._tally = tally
                if not tally.stopped:  # what a stopped one has copied, the next goes on with
                    sweep_hosts(client, order)
        except (Exception, KeyboardInterrupt) as error:  # whatever ends its closing
            if self._tally is None:
                raise
            self._left(error)

    def _record_log(self, why: str) -> None:
        self._order.record(LOG, self._order.batch_id, "warning", why)

    def _without(self, error: Exception) -> Tally:
        """Say why there is no cluster; no reel is to blame."""
        self._order.record("cluster", self._order.batch_id, "failure", str(error))
        say_aside(f"wetgate: {error}")
        return Tally(stopped=True)

    def _left(self, error: BaseException) -> None:
        """Say that the cluster may be there still; the night's work is done all the same."""
        what = f"{type(error).__name__}: {error}"
        if isinstance(error, KeyboardInterrupt):
            what = "a second signal to stop"
        why = (
            f"the cluster did not close as it should ({what}); look whether workers of it are left"
        )
        say_aside(f"wetgate: {why}")
        with suppress(StoreError):
            self._order.record("cluster", self._order.batch_id, "warning", why)
