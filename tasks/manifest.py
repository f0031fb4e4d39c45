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
from catalogs.records import AssembledReel, Reel, RestoredShot, Shot
from catalogs.store import Store
from tasks.metrics.shown.signalstats import sidecar_of
from tasks.reel_time import TimePart
from tasks.sidecar import LEFT_OFF, is_sidecar

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


def derivative_title(reel: Reel) -> str:
    """The title that a restored reel carries, never just the original's."""
    return f"{reel.catalog.title} (restored derivative)"


def is_assembled(
    reel: Reel,
    shots: Sequence[Shot],
    treatment: Treatment,
    store: Store,
    notice: str | None = None,
) -> bool:
    """True when the reel stands complete as it is wanted now, its files of the sizes recorded.

    Any notice will do where none is asked for (None); "" asks for none. A sidecar may be there
    or not: nothing is joined again for it.

    A flipped byte is not seen here; `wetgate verify` reads every file.
    """
    folder = store.reel_folder(reel.reel_id, treatment.label)
    manifest = read_manifest(folder)
    notice = manifest.get("notice") if notice is None else notice
    wanted = {
        "digest": reel.digest, "title": derivative_title(reel), "notice": notice,
        "frame_rate": str(reel.frame_rate), "sound_sha256": reel.content.sound_sha256,
    }  # fmt: skip
    try:
        return (
            wanted == {name: manifest.get(name) for name in wanted}
            and [s["start_frame"] for s in manifest["shots"]] == [s.start_frame for s in shots]
            and all(
                (folder / name).stat().st_size == facts["bytes"]
                for name, facts in manifest["files"].items()
                if not is_sidecar(name)
            )
        )
    except (OSError, KeyError):
        return False


def digest_of(folder: Path) -> str | None:
    """Digest of the reel that a folder holds the restored version of, or None."""
    found = read_manifest(folder).get("digest")
    return found if isinstance(found, str) else None


def write_manifest(
    reel: Reel,
    restored: Sequence[RestoredShot],
    treatment: Treatment,
    built: AssembledReel,
    checks: tuple[str, ...],
    notice: str = "",
    time: Sequence[TimePart] = (),
    sidecar: str = LEFT_OFF,
) -> None:
    """Flush the reel's files to the disk, then write what they are beside them.

    Args:
        reel: the reel.
        restored: its shots, in order.
        treatment: what was done.
        built: its files; a sidecar beside the master is listed where there is one.
        checks: what was verified, in words.
        notice: burned into the access copy.
        time: TIME of the joined reel.
        sidecar: that it was written, or why there is none.
    """
    films = (built.master, built.access_copy, built.change_map)
    files = (*films, *filter(Path.is_file, (sidecar_of(built.master),)))
    for path in files:
        sync_file(path)
    manifest = {
        "derivative": built.derivative_id,
        "identifier": reel.catalog.identifier,
        "reel": f"{reel.catalog.reel_number} of {reel.catalog.reel_count}",
        "source": reel.catalog.path,
        "source_sha256": reel.content.sha256,
        "sound_source": reel.catalog.sound_path,
        "sound_sha256": reel.content.sound_sha256,
        "digest": reel.digest,
        "title": derivative_title(reel),
        "notice": notice,
        "disclosures": list(reel.disclosures),
        "treatment": treatment.treatment_id,
        "recipe": treatment.recipe_name,
        "steps": [
            {"name": step.name, "version": step.version, "parameters": dict(step.parameters),
             "weights_sha256": step.weights_sha256, "model": step.model, "licence": step.licence}
            for step in treatment.steps
        ],
        "frames": reel.content.frame_count,
        "frame_rate": str(reel.frame_rate),
        "frame_rate_source": reel.frame_rate_source,
        "shots": [
            {"start_frame": r.shot.start_frame, "stop_frame": r.shot.stop_frame, "key": r.key,
             "treatment": r.treatment_id,
             "status": r.status, "reason": r.reason, "changed_share": r.changed_share}
            for r in restored
        ],
        "files": {
            path.name: {"bytes": path.stat().st_size, "sha256": sha256_file(path)}
            for path in files
        },
        "sidecar": sidecar,
        "verified": list(checks),
        "time": [
            {"part": part.name, "differences": part.value.value, "note": part.value.note,
             "rests_on": part.rests_on}
            for part in time
        ],
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    write_whole(built.folder / MANIFEST, text.encode())


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of an assembled reel; empty when there is none that can be read."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
