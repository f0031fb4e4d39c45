"""Asks workers what they see, beside the night: one that does not answer holds nobody up.

One that is still at work of a night that was killed is started anew, and asked then: what it is at
is done again elsewhere, and the next piece of work would wait behind it. One that has no nanny to
start it is used as it is.
"""

import pickle
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from distributed import Client

from flows.cluster.worker_look import Need, Seen

_RESTART_SECONDS = 60.0
_AGAIN_SECONDS = 5.0


class Asking:
    """Questions that are under way, and their answers.

    Not for several threads at once.

    Args:
        client: of the cluster.
        need: what workers must see.
        tell: told, on a thread, of each worker that was started anew.
    """

    def __init__(self, client: Client, need: Need | None, tell: Callable[[str], None]) -> None:
        self._client = client
        self._tell = tell
        self._need = need
        self._open: dict[str, _Question] = {}

    @property
    def silent(self) -> list[str]:
        """Addresses of workers that have not answered yet."""
        return list(self._open)

    def answers(self, wanted: Iterable[str]) -> dict[str, Seen]:
        """Ask the workers that are wanted; those that have answered since, and what.

        Args:
            wanted: addresses of workers that live and whose answer is not known. One that could
                not be asked is asked again; of one that is no more wanted nothing is heard.
        """
        asked = {address: self._open.get(address) or self._ask(address) for address in wanted}
        ended = {address for address, question in asked.items() if question.ended}
        self._open = {address: asked[address] for address in asked.keys() - ended}
        return {address: seen for address in ended if (seen := asked[address].seen)}

    def _ask(self, address: str) -> "_Question":
        return _Question(self._client, self._need, address, self._tell)


class _Question:
    """A worker is asked, on a thread of its own.

    Attributes:
        seen: its answer; None if it could not be asked, or is to be asked again.
    """

    def __init__(
        self, client: Client, need: Need | None, address: str, tell: Callable[[str], None]
    ) -> None:
        self.seen: Seen | None = None
        self._tell = tell
        self._thread = threading.Thread(target=self._ask, args=(client, need, address), daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        return not self._thread.is_alive()

    def _ask(self, client: Client, need: Need | None, address: str) -> None:
        try:
            answers: dict[str, Any] = client.run(
                _question(need), workers=[address], on_error="return"
            )
        except Exception:  # whatever a connection raises that ends
            return
        answer = answers.get(address)
        if isinstance(answer, tuple):
            is_at_old_work, seen = answer
            self.seen = None if is_at_old_work and self._free(client, address) else seen
        elif isinstance(answer, str):
            self.seen = _without_wetgate(address, answer)

    def _free(self, client: Client, address: str) -> bool:
        """Start a worker anew; whether it is to be asked again, wherever it is then."""
        try:
            client.restart_workers([address], timeout=_RESTART_SECONDS)
        except ValueError:  # it has no nanny
            return False
        except Exception:  # it is slow, or whatever a connection raises that ends
            time.sleep(_AGAIN_SECONDS)
        else:
            self._tell(f"a worker was at work of a killed night, and was started anew: {address}")
        return True


def _question(need: Need | None) -> Callable[[Any], object]:
    """Whether a worker is at old work, and what it sees; or that it has no such Wetgate.

    A function in a function travels as its text, with all that it names.
    """
    needed = pickle.dumps(need)

    def ask(dask_worker: Any) -> object:
        import pickle

        try:
            from flows.cluster.worker_look import is_at_old_work, look

            return is_at_old_work(dask_worker), look(pickle.loads(needed))
        except (ImportError, AttributeError, TypeError) as error:
            return str(error)

    return ask


def _without_wetgate(address: str, error: str) -> Seen:
    host = address.partition("://")[2].rpartition(":")[0]
    return Seen(host, (f"it has no Wetgate, or another one ({error}); install the same wheel",))
