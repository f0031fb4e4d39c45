"""Decide: take a reviewer's decision on what stands in the store now.

The place for everything that a decision must agree with: the shot or reel that it names stands,
the output is the one that was looked at, and nothing is open on a reel that is signed off.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalogs.decisions.decision import CARRIED_OUT, Decision, Draft, Place
from catalogs.decisions.ledger_copy import copy_decision
from catalogs.decisions.log import DecisionLog
from catalogs.decisions.standing import standing_decisions
from catalogs.errors import DecisionError, StoreError
from catalogs.fixity import sha256_file
from catalogs.recipe import treatment_label
from catalogs.shot_query import standing_shots
from catalogs.store import Store
from catalogs.treatments import recorded_treatments
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
    reels: dict[Place, Output] = {}
    for version in _versions(store, reel_id):
        manifest = version["folder"] / MANIFEST
        if manifest.is_file():
            output = Output(sha256_file(manifest), version["treatment_id"])
            reels[(version["reel_id"], None, None)] = output
    return found | reels


def hashes(outputs: Mapping[Place, Output]) -> dict[Place, str]:
    """The hashes alone, as `catalogs.decisions.standing` asks for them."""
    return {place: output.sha256 for place, output in outputs.items()}


def open_decisions(
    decisions: Iterable[Decision], outputs: Mapping[Place, Output]
) -> tuple[Decision, ...]:
    """Questions, and what was asked for and not done yet, on what stands now."""
    return tuple(
        standing.decision
        for place, standing in standing_decisions(decisions, hashes(outputs)).items()
        if standing.decision.verb in _OPEN
        and not standing.is_stale
        and outputs[place].treatment_id == standing.decision.treatment_id
    )


def decide(store: Store, log: DecisionLog, draft: Draft) -> Decision:
    """Take a decision; it is on the disk before this returns, and copied to the ledger.

    Args:
        store: whose output was looked at.
        log: of that store; one kept by the caller is faster than a new one.
        draft: what is decided.

    Raises:
        DecisionError: nothing of the kind stands, it was rendered anew, the reel is locked, or is
            to be signed off while something is open.
        VerificationError: the log's chain does not hold.
        StoreError: it cannot be written.
    """
    outputs = standing_outputs(store, draft.reel_id)
    if (output := outputs.get(draft.place)) is None:
        raise DecisionError(f"no restored version of {draft.subject} stands; see `wetgate status`")
    if draft.verb in ("sign off", "lock"):
        _check_nothing_open(draft, open_decisions(log.read(), outputs))
    decision = log.append(draft, output.sha256)
    with suppress(StoreError):  # the log is the record; the next night copies what is missing
        copy_decision(store.ledger(), decision)
    return decision


def _check_nothing_open(draft: Draft, still_open: tuple[Decision, ...]) -> None:
    if not still_open:
        return
    named = "; ".join(f"{one.subject}: {one.sentence}" for one in still_open[:_MOST_NAMED])
    more = f" and {len(still_open) - _MOST_NAMED} more" if len(still_open) > _MOST_NAMED else ""
    raise DecisionError(
        f"{draft.reel_id} cannot be given {draft.verb!r} while something is open: {named}{more}; "
        "have it done by a run, or decide otherwise on these"
    )


def _versions(store: Store, reel_id: str | None) -> Iterable[dict[str, Any]]:
    """Each reel's version that stands: its folder, and the treatment it was made by."""
    rows = store.ledger().read("reels", reel_id)
    rows = rows[rows["status"] == "restored"].drop_duplicates("reel_id", keep="last")
    for row in rows.itertuples(index=False):
        label = treatment_label(str(row.recipe), str(row.treatment_id))
        folder: Path = store.reel_folder(str(row.reel_id), label)
        yield {
            "reel_id": str(row.reel_id),
            "treatment_id": str(row.treatment_id),
            "folder": folder,
        }
