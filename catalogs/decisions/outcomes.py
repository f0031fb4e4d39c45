"""What became of decisions that a run carries out, as events of the ledger.

An event `decision` is of the shot; its detail begins with the decision's sentence.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

from catalogs.decisions.decision import Decision
from catalogs.ledger import Ledger
from catalogs.recipe import treatment_label

EVENT = "decision"

OutcomeWord = Literal["begun", "carried out", "held", "stale", "undone"]

NOT_RESTORED = "it could not be restored"  # held for good: the shot keeps its original

_DETAIL = re.compile(r"decision (\d+), .*?: (.*)", re.DOTALL)


@dataclass(frozen=True)
class Outcome:
    """What a run made of a decision.

    Attributes:
        outcome: `begun`, `carried out`, `held`; `stale`: rendered anew before it was done;
            `undone`: rendered anew after it was done.
        batch_id: the run.
        detail: what was done, or why it was not.
    """

    outcome: str
    batch_id: str
    detail: str

    def made(self, treatment_id: str) -> bool:
        """Whether the detail says that the shot has a treatment now."""
        after = self.detail.rpartition(" becomes ")[2]
        return treatment_label("", treatment_id) in after


def is_settled(outcome: Outcome | None) -> bool:
    """Whether a decision was carried out: it is done once, whatever stands there later."""
    return outcome is not None and outcome.outcome in ("carried out", "undone")


def is_said(outcome: Outcome | None) -> bool:
    """Whether people were told what became of a decision whose output stands no more."""
    if outcome is None:
        return False
    failed = outcome.outcome == "held" and outcome.detail.startswith(NOT_RESTORED)
    return failed or outcome.outcome == "stale" or is_settled(outcome)


def became(decision: Decision, status: str, how: str, reason: str) -> tuple[OutcomeWord, str]:
    """What became of a decision whose shot stands in a new version of its reel.

    Args:
        decision: that was to be carried out.
        status: of the shot, `restored` or `original kept`.
        how: it was treated.
        reason: why its original was kept.
    """
    if decision.verb == "redo" and status == "original kept":
        return "held", f"{NOT_RESTORED}: {reason}"
    return "carried out", how


def outcome_event(decision: Decision, outcome: OutcomeWord, detail: str) -> dict[str, Any]:
    """The event of a decision, as `flows.night.order.Order.record` takes it."""
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
