"""A reel as a strip of its shots: few characters a shot, however many there are.

Shots of one light are one path of horizontal strokes. What a pointer or the keys ask of a shot is
in one attribute (`static/reel.js`): first frame, frames, light, decision, `48+24f-` for instance.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from dashboard.ledger_view import Row
from dashboard.shot_filters import LIGHTS

MOST_PARTED = 150  # shots that are parted by a line; of more there is nothing else to be seen

_LETTERS = {"flag": "f", "look": "l", "ok": "o", "none": "n", "kept": "k"}
_DECIDED = {"accept": "a", "keep original": "k", "redo": "r", "question": "q"}


@dataclass(frozen=True)
class Strip:
    """What is drawn.

    Attributes:
        frames: how wide it is.
        lights: path of the shots of each light.
        decided: path of the shots that are decided.
        parts: path of the lines between shots.
        shots: of all of them, for the script.
        counts: shots of each light.
        total: of all of them.
    """

    frames: int
    lights: dict[str, str]
    decided: str
    parts: str
    shots: str
    counts: dict[str, int]
    total: int


def strip_of(rows: Sequence[Row]) -> Strip:
    """The strip of shots in the order of the film.

    Args:
        rows: `start_frame`, `frames`, `light`, `decision` and `is_stale` of each.
    """
    counts = Counter(row["light"] for row in rows)
    parted = rows[1:] if len(rows) <= MOST_PARTED else ()
    return Strip(
        frames=max((_stop(row) for row in rows), default=0),
        lights={light: _path([r for r in rows if r["light"] == light]) for light in LIGHTS},
        decided=_path([row for row in rows if _word(row)]),
        parts="".join(f"M{row['start_frame']} 0v60" for row in parted),
        shots=",".join(_shot(row) for row in rows),
        counts={light: counts[light] for light in LIGHTS},
        total=len(rows),
    )


def _stop(row: Row) -> int:
    return int(row["start_frame"]) + int(row["frames"])


def _path(rows: Sequence[Row]) -> str:
    """Strokes from the first to the last frame of each; neighbours are one stroke."""
    if not rows:
        return ""
    breaks = [n for n, (a, b) in enumerate(pairwise(rows), 1) if _stop(a) != b["start_frame"]]
    runs = [rows[a:b] for a, b in pairwise([0, *breaks, len(rows)])]
    return "".join(f"M{run[0]['start_frame']} 0H{_stop(run[-1])}" for run in runs)


def _word(row: Row) -> str:
    """What is decided of the render that stands."""
    return "" if row["is_stale"] else str(row["decision"] or "")


def _shot(row: Row) -> str:
    decided = _DECIDED.get(_word(row), "-")
    return f"{row['start_frame']}+{row['frames']}{_LETTERS[row['light']]}{decided}"
