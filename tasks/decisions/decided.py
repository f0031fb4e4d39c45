"""Decided: what of the reviewers' decisions a run has to do, and which reels it must leave alone.

Nothing is computed here. Where the log of decisions does not hold, or has lost what the ledger has
copies of, nothing is carried out, and the reels that the copies say are locked are left alone all
the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from catalogs.decisions.decision import CARRIED_OUT, Decision, Place
from catalogs.decisions.ledger_copy import compact_copies, copied_decisions, copy_decisions
from catalogs.decisions.log import DecisionLog
from catalogs.decisions.outcomes import Outcome, is_said, is_settled
from catalogs.decisions.standing import Standing, reel_states, standing_decisions
from catalogs.errors import StoreError, VerificationError
from catalogs.ledger import Ledger
from catalogs.recipe import Treatment
from catalogs.store import Store
from tasks.decisions.fixity import proven_decisions

ORIGINAL = Treatment("untouched", ())  # the shot's own frames; the recipe of that name


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


def decisions_at_hand(store: Store, log: DecisionLog | None = None) -> AtHand:
    """Read the decisions, or what the ledger has of them.

    Args:
        store: whose decisions they are.
        log: of that store; one kept by the caller is faster than a new one.
    """
    try:
        return AtHand(proven_decisions(store, log or store.decisions))
    except (VerificationError, StoreError) as error:
        return AtHand(copied_decisions(store.ledger()), str(error))


class Locks:
    """The reels that are locked, at any time.

    Args:
        store: whose decisions they are.
    """

    def __init__(self, store: Store) -> None:
        self._store, self._log = store, store.decisions
        self._decisions: tuple[Decision, ...] | None = None
        self._locked: dict[str, str] = {}

    def why(self, reel_id: str) -> str:
        """Why nothing may be done to a reel now; empty when it is not locked."""
        at_hand = decisions_at_hand(self._store, self._log)
        if at_hand.decisions is not self._decisions:
            self._decisions, self._locked = at_hand.decisions, at_hand.locked
        return self._locked.get(reel_id, "")


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


@dataclass(frozen=True)
class Due:
    """What of the newest decisions of all shots concerns a run.

    Attributes:
        now: to be carried out: of what stands, and never carried out before.
        joined: begun by a run that ended before it could say so: what it began stands.
        done: carried out, and what was made of the shot stands.
        stale: of an output that stands no more, not carried out, and not said yet.
    """

    now: tuple[DueDecision, ...] = ()
    joined: tuple[DueDecision, ...] = ()
    done: tuple[DueDecision, ...] = ()
    stale: tuple[Decision, ...] = ()


def due_decisions(
    decisions: Iterable[Decision], standing: pd.DataFrame, known: Mapping[int, Outcome]
) -> Due:
    """Sort the decisions that runs carry out by what is to be done of them.

    Args:
        decisions: oldest first.
        standing: shots of the store, see `catalogs.shot_query`.
        known: what runs made of decisions.
    """
    rows: dict[Place, dict[str, Any]] = {
        (str(row["reel_id"]), int(row["start_frame"]), int(row["stop_frame"])): row
        for row in standing.to_dict("records")
    }
    outputs = {place: str(row["picture_sha256"]) for place, row in rows.items()}
    found: dict[str, list[DueDecision]] = {"now": [], "joined": [], "done": []}
    stale = []
    for place, one in standing_decisions(decisions, outputs).items():
        outcome = known.get(one.decision.sequence)
        if one.decision.verb not in CARRIED_OUT:
            continue
        if place in rows and (state := _state(one, outcome, rows[place])):
            found[state].append(DueDecision(one.decision, rows[place]))
        elif one.is_stale and not is_said(outcome):
            stale.append(one.decision)
    return Due(**{name: tuple(own) for name, own in found.items()}, stale=tuple(stale))


def _state(one: Standing, outcome: Outcome | None, row: Mapping[str, Any]) -> str:
    """`now`, `joined` or `done`; else empty."""
    stands = outcome is not None and outcome.made(str(row["treatment_id"]))
    if outcome is not None and outcome.outcome == "begun" and one.is_stale:
        return "joined" if stands else ""
    if outcome is not None and outcome.outcome == "carried out":
        return "done" if stands else ""
    return "" if one.is_stale or is_settled(outcome) else "now"


def standing_recipes(ledger: Ledger) -> dict[str, str]:
    """Recipe of the version of each reel that stands, by reel."""
    rows = ledger.read("reels")
    rows = rows[rows["status"] == "restored"].drop_duplicates("reel_id", keep="last")
    return dict(zip(rows["reel_id"].astype(str), rows["recipe"].astype(str), strict=True))
