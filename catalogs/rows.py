"""Records to rows of the ledger and back."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from catalogs.ledger import Ledger
from catalogs.recipe import Treatment
from catalogs.records import HeldRow, Measurement, Reel, ReelStatus, RestoredShot, Shot, StepOutcome
from catalogs.retired import with_files
from catalogs.source import FrameIndex
from catalogs.tables import TABLES

Row = dict[str, Any]

_REEL = TypeAdapter(Reel)
_OF_RESTORED = tuple(
    name for name in TABLES["restorations"].names if name not in ("step_parameters", "software")
)


def reel_row(
    reel: Reel,
    status: ReelStatus,
    treatment: Treatment,
    reason: str = "",
    derivative: str = "",
    base: str = "",
) -> Row:
    """Where a reel stands.

    Args:
        reel: the reel.
        status: how far it came.
        treatment: under which treatment.
        reason: why it came no further.
        derivative: identifier of the version that stands.
        base: treatment that a reprocessed version came from; empty where a night made it.
    """
    catalog, header, content = reel.catalog, reel.header, reel.content
    return {
        "reel_id": reel.reel_id, "identifier": catalog.identifier, "title": catalog.title,
        "reel_number": catalog.reel_number, "reel_count": catalog.reel_count,
        "collection": catalog.collection,
        "gauge": catalog.gauge, "colour": catalog.colour, "sound": catalog.sound,
        "catalog_line": catalog.line, "source": reel.place, "source_sha256": content.sha256,
        "reel_digest": reel.digest,
        "source_bytes": content.size_bytes, "source_modified_ns": content.modified_ns,
        "container": header.container, "codec": header.codec,
        "pixel_format": header.picture.pixel_format, "width": header.picture.width,
        "height": header.picture.height, "frame_count": content.frame_count,
        "frame_rate": str(reel.frame_rate), "frame_rate_source": reel.frame_rate_source,
        "timecode": header.timecode, "facts_json": _REEL.dump_json(reel).decode(),
        "treatment_id": treatment.treatment_id, "recipe": treatment.recipe_name,
        "base_treatment_id": base, "derivative_id": derivative, "status": status, "reason": reason,
    }  # fmt: skip


def held_row(held: HeldRow) -> Row:
    """A row of a catalog, or a reel, that goes no further."""
    return {
        "reel_id": held.reel_id, "identifier": held.identifier, "title": held.title,
        "reel_number": held.reel_number, "reel_count": held.reel_count,
        "catalog_line": held.line, "status": "held", "reason": held.reason,
    }  # fmt: skip


def forbidden_row(held: HeldRow, treatment: Treatment) -> Row:
    """A reel that is held by policy: under this treatment, and whatever its source is like."""
    named = {"treatment_id": treatment.treatment_id, "recipe": treatment.recipe_name}
    return {**held_row(held), **named}


def known_reels(ledger: Ledger, reel_id: str | None = None) -> dict[str, Reel]:
    """Every reel that was ingested (or one of them), as it was then, by its id."""
    rows = ledger.read("reels", reel_id, ["facts_json"])
    rows = rows[rows["facts_json"].notna()].drop_duplicates("reel_id", keep="last")
    return {row.reel_id: _REEL.validate_json(row.facts_json) for row in rows.itertuples()}


def reels_at_hand(ledger: Ledger, reel_id: str | None = None) -> dict[str, Reel]:
    """Known reels (or one of them) that may be taken up as they were.

    A held one must be looked at anew; one that only a policy held is taken up from where it stood.
    """
    held = held_reels(ledger, reel_id)
    return {name: reel for name, reel in known_reels(ledger, reel_id).items() if name not in held}


def held_reels(ledger: Ledger, reel_id: str | None = None) -> dict[str, str]:
    """Reels (or one) that are held, and why; those that only a policy held are not."""
    rows = ledger.read("reels", reel_id, ["facts_json", "status", "reason", "treatment_id"])
    by_policy = (
        (rows["status"] == "held") & rows["treatment_id"].notna() & rows["facts_json"].isna()
    )
    newest = rows[~by_policy].drop_duplicates("reel_id", keep="last")
    held = newest[newest["status"] == "held"]
    return dict(zip(held["reel_id"], held["reason"].fillna(""), strict=True))


def frame_rows(digest: str, index: FrameIndex) -> Iterable[Row]:
    """A source's frames."""
    files = index.file_sha256 or (None,) * len(index)
    facts = zip(index.pts, index.md5, index.crc32, files, strict=True)
    for frame, (pts, md5, crc32, file) in enumerate(facts):
        yield {
            "reel_digest": digest, "frame": frame, "pts": pts, "md5": md5, "crc32": crc32,
            "file_sha256": file,
        }  # fmt: skip


