"""Reels whose shots were not treated alike: which treatment each shot of such a version has.

A reel that was reprocessed in part keeps the other shots as they were. Its version has a treatment
of its own (`catalogs.recipe.mixed`); the table `mixtures` says which treatment each shot had. A
restored shot is recorded once, under its own treatment, however many versions it stands in.
"""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from catalogs.ledger import Ledger
from catalogs.recipe import Treatment
from catalogs.records import Reel, RestoredShot
from catalogs.rows import read_restored

_PLACE = ["reel_id", "reel_digest", "start_frame", "stop_frame"]


def record_mixture(ledger: Ledger, reel: Reel, treatment: Treatment) -> None:
    """Record what a mixed treatment is made of; once for each treatment of a reel."""
    if not treatment.parts:
        return
    rows: Iterable[dict[str, Any]] = (
        {
            "reel_id": reel.reel_id, "reel_digest": reel.digest,
            "treatment_id": treatment.treatment_id, "start_frame": part.start_frame,
            "stop_frame": part.stop_frame, "part_treatment_id": part.treatment.treatment_id,
        }
        for part in treatment.parts
    )  # fmt: skip
    name = f"{reel.digest[:12]}-{treatment.treatment_id[:24]}"
    ledger.append("mixtures", reel.reel_id, rows, name=name)


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
    parts = mixtures[[*_PLACE, "treatment_id", "part_treatment_id"]]
    parts = parts.rename(columns={"treatment_id": "whole", "part_treatment_id": "treatment_id"})
    again = restorations.merge(parts, on=[*_PLACE, "treatment_id"])
    again = again.assign(treatment_id=again["whole"]).drop(columns="whole")
    return pd.concat([restorations, again[restorations.columns]], ignore_index=True)


def refines(ledger: Ledger, reel_id: str, version: str, treatment_id: str) -> bool:
    """True when a version's treatment is a mixture in which some shots have the other treatment."""
    rows = ledger.newest("mixtures", reel_id)
    rows = rows[rows["treatment_id"] == version]
    return bool((rows["part_treatment_id"] == treatment_id).any())
