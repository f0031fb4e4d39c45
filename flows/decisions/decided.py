"""Decisions of reviewers become treatments of shots: prepared here, carried out by a run.

"Keep original" is a treatment without steps, "redo" one by the recipe or model that was named.
What cannot be done is left as it is and said, and the others go on.
"""

from collections import Counter
from dataclasses import replace

from catalogs.catalog import Catalog
from catalogs.decisions.decision import Decision
from catalogs.decisions.outcomes import OutcomeWord, became, outcomes
from catalogs.errors import RecipeError
from catalogs.mixtures import base_version
from catalogs.policy import Policy
from catalogs.recipe import Treatment, treatment_label
from catalogs.records import Reel
from catalogs.rows import known_reels
from catalogs.shot_query import standing_shots
from catalogs.store import Store
from catalogs.treatments import recorded_treatments
from flows.decisions.prepared import NOTHING, Decided, Prepared
from flows.decisions.wishes import Wishes
from tasks.decisions.decided import (
    DueDecision,
    decisions_at_hand,
    due_decisions,
    standing_recipes,
)
from tasks.registry.licence import licence_remarks
from tasks.reprocess.choose import plan_wanted
from tasks.reprocess.plan import ReprocessPlan


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
    due = due_decisions(at_hand.decisions, standing, outcomes(ledger))
    asked = Wishes(store, policy, ask, recorded_treatments(ledger), known_reels(ledger), locked)
    wanted: dict[str, dict[int, Treatment | RecipeError]] = {}
    held: list[tuple[Decision, str]] = []
    settled = [_joined(one) for one in due.joined]
    for one in due.now:
        treatment = asked.treatment(one)
        if not isinstance(treatment, Treatment):
            held.append((one.decision, treatment))
        elif treatment.treatment_id == one.row["treatment_id"]:
            settled.append((one.decision, "carried out", f"it is so already, {treatment.label}"))
        else:
            wanted.setdefault(one.decision.reel_id, {})[one.start_frame] = treatment
    names = standing_recipes(ledger)
    plan = plan_wanted(store, standing, wanted, policy, names, Counter(), locked)
    held += [
        (one.decision, plan.refused[one.decision.reel_id])
        for one in due.now
        if one.decision.reel_id in plan.refused
        and one.start_frame in wanted.get(one.decision.reel_id, {})
    ]
    remarks = [*asked.remarks, *(said for t in plan.treatments for said in licence_remarks(t))]
    carried = tuple(
        one.decision
        for one in due.now
        if one.start_frame in wanted.get(one.decision.reel_id, {})
        and one.decision.reel_id not in plan.refused
    )
    decided = Decided(carried, tuple(held), due.stale, tuple(settled), due.done, locked=locked)
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

    def renewed(reel: Reel) -> str:
        if reel.reel_id in entries and base_version(ledger, reel) != treatment.treatment_id:
            return f"this run restores the whole reel anew, as {treatment.label}"
        return ""

    def hindrance(reel: Reel) -> str:
        if reel.reel_id in holds:
            return f"this run holds the reel: {holds[reel.reel_id]}"
        if entries.get(reel.reel_id, reel.catalog) != reel.catalog:
            return "its row of the catalog has changed, and this run reads the source anew"
        whole = renewed(reel)
        return f"{whole}; look at the new version" if whole else ""

    why = {reel.reel.reel_id: hindrance(reel.reel) for reel in prepared.plan.reels}
    decided = prepared.decided
    known = known_reels(ledger) if decided.done else {}
    held = [(one, why[one.reel_id]) for one in decided.carried if why[one.reel_id]]
    carried = tuple(one for one in decided.carried if not why[one.reel_id])
    reels = tuple(reel for reel in prepared.plan.reels if not why[reel.reel.reel_id])
    return replace(
        prepared,
        plan=replace(prepared.plan, reels=reels),
        decided=replace(
            decided,
            carried=carried,
            held=(*decided.held, *held),
            undone=tuple(
                (one.decision, taken)
                for one in decided.done
                if one.decision.reel_id not in decided.locked
                and one.row["treatment_id"] != treatment.treatment_id
                and (taken := renewed(known[one.decision.reel_id]))
            ),
        ),
    )


def undone_by(
    store: Store, decisions: tuple[Decision, ...], plan: ReprocessPlan
) -> tuple[tuple[Decision, str], ...]:
    """Decisions that were carried out and that a plan takes back, and by what."""
    changed = {(one.shot.reel_id, one.shot.start_frame): one.why for one in plan.chosen}
    if not decisions or not changed:
        return ()
    ledger = store.ledger()
    standing = standing_shots(ledger, recorded_treatments(ledger))
    done = due_decisions(decisions, standing, outcomes(ledger)).done
    places = {(one.decision.reel_id, one.start_frame): one.decision for one in done}
    return tuple((places[place], changed[place]) for place in places.keys() & changed.keys())


def _joined(due: DueDecision) -> tuple[Decision, OutcomeWord, str]:
    """What became of a decision whose run joined the reel, and ended before it could say so."""
    label = treatment_label(str(due.row["recipe"]), str(due.row["treatment_id"]))
    how = f"by a run that was cut off then, {label}"
    return (due.decision, *became(due.decision, str(due.row["status"]), how, "see its run"))
