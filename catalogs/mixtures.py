"""Reels whose shots were not treated alike: which treatment each shot of such a version has.

A reel that was reprocessed in part keeps the other shots as they were. Its version has a treatment
of its own (`catalogs.recipe.mixed`); the table `mixtures` says which treatment each shot had. A
restored shot is recorded once, under its own treatment, however many versions it stands in.

Where people decided of every shot of a reel, all may come to be treated alike: such a version is
recorded here too, so that nights stand by it as they do by one of which a part was decided.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from catalogs.ledger import Ledger
from catalogs.recipe import Part, Treatment, mixed
from catalogs.records import Reel, RestoredShot, Shot
from catalogs.rows import read_restored

_PLACE = ["reel_id", "reel_digest", "start_frame", "stop_frame"]


def record_mixture(
    ledger: Ledger, reel: Reel, treatment: Treatment, decided: Sequence[Shot] = ()
) -> None:
    """Record what a mixed treatment is made of, and which treatment its reel came from.

    That is the treatment of the version that stands; of a mixed one, the one which that came from.
    The same mixture may come from either of its treatments, so the newest record holds.

    Args:
        ledger: of the store.
        reel: whose shots were treated.
        treatment: of the version; a plain one is recorded only where people decided it.
        decided: all shots of the reel, where people decided how it is treated.
    """
    parts = treatment.parts or tuple(
        Part(shot.start_frame, shot.stop_frame, treatment) for shot in decided
    )
    base = base_version(ledger, reel)
    back = not treatment.parts and base == treatment.treatment_id  # what nights make of it anyhow
    if not parts or back or (base and base == _base_of(ledger, reel, treatment.treatment_id)):
        return
    rows: Iterable[dict[str, Any]] = (
        {
            "reel_id": reel.reel_id, "reel_digest": reel.digest,
            "treatment_id": treatment.treatment_id, "start_frame": part.start_frame,
            "stop_frame": part.stop_frame, "part_treatment_id": part.treatment.treatment_id,
            "base_treatment_id": base,
        }
        for part in parts
    )  # fmt: skip
    ledger.append("mixtures", reel.reel_id, rows)


def refining_version(ledger: Ledger, reel: Reel, treatment_id: str) -> str | None:
    """Treatment of the version that stands, if it was reprocessed in part from another treatment.

    Args:
        ledger: of the store.
        reel: as its source is now.
        treatment_id: the treatment before it was reprocessed.
    """
    version = standing_version(ledger, reel)
    if version and _base_of(ledger, reel, version) == treatment_id:
        return version
    return None


def read_mixture(
    ledger: Ledger,
    reel: Reel,
    treatment_id: str,
    treatments: Mapping[str, Treatment],
    shots: Sequence[Shot],
) -> Treatment | None:
    """A mixed treatment of a reel as it was recorded; None where it does not prove itself.

    Args:
        ledger: of the store.
        reel: as its source is now.
        treatment_id: of the mixed treatment.
        treatments: as nights recorded them, by their identity.
        shots: of the reel now; a mixture of other shots is none of it.
    """
    rows = _rows(ledger, reel, treatment_id).sort_values("start_frame")
    if rows.empty or set(rows["part_treatment_id"]) - set(treatments):
        return None
    parts = [
        Part(int(row.start_frame), int(row.stop_frame), treatments[row.part_treatment_id])
        for row in rows.itertuples()
    ]
    if [(p.start_frame, p.stop_frame) for p in parts] != [
        (shot.start_frame, shot.stop_frame) for shot in shots
    ]:
        return None
    reels = ledger.read("reels", reel.reel_id)
    named = reels[reels["treatment_id"] == treatment_id]["recipe"]
    found = replace(mixed("", parts), recipe_name=str(named.iloc[-1]))
    return found if found.treatment_id == treatment_id else None


def standing_version(ledger: Ledger, reel: Reel) -> str:
    """Treatment of the version of a reel that was restored last; empty when none was."""
    rows = ledger.read("reels", reel.reel_id)
    rows = rows[(rows["status"] == "restored") & (rows["reel_digest"] == reel.digest)]
    return str(rows["treatment_id"].iloc[-1]) if len(rows) else ""


def base_version(ledger: Ledger, reel: Reel) -> str:
    """Treatment that nights know the version that stands by: its own, or what it came from."""
    standing = standing_version(ledger, reel)
    return _base_of(ledger, reel, standing) or standing


def _base_of(ledger: Ledger, reel: Reel, treatment_id: str) -> str:
    """What a mixed version came from; empty where that is not recorded, or it is not mixed."""
    bases = _rows(ledger, reel, treatment_id)["base_treatment_id"].dropna()
    return str(bases.iloc[-1]) if len(bases) else ""


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
    mixtures = mixtures[mixtures["treatment_id"] != mixtures["part_treatment_id"]]
    parts = mixtures[[*_PLACE, "treatment_id", "part_treatment_id"]]
    parts = parts.rename(columns={"treatment_id": "whole", "part_treatment_id": "treatment_id"})
    again = restorations.merge(parts, on=[*_PLACE, "treatment_id"])
    again = again.assign(treatment_id=again["whole"]).drop(columns="whole")
    return pd.concat([restorations, again[restorations.columns]], ignore_index=True)
