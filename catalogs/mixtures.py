"""Versions of reels that were reprocessed: what they came from, and what each shot of them has.

A reel that was reprocessed in part keeps the other shots as they were. Its version has a treatment
of its own (`catalogs.recipe.mixed`); the table `mixtures` says which treatment each shot had. A
restored shot is recorded once, under its own treatment, however many versions it stands in.

A row of the table `reels` names the treatment that a reprocessed version, mixed or not, came from:
the last that a night gave the reel. A night with that treatment leaves the version as it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from catalogs.ledger import Ledger
from catalogs.recipe import Part, Treatment, mixed
from catalogs.records import Reel, RestoredShot
from catalogs.rows import read_restored
from catalogs.tables import SHOT_PLACE


def record_mixture(ledger: Ledger, reel: Reel, treatment: Treatment) -> None:
    """Record what a mixed treatment of a reel is made of."""
    if not treatment.parts or len(_rows(ledger, reel, treatment.treatment_id)):
        return
    rows: Iterable[dict[str, Any]] = (
        {
            "reel_id": reel.reel_id, "reel_digest": reel.digest,
            "treatment_id": treatment.treatment_id, "start_frame": part.start_frame,
            "stop_frame": part.stop_frame, "part_treatment_id": part.treatment.treatment_id,
        }
        for part in treatment.parts
    )  # fmt: skip
    ledger.append("mixtures", reel.reel_id, rows)


def base_of_next(ledger: Ledger, reel: Reel, treatment_id: str) -> str:
    """What a version comes from that is to be made by reprocessing the one that stands.

    Its treatment, or what it came from itself; empty where the reel goes back to just that.
    """
    base = base_version(ledger, reel)
    return "" if base == treatment_id else base


def reprocessed_version(ledger: Ledger, reel: Reel, treatment_id: str) -> str | None:
    """Treatment of the version that stands, if it was reprocessed from another treatment.

    Args:
        ledger: of the store.
        reel: as its source is now.
        treatment_id: the treatment before it was reprocessed.
    """
    standing, base = _standing(ledger, reel)
    return standing if base == treatment_id else None


def read_version(
    ledger: Ledger, reel: Reel, treatment_id: str, treatments: Mapping[str, Treatment]
) -> Treatment | None:
    """The treatment of a version of a reel as recorded; None where it does not prove itself.

    Args:
        ledger: of the store.
        reel: as its source is now.
        treatment_id: of the version, mixed or not.
        treatments: as nights recorded them, by their identity.
    """
    reels = ledger.read("reels", reel.reel_id)
    name = str(reels[reels["treatment_id"] == treatment_id]["recipe"].iloc[-1])
    if plain := treatments.get(treatment_id):
        return replace(plain, recipe_name=name)
    rows = _rows(ledger, reel, treatment_id).sort_values("start_frame")
    if rows.empty or set(rows["part_treatment_id"]) - set(treatments):
        return None
    parts = [
        Part(int(row.start_frame), int(row.stop_frame), treatments[row.part_treatment_id])
        for row in rows.itertuples()
    ]
    found = mixed(name, parts)
    return found if found.treatment_id == treatment_id else None


def standing_version(ledger: Ledger, reel: Reel) -> str:
    """Treatment of the version of a reel that was restored last; empty when none was."""
    return _standing(ledger, reel)[0]


def base_version(ledger: Ledger, reel: Reel) -> str:
    """Treatment that nights know the version that stands by: its own, or what it came from."""
    standing, base = _standing(ledger, reel)
    return base or standing


def _standing(ledger: Ledger, reel: Reel) -> tuple[str, str]:
    """Treatment of the version that was restored last, and what that came from; else empty."""
    rows = ledger.read("reels", reel.reel_id)
    rows = rows[(rows["status"] == "restored") & (rows["reel_digest"] == reel.digest)]
    if rows.empty:
        return "", ""
    last = rows.fillna({"base_treatment_id": ""}).iloc[-1]  # null before there was the column
    return str(last["treatment_id"]), str(last["base_treatment_id"])


def _rows(ledger: Ledger, reel: Reel, treatment_id: str) -> pd.DataFrame:
    rows = ledger.newest("mixtures", reel.reel_id)
    return rows[(rows["treatment_id"] == treatment_id) & (rows["reel_digest"] == reel.digest)]


def read_restored_reel_shots(
    ledger: Ledger, reel: Reel, treatment: Treatment
) -> dict[str, RestoredShot]:
    """The newest outcome of each shot of a reel under its treatment, mixed or not, by key."""
    found: dict[str, RestoredShot] = {}
    for plain in treatment.whole:
        found |= read_restored(ledger, reel, plain.treatment_id)
    if treatment.parts:
        own = {(p.start_frame, p.treatment.treatment_id) for p in treatment.parts}
        found = {
            key: shot
            for key, shot in found.items()
            if (shot.shot.start_frame, shot.treatment_id) in own
        }
    return found


def with_mixtures(restorations: pd.DataFrame, mixtures: pd.DataFrame) -> pd.DataFrame:
    """Rows of restored shots, and those of mixed versions once more, under the version's treatment.

    Args:
        restorations: newest rows of the table.
        mixtures: newest rows of the table.
    """
    if mixtures.empty:
        return restorations
    parts = mixtures[[*SHOT_PLACE, "treatment_id", "part_treatment_id"]]
    parts = parts.rename(columns={"treatment_id": "whole", "part_treatment_id": "treatment_id"})
    again = restorations.merge(parts, on=[*SHOT_PLACE, "treatment_id"])
    again = again.assign(treatment_id=again["whole"]).drop(columns="whole")
    return pd.concat([restorations, again[restorations.columns]], ignore_index=True)
