"""Retire: versions of a reel that no longer stand give their files back; their record stays.

A reel keeps the version that was restored last, and every shot of it. What was restored before it
goes: folders of earlier versions, and shots that are none of its own. Shots that were restored
since are the work of a night that is not finished, and stay. Nothing goes before the version that
stays was read to its last byte and found as recorded.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from catalogs.durable import partial_path, sync_folder
from catalogs.errors import VerificationError
from catalogs.ledger import Ledger
from catalogs.mixtures import standing_version, with_mixtures
from catalogs.records import Reel
from catalogs.retired import retirement_rows
from catalogs.store import Store
from tasks.fixity import check_derivative, find_derivatives
from tasks.manifest import MANIFEST

OnBytes = Callable[[int], None]

_FILES = ("picture_file", "change_file")


@dataclass(frozen=True)
class Retiring:
    """What a reel can do without.

    Attributes:
        reel_id: of the reel.
        stays: folder of the version that stands.
        versions: folders of the others.
        shots: rows of the table `restorations` that are of no shot of the version that stands.
        byte_count: of all files that would go.
    """

    reel_id: str
    stays: Path
    versions: tuple[Path, ...]
    shots: pd.DataFrame
    byte_count: int

    @property
    def is_nothing(self) -> bool:
        """True when the reel holds no more than what stands."""
        return not self.versions and self.shots.empty


def plan_retiring(store: Store, reel: Reel) -> Retiring:
    """Say what a reel can do without; nothing is read but the record.

    Raises:
        VerificationError: no version of its present source stands.
    """
    rows = store.ledger().read("reels", reel.reel_id)
    rows = rows[rows["treatment_id"] == standing_version(store.ledger(), reel)]
    rows = rows[(rows["status"] == "restored") & (rows["reel_digest"] == reel.digest)]
    label = (
        str(rows["derivative_id"].iloc[-1]).removeprefix(f"{reel.reel_id}.") if len(rows) else ""
    )
    stays = store.reel_folder(reel.reel_id, label)
    if not label or not (stays / MANIFEST).is_file():
        raise VerificationError(
            f"{reel.reel_id}: no whole version of its present source stands, so nothing of it is "
            "retired; run the night first"
        )
    versions = tuple(f for f in find_derivatives(store, reel.reel_id) if f != stays)
    shots = _other_shots(store, reel, rows.iloc[-1])
    files = [file for folder in versions for file in folder.rglob("*") if file.is_file()]
    files += list(_shot_files(store, shots))
    size = sum(file.stat().st_size for file in files)
    return Retiring(reel.reel_id, stays, versions, shots, size)


def retire(store: Store, ledger: Ledger, what: Retiring, on_bytes: OnBytes | None = None) -> None:
    """Give the files back: the record first, so that what is begun is finished by the next call.

    Raises:
        VerificationError: the version that stays is not as recorded; nothing went.
    """
    found = check_derivative(what.stays, on_bytes)
    if not found.films_are_whole:
        named = ", ".join(map(str, found.differing))
        raise VerificationError(
            f"{what.reel_id}: the version that would stay is damaged: {named}; nothing was "
            "retired; run the night with its recipe again"
        )
    ledger.append("retirements", what.reel_id, retirement_rows(what.shots))
    for folder in what.versions:
        _remove(folder)
    for file in _shot_files(store, what.shots):
        file.unlink(missing_ok=True)
    sync_folder(store.shot_folder(what.reel_id))


def _other_shots(store: Store, reel: Reel, version: pd.Series) -> pd.DataFrame:
    """Shots that were restored before the version and are none of its own, and have files."""
    ledger = store.ledger()
    rows = ledger.newest("restorations", reel.reel_id)
    everything = with_mixtures(rows, ledger.newest("mixtures", reel.reel_id))
    own = everything[everything["treatment_id"] == version["treatment_id"]]
    own = own[own["reel_digest"] == reel.digest]
    others = rows[~rows["key"].isin(own["key"]) & (rows["recorded_at"] <= version["recorded_at"])]
    there = [
        any((store.root / name).is_file() for name in names)
        for names in others[list(_FILES)].itertuples(index=False)
    ]
    return others[np.array(there, dtype=bool)]


def _shot_files(store: Store, shots: pd.DataFrame) -> list[Path]:
    names = [name for column in _FILES for name in shots[column]]
    return [store.root / name for name in names if (store.root / name).is_file()]


def _remove(folder: Path) -> None:
    """A version's folder, at once: what is cut off under the other name is swept by a night."""
    going = partial_path(folder)
    folder.rename(going)
    sync_folder(folder.parent)
    shutil.rmtree(going)
