"""Memory does not grow with the length of a shot."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

MakeReel = Callable[..., tuple[Path, list[bytes]]]
SIZE = (320, 240)
GROWTH_MEGABYTES = 12  # 250 frames more are 19 MB as decoded and 77 MB as float luma

RESTORE = """
import resource, sys
from pathlib import Path
from catalogs.recipe import read_recipe
from catalogs.records import CatalogReel, Shot
from catalogs.store import open_store
from tasks.ingest import ingest_reel
from tasks.restore import restore_shot
from tasks.treat import resolve_recipe
import torch
torch.set_num_threads(1)
source, store = Path(sys.argv[1]), Path(sys.argv[2])
reel, index = ingest_reel(CatalogReel("a", "a", 1, 1, source.name, 2), source.parent)
shot = Shot(reel.reel_id, reel.digest, 0, 0, len(index))
restore_shot(reel, index, shot, resolve_recipe(read_recipe("conservative")), open_store(store))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def peak_megabytes(source: Path, store: Path) -> float:
    """Peak resident memory of a process that restores a file as one shot."""
    done = subprocess.run(
        [sys.executable, "-c", RESTORE, str(source), str(store)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return float(done.stdout)


def test_a_long_shot_takes_no_more_memory_than_a_short_one(
    make_reel: MakeReel, tmp_path: Path
) -> None:
    short, _ = make_reel("short.mkv", "gray", 50, SIZE)
    long, _ = make_reel("long.mkv", "gray", 300, SIZE)
    growth = peak_megabytes(long, tmp_path / "b") - peak_megabytes(short, tmp_path / "a")
    assert growth < GROWTH_MEGABYTES
