"""Gather: a restored reel, verified on disk, with everything the ledger knows of it.

Nothing goes out that was not verified: the reel's files are read and compared with its
manifest before anything is said of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from catalogs.errors import StoreError, VerificationError
from catalogs.exports.recorded import (
    assembling_night,
    recorded_events,
    recorded_treatment,
    shot_records,
)
from catalogs.exports.subject import ExportedFile, FileRole, RestoredReel
from catalogs.fixity import sha256_file
from catalogs.recipe import Treatment
from catalogs.records import Reel
from catalogs.rows import known_reels
from catalogs.store import Store
from models.contract import Step
from models.networks.learned import ModelStep
from models.supported import STEPS
from tasks.manifest import read_manifest
from tasks.metrics.shown.signalstats import SUFFIX
from tasks.sidecar import is_sidecar

_ROLES: tuple[tuple[str, FileRole], ...] = (
    (".change.mkv", "change map"),
    (".access.mp4", "access copy"),
    (".mkv", "restored master"),
    (SUFFIX, "signal report"),
)


def restored_reels(store: Store, wanted: Sequence[str]) -> tuple[str, ...]:
    """Ids of the restored reels that are asked for; of every one if none is named.

    Args:
        store: where they are.
        wanted: reel ids, or identifiers of items, which mean every reel of the item.

    Raises:
        StoreError: a name the store does not know, or a reel that is not restored.
    """
    rows = store.ledger().newest("reels").sort_values("reel_id")
    status = dict(zip(rows["reel_id"], rows["status"], strict=True))
    if not wanted:
        wanted = [reel_id for reel_id in status if status[reel_id] == "restored"]
        if not wanted:
            raise StoreError(f"{store.root}: no reel is restored yet; run `wetgate run` first")
    found: dict[str, None] = {}
    for name in wanted:
        named = [name] if name in status else list(rows[rows["identifier"] == name]["reel_id"])
        if not named:
            known = ", ".join(status) or "none"
            raise StoreError(f"{store.root}: no reel {name!r}; the store holds: {known}")
        for reel_id in named:
            if status[reel_id] != "restored":
                done = ", ".join(r for r in status if status[r] == "restored") or "none"
                raise StoreError(f"{reel_id} is {status[reel_id]}; restored reels are: {done}")
        found |= dict.fromkeys(named)
    return tuple(found)


def read_restored_reel(store: Store, reel_id: str, software: str) -> RestoredReel:
    """Gather everything that is known of a restored reel, after checking its files.

    Args:
        store: where it is.
        reel_id: a reel whose newest status is "restored".
        software: versions of what exports, in one line.

    Raises:
        VerificationError: a file is not what the manifest says, or ledger and manifest differ.
        StoreError: the ledger cannot be read.
    """
    ledger = store.ledger()
    row = ledger.newest("reels", reel_id).iloc[-1]
    derivative = str(row["derivative_id"])
    reel = known_reels(ledger, reel_id)[reel_id]
    folder = store.reel_folder(reel_id, derivative.removeprefix(f"{reel_id}."))
    manifest = read_manifest(folder)
    made_of = [manifest.get(name) for name in ("derivative", "source_sha256", "sound_sha256")]
    if made_of != [derivative, reel.content.sha256, reel.content.sound_sha256]:
        raise VerificationError(
            f"{folder}: holds no {derivative} of this source; run the night again to assemble it"
        )
    treatment = recorded_treatment(ledger, manifest)
    files = verified_files(folder, manifest)
    return RestoredReel(
        reel=replace(reel, disclosures=_disclosures(reel, manifest)),
        derivative_id=derivative,
        treatment=treatment,
        files=files,
        shots=shot_records(ledger, reel_id, manifest),
        events=recorded_events(ledger, reel, derivative, files),
        written_at=manifest["written_at"],
        verified=tuple(manifest["verified"]),
        inventing_steps=_inventing(treatment),
        software=software,
        checked_at=datetime.now(UTC),
        batch_id=assembling_night(ledger, derivative),
    )


def verified_files(folder: Path, manifest: Mapping[str, Any]) -> tuple[ExportedFile, ...]:
    """The files of a reel, each read and found to be what its manifest says.

    A sidecar that is not is left out: the films do not hang on it.

    Raises:
        VerificationError: names the file, what was planned and what was found.
    """
    files = []
    for name, facts in manifest["files"].items():
        path = folder / name
        found = sha256_file(path) if path.is_file() else "no file"
        if found != facts["sha256"]:
            if is_sidecar(name):
                continue
            raise VerificationError(
                f"{path}: sha256 planned {facts['sha256']}, found {found}; restore the file from "
                "a copy, or delete its folder and run the night again"
            )
        role = next(role for suffix, role in _ROLES if name.endswith(suffix))
        files.append(ExportedFile(role, name, int(facts["bytes"]), found))
    return tuple(files)


def with_newest_events(store: Store, subject: RestoredReel) -> RestoredReel:
    """The reel with its events read again; its files are not."""
    reel, derivative = subject.reel, subject.derivative_id
    return replace(subject, events=recorded_events(store.ledger(), reel, derivative, subject.files))


def _disclosures(reel: Reel, manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """What the reading of the source made known, and what its restoration did."""
    return tuple(dict.fromkeys((*reel.disclosures, *manifest.get("disclosures", ()))))


def _inventing(treatment: Treatment) -> frozenset[str]:
    """Steps of the treatment that invent picture, by their own declaration."""
    kinds: tuple[type[Step], ...] = (*STEPS, ModelStep)
    known = {step.name: step for step in kinds}
    if unknown := [step.name for step in treatment.steps if step.name not in known]:
        raise VerificationError(
            f"step {', '.join(unknown)} is not known to this version of Wetgate, so nothing can "
            "be said of what it did; export with the version that restored the reel"
        )
    return frozenset(
        step.name
        for step in treatment.steps
        if step.invents or getattr(known[step.name], "invents", False)
    )
