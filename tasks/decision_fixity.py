"""Whether the decisions of a store are as they were taken: the log's chain, and its copies."""

from dataclasses import dataclass
from pathlib import Path

from catalogs.decisions.ledger_copy import differing
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
    """Read every line of the log, and compare the ledger's copies with it.

    The chain shows what was changed, taken out or put in; the copies show what was cut off at the
    end, and a log that somebody wrote anew as a whole.
    """
    log = store.decisions
    try:
        decisions = log.read()
    except (VerificationError, StoreError) as error:
        return LogFixity(0, str(error), log.torn)
    found = differing(store.ledger(), decisions)
    return LogFixity(len(decisions), _spoken(found), log.torn)


def _spoken(found: list[str]) -> str:
    if not found:
        return ""
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    return (
        f"{LOG_NAME} is not what the ledger has copies of: {'; '.join(found[:_MOST_NAMED])}{more}; "
        f"{_REMEDY}"
    )
