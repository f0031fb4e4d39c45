"""What nights made of decisions, for the pages."""

from collections.abc import Iterable

from catalogs.decisions.decision import Decision
from catalogs.decisions.outcomes import Outcome
from dashboard.ledger_view import LedgerView

_OUTCOMES = """
SELECT sequence, outcome, batch_id, detail FROM outcome
WHERE sequence IN (SELECT unnest($1))
"""


def outcomes_of(view: LedgerView, decisions: Iterable[Decision]) -> dict[int, Outcome]:
    """The newest outcome of each decision that a night took up, by its number."""
    numbers = [one.sequence for one in decisions]
    rows = view.ask(_OUTCOMES, [numbers]) if numbers else []
    return {
        int(row["sequence"]): Outcome(
            str(row["outcome"]), str(row["batch_id"] or ""), str(row["detail"])
        )
        for row in rows
    }
