"""Decisions of reviewers become treatments of shots: prepared here, carried out by a run.

"Keep original" is a treatment without steps, "redo" one by the recipe or model that was named.
What cannot be done is left as it is and said, and the others go on.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from catalogs.catalog import Catalog
from catalogs.decisions.decision import Decision
from catalogs.decisions.outcomes import outcomes
from catalogs.errors import RecipeError, StoreError
from catalogs.mixtures import base_version
from catalogs.policy import Policy
from catalogs.recipe import Treatment, read_recipe
from catalogs.records import Reel
from catalogs.rows import known_reels
from catalogs.shot_query import standing_shots
from catalogs.store import Store
from catalogs.treatments import recorded_treatments
from flows.prepared import NOTHING, Decided, Prepared
from flows.treatment import Renewal, renewing
from tasks.decided import (
    ORIGINAL,
    DueDecision,
    decisions_at_hand,
    due_decisions,
    standing_recipes,
)
from tasks.licence import licence_remarks
from tasks.permit import forbidden
from tasks.reprocess import plan_wanted
from tasks.reprocess_plan import ReelPlan
from tasks.restore import build_steps


def prepare_decided(store: Store, policy: Policy, ask: bool = True) -> Prepared:
    """Plan what reviewers decided; nothing is computed, and no decision stops another.

    Args:
        store: whose decisions are carried out.
        policy: what may be done to which collection.
        ask: whether MLflow's registry is asked for models; else the store's copy of it.
    """
    at_hand = decisions_at_hand(store)
    locked = at_hand.locked
    if at_hand.fault or not at_hand.decisions:
        return Prepared(NOTHING, policy, decided=Decided(locked=locked, fault=at_hand.fault))
    ledger = store.ledger()
    standing = standing_shots(ledger, recorded_treatments(ledger))
    due, stale = due_decisions(at_hand.decisions, standing)
    asked = _Asked(store, policy, ask, recorded_treatments(ledger), known_reels(ledger), locked)
    wanted: dict[str, dict[int, Treatment | RecipeError]] = {}
    held: list[tuple[Decision, str]] = []
    for one in due:
        treatment = asked.treatment(one)
        if isinstance(treatment, Treatment):
            wanted.setdefault(one.decision.reel_id, {})[one.start_frame] = treatment
        else:
            held.append((one.decision, treatment))
    names = standing_recipes(ledger)
    plan = plan_wanted(store, standing, wanted, policy, names, Counter(), locked)
    held += [
        (one.decision, plan.refused[one.decision.reel_id])
        for one in due
        if one.decision.reel_id in plan.refused
        and one.start_frame in wanted.get(one.decision.reel_id, {})
    ]
    remarks = [*asked.remarks, *(said for t in plan.treatments for said in licence_remarks(t))]
    decided = Decided(_carried(due, plan.reels), tuple(held), _unsaid(store, stale), locked)
    plan = replace(plan, refused={})  # said of each decision
    return Prepared(plan, policy, tuple(dict.fromkeys(asked.models)),
                    tuple(dict.fromkeys(remarks)), decided)  # fmt: skip


def for_tonight(
    prepared: Prepared, store: Store, catalog: Catalog, treatment: Treatment
) -> Prepared:
    """What of it a night carries out: no reel that it restores anew in whole, or holds.

    Args:
        prepared: of the store, as it stands.
        store: of the night.
        catalog: what the night is to restore.
        treatment: how.
    """
    entries = {entry.reel_id: entry for entry in catalog.reels}
    holds = {row.reel_id: row.reason for row in catalog.held}
    ledger = store.ledger()

    def hindrance(reel: Reel) -> str:
        if reel.reel_id in holds:
            return f"this run holds the reel: {holds[reel.reel_id]}"
        entry = entries.get(reel.reel_id)
        if entry is None:
            return ""
        if entry != reel.catalog:
            return "its row of the catalog has changed, and this run reads the source anew"
        if base_version(ledger, reel) != treatment.treatment_id:
            return (
                f"this run restores the whole reel anew, as {treatment.label}; "
                "look at the new version"
            )
        return ""

    why = {reel.reel.reel_id: hindrance(reel.reel) for reel in prepared.plan.reels}
    decided = prepared.decided
    held = [(one, why[one.reel_id]) for one in decided.carried if why[one.reel_id]]
    carried = tuple(one for one in decided.carried if not why[one.reel_id])
    reels = tuple(reel for reel in prepared.plan.reels if not why[reel.reel.reel_id])
    return replace(
        prepared,
        plan=replace(prepared.plan, reels=reels),
        decided=replace(decided, carried=carried, held=(*decided.held, *held)),
    )


def _carried(due: tuple[DueDecision, ...], reels: tuple[ReelPlan, ...]) -> tuple[Decision, ...]:
    """Decisions that change a shot; where a shot is as it was asked for there is nothing to do."""
    changing = {(c.shot.reel_id, c.shot.start_frame) for reel in reels for c in reel.chosen}
    return tuple(one.decision for one in due if (one.decision.reel_id, one.start_frame) in changing)


def _unsaid(store: Store, stale: tuple[Decision, ...]) -> tuple[Decision, ...]:
    """Stale decisions that no run carried out or said to be stale."""
    if not stale:
        return ()
    known = outcomes(store.ledger())
    settled = {n for n, one in known.items() if one.outcome in ("carried out", "stale")}
    return tuple(one for one in stale if one.sequence not in settled)


@dataclass
class _Asked:
    """What decisions ask for, each recipe and model looked up once."""

    store: Store
    policy: Policy
    ask: bool
    treatments: Mapping[str, Treatment]
    reels: Mapping[str, Reel]
    locked: Mapping[str, str]
    models: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    _known: dict[tuple[str, str], Renewal | str] = field(default_factory=dict)

    def treatment(self, due: DueDecision) -> Treatment | str:
        """The treatment that the shot is to have, or why it cannot have it."""
        decision = due.decision
        if why := self.locked.get(decision.reel_id):
            return why
        before = self.treatments.get(str(due.row["treatment_id"]))
        if before is None:
            return f"no night of the ledger names the steps of {due.row['treatment_id']}"
        try:
            found = ORIGINAL if decision.verb == "keep original" else self._redone(decision, before)
            build_steps(found, self.store.shelf)
        except (RecipeError, StoreError) as error:
            return str(error)
        catalog = self.reels[decision.reel_id].catalog
        return forbidden(catalog, self.policy, found) or found

    def _redone(self, decision: Decision, before: Treatment) -> Treatment:
        place = (decision.recipe, decision.model)
        if place not in self._known:
            self._known[place] = self._renewal(*place)
        renewal = self._known[place]
        if isinstance(renewal, str):
            raise RecipeError(renewal)
        return renewal.renew(before)

    def _renewal(self, name: str, model: str) -> Renewal | str:
        try:
            recipe = None
            if name:
                file = self.store.recipes.get(name)
                if file is None:
                    return f"no recipe {name!r} is known; put {name}.toml into STORE/recipes"
                recipe = read_recipe(str(file))
            found = renewing(self.store, recipe, model or None, self.ask)
        except (RecipeError, StoreError) as error:
            return str(error)
        self.models += found.models
        self.remarks += found.remarks
        return found
