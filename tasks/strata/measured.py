"""Which shots of a store are compared: the newest measured restoration of each shot that holds.

A shot that was measured was verified: its restored frames were read back and proved by their
hashes (`tasks.measure`). Shots that kept their original were not restored and are left out, as
are shots of another version of the source or of an earlier shot list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd

from catalogs.ledger import Ledger
from catalogs.records import Reel, Shot
from catalogs.rows import known_reels
from catalogs.shot_list import holding_rows
from catalogs.store import Store
from tasks.strata.treatments import treatment_labels


@dataclass(frozen=True)
class MeasuredShot:
    """A shot that was restored and measured.

    Attributes:
        reel: its reel, as it was ingested.
        shot: where it is.
        restored_key: of its rows in the table `measurements`.
        treatment: what was done to it, by its label.
    """

    reel: Reel
    shot: Shot
    restored_key: str
    treatment: str


@dataclass(frozen=True)
class Chosen:
    """The shots to compare.

    Attributes:
        shots: by reel and place.
        left_out: how many others there are, by the reason.
    """

    shots: tuple[MeasuredShot, ...]
    left_out: Mapping[str, int]

    @property
    def reels(self) -> dict[str, list[MeasuredShot]]:
        """The shots of each reel, by its id."""
        found: dict[str, list[MeasuredShot]] = {}
        for shot in self.shots:
            found.setdefault(shot.reel.reel_id, []).append(shot)
        return found


def measured_shots(
    store: Store,
    reel_ids: Collection[str] | None = None,
    batch: str | None = None,
    treatment_id: str | None = None,
) -> Chosen:
    """The newest measured restoration of every shot.

    Args:
        store: whose.
        reel_ids: only these reels; all when None.
        batch: only shots that this night restored.
        treatment_id: only under this treatment; the newest of any when None.
    """
    ledger = store.ledger()
    labels = treatment_labels(ledger)
    wanted = {"batch_id": batch, "treatment_id": treatment_id}
    shots: list[MeasuredShot] = []
    left_out: Counter[str] = Counter()
    for reel_id, reel in sorted(known_reels(ledger).items()):
        if reel_ids is None or reel_id in reel_ids:
            shots += _of_reel(ledger, reel, wanted, labels, left_out)
    return Chosen(tuple(shots), dict(left_out))


def _of_reel(
    ledger: Ledger,
    reel: Reel,
    wanted: Mapping[str, str | None],
    labels: Mapping[str, str],
    left_out: Counter[str],
) -> list[MeasuredShot]:
    rows = _restorations(ledger, reel, wanted)
    measured = set(ledger.read("measurements", reel.reel_id)["key"])
    found = []
    for row in rows.to_dict("records"):
        if row["status"] != "restored":
            left_out["original kept"] += 1
        elif row["key"] not in measured:
            left_out["not measured"] += 1
        else:
            place = int(row["start_frame"]), int(row["stop_frame"])
            shot = Shot(reel.reel_id, reel.digest, int(row["place"]), *place)
            treatment = str(row["treatment_id"])
            label = labels.get(treatment, treatment[:12])
            found.append(MeasuredShot(reel, shot, str(row["key"]), label))
    return found


def _restorations(ledger: Ledger, reel: Reel, wanted: Mapping[str, str | None]) -> pd.DataFrame:
    """The newest restoration of each shot of the list that holds, by place."""
    listed = ledger.newest("shots", reel.reel_id)
    listed = holding_rows(listed[listed["reel_digest"] == reel.digest])
    places = listed[["start_frame", "stop_frame"]].sort_values("start_frame")
    places = places.assign(place=range(len(places)))
    rows = ledger.read("restorations", reel.reel_id)
    rows = rows[rows["reel_digest"] == reel.digest]
    for column, value in wanted.items():
        if value is not None:
            rows = rows[rows[column] == value]
    rows = rows.drop_duplicates(["start_frame", "stop_frame"], keep="last")
    rows = rows.drop(columns="shot_index").merge(places, on=["start_frame", "stop_frame"])
    return rows.sort_values("start_frame")
