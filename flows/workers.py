"""The workers of a cluster: which may be given work at this moment.

On this machine all may. Those of other hosts come late, leave and come back; each is asked what
it sees (`flows.worker_look`) before it is given anything, and one that sees something else is
given nothing.
"""

import pickle
import threading
from collections import Counter
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

from distributed import Client

from catalogs.errors import ClusterError
from flows.places import ClusterLostError
from flows.worker_look import Need, Seen

_LEAVING = ("closing", "closing_gracefully", "closed")


class Workers:
    """Who may be given work, asked again and again.

    Args:
        client: of the cluster.
        need: what they must see; None on this machine, where they do.
        refused: told once of each that is given nothing, and why.
    """

    def __init__(
        self,
        client: Client,
        need: Need | None = None,
        refused: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.lost: Counter[str] = Counter()  # workers that went away, by host
        self._client = client
        self._need = need
        self._tell = refused
        self._rests: dict[str, float] = {}  # of those that may: when they begin nothing more
        self._hosts: dict[str, str] = {}
        self._refused: dict[str, str] = {}
        self._lock = threading.Lock()

    def count(self) -> int:
        """Pieces of work that they can do at once; those that rest count while they are at one.

        Raises:
            ClusterLostError: the scheduler is gone for good.
        """
        threads = self._known() or {}
        if self._need is None:
            return sum(threads.values())
        with self._lock:
            self._admit(threads)
            fresh = self._fresh()
            resting = [address for address in self._rests if address not in fresh]
            busy = self._client.processing(workers=resting) if resting else {}
            return sum(threads[a] for a in fresh) + sum(map(len, busy.values()))

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

    def first(self, stop: Callable[[], bool], patience_seconds: float) -> None:
        """Wait for the first that may be given work, or until it is time to stop.

        Raises:
            ClusterError: there are workers, but none may; or none came.
            ClusterLostError: the scheduler is gone for good.
        """
        deadline = monotonic() + patience_seconds
        while not self.count() and not stop():
            if self._refused:
                raise ClusterError(f"no worker can be used: {'; '.join(self._refused.values())}")
            if monotonic() > deadline:
                raise ClusterError(
                    f"no worker has come to {self.address} for {patience_seconds:.0f} seconds; "
                    "start some, or look at the queue of the cluster; docs/clusters.md says how"
                )
            sleep(0.2)

    @property
    def address(self) -> str:
        """The scheduler's."""
        return str(self._client.scheduler_info()["address"])

    def _known(self) -> dict[str, int] | None:
        """Workers that live, and how many tasks each can run at once; None if nobody says."""
        try:
            known: dict[str, Any] = self._client.scheduler_info()["workers"]
        except Exception as error:  # whatever a connection raises that ends
            if self._client.status == "closed":
                raise ClusterLostError(
                    "the Dask scheduler went away and did not come back; start it and its workers"
                ) from error
            return None  # it is looked for still
        return {a: w["nthreads"] for a, w in known.items() if w["status"] not in _LEAVING}

    def _admit(self, threads: dict[str, int]) -> None:
        for gone in self._rests.keys() - threads.keys():
            if self._rests.pop(gone) > monotonic():  # else it ended in its time
                self.lost[self._hosts[gone]] += 1
        for gone in self._refused.keys() - threads.keys():
            del self._refused[gone]
        new = [a for a in threads if a not in self._rests and a not in self._refused]
        for address, seen in self._ask(new).items():
            self._hosts[address] = seen.host
            if seen.problems:
                self._refused[address] = f"{seen.host} ({address}): {', and '.join(seen.problems)}"
                self._tell(self._refused[address])
            else:
                rest = seen.rest_seconds
                self._rests[address] = float("inf") if rest is None else monotonic() + rest

    def _fresh(self) -> list[str]:
        return [address for address, rest in self._rests.items() if rest > monotonic()]

    def _ask(self, new: list[str]) -> dict[str, Seen]:
        if not new:
            return {}
        answers: dict[str, Any] = self._client.run(
            _question(self._need), workers=new, on_error="return"
        )
        return {
            address: answer if isinstance(answer, Seen) else _without_wetgate(address, answer)
            for address, answer in answers.items()
            if isinstance(answer, Seen | str)  # else the connection failed: it is asked again
        }


def _question(need: Need | None) -> Callable[[], object]:
    """`flows.worker_look.look`, for processes that may have no such module.

    A function in a function travels as its text, with all that it names.
    """
    needed = pickle.dumps(need)

    def ask() -> object:
        import pickle

        try:
            from flows.worker_look import look

            return look(pickle.loads(needed))
        except (ImportError, AttributeError, TypeError) as error:
            return str(error)

    return ask


def _without_wetgate(address: str, error: str) -> Seen:
    host = address.partition("://")[2].rpartition(":")[0]
    return Seen(host, (f"it has no Wetgate, or another one ({error}); install the same wheel",))
