"""What may be decided after what was decided before.

A reel that is locked takes no decision but its reopening. It is locked after two different people
signed off the same output. A question or a redo of a shot takes back the sign-offs before it.
"""

from collections.abc import Sequence

from catalogs.decisions.decision import Decision, Draft
from catalogs.decisions.standing import ReelState, reel_states
from catalogs.errors import DecisionError
from catalogs.policy import same_name

PEOPLE = 2  # who must sign off a reel before it is locked


def check_allowed(draft: Draft, decisions: Sequence[Decision]) -> None:
    """Refuse what must not be decided now.

    Args:
        draft: what is asked for.
        decisions: all that were taken, oldest first.

    Raises:
        DecisionError: says why, and what to do.
    """
    own = (decision for decision in decisions if decision.reel_id == draft.reel_id)
    state = reel_states(own).get(draft.reel_id, ReelState())
    if draft.verb == "reopen":
        if not state.is_locked:
            raise DecisionError(f"{draft.reel_id} is not locked; there is nothing to reopen")
    elif state.is_locked:
        raise DecisionError(f"{draft.reel_id}: {state.why_locked}")
    elif draft.verb == "lock":
        _check_signed(draft, state)


def _check_signed(draft: Draft, state: ReelState) -> None:
    same = {
        same_name(one.person)
        for one in state.signed_off
        if one.output_sha256 == draft.output_sha256
    }
    if len(same) < PEOPLE:
        by = f" by {', '.join(state.signed_off_by)}" if same else ""
        raise DecisionError(
            f"{draft.reel_id} is signed off by {len(same)} of {PEOPLE} people{by}; it is locked "
            "when two different people signed off what stands"
        )
