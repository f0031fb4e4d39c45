"""The workers of a cluster: which may be given work at this moment.

On this machine all may. Those of other hosts come late, leave and come back; each is asked what
it sees (`flows.cluster.worker_look`) before it is given anything, and one that sees something
else is given nothing.
"""

import threading
from collections import Counter
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

from distributed import Client

from catalogs.errors import ClusterError
from flows.cluster.places import ClusterLostError
from flows.cluster.worker_asking import Asking
from flows.cluster.worker_look import Need

_LEAVING = ("closing", "closing_gracefully", "closed")


class Workers:
    """Who may be given work, asked again and again.

    Args:
        client: of the cluster.
        need: what they must see; None on this machine, where they do.
        tell: told of each that is given nothing, and why; on a thread, of each started anew.
    """

    def __init__(
        self,
        client: Client,
        need: Need | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.lost: Counter[str] = Counter()  # workers that went away, by host
        self._client = client
        self._need = need
        self._tell = tell
        self._rests: dict[str, float] = {}  # of those that may: when they begin nothing more
        self._hosts: dict[str, str] = {}
        self._refused: dict[str, str] = {}
        self._asking = Asking(client, need, tell)
        self._count = 0  # the last
        self._address = ""
        self._lock = threading.Lock()

    def count(self) -> int:
        """Pieces of work that they can do at once; those that rest count while they are at one.

        While nobody says, as while the scheduler is looked for, it is the last count.

        Raises:
            ClusterLostError: the scheduler is gone for good.
        """
        threads = self._known()
        with self._lock:
            if threads is None:
                return self._count
            if self._need is None:
                self._count = sum(threads.values())
                return self._count
            self._admit(threads)
            fresh = self._fresh()
            busy = self._busy([address for address in self._rests if address not in fresh])
            if busy is not None:
                self._count = sum(threads[a] for a in fresh) + busy
            return self._count

    def chosen(self) -> list[str] | None:
        """Addresses of those that may begin something; None where all may."""
        if self._need is None:
            return None
        with self._lock:
            return self._fresh()

    def all_gone(self, chosen: list[str] | None) -> bool:
        """Whether none of them lives any more: what was meant for them would wait for ever."""
        known = self._known()
        return bool(chosen) and known is not None and not known.keys() & set(chosen or ())

    def first(
        self, stop: Callable[[], bool], patience_seconds: float, expected: int | None = None
    ) -> None:
        """Wait for the first that may be given work, or until it is time to stop.

        Args:
            stop: whether it is.
            patience_seconds: how long to wait.
            expected: how many workers there are to be; so many refused are not waited on.

        Raises:
            ClusterError: none of those that came may, or none came.
            ClusterLostError: the scheduler is gone for good.
        """
        deadline = monotonic() + patience_seconds
        while not self.count() and not stop():
            late = monotonic() > deadline
            if self._refused and (late or len(self._refused) >= (expected or float("inf"))):
                raise ClusterError(f"no worker can be used: {'; '.join(self._refused.values())}")
            if late:
                raise ClusterError(self._nobody(patience_seconds))
            sleep(0.2)

    @property
    def address(self) -> str:
        """The scheduler's; "" until it was heard of."""
        return self._address

    @property
    def silent(self) -> list[str]:
        """Workers that were asked what they see, and have not answered yet."""
        return self._asking.silent

    def _nobody(self, seconds: float) -> str:
        if silent := self.silent:
            return (
                f"{', '.join(silent)} did not say for {seconds:.0f} seconds what they see; look at "
                "the mounts of store and archive there"
            )
        return (
            f"no worker has come to {self.address} for {seconds:.0f} seconds; start some, or look "
            "at the queue of the cluster; docs/clusters.md says how"
        )

    def _known(self) -> dict[str, int] | None:
        """Workers that live, and how many tasks each can run at once; None if nobody says."""
        try:
            info: dict[str, Any] = self._client.scheduler_info()
            known: dict[str, Any] = info["workers"]
        except Exception as error:  # whatever a connection raises that ends
            if self._client.status == "closed":
                raise ClusterLostError(
                    "the Dask scheduler went away and did not come back; start it and its workers"
                ) from error
            return None  # it is looked for still
        self._address = str(info.get("address", ""))
        return {a: w["nthreads"] for a, w in known.items() if w["status"] not in _LEAVING}

    def _admit(self, threads: dict[str, int]) -> None:
        for gone in self._rests.keys() - threads.keys():
            if self._rests.pop(gone) > monotonic():  # else it ended in its time
                self.lost[self._hosts[gone]] += 1
        for gone in self._refused.keys() - threads.keys():
            del self._refused[gone]
        new = [a for a in threads if a not in self._rests and a not in self._refused]
        for address, seen in self._asking.answers(new).items():
            self._hosts[address] = seen.host
            if seen.problems:
                self._refused[address] = f"{seen.host} ({address}): {', and '.join(seen.problems)}"
                self._tell(f"a worker is not used: {self._refused[address]}")
            else:
                rest = seen.rest_seconds
                self._rests[address] = float("inf") if rest is None else monotonic() + rest

    def _fresh(self) -> list[str]:
        return [address for address, rest in self._rests.items() if rest > monotonic()]

    def _busy(self, resting: list[str]) -> int | None:
        """What those that rest are at; None if nobody says, as when one leaves meanwhile."""
        if not resting:
            return 0
        try:
            return sum(map(len, self._client.processing(workers=resting).values()))
        except Exception:  # KeyError of one that left, or whatever a lost connection raises
            return None
