"""Which shots of a reel hold: as a detector found them, or as a person corrected them.

A correction is recorded as the finding of a detector of its own, `corrected 2 by A. Name`,
beside the others: the table is append-only, and rows of two lists never mix. The newest
correction of a reel's digest holds, whatever detectors find later.
"""

import re
from collections.abc import Iterable, Sequence

import pandas as pd

from catalogs.errors import CatalogError, StoreError
from catalogs.ledger import Ledger
from catalogs.records import Reel, Shot
from catalogs.rows import event_row, read_shots, shot_rows
from catalogs.tables import SHOT_PLACE

CORRECTION = "shot list correction"

_CORRECTED = re.compile(r"corrected (\d+) by .+", re.DOTALL)
_MOST_NAMED = 5

Range = tuple[int, int]


def current_shots(ledger: Ledger, reel: Reel, detector: str) -> tuple[Shot, ...]:
    """The shots that hold now; empty when neither `detector` nor a person has looked."""
    corrections = _corrections(ledger, reel)
    return read_shots(ledger, reel, corrections[-1] if corrections else detector)


def holding_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Of rows of the table `shots`, oldest first, those of the list that holds for each reel."""

    def holding(detectors: "pd.Series[str]") -> str:
        corrected = [name for name in set(detectors) if _CORRECTED.fullmatch(name)]
        return max(corrected, key=_number) if corrected else str(detectors.iloc[-1])

    if rows.empty:
        return rows
    chosen = rows.groupby(["reel_id", "reel_digest"])["detector"].transform(holding)
    return rows[rows["detector"] == chosen]


def of_holding_lists(
    ledger: Ledger, rows: pd.DataFrame, reel_id: str | None = None
) -> pd.DataFrame:
    """Of rows (of one reel) that name a shot by its place, those of a list that holds."""
    holding = holding_rows(ledger.newest("shots", reel_id, SHOT_PLACE))
    return rows.merge(holding[SHOT_PLACE], on=SHOT_PLACE)


def check_cover(ranges: Sequence[Range], frame_count: int) -> None:
    """Refuse a list that does not hold every frame exactly once.

    Args:
        ranges: half-open, ascending.
        frame_count: frames of the reel.

    Raises:
        CatalogError: names the first frames that are in no shot, or in two.
    """
    faults = []
    reached = 0
    for start, stop in (*ranges, (frame_count, frame_count)):
        if start > reached:
            faults.append(f"{_frames(reached, start)} in no shot")
        elif start < reached:
            faults.append(f"{_frames(start, min(reached, stop))} in more than one shot")
        reached = max(reached, stop)
    if faults:
        more = f" and {len(faults) - _MOST_NAMED} more" if len(faults) > _MOST_NAMED else ""
        raise CatalogError(
            "the list must hold every frame of the reel once: "
            + "; ".join(faults[:_MOST_NAMED])
            + more
        )


def record_correction(
    ledger: Ledger, reel: Reel, ranges: Sequence[Range], person: str, why: str, detector: str
) -> int:
    """Record a corrected list, after `check_cover`, so that the next night follows it.

    Restored shots whose range stays keep their key and are not computed again.

    Returns:
        How many shots of the list are new; 0 when nothing differs, and nothing is recorded.

    Raises:
        CatalogError: the list does not cover the reel once.
        StoreError: another correction was recorded at the same moment.
    """
    check_cover(ranges, reel.content.frame_count)
    known = {(shot.start_frame, shot.stop_frame) for shot in current_shots(ledger, reel, detector)}
    new = len(set(ranges) - known)
    if new == 0:
        return 0
    number = len(_corrections(ledger, reel)) + 1
    name = f"corrected {number} by {person}"
    shots = [Shot(reel.reel_id, reel.digest, n, *r) for n, r in enumerate(ranges)]
    file = f"corrected-{reel.digest[:12]}-{number}"
    if not ledger.append("shots", reel.reel_id, shot_rows(shots, name), name=file):
        raise StoreError(f"{reel.reel_id}: was corrected at this moment by another; look again")
    detail = f"{len(shots)} shots, {new} of them new, as {name}" + (f": {why}" if why else "")
    event = event_row(CORRECTION, reel.reel_id, "success", detail, person)
    ledger.append("events", "corrections", [event])
    return new


def _corrections(ledger: Ledger, reel: Reel) -> list[str]:
    """Names of the corrections of a reel, oldest first."""
    rows = ledger.newest("shots", reel.reel_id)
    names = set(rows[rows["reel_digest"] == reel.digest]["detector"])
    return sorted((n for n in names if _CORRECTED.fullmatch(n)), key=_number)


def _number(correction: str) -> int:
    return int(correction.split()[1])


def _frames(start: int, stop: int) -> str:
    return f"frame {start} is" if stop - start == 1 else f"frames {start} to {stop - 1} are"


def ranges_of(shots: Iterable[Shot]) -> tuple[Range, ...]:
    """The shots as half-open ranges."""
    return tuple((shot.start_frame, shot.stop_frame) for shot in shots)
