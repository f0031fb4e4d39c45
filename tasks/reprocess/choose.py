"""Reprocess: which shots another treatment changes, and what becomes of their reels.

A shot is chosen when the operator's condition is true of it and its treatment would be another.
The others of its reel are taken over as they are. Nothing is computed here.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from catalogs.errors import NoAnswerError, RecipeError
from catalogs.ledger import Ledger
from catalogs.policy import Policy
from catalogs.recipe import Part, Treatment, mixed
from catalogs.records import Reel, Shot
from catalogs.retired import with_files
from catalogs.rows import held_reels, known_reels
from catalogs.shot_list import current_shots
from catalogs.shot_query import matching, standing_shots
from catalogs.store import Store
from catalogs.treatments import recorded_treatments
from tasks.manifest import is_assembled
from tasks.permit import forbidden
from tasks.reprocess.plan import ChosenShot, ReelPlan, ReprocessPlan
from tasks.split import DETECTOR
from tasks.storage.listed import is_there

Renew = Callable[[Treatment], Treatment]
Wanted = Mapping[int, Treatment | RecipeError]  # by a shot's first frame


def plan_reprocess(
    store: Store,
    renew: Renew,
    policy: Policy,
    where: str | None = None,
    name: str | None = None,
    locked: Mapping[str, str] | None = None,
) -> ReprocessPlan:
    """Choose shots.

    Args:
        store: whose ledger is asked.
        renew: the treatment that a shot of the given treatment is to have; the same one where
            it is to stay.
        policy: what may be done to which collection.
        where: SQL that must be true of a shot, see `catalogs.shot_query`; all when None.
        name: recipe name of reels in which only some shots change; as before when None.
        locked: reels that must stay as they are, and why.

    Raises:
        RecipeError: the condition is none.
    """
    ledger = store.ledger()
    treatments = recorded_treatments(ledger)
    standing = standing_shots(ledger, treatments)
    selected = standing if where is None else matching(ledger, standing, where)
    left_out: Counter[str] = Counter()
    if where is not None:
        left_out["the condition is not true of it"] = len(standing) - len(selected)
    renewed = _renewed(renew, treatments, set(selected["treatment_id"]))
    wanted: dict[str, dict[int, Treatment | RecipeError]] = {}
    for row in selected.itertuples(index=False):
        if row.treatment_id in renewed:
            own = wanted.setdefault(str(row.reel_id), {})
            own[int(row.start_frame)] = renewed[str(row.treatment_id)]
        else:
            wanted.setdefault(str(row.reel_id), {})
    names = {} if name is None else dict.fromkeys(wanted, name)
    return plan_wanted(store, standing, wanted, policy, names, left_out, locked or {})


def plan_wanted(
    store: Store,
    standing: pd.DataFrame,
    wanted: Mapping[str, Wanted],
    policy: Policy,
    names: Mapping[str, str],
    left_out: Counter[str],
    locked: Mapping[str, str],
) -> ReprocessPlan:
    """Plan reels of which it is known what treatment each shot is to have.

    Args:
        store: whose reels they are.
        standing: its shots, see `catalogs.shot_query`.
        wanted: by reel, the treatment of each shot that may change.
        policy: what may be done to which collection.
        names: recipe names of reels in which only some shots change; as before where none is.
        left_out: what was left out already; added to.
        locked: reels that must stay as they are, and why.
    """
    ledger = store.ledger()
    treatments = recorded_treatments(ledger)
    recorded = _recorded(ledger) if wanted else set()
    reels, refused, known = [], {}, known_reels(ledger)
    is_refused = _Refusal(store, held_reels(ledger), policy)
    for reel_id, rows in standing.groupby("reel_id"):
        name = str(reel_id)
        if name not in wanted:
            continue
        planned = _Reel(known[name], ledger, treatments, wanted[name], recorded)
        plan = planned.plan(rows, names.get(name), left_out)
        if isinstance(plan, str):
            refused[name] = locked.get(name, plan)
        elif plan is not None and (why := locked.get(name) or is_refused(plan)):
            refused[name] = why
        elif plan is not None:
            reels.append(plan)
    return ReprocessPlan(tuple(reels), refused, {why: n for why, n in left_out.items() if n})


@dataclass(frozen=True)
class _Refusal:
    """Why a reel that would change is left as it is; empty where it is not.

    Attributes:
        store: whose reels they are.
        held: reasons of the reels that are held, by reel_id.
        policy: what may be done to which collection.
    """

    store: Store
    held: Mapping[str, str]
    policy: Policy

    def __call__(self, plan: ReelPlan) -> str:
        reel = plan.reel
        if reel.reel_id in self.held:
            held = self.held[reel.reel_id]
            return f"it is held ({held}); put that right and run the night first"
        missing = _missing(reel)
        if missing and not is_assembled(reel, plan.shots, plan.treatment, self.store):
            return missing
        return forbidden(reel.catalog, self.policy, plan.treatment)


def _missing(reel: Reel) -> str:
    """Why a reel's source cannot be read; empty when it is there as it was ingested."""
    try:
        there = is_there(reel)
    except NoAnswerError as error:
        return f"its source was not looked at: {error}"
    if there:
        return ""
    return (
        f"its source {reel.place} is not there as it was ingested; bring it back, or run the night "
        "first"
    )


def _recorded(ledger: Ledger) -> set[tuple[str, str]]:
    """Reel and key of every restored shot that was not retired."""
    rows = with_files(ledger, ledger.newest("restorations"))
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
    wanted: Wanted
    recorded: set[tuple[str, str]]

    def plan(
        self, rows: pd.DataFrame, name: str | None, left_out: Counter[str]
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
            before = self.treatments[row["treatment_id"]]
            after = self.wanted.get(shot.start_frame, before)
            if isinstance(after, RecipeError):
                return f"{after}; name a recipe for it with --recipe"
            if after.treatment_id != before.treatment_id:
                chosen.append(self._chosen(shot, before, after, float(row["seconds"])))
            elif shot.start_frame in self.wanted:
                left_out["its treatment stays the same"] += 1
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
