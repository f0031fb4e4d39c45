"""What stands beside a restored reel, and whether its files are there as it says."""

import json
from pathlib import Path

from catalogs.store import Store
from tasks.report.rows import Row


def reel_folder(store: Store, row: Row) -> Path | None:
    """Where a reel's restored files are to be; None when it has none."""
    if row["status"] != "restored" or not row["derivative_id"]:
        return None
    label = str(row["derivative_id"]).removeprefix(f"{row['reel_id']}.")
    return store.reel_folder(str(row["reel_id"]), label)


def read_manifest(store: Store, row: Row) -> tuple[Row, tuple[str, ...]]:
    """A restored reel's manifest, and the files that are not there in the size it names."""
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
        if not (folder / name).is_file() or (folder / name).stat().st_size != size
    ]
    return manifest, tuple(missing)
