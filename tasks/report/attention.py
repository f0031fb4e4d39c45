"""What a person should look at in the morning: the first thing the report says."""

from collections.abc import Iterator

from catalogs.decisions.outcomes import EVENT
from tasks.metrics.evaluate import FAILED
from tasks.report.flags import flag_sentence
from tasks.report.night import WAITS, Night, ReelNight
from tasks.report.rows import Row
from tasks.report.shortcomings import shortcomings
from tasks.report.words import count, status_word
from tasks.sidecar import LEFT_OFF, WRITTEN

_NAMED = 5  # missing files that are named; the others are counted


def attention(night: Night) -> list[str]:
    """Everything that a person should look at; empty when there is nothing."""
    return list(_attention(night))


def _attention(night: Night) -> Iterator[str]:
    if night.status == "stopped":
        yield "The night was stopped; run it again to do the rest."
    elif night.status != "finished":
        yield "No end of the night is recorded; what follows is how far it came. Run it again."
    for status in ("held", "failed", "ingested"):
        if reels := night.reels_that_are(status):
            names = ", ".join(reel.reel_id for reel in reels)
            yield f"{count(len(reels), 'reel')} {status_word(status)}: {names}."
    for sentence in shortcomings(night.events):
        yield f"{sentence}."
    yield from _decision_attention(night)
    for reel in night.reels:
        yield from _reel_attention(reel)
    yield from _count_attention(night)


def _decision_attention(night: Night) -> Iterator[str]:
    """What reviewers decided and nobody did, or this run took back."""
    for event in night.events:
        if event["event"] == "decision log":
            yield f"{event['detail']}."
        if event["event"] == EVENT and event["outcome"] in ("held", "stale"):
            yield f"{event['object']}: not done: {event['detail']}."
        if event["event"] == EVENT and event["outcome"] == "undone":
            yield f"{event['object']}: no longer stands: {event['detail']}."


def _reel_attention(reel: ReelNight) -> Iterator[str]:
    kept = [shot for shot in reel.shots if shot["status"] == "original kept"]
    if kept:
        yield f"{reel.reel_id}: {count(len(kept), 'shot')} kept the original picture."
    if reel.unreadable:
        yield f"{reel.reel_id}: nothing can be said of its shots: {reel.unreadable}"
    if reel.missing_files:
        named = ", ".join(reel.missing_files[:_NAMED])
        more = len(reel.missing_files) - _NAMED
        yield (
            f"{reel.reel_id}: {count(len(reel.missing_files), 'file')} not there as recorded: "
            f"{named}{f' and {more} more' if more > 0 else ''}. Run the night again."
        )
    if (said := str(reel.manifest.get("sidecar", WRITTEN))) not in (WRITTEN, LEFT_OFF):
        yield f"{reel.reel_id}: finished without a QCTools sidecar, {said}"
    if reel.status == "restored" and len(reel.shots) != reel.planned_shots:
        yield (
            f"{reel.reel_id}: {count(reel.planned_shots, 'shot')} found, "
            f"{len(reel.shots)} recorded as done."
        )
    if (flagged := flag_sentence(reel)) is not None:
        yield flagged
    yield from _failed_metrics(reel)
    measured = {m["key"] for m in reel.measurements}
    unmeasured = [shot for shot in reel.shots if shot["key"] not in measured]
    if unmeasured:
        yield f"{reel.reel_id}: {count(len(unmeasured), 'shot')} without any measurement."


def _failed_metrics(reel: ReelNight) -> Iterator[str]:
    """Metrics that could not answer: a fault of ours, never of the film."""
    failed: dict[str, list[Row]] = {}
    for row in reel.measurements:
        if str(row.get("note") or "").startswith(FAILED):
            failed.setdefault(str(row["metric"]), []).append(row)
    for metric, rows in failed.items():
        shots = len({row["key"] for row in rows})
        yield (
            f"{reel.reel_id}: {metric} {rows[0]['note']} ({count(shots, 'shot')}); the shots are "
            "whole, only this number is missing. Please report it."
        )


def _count_attention(night: Night) -> Iterator[str]:
    """Where the night's own count and the records of its reels disagree.

    A reel that waits for its storage is as an earlier night left it, and counted by no night.
    """
    if night.status not in ("finished", "stopped"):
        return
    waiting = {str(event["object"]) for event in night.events if event["event"] == WAITS}
    for status in ("restored", "held", "failed"):
        counted = int(night.row[f"reels_{status}"] or 0)
        recorded = sum(r.reel_id not in waiting for r in night.reels_that_are(status))
        if counted < recorded or (status != "restored" and counted != recorded):
            yield f"The night counted {counted} reels {status}, its records show {recorded}."
