"""What the ledger knows of a restored reel, matched to the manifest of its files."""

from collections.abc import Mapping, Sequence
from typing import Any

from catalogs.errors import VerificationError
from catalogs.exports.subject import ExportedFile, ListedShot, RecordedEvent, ShotRecord
from catalogs.ledger import Ledger
from catalogs.recipe import Part, Treatment, mixed, read_steps
from catalogs.records import Reel, StepOutcome

APPROVAL = "approval"


def approval_of(file: ExportedFile) -> str:
    """What an approval says of the master it is about; another master is not approved by it."""
    return f"master sha256 {file.sha256}"


def recorded_treatment(ledger: Ledger, manifest: Mapping[str, Any]) -> Treatment:
    """The treatment as the night recorded it, proven by its identity.

    Manifests name no weights, so a batch of the treatment is asked for the steps. Shots that were
    not treated alike each name their own treatment.

    Raises:
        VerificationError: no night names the steps of the treatment, or of a shot's.
    """
    wanted, batches = manifest["treatment"], ledger.read("batches")
    ids = {shot.get("treatment") or wanted for shot in manifest["shots"]} or {wanted}
    plain = {name: _plain(batches, manifest, name) for name in sorted(ids)}
    if ids == {wanted}:
        return plain[wanted]
    parts = [
        Part(int(s["start_frame"]), int(s["stop_frame"]), plain[s["treatment"]])
        for s in manifest["shots"]
    ]
    found = mixed(manifest["recipe"], parts)
    if found.treatment_id != wanted:
        raise VerificationError(
            f"{manifest['derivative']}: its shots' treatments do not make treatment {wanted}"
        )
    return found


def _plain(batches: Any, manifest: Mapping[str, Any], wanted: str) -> Treatment:
    for text in batches[batches["treatment_id"] == wanted]["steps_json"]:
        found = Treatment(str(manifest["recipe"]), read_steps(text))
        if found.treatment_id == wanted:
            return found
    raise VerificationError(
        f"{manifest['derivative']}: no night of the ledger names the steps of treatment {wanted}"
    )


def shot_records(
    ledger: Ledger, reel_id: str, manifest: Mapping[str, Any]
) -> tuple[ShotRecord, ...]:
    """The shots that a manifest names, in order, each with how it was made.

    Raises:
        VerificationError: the ledger has no record of one.
    """
    rows = {row["key"]: row for row in _dicts(ledger.newest("restorations", reel_id))}
    records = []
    for shot in manifest["shots"]:
        if shot["key"] not in rows:
            raise VerificationError(
                f"{reel_id}: the ledger has no record of shot [{shot['start_frame']}, "
                f"{shot['stop_frame']}) that its manifest names; run the night again"
            )
        records.append(_shot_record(shot, rows[shot["key"]]))
    return tuple(records)


def _shot_record(shot: Mapping[str, Any], row: Mapping[str, Any]) -> ShotRecord:
    return ShotRecord(
        shot=ListedShot(
            int(shot["start_frame"]), int(shot["stop_frame"]), shot["status"],
            float(shot["changed_share"]), shot["reason"],
        ),
        record_id=row["record_id"], restored_at=row["recorded_at"].to_pydatetime(),
        software=row["software"], device=row["device"],
        steps=tuple(
            StepOutcome(s["name"], s["version"], s["touches"], s["changed_share"])
            for s in row["steps"]
        ),
    )  # fmt: skip


def assembling_night(ledger: Ledger, derivative: str) -> str:
    """The night that assembled a derivative last; empty where none is recorded.

    Not the night of the reel's newest row: that one stays when a reel is assembled anew.
    """
    rows = ledger.read("events")
    rows = rows[(rows["event"] == "assembly") & (rows["object"] == derivative)]
    return str(rows["batch_id"].iloc[-1]) if len(rows) else ""


def recorded_events(
    ledger: Ledger, reel: Reel, derivative: str, files: Sequence[ExportedFile]
) -> tuple[RecordedEvent, ...]:
    """Events of the reel, its shots and this derivative; restorations stand with their shots.

    What happened while the reel had another source is left out.
    """
    reel_id = reel.reel_id
    master = next(file for file in files if file.role == "restored master")
    rows = ledger.read("events")
    rows = rows[
        (rows["object"].isin((reel_id, derivative)) | rows["object"].str.startswith(f"{reel_id}/"))
        & (rows["event"] != "restoration")
        & ((rows["event"] != APPROVAL) | (rows["detail"] == approval_of(master)))
    ]
    rows = rows[rows["recorded_at"] >= _since(rows, reel)]
    return tuple(
        RecordedEvent(
            row["record_id"], row["recorded_at"].to_pydatetime(), row["event"], row["object"],
            row["outcome"], row["detail"] or "", row["agent"],
        )
        for row in _dicts(rows)
    )  # fmt: skip


def _since(rows: Any, reel: Reel) -> Any:
    """When the reel got the source that it has now: its first ingestion after another's."""
    ingested = rows[(rows["event"] == "ingestion") & (rows["object"] == reel.reel_id)]
    sources = ingested["detail"].str.extract("sha256 ([0-9a-f]{64})", expand=False)
    others = ingested[sources.notna() & (sources != reel.content.sha256)]["recorded_at"]
    if others.empty:
        return rows["recorded_at"].min()
    ours = ingested[sources == reel.content.sha256]["recorded_at"]
    return ours[ours > others.max()].min()


def _dicts(frame: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = frame.to_dict("records")
    return rows
