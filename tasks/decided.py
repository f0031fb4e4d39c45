"""Decided: what of the reviewers' decisions a run has to do, and which reels it must leave alone.

Nothing is computed here. Where the log of decisions does not hold nothing is carried out, and the
reels that the ledger's copies say are locked are left alone all the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from catalogs.decisions.decision import CARRIED_OUT, Decision, Place
from catalogs.decisions.ledger_copy import compact_copies, copied_decisions, copy_decisions
from catalogs.decisions.standing import reel_states, standing_decisions
from catalogs.errors import StoreError, VerificationError
from catalogs.ledger import Ledger
from catalogs.recipe import Treatment
from catalogs.store import Store

ORIGINAL = Treatment("original", ())  # the shot's own frames, because a person said so


@dataclass(frozen=True)
class AtHand:
    """The decisions of a store.

    Attributes:
        decisions: oldest first; the ledger's copies where the log does not hold.
        fault: what is wrong with the log, and what to do; empty when nothing is.
    """

    decisions: tuple[Decision, ...]
    fault: str = ""

    @property
    def locked(self) -> dict[str, str]:
        """Reels that nothing may be done to, and why."""
        states = reel_states(self.decisions)
        return {name: state.why_locked for name, state in states.items() if state.is_locked}


def decisions_at_hand(store: Store) -> AtHand:
    """Read the decisions, or what the ledger has of them."""
    try:
        return AtHand(store.decisions.read())
    except (VerificationError, StoreError) as error:
        return AtHand(copied_decisions(store.ledger()), str(error))


def update_copies(store: Store, compact: bool = False) -> str:
    """Bring the ledger's copies up to date with the log, as far as that holds.

    Args:
        store: of the log.
        compact: whether files are merged; only while the store is held.

    Returns:
        What is wrong with the log; empty when nothing is.
    """
    at_hand = decisions_at_hand(store)
    if at_hand.fault:
        return at_hand.fault
    copy_decisions(store.ledger(), at_hand.decisions)
    if compact:
        compact_copies(store.ledger())
    return ""


@dataclass(frozen=True)
class DueDecision:
    """A decision that a run is to carry out, and the shot as it stands.

    Attributes:
        row: of the table `shot`, see `catalogs.shot_query`.
    """

    decision: Decision
    row: Mapping[str, Any]

    @property
    def start_frame(self) -> int:
        """First frame of the shot."""
        return int(self.row["start_frame"])


def due_decisions(
    decisions: Iterable[Decision], standing: pd.DataFrame
) -> tuple[tuple[DueDecision, ...], tuple[Decision, ...]]:
    """The decisions to carry out, and those of an output that stands no more.

    One that was carried out is of the output before: it is among the second, and never due again.

    Args:
        decisions: oldest first.
        standing: shots of the store, see `catalogs.shot_query`.
    """
    rows: dict[Place, dict[str, Any]] = {
        (str(row["reel_id"]), int(row["start_frame"]), int(row["stop_frame"])): row
        for row in standing.to_dict("records")
    }
    outputs = {place: str(row["picture_sha256"]) for place, row in rows.items()}
    asked = [
        found
        for found in standing_decisions(decisions, outputs).values()
        if found.decision.verb in CARRIED_OUT
    ]
    due = tuple(
        DueDecision(found.decision, rows[found.decision.place])
        for found in asked
        if not found.is_stale
    )
    return due, tuple(found.decision for found in asked if found.is_stale)


def standing_recipes(ledger: Ledger) -> dict[str, str]:
    """Recipe of the version of each reel that stands, by reel."""
    rows = ledger.read("reels")
    rows = rows[rows["status"] == "restored"].drop_duplicates("reel_id", keep="last")
    return dict(zip(rows["reel_id"].astype(str), rows["recipe"].astype(str), strict=True))
