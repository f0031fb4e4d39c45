"""What the report says in sentences. It claims what the ledger records and no more."""

import re

from tasks.report.night import Night, ReelNight

# ffmpeg's mark of who spoke, `[in#0/matroska @ 0x55d1c0] [error] `; the ledger keeps it.
_ADDRESS = re.compile(r"\[[^\]\[]*@ 0x[0-9a-f]+\] (?:\[\w+\] )?")

STANDS = "stands as it was reprocessed"
STATUS_WORDS = {"ingested": "not finished"}

_DEFAULT_REMEDY = {
    "held": "Correct the source or the catalog, then run the night again.",
    "failed": "See its log, then run the night again; finished shots are not computed twice.",
    "ingested": "Run the night again; finished shots are not computed twice.",
}


def count(number: int, noun: str) -> str:
    """`1 shot`, `2 shots`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def duration(seconds: float) -> str:
    """`2 h 13 min`, `4 min 12 s`, `38 s`; below ten seconds with a decimal."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def status_word(status: str) -> str:
    """A reel's status as a person says it."""
    return STATUS_WORDS.get(status, status)


def reason_and_remedy(reel: ReelNight) -> tuple[str, str]:
    """Why a reel is not restored, and what to do; messages are written `what; remedy`."""
    if reel.status == "restored":
        return "", ""
    whole = _ADDRESS.sub("", str(reel.row["reason"] or ""))
    reason, found, remedy = whole.rpartition("; ")
    if not found or not remedy[:1].islower():
        reason, remedy = whole, ""
    if not remedy:
        remedy = _DEFAULT_REMEDY.get(reel.status, "")
    if not reason and reel.status == "ingested":
        reason = "The night ended before the reel was done."
    return _sentence(reason or "no reason was recorded", capital=False), _sentence(remedy)


def _sentence(text: str, capital: bool = True) -> str:
    first = text[:1].upper() if capital else text[:1]
    return first + text[1:] + ("" if not text or text.endswith(".") else ".")


def headline(night: Night) -> str:
    """The first line: how many reels and shots came to what."""
    if not night.row:
        return f"The ledger holds nothing of a night named {night.batch_id}."
    held, failed = (len(night.reels_that_are(status)) for status in ("held", "failed"))
    open_reels = len(night.reels_that_are("ingested"))
    restored = len(night.reels_that_are("restored")) + unlisted(night)
    total = restored + held + failed + open_reels
    end = {"finished": "", "stopped": "The night was stopped before it was done. "}.get(
        night.status, "The night did not finish: its end was never recorded. "
    )
    if not total:
        return f"{end}No reel is recorded for this night."
    unfinished = f", {open_reels} not finished" if open_reels else ""
    return (
        f"{end}{restored} of {count(total, 'reel')} restored, {held} held, "
        f"{failed} failed{unfinished}."
    )


def unlisted(night: Night) -> int:
    """Restored reels that the night counted beyond those it has records of.

    They were finished on an earlier night and were left as they were.
    """
    counted = int(night.row.get("reels_restored") or 0)
    return max(counted - len(night.reels_that_are("restored")), 0)


def work_done(night: Night) -> list[str]:
    """Shots, time and speed, one sentence each."""
    if not night.row:
        return []
    shots = [shot for reel in night.reels for shot in reel.shots]
    kept = sum(shot["status"] == "original kept" for shot in shots)
    said = [f"{count(len(shots) - kept, 'shot')} restored; {kept} kept their original picture."]
    if again := unlisted(night):
        said.append(
            f"{count(again, 'restored reel')} had been finished on an earlier night and "
            f"{'was' if again == 1 else 'were'} left as found (not listed below)."
        )
    if night.status in ("finished", "stopped"):
        seconds = float(night.row["seconds"] or 0)
        frames = int(night.row["frames_computed"] or 0)
        speed = f", {frames / seconds:.2f} frames per second" if frames and seconds else ""
        computed = count(int(night.row["shots_computed"] or 0), "shot")
        said.append(
            f"The night took {duration(seconds)} and computed {computed} with "
            f"{count(frames, 'frame')}{speed}."
        )
    else:
        said.append("How long it took and how fast it was is not recorded.")
    return said
