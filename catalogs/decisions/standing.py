"""What of the decisions holds now: the newest of each shot, and where each reel stands.

A decision is of one output. When another output stands in its place it is stale: it is kept and
shown, and nothing is done for it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from catalogs.decisions.decision import CARRIED_OUT, Decision, Place
from catalogs.policy import same_name

Outputs = Mapping[Place, str]  # SHA-256 of the output that stands at each place

_UNDOES = (*CARRIED_OUT, "question")  # decisions on shots that a sign-off before them was not of


@dataclass(frozen=True)
class Standing:
    """The newest decision of a shot or reel.

    Attributes:
        is_stale: True when another output stands there now, or none.
    """

    decision: Decision
    is_stale: bool


@dataclass(frozen=True)
class ReelState:
    """Where a reel stands.

    Attributes:
        signed_off: sign-offs of the output that stands, the newest of each person; a decision
            that asks for another picture, or questions it, takes those before it back.
        locked: the lock, if it is locked.
        is_stale: True when it is locked and another output stands there now.
    """

    signed_off: tuple[Decision, ...] = ()
    locked: Decision | None = None
    is_stale: bool = False

    @property
    def signed_off_by(self) -> tuple[str, ...]:
        """The people whose sign-offs stand."""
        return tuple(decision.person for decision in self.signed_off)

    @property
    def is_locked(self) -> bool:
        """True when nothing but a reopening may be decided, and no night touches it."""
        return self.locked is not None

    @property
    def why_locked(self) -> str:
        """Why nothing is done to it, and what to do; empty when it is not locked."""
        if self.locked is None:
            return ""
        by = " and ".join(self.signed_off_by) or "two people"
        return (
            f"it is locked, by {self.locked.person} on {self.locked.decided_at[:10]} after "
            f"sign-off by {by}; reopen it in `wetgate review`"
        )


def standing_decisions(decisions: Iterable[Decision], outputs: Outputs) -> dict[Place, Standing]:
    """The newest decision of each shot, and of each reel as a whole."""
    newest = {decision.place: decision for decision in decisions}
    return {
        place: Standing(decision, outputs.get(place) != decision.output_sha256)
        for place, decision in newest.items()
    }


def reel_states(
    decisions: Iterable[Decision], outputs: Outputs | None = None
) -> dict[str, ReelState]:
    """Where each reel stands that something was decided of as a whole.

    Args:
        decisions: oldest first.
        outputs: what stands; without it every sign-off is taken to be of what stands.
    """
    states: dict[str, ReelState] = {}
    for decision in decisions:
        state = states.get(decision.reel_id, ReelState())
        states[decision.reel_id] = _after(state, decision)
    found = {name: state for name, state in states.items() if state != ReelState()}
    if outputs is None:
        return found
    return {name: _against(state, outputs.get((name, None, None))) for name, state in found.items()}


def _after(state: ReelState, decision: Decision) -> ReelState:
    if decision.verb == "lock":
        return ReelState(state.signed_off, decision)
    if decision.verb == "reopen" or decision.verb in _UNDOES:
        return ReelState()
    if decision.verb == "sign off":
        same = (
            one
            for one in state.signed_off
            if same_name(one.person) != same_name(decision.person)
            and one.output_sha256 == decision.output_sha256
        )
        return ReelState((*same, decision))
    return state


def _against(state: ReelState, output: str | None) -> ReelState:
    """A state against the output that stands; a lock stays, whatever became of it."""
    if state.locked is not None:
        return ReelState(state.signed_off, state.locked, state.locked.output_sha256 != output)
    return ReelState(tuple(one for one in state.signed_off if one.output_sha256 == output))
