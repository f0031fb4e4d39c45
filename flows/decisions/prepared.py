"""What is about to be restored anew: a plan, what decisions it carries out, and their record."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from catalogs.decisions.decision import Decision
from catalogs.decisions.outcomes import OutcomeWord, outcome_event
from catalogs.ledger import Ledger
from catalogs.mixtures import base_of_next
from catalogs.policy import Policy
from catalogs.recipe import steps_json
from flows.night.order import Order
from flows.night.software import software
from tasks.decisions.decided import DueDecision
from tasks.reprocess.plan import ReelPlan, ReprocessPlan

NOTHING = ReprocessPlan((), {}, {})
_STALE = "its shot was rendered anew before this was done; look at it again"


@dataclass(frozen=True)
class Decided:
    """What becomes of the reviewers' decisions.

    Attributes:
        carried: those that the plan carries out.
        held: those that cannot be carried out now, and why.
        stale: those that were not done before their shot was rendered anew, and were not yet said.
        settled: those of which nothing is left to do, their outcome, and why.
        done: those that were carried out before, and of which what was made stands.
        undone: those of them that the run takes back, and by what.
        locked: reels that nothing is done to, and why.
        fault: what is wrong with the log; nothing is carried out then.
    """

    carried: tuple[Decision, ...] = ()
    held: tuple[tuple[Decision, str], ...] = ()
    stale: tuple[Decision, ...] = ()
    settled: tuple[tuple[Decision, OutcomeWord, str], ...] = ()
    done: tuple[DueDecision, ...] = ()
    undone: tuple[tuple[Decision, str], ...] = ()
    locked: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""

    @property
    def need_attention(self) -> int:
        """How many decisions a person must look at; a log that does not hold is one."""
        failed = sum(outcome == "held" for _, outcome, _ in self.settled)
        return len(self.held) + len(self.stale) + len(self.undone) + failed + bool(self.fault)


@dataclass(frozen=True)
class Prepared:
    """A plan, and what must be said of the models and decisions in it."""

    plan: ReprocessPlan
    policy: Policy
    models: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    decided: Decided = field(default_factory=Decided)


def bases_of(ledger: Ledger, reels: Iterable[ReelPlan]) -> dict[str, str]:
    """What the new version of each reel comes from, see `catalogs.mixtures`, by reel."""
    return {
        reel.reel.reel_id: base_of_next(ledger, reel.reel, reel.treatment.treatment_id)
        for reel in reels
    }


def record_plan(order: Order, prepared: Prepared) -> None:
    """Say before anything is done what was chosen, why, and under which policy."""
    plan = prepared.plan
    for other in plan.treatments:
        if other.treatment_id != order.treatment.treatment_id:
            row = {"recipe": other.recipe_name, "treatment_id": other.treatment_id}
            row |= {"steps_json": steps_json(other.steps), "status": "running"}
            order.ledger.append("batches", order.batch_id, [{**row, "software": software()}])
    order.record_policy()
    for said in prepared.models:
        order.record("model", order.batch_id, "success", said)
    for remark in prepared.remarks:
        order.record("catalog remark", order.batch_id, "warning", remark)
    for reel_id, why in plan.refused.items():
        order.record("reprocessing", reel_id, "held", why)
    for reel in plan.reels:
        why = "; ".join(dict.fromkeys(chosen.why for chosen in reel.chosen))
        detail = f"{len(reel.chosen)} of {len(reel.shots)} shots: {why}"
        order.record("reprocessing", reel.reel.reel_id, "begun", detail)
    _record_decided(order, prepared)


def record_settled(order: Order, decided: Decided) -> None:
    """Say of which decisions nothing is left to do."""
    for decision, outcome, why in decided.settled:
        _record(order, decision, outcome, why)


def _record_decided(order: Order, prepared: Prepared) -> None:
    decided = prepared.decided
    if decided.fault:
        detail = f"{decided.fault}; no decision is carried out until it holds"
        order.record("decision log", order.batch_id, "failure", detail)
    for decision, why in decided.held:
        _record(order, decision, "held", why)
    for decision in decided.stale:
        _record(order, decision, "stale", _STALE)
    for decision, why in decided.undone:
        _record(order, decision, "undone", f"{why}; decide again if it is still wanted")
    record_settled(order, decided)
    for decision, why in with_reasons(decided.carried, prepared.plan.reels):
        _record(order, decision, "begun", why)


def with_reasons(
    decisions: Iterable[Decision], reels: Iterable[ReelPlan]
) -> Iterable[tuple[Decision, str]]:
    """Decisions on shots that the reels' plans change, and what each changes to."""
    whys = {
        (chosen.shot.reel_id, chosen.shot.start_frame): chosen.why
        for reel in reels
        for chosen in reel.chosen
    }
    for decision in decisions:
        if decision.start_frame is not None:
            why = whys.get((decision.reel_id, decision.start_frame))
            if why is not None:
                yield decision, why


def _record(order: Order, decision: Decision, outcome: OutcomeWord, detail: str) -> None:
    order.record(**outcome_event(decision, outcome, detail))
