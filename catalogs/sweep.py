"""What a store no longer needs: what killed nights left, and faces of former sources.

Only a night writes below shots/, reels/ and features/, and it sweeps before it begins: whatever is
half written there is a killed night's, whose workers on other hosts may still be at it. Below
tables/, strata/ and reports/ other commands write beside it; what goes there must be old as well.
"""

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

OLD = 3600.0  # seconds; what these folders hold is written in less

_OF_A_NIGHT = (
    "shots/*/.*.partial",
    "features/*/.*.partial",
    "logs/cluster-*.seen",  # that its workers were asked for
)
_RANGE = re.compile(r"([0-9]+-[0-9]+)\.[0-9a-f]+\.parquet")


def sweep(root: Path) -> None:
    """Sweep the store below a folder; only while it is held."""
    for pattern in _OF_A_NIGHT:
        for file in root.glob(pattern):
            file.unlink(missing_ok=True)
    for folder in root.glob("reels/*/.*.partial"):
        shutil.rmtree(folder, ignore_errors=True)
    for pattern in ("tables/*/*/.*.partial", "strata/.*.partial"):
        for file in root.glob(pattern):
            if _is_old(file):
                file.unlink(missing_ok=True)
    for folder in filter(_is_old, root.glob("reports/.*.partial")):
        shutil.rmtree(folder, ignore_errors=True)
    _sweep_features(root)


def _sweep_features(root: Path) -> None:
    for folder in filter(Path.is_dir, root.glob("features/*")):
        if not (root / "tables" / "reels" / folder.name).is_dir():
            shutil.rmtree(folder, ignore_errors=True)
        else:
            for file in _replaced(folder):
                file.unlink(missing_ok=True)


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > OLD
    except FileNotFoundError:  # finished meanwhile
        return False


def _replaced(folder: Path) -> Iterator[Path]:
    """Files of frames of which there is a newer one, and those that name no frames."""
    known = set()
    files = sorted(folder.glob("*.parquet"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    for file in files:
        name = _RANGE.fullmatch(file.name)
        if name is None or name[1] in known:
            yield file
        else:
            known.add(name[1])
