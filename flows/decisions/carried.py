"""What a run carried out of the reviewers' decisions, recorded as each reel is joined."""

from dataclasses import dataclass

from catalogs.decisions.outcomes import became, outcome_event
from catalogs.mixtures import read_restored_reel_shots
from flows.decisions.prepared import Prepared, with_reasons
from flows.night.order import Order


@dataclass
class Carried:
    """The record of a run's decisions.

    Attributes:
        order: of the run.
        prepared: what it carries out.
        failed: how many decisions it could not carry out, because their shot could not be restored.
    """

    order: Order
    prepared: Prepared
    failed: int = 0

    def record(self, reel_id: str) -> None:
        """Say what became of the decisions on a reel whose new version stands."""
        decided = [one for one in self.prepared.decided.carried if one.reel_id == reel_id]
        if not decided:
            return
        (plan,) = (one for one in self.prepared.plan.reels if one.reel.reel_id == reel_id)
        ledger = self.order.ledger
        known = read_restored_reel_shots(ledger, plan.reel, plan.treatment).values()
        shots = {one.shot.start_frame: one for one in known}
        for decision, why in with_reasons(decided, [plan]):
            shot = shots[int(decision.start_frame or 0)]
            outcome, detail = became(decision, shot.status, why, shot.reason)
            self.failed += outcome == "held"
            self.order.record(**outcome_event(decision, outcome, detail))
