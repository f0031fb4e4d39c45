"""Decide: take a reviewer's decision on what stands in the store now.

The place for everything that a decision must agree with: the shot or reel that it names stands,
the output is the one that was looked at, and nothing is open on a reel that is signed off.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from catalogs.decisions.decision import CARRIED_OUT, Decision, Draft, Place
from catalogs.decisions.ledger_copy import copy_decision
from catalogs.decisions.log import DecisionLog
from catalogs.decisions.outcomes import Outcome, is_settled, outcomes
from catalogs.decisions.standing import standing_decisions
from catalogs.errors import DecisionError, StoreError
from catalogs.fixity import sha256_file
from catalogs.recipe import treatment_label
from catalogs.shot_query import standing_shots
from catalogs.store import Store
from catalogs.treatments import recorded_treatments
from tasks.decisions.fixity import proven_decisions
from tasks.manifest import MANIFEST

_OPEN = (*CARRIED_OUT, "question")
_MOST_NAMED = 5


@dataclass(frozen=True)
class Output:
    """What stands at a place: its hash, by which decisions name it, and what made it."""

    sha256: str
    treatment_id: str


def standing_outputs(store: Store, reel_id: str | None = None) -> dict[Place, Output]:
    """The restored shots and reels that stand, by place; see `catalogs.decisions`.

    Args:
        store: whose ledger is asked.
        reel_id: of the only reel that is asked for; all when None.
    """
    ledger = store.ledger()
    shots = standing_shots(ledger, recorded_treatments(ledger), reel_id)
    found = {
        (str(row.reel_id), int(row.start_frame), int(row.stop_frame)): Output(
            str(row.picture_sha256), str(row.treatment_id)
        )
        for row in shots.itertuples(index=False)
    }
    return found | reel_outputs(store, reel_id)


def reel_outputs(store: Store, reel_id: str | None = None) -> dict[Place, Output]:
    """The restored reels that stand: each one's last restored version, whose manifest is there.

    Args:
        store: whose ledger is asked.
        reel_id: of the only reel that is asked for; all when None.
    """
    rows = store.ledger().read("reels", reel_id)
    rows = rows[rows["status"] == "restored"].drop_duplicates("reel_id", keep="last")
    found: dict[Place, Output] = {}
    for row in rows.itertuples(index=False):
        label = treatment_label(str(row.recipe), str(row.treatment_id))
        manifest = store.reel_folder(str(row.reel_id), label) / MANIFEST
        with suppress(FileNotFoundError):
            output = Output(sha256_file(manifest), str(row.treatment_id))
            found[(str(row.reel_id), None, None)] = output
    return found


def hashes(outputs: Mapping[Place, Output]) -> dict[Place, str]:
    """The hashes alone, as `catalogs.decisions.standing` asks for them."""
    return {place: output.sha256 for place, output in outputs.items()}


def open_decisions(
    decisions: Iterable[Decision],
    outputs: Mapping[Place, Output],
    known: Mapping[int, Outcome],
) -> tuple[Decision, ...]:
    """Questions, and what was asked for and not done yet, on what stands now.

    Args:
        decisions: oldest first.
        outputs: what stands.
        known: what runs made of decisions.
    """
    return tuple(
        standing.decision
        for place, standing in standing_decisions(decisions, hashes(outputs)).items()
        if standing.decision.verb in _OPEN
        and not standing.is_stale
        and outputs[place].treatment_id == standing.decision.treatment_id
        and not is_settled(known.get(standing.decision.sequence))
    )


def decide(store: Store, log: DecisionLog, draft: Draft) -> Decision:
    """Take a decision; it is on the disk before this returns, and copied to the ledger.

    Args:
        store: whose output was looked at.
        log: of that store; one kept by the caller is faster than a new one.
        draft: what is decided.

    Raises:
        DecisionError: nothing of the kind stands, it was rendered anew, the reel is locked, or is
            to be signed off while something is open. A reel is reopened whatever stands.
        VerificationError: the log's chain does not hold, or the ledger's copies say otherwise.
        StoreError: it cannot be written.
    """
    decisions = proven_decisions(store, log)
    expected = None if draft.verb == "reopen" else _expected_output(store, decisions, draft)
    decision = log.append(draft, expected)
    with suppress(StoreError):  # the log is the record; the next night copies what is missing
        copy_decision(store.ledger(), decision)
    return decision


def _expected_output(store: Store, decisions: tuple[Decision, ...], draft: Draft) -> str:
    outputs = standing_outputs(store, draft.reel_id)
    if (output := outputs.get(draft.place)) is None:
        raise DecisionError(f"no restored version of {draft.subject} stands; see `wetgate status`")
    if draft.verb in ("sign off", "lock"):
        own = (one for one in decisions if one.reel_id == draft.reel_id)
        known = outcomes(store.ledger())
        _check_nothing_open(draft, open_decisions(own, outputs, known), known)
    return output.sha256


def _check_nothing_open(
    draft: Draft, still_open: tuple[Decision, ...], known: Mapping[int, Outcome]
) -> None:
    if not still_open:
        return
    named = "; ".join(_named(one, known) for one in still_open[:_MOST_NAMED])
    more = f" and {len(still_open) - _MOST_NAMED} more" if len(still_open) > _MOST_NAMED else ""
    raise DecisionError(
        f"{draft.reel_id} cannot be given {draft.verb!r} while something is open: {named}{more}; "
        "have it done by a run, or decide otherwise on these"
    )


def _named(decision: Decision, known: Mapping[int, Outcome]) -> str:
    outcome = known.get(decision.sequence)
    held = f" (held: {outcome.detail})" if outcome and outcome.outcome == "held" else ""
    return f"{decision.subject}: {decision.sentence}{held}"
