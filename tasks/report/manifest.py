"""What stands beside a restored reel, and whether its files are there as it says."""

import json
from pathlib import Path

from catalogs.store import Store
from tasks.report.rows import Row
from tasks.sidecar import WRITTEN, is_sidecar


def reel_folder(store: Store, row: Row) -> Path | None:
    """Where a reel's restored files are to be; None when it has none."""
    if row["status"] != "restored" or not row["derivative_id"]:
        return None
    label = str(row["derivative_id"]).removeprefix(f"{row['reel_id']}.")
    return store.reel_folder(str(row["reel_id"]), label)


def read_manifest(store: Store, row: Row) -> tuple[Row, tuple[str, ...]]:
    """A restored reel's manifest, and the films that are not there in the size it names."""
    folder = reel_folder(store, row)
    if folder is None:
        return {}, ()
    file = folder / "manifest.json"
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
        planned = {str(n): int(facts["bytes"]) for n, facts in manifest["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}, (str(file.relative_to(store.root)),)
    missing = [
        str((folder / name).relative_to(store.root))
        for name, size in planned.items()
        if not is_sidecar(name) and not _is_there(folder / name, size)
    ]
    return manifest, tuple(missing)


def sidecar_words(store: Store, row: Row, manifest: Row) -> str:
    """Where the sidecar of a restored reel's master lies, or why there is none."""
    folder = reel_folder(store, row)
    if folder is None or not manifest:
        return ""
    said = manifest.get("sidecar")
    if said != WRITTEN:
        return str(said or "none: the reel was joined by an earlier version")
    for name, facts in manifest["files"].items():
        if is_sidecar(name) and _is_there(folder / name, int(facts["bytes"])):
            return str((folder / name).relative_to(store.root))
    return "no longer there as it was written"


def _is_there(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size
