"""What the report says of one reel: a line of its table, and what stands below."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from catalogs.publications import Publication
from catalogs.store import Store
from tasks.report.manifest import reel_folder, sidecar_words
from tasks.report.night import ReelNight
from tasks.report.reel_time import time_lines
from tasks.report.steps import StepLine
from tasks.report.summary import MetricLine, metric_lines
from tasks.report.words import STANDS, duration, reason_and_remedy, status_word


@dataclass(frozen=True)
class ReelLine:
    """One line of the table of reels, and what is said of the reel below.

    Attributes:
        steps: of a reel that is told in full, see `tasks.report.steps`; they are long to read.
    """

    reel_id: str
    identifier: str
    title: str
    number: str
    status: str
    reason: str
    remedy: str
    shots: str
    frames: str
    files: str
    frame_rate: str
    seconds: str
    metrics: tuple[MetricLine, ...]
    verified: tuple[str, ...]
    time: tuple[str, ...]
    sidecar: str
    published: tuple[str, ...]
    disclosures: tuple[str, ...]
    steps: tuple[StepLine, ...] = ()


def reel_line(store: Store, reel: ReelNight, copies: Sequence[Publication]) -> ReelLine:
    """Put a reel into words; `copies` has the last word on every copy of the store's reels."""
    row = reel.row
    reason, remedy = reason_and_remedy(reel)
    folder = reel_folder(store, row)
    known = row["reel_number"] is not None and row["reel_count"] is not None
    rate_known = row["frame_rate"] is not None
    return ReelLine(
        reel_id=reel.reel_id,
        identifier=str(row["identifier"] or ""),
        title=str(row["title"] or "(no title recorded)"),
        number=f"{int(row['reel_number'])} of {int(row['reel_count'])}" if known else "",
        status=_status(reel),
        reason=reason,
        remedy=remedy,
        shots=_shots(reel),
        frames=f"{int(row['frame_count']):,}" if row["frame_count"] is not None else "",
        files=str(folder.relative_to(store.root)) if folder else "",
        frame_rate=f"{row['frame_rate']} (from the {row['frame_rate_source']})" * rate_known,
        seconds=_seconds(reel),
        metrics=metric_lines(reel),
        verified=tuple(str(check) for check in reel.manifest.get("verified", ())),
        time=time_lines(reel),
        sidecar=sidecar_words(store, row, reel.manifest),
        published=_published(reel, copies),
        disclosures=_disclosures(reel),
    )


def _status(reel: ReelNight) -> str:
    if reel.stands_reprocessed:
        return f"{status_word(reel.status)}, {STANDS}"
    return status_word(reel.status) + (" on an earlier night" if reel.earlier else "")


def _disclosures(reel: ReelNight) -> tuple[str, ...]:
    """What the reading of the source made known, and what its restoration did."""
    read = json.loads(reel.row["facts_json"] or "{}").get("disclosures", ())
    return tuple(dict.fromkeys((*read, *reel.manifest.get("disclosures", ()))))


def _published(reel: ReelNight, copies: Sequence[Publication]) -> tuple[str, ...]:
    """The last word on each copy of the version that stands."""
    return tuple(str(one) for one in copies if one.derivative_id == reel.row["derivative_id"])


def _seconds(reel: ReelNight) -> str:
    """Time its shots were computed in, all nights together."""
    return duration(sum(float(s["seconds"] or 0) for s in reel.shots)) if reel.shots else ""


def _shots(reel: ReelNight) -> str:
    if not reel.planned_shots and not reel.shots:
        return ""
    kept = sum(shot["status"] == "original kept" for shot in reel.shots)
    done = f"{len(reel.shots) - kept} of {reel.planned_shots} restored"
    return f"{done}, {kept} kept the original" if kept else done
