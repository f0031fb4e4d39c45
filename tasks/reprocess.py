"""Reprocess: which shots another treatment changes, and what becomes of their reels.

A shot is chosen when the operator's condition is true of it and its treatment would be another.
The others of its reel are taken over as they are. Nothing is computed here.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from catalogs.errors import RecipeError
from catalogs.ledger import Ledger
from catalogs.policy import Policy
from catalogs.recipe import Part, Treatment, mixed
from catalogs.records import Reel, Shot
from catalogs.rows import known_reels
from catalogs.shot_list import current_shots
from catalogs.shot_query import matching, standing_shots
from catalogs.store import Store
from catalogs.treatments import recorded_treatments
from tasks.permit import forbidden
from tasks.split import DETECTOR

Renew = Callable[[Treatment], Treatment]


@dataclass(frozen=True)
class ChosenShot:
    """A shot that is to be restored anew.

    Attributes:
        seconds: what restoring and measuring it took before.
        is_known: True when it is recorded under the new treatment already.
    """

    shot: Shot
    before: Treatment
    after: Treatment
    seconds: float
    is_known: bool

    @property
    def why(self) -> str:
        """What changes, in words."""
        newer = ", ".join(_newer(self.before, self.after))
        by = f", by newer code of {newer}" if newer else ""
        return f"{_spoken(self.before)} becomes {_spoken(self.after)}{by}"


@dataclass(frozen=True)
class ReelPlan:
    """A reel that gets a new version.

    Attributes:
        shots: all of the reel, in order.
        treatment: of the new version, mixed where only some shots change.
        chosen: shots that change.
    """

    reel: Reel
    shots: tuple[Shot, ...]
    treatment: Treatment
    chosen: tuple[ChosenShot, ...]


@dataclass(frozen=True)
class ReprocessPlan:
    """What would be done.

    Attributes:
        refused: reason by reel_id, of reels that must not be treated so, or cannot be now.
        left_out: number of shots by the reason why they stay as they are.
    """

    reels: tuple[ReelPlan, ...]
    refused: Mapping[str, str]
    left_out: Mapping[str, int]

    @property
    def chosen(self) -> tuple[ChosenShot, ...]:
        """Every shot that changes."""
        return tuple(chosen for reel in self.reels for chosen in reel.chosen)

    @property
    def to_compute(self) -> tuple[ChosenShot, ...]:
        """Shots that change and are not recorded under their new treatment yet."""
        return tuple(chosen for chosen in self.chosen if not chosen.is_known)

    @property
    def frames(self) -> int:
        """Frames to compute."""
        return sum(chosen.shot.frame_count for chosen in self.to_compute)

    @property
    def hours(self) -> float:
        """Worker hours, were it as fast as these shots were before."""
        return sum(chosen.seconds for chosen in self.to_compute) / 3600

    @property
    def treatments(self) -> tuple[Treatment, ...]:
        """Treatments that shots change to, the most frequent first."""
        found = {chosen.after.treatment_id: chosen.after for chosen in self.chosen}
        counts = Counter(chosen.after.treatment_id for chosen in self.chosen)
        return tuple(found[name] for name, _ in counts.most_common())


def plan_reprocess(
    store: Store, renew: Renew, policy: Policy, where: str | None = None, name: str | None = None
) -> ReprocessPlan:
    """Choose shots.

    Args:
        store: whose ledger is asked.
        renew: the treatment that a shot of the given treatment is to have; the same one where
            it is to stay.
        policy: what may be done to which collection.
        where: SQL that must be true of a shot, see `catalogs.shot_query`; all when None.
        name: recipe name of reels in which only some shots change; as before when None.

    Raises:
        RecipeError: the condition is none.
    """
    ledger = store.ledger()
    treatments = recorded_treatments(ledger)
    standing = standing_shots(ledger, treatments)
    selected = standing if where is None else matching(ledger, standing, where)
    chosen = {str(name): set(rows["start_frame"]) for name, rows in selected.groupby("reel_id")}
    left_out: Counter[str] = Counter()
    if where is not None:
        left_out["the condition is not true of it"] = len(standing) - len(selected)
    renewed = _renewed(renew, treatments, set(selected["treatment_id"]))
    recorded = _recorded(ledger) if chosen else set()
    reels, refused, known = [], {}, known_reels(ledger)
    for reel_id, rows in standing.groupby("reel_id"):
        if reel_id not in chosen:
            continue
        planned = _Reel(known[str(reel_id)], ledger, treatments, renewed, recorded)
        plan = planned.plan(rows, chosen[str(reel_id)], name, left_out)
        if isinstance(plan, str):
            refused[str(reel_id)] = plan
        elif plan is not None and (why := forbidden(plan.reel.catalog, policy, plan.treatment)):
            refused[str(reel_id)] = why
        elif plan is not None:
            reels.append(plan)
    return ReprocessPlan(tuple(reels), refused, {why: n for why, n in left_out.items() if n})


def _recorded(ledger: Ledger) -> set[tuple[str, str]]:
    """Reel and key of every shot that was restored."""
    rows = ledger.newest("restorations")
    return set(zip(rows["reel_id"], rows["key"], strict=True))


def _renewed(
    renew: Renew, treatments: Mapping[str, Treatment], wanted: set[str]
) -> dict[str, Treatment | RecipeError]:
    """The treatments that shots are chosen from, each as it is to be, or why it cannot be."""
    found: dict[str, Treatment | RecipeError] = {}
    for name in wanted & set(treatments):
        try:
            found[name] = renew(treatments[name])
        except RecipeError as error:
            found[name] = error
    return found


@dataclass(frozen=True)
class _Reel:
    """One reel while it is planned."""

    reel: Reel
    ledger: Ledger
    treatments: Mapping[str, Treatment]
    renewed: Mapping[str, Treatment | RecipeError]
    recorded: set[tuple[str, str]]

    def plan(
        self, rows: pd.DataFrame, starts: set[int], name: str | None, left_out: Counter[str]
    ) -> ReelPlan | str | None:
        """What becomes of it; None when nothing changes; why not, where it cannot be said."""
        if set(rows["reel_digest"]) != {self.reel.digest}:
            return "its source was ingested anew; run the night first"
        shots = current_shots(self.ledger, self.reel, DETECTOR)
        by_start: dict[int, dict[str, Any]] = {
            int(row["start_frame"]): row for row in rows.to_dict("records")
        }
        if len(by_start) != len(shots) or any(s.start_frame not in by_start for s in shots):
            return "its shots are not those that were restored; run the night first"
        if unknown := set(rows["treatment_id"]) - set(self.treatments):
            return f"no night of the ledger names the steps of treatment {min(unknown)}"
        parts, chosen = [], []
        for shot in shots:
            row = by_start[shot.start_frame]
            before = after = self.treatments[row["treatment_id"]]
            if shot.start_frame in starts:
                renewed = self.renewed[row["treatment_id"]]
                if isinstance(renewed, RecipeError):
                    return f"{renewed}; name a recipe for it with --recipe"
                after = renewed
                if after.treatment_id == before.treatment_id:
                    left_out["its treatment stays the same"] += 1
                else:
                    chosen.append(self._chosen(shot, before, after, float(row["seconds"])))
            parts.append(Part(shot.start_frame, shot.stop_frame, after))
        if not chosen:
            return None
        whole = mixed(name or chosen[0].after.recipe_name, parts)
        return ReelPlan(self.reel, shots, whole, tuple(chosen))

    def _chosen(
        self, shot: Shot, before: Treatment, after: Treatment, seconds: float
    ) -> ChosenShot:
        known = (shot.reel_id, shot.key(after.treatment_id)) in self.recorded
        return ChosenShot(shot, before, after, seconds, known)


def _newer(before: Treatment, after: Treatment) -> list[str]:
    """Steps that both have, of which the software knows another version now."""
    was = {step.name: step.version for step in before.steps}
    changed = (s.name for s in after.steps if was.get(s.name, s.version) != s.version)
    return list(dict.fromkeys(changed))


def _spoken(treatment: Treatment) -> str:
    models = ", ".join(dict.fromkeys(step.model for step in treatment.steps if step.model))
    return treatment.label + (f" ({models})" if models else "")
