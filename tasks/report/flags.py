"""What the metrics flagged on a reel, in words: which shot, which number, where to look."""

from collections.abc import Iterable

from tasks.report.night import ReelNight
from tasks.report.rows import Row
from tasks.report.summary import number
from tasks.report.words import count

NAMED = 5  # shots that are named; the others are counted


def flagged_rows(reel: ReelNight, verdict: str = "flag") -> list[Row]:
    """Measurements of a reel with a verdict, by shot."""
    rows = [row for row in reel.measurements if row.get("verdict") == verdict]
    return sorted(rows, key=lambda row: (int(row["shot_index"]), str(row["metric"])))


def flag_sentence(reel: ReelNight) -> str | None:
    """One sentence on the flagged shots of a reel; None when there is none."""
    rows = flagged_rows(reel)
    shots = list(dict.fromkeys(int(row["shot_index"]) for row in rows))
    if not shots:
        return None
    named = [_shot(index, rows) for index in shots[:NAMED]]
    more = f"; and {len(shots) - NAMED} more" if len(shots) > NAMED else ""
    return f"{reel.reel_id}: {count(len(shots), 'shot')} flagged: {'; '.join(named)}{more}."


def _shot(index: int, rows: Iterable[Row]) -> str:
    said = [flag_words(row) for row in rows if int(row["shot_index"]) == index]
    return f"shot {index + 1} ({', '.join(said)})"


def flag_words(row: Row) -> str:
    """`EYE 1.4 % against 0.9, worst at frame 132`."""
    where = row.get("worst_frame")
    at = "" if where is None else f", worst at its frame {int(where)}"
    limit = row.get("threshold")
    against = "" if limit is None else f" against {number(float(limit))}"
    return f"{row['metric']} {number(float(row['after']))} {row['unit']}{against}{at}".strip()
