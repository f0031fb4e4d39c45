"""TIME of the joined reel, as its manifest records it."""

from tasks.metrics.timing import TIME
from tasks.report.night import ReelNight
from tasks.report.rows import Row


def time_lines(reel: ReelNight) -> tuple[str, ...]:
    """A sentence for the picture and for each stream of sound; none of a reel not restored."""
    if reel.status != "restored" or not reel.manifest:
        return ()
    if not (parts := reel.manifest.get("time")):
        return (f"{TIME} is not recorded: the reel was joined by an earlier version.",)
    return tuple(_sentence(part) for part in parts)


def _sentence(part: Row) -> str:
    if part["differences"] is None:
        return f"{part['part']}: not measurable: {part['note']}."
    said = "equal" if part["differences"] == 0 else f"differs: {part['note']}"
    return f"{part['part']}: {said} ({part['rests_on']})."
