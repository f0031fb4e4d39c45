"""The manifest of an assembled reel: what it is, what it was made from, its files' hashes.

It is written last. A folder without it is not a reel.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from catalogs.durable import sync_file, write_whole
from catalogs.fixity import sha256_file
from catalogs.recipe import Treatment
from catalogs.records import AssembledReel, Reel, RestoredShot
from catalogs.store import Store

MANIFEST = "manifest.json"


def derivative_id(reel: Reel, treatment: Treatment) -> str:
    """The restored reel's own identifier, never the source's."""
    return f"{reel.reel_id}.{treatment.label}"


def assembled_files(
    reel: Reel, treatment: Treatment, folder: Path, checks: tuple[str, ...] = ()
) -> AssembledReel:
    """The files of an assembled reel below a folder."""
    derivative = derivative_id(reel, treatment)
    return AssembledReel(
        reel_id=reel.reel_id,
        derivative_id=derivative,
        treatment_id=treatment.treatment_id,
        folder=folder,
        master=folder / f"{derivative}.mkv",
        access_copy=folder / f"{derivative}.access.mp4",
        change_map=folder / f"{derivative}.change.mkv",
        frame_count=reel.content.frame_count,
        checks=checks,
    )


def is_assembled(reel: Reel, treatment: Treatment, store: Store) -> bool:
    """True when the reel stands complete under this treatment, its files as recorded."""
    folder = store.reel_folder(reel.reel_id, treatment.label)
    manifest = _read(folder)
    try:
        return manifest["source_sha256"] == reel.digest and all(
            (folder / name).stat().st_size == facts["bytes"]
            for name, facts in manifest["files"].items()
        )
    except (OSError, KeyError):
        return False


def source_of(folder: Path) -> str | None:
    """SHA-256 of the source that the reel in a folder was made from, or None."""
    found = _read(folder).get("source_sha256")
    return found if isinstance(found, str) else None


def write_manifest(
    reel: Reel,
    restored: Sequence[RestoredShot],
    treatment: Treatment,
    built: AssembledReel,
    checks: tuple[str, ...],
) -> None:
    """Flush the reel's files to the disk, then write what they are beside them."""
    files = (built.master, built.access_copy, built.change_map)
    for path in files:
        sync_file(path)
    manifest = {
        "derivative": built.derivative_id,
        "identifier": reel.catalog.identifier,
        "reel": f"{reel.catalog.reel_number} of {reel.catalog.reel_count}",
        "source": reel.catalog.path,
        "source_sha256": reel.digest,
        "treatment": treatment.treatment_id,
        "recipe": treatment.recipe_name,
        "steps": [
            {"name": step.name, "version": step.version, "parameters": dict(step.parameters)}
            for step in treatment.steps
        ],
        "frames": reel.content.frame_count,
        "frame_rate": str(reel.frame_rate),
        "shots": [
            {"start_frame": r.shot.start_frame, "stop_frame": r.shot.stop_frame, "key": r.key,
             "status": r.status, "reason": r.reason, "changed_share": r.changed_share}
            for r in restored
        ],
        "files": {
            path.name: {"bytes": path.stat().st_size, "sha256": sha256_file(path)}
            for path in files
        },
        "verified": list(checks),
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    write_whole(built.folder / MANIFEST, text.encode())


def _read(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