def read_frame_index(ledger: Ledger, digest: str) -> FrameIndex | None:
    """A source's frames as recorded, or None when it was never ingested."""
    rows = ledger.newest("frames", digest).sort_values("frame")
    if rows.empty:
        return None
    files = tuple(rows["file_sha256"].dropna())
    # Rows of before there was the column have no CRC-32: their frames are proved by MD5.
    pts, crc32 = (tuple(int(value) for value in rows[name].dropna()) for name in ("pts", "crc32"))
    return FrameIndex(pts, tuple(rows["md5"]), crc32, files)


def shot_rows(shots: Sequence[Shot], detector: str) -> Iterable[Row]:
    """The shots of a reel."""
    for shot in shots:
        yield {
            "reel_id": shot.reel_id, "reel_digest": shot.reel_digest, "shot_index": shot.index,
            "start_frame": shot.start_frame, "stop_frame": shot.stop_frame, "detector": detector,
        }  # fmt: skip


def read_shots(ledger: Ledger, reel: Reel, detector: str) -> tuple[Shot, ...]:
    """A reel's shots as a detector found them; empty when it has not looked yet."""
    rows = ledger.newest("shots", reel.reel_id)
    rows = rows[(rows["reel_digest"] == reel.digest) & (rows["detector"] == detector)]
    return tuple(
        Shot(reel.reel_id, reel.digest, int(r.shot_index), int(r.start_frame), int(r.stop_frame))
        for r in rows.sort_values("start_frame").itertuples()
    )


def restored_row(restored: RestoredShot, software: str) -> Row:
    """The outcome of one shot."""
    shot = restored.shot
    return {
        "key": restored.key, "reel_id": shot.reel_id, "reel_digest": shot.reel_digest,
        "shot_index": shot.index, "start_frame": shot.start_frame,
        "stop_frame": shot.stop_frame, "treatment_id": restored.treatment_id,
        "status": restored.status, "reason": restored.reason,
        "picture_file": restored.picture_file, "picture_sha256": restored.picture_sha256,
        "change_file": restored.change_file, "change_sha256": restored.change_sha256,
        "frame_md5": list(restored.frame_md5), "changed_share": restored.changed_share,
        "steps": [
            {"name": s.name, "version": s.version, "touches": s.touches,
             "changed_share": s.changed_share}
            for s in restored.steps
        ],
        "step_parameters": [
            {"step": s.name, "name": name, "values": [p.get(name) for p in s.parameters]}
            for s in restored.steps
            for name in sorted({key for p in s.parameters for key in p})
        ],
        "seconds": restored.seconds, "device": restored.device, "software": software,
    }  # fmt: skip


def read_restored(ledger: Ledger, reel: Reel, treatment_id: str) -> dict[str, RestoredShot]:
    """The newest outcome of each shot of a reel under a treatment, by key, unless it was retired.

    The parameters per frame stay in the table; they are not needed to go on.
    """
    rows = ledger.newest("restorations", reel.reel_id, _OF_RESTORED)
    rows = with_files(ledger, rows, reel.reel_id)
    rows = rows[(rows["treatment_id"] == treatment_id) & (rows["reel_digest"] == reel.digest)]
    return {row.key: restored_of(row._asdict()) for row in rows.itertuples(index=False)}


def restored_of(row: Mapping[str, Any]) -> RestoredShot:
    """The outcome of a shot as its row has it, without the parameters per frame."""
    return RestoredShot(
        shot=Shot(row["reel_id"], row["reel_digest"], int(row["shot_index"]),
                  int(row["start_frame"]), int(row["stop_frame"])),
        treatment_id=row["treatment_id"], status=row["status"], reason=row["reason"],
        picture_file=row["picture_file"], picture_sha256=row["picture_sha256"],
        change_file=row["change_file"], change_sha256=row["change_sha256"],
        frame_md5=tuple(row["frame_md5"]), changed_share=row["changed_share"],
        steps=tuple(
            StepOutcome(s["name"], s["version"], s["touches"], s["changed_share"])
            for s in row["steps"]
        ),
        seconds=row["seconds"], device=row["device"],
    )  # fmt: skip


def measurement_rows(restored: RestoredShot, measured: Iterable[Measurement]) -> Iterable[Row]:
    """The metrics of one restored shot."""
    for m in measured:
        yield {
            "key": restored.key, "reel_id": restored.shot.reel_id,
            "shot_index": restored.shot.index, "treatment_id": restored.treatment_id,
            "metric": m.metric, "before": m.before, "after": m.after, "unit": m.unit,
            "measurable": m.measurable, "coverage": m.coverage, "note": m.note,
            "verdict": m.verdict, "threshold": m.threshold, "calibration_id": m.calibration_id,
            "worst_frame": m.worst_frame, "seconds": m.seconds,
        }  # fmt: skip


def event_row(event: str, subject: str, outcome: str, detail: str, agent: str) -> Row:
    """Who or what did what to which object, with which outcome (PREMIS)."""
    return {
        "event": event, "object": subject, "outcome": outcome, "detail": detail, "agent": agent,
    }  # fmt: skip
