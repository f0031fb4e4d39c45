"""Whether the decisions of a store are as they were taken: the log's chain, and its copies.

The chain shows what was changed, taken out or put in; the copies show what was cut off at the end,
a log that is gone, and one that somebody wrote anew as a whole.
"""

from dataclasses import dataclass
from pathlib import Path

from catalogs.decisions.decision import Decision
from catalogs.decisions.ledger_copy import differing, sealed_copies
from catalogs.decisions.log import DecisionLog
from catalogs.errors import StoreError, VerificationError
from catalogs.store import Store

LOG_NAME = "decisions/log.jsonl"
_MOST_NAMED = 5
_REMEDY = "put the log back from a copy, or find out who changed it"


@dataclass(frozen=True)
class LogFixity:
    """What was found of the log.

    Attributes:
        decisions: whose lines and hashes hold.
        fault: what is wrong, where, and what to do; empty when nothing is.
        torn: files of lines that crashes left unfinished.
    """

    decisions: int
    fault: str
    torn: tuple[Path, ...]


def check_decisions(store: Store) -> LogFixity:
    """Read every line of the log, and compare the ledger's copies with it."""
    log = store.decisions
    try:
        return LogFixity(len(proven_decisions(store, log)), "", log.torn)
    except (VerificationError, StoreError) as error:
        return LogFixity(_readable(log), str(error), log.torn)


def proven_decisions(store: Store, log: DecisionLog) -> tuple[Decision, ...]:
    """The decisions of the log, which agree with the ledger's copies.

    Args:
        store: whose ledger has the copies.
        log: of that store; one kept by the caller is faster than a new one.

    Raises:
        VerificationError: the chain does not hold, or the copies say otherwise.
        StoreError: it cannot be read.
    """
    copies = sealed_copies(store.ledger())  # first: somebody may decide between the two
    decisions = log.read()
    if found := differing(copies, decisions):
        raise VerificationError(_spoken(found))
    return decisions


def _readable(log: DecisionLog) -> int:
    try:
        return len(log.read())
    except (VerificationError, StoreError):
        return 0


def _spoken(found: list[str]) -> str:
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    return (
        f"{LOG_NAME} is not what the ledger has copies of: {'; '.join(found[:_MOST_NAMED])}{more}; "
        f"{_REMEDY}"
    )
