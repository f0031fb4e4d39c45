"""Who does a night's work: the workers that may, how many at once, and what became of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass

from distributed import Client

from catalogs.errors import StoreError
from flows.cluster.places import ClusterLostError, Places
from flows.cluster.profile import ClusterProfile
from flows.cluster.worker_folders import folders_of
from flows.cluster.worker_look import needed
from flows.cluster.workers import Workers
from flows.night.order import Order
from flows.streams import say_aside

MOST_SLOTS = 256  # threads that watch Dask futures


@dataclass(frozen=True)
class Crew:
    """Workers, and the places that they have."""

    workers: Workers
    places: Places

    def slots(self) -> int:
        """Pieces of work that may be in flight; one waits for a worker where there is none."""
        try:
            count = self.workers.count()
        except ClusterLostError:
            count = 0  # the next piece of work says so
        return min(max(1, count), MOST_SLOTS)


@contextmanager
def night_crew(
    order: Order, client: Client, profile: ClusterProfile, should_stop: Callable[[], bool]
) -> Iterator[Crew]:
    """The workers of a night, once the first is there; each of another host was asked what it sees.

    Args:
        order: what all the work has in common.
        client: of the cluster.
        profile: of the cluster.
        should_stop: whether it is time to stop, and so not to wait any more.

    Raises:
        ClusterError: no worker can be used, or none came.
        ClusterLostError: the scheduler went away meanwhile.
    """
    patience = profile.patience_minutes * 60.0
    away = profile.kind != "local"
    with needed(order.store, folders_of(order)) if away else nullcontext() as need:

        def tell(what: str) -> None:
            say_aside(what)
            with suppress(StoreError):  # whoever watches a shot is told this, and it is not its
                order.record("cluster", order.batch_id, "warning", what)

        workers = Workers(client, need, tell)
        if not workers.count() and not workers.silent:
            say_aside(
                f"no worker yet at {workers.address}; waiting {profile.patience_minutes} minutes"
            )
        workers.first(should_stop, patience, profile.workers)
        try:
            yield Crew(workers, Places(workers.count, patience, should_stop))
        finally:
            _record_lost(order, workers)


def _record_lost(order: Order, workers: Workers) -> None:
    """Say in the report that machines went away, although nothing of the night was lost."""
    if not workers.lost:
        return
    hosts = ", ".join(f"{host} ({times} times)" if times > 1 else host
                      for host, times in sorted(workers.lost.items()))  # fmt: skip
    order.record(
        "cluster", order.batch_id, "warning",
        f"workers went away in the midst of their time: {hosts}. What they were at was done again; "
        "look at the network and at these machines",
    )  # fmt: skip
