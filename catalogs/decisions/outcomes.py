"""What became of decisions that a run carries out, as events of the ledger.

An event `decision` is of the shot; its detail begins with the decision's sentence.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

from catalogs.decisions.decision import Decision
from catalogs.ledger import Ledger

EVENT = "decision"

OutcomeWord = Literal["begun", "carried out", "held", "stale"]

_DETAIL = re.compile(r"decision (\d+), .*?: (.*)", re.DOTALL)


@dataclass(frozen=True)
class Outcome:
    """What a run made of a decision.

    Attributes:
        outcome: `begun`, `carried out`, `held`, or `stale`: rendered anew before it was done.
        batch_id: the run.
        detail: what was done, or why it was not.
    """

    outcome: str
    batch_id: str
    detail: str


def outcome_event(decision: Decision, outcome: OutcomeWord, detail: str) -> dict[str, Any]:
    """The event of a decision, as `flows.work.Order.record` takes it."""
    return {
        "event": EVENT, "subject": decision.subject, "outcome": outcome,
        "detail": f"{decision.sentence}: {detail}",
    }  # fmt: skip


def outcomes(ledger: Ledger) -> dict[int, Outcome]:
    """The newest outcome of each decision that a run took up, by its sequence."""
    events = ledger.read("events")
    events = events[events["event"] == EVENT]
    found = {}
    for row in events.itertuples(index=False):
        if said := _DETAIL.fullmatch(str(row.detail)):
            found[int(said[1])] = Outcome(str(row.outcome), str(row.batch_id), said[2])
    return found
