"""Memory does not grow with the length of a shot."""

import subprocess
import sys
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from catalogs.picture import PictureFormat
from models.contract import Frame, Step, apply_step
from models.motion import HELD
from models.supported import STEPS

MakeReel = Callable[..., tuple[Path, list[bytes]]]
SIZE = (320, 240)
GROWTH_MEGABYTES = 8  # 200 frames more are 15 MB as decoded and 61 MB as float luma
FILLED = HELD + 20  # frames after which all that is remembered is full
STRETCH = 32  # frames, the period of the pan

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


@pytest.mark.slow
def test_a_long_shot_takes_no_more_memory_than_a_short_one(
    make_reel: MakeReel, tmp_path: Path
) -> None:
    short, _ = make_reel("short.mkv", "gray", 100, SIZE)
    long, _ = make_reel("long.mkv", "gray", 300, SIZE)
    growth = peak_megabytes(long, tmp_path / "b") - peak_megabytes(short, tmp_path / "a")
    assert growth < GROWTH_MEGABYTES


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_what_a_step_holds_does_not_grow(step: type[Step]) -> None:
    """Frames alive, and bytes that Python holds, in one stretch of a shot and in the next."""
    whole = np.random.default_rng(0).integers(40, 200, (140, 180)).astype(np.uint8)
    whole = cv2.GaussianBlur(whole, (0, 0), 2)
    alive: weakref.WeakSet[Frame] = weakref.WeakSet()
    frames_held, bytes_held = [0, 0], [0, 0]

    def panned() -> Iterator[Frame]:
        for index in range(FILLED + 2 * STRETCH):
            x = abs(index % 32 - 16)
            view = cv2.convertScaleAbs(whole[20:116, x : x + 128], alpha=1 + 0.05 * (index % 2))
            view[10 + index % 50 :, :][:4, 40:44] = 250
            frame = Frame((torch.from_numpy(view),), PictureFormat(128, 96, "gray"))
            alive.add(frame)
            stretch = (index - FILLED) // STRETCH
            if stretch >= 0:
                frames_held[stretch] = max(frames_held[stretch], len(alive))
                bytes_held[stretch] = max(bytes_held[stretch], tracemalloc.get_traced_memory()[0])
            yield frame

    tracemalloc.start()
    for _ in apply_step(step(), panned()):
        pass
    tracemalloc.stop()
    assert frames_held[1] == frames_held[0]
    assert bytes_held[1] < 1.1 * bytes_held[0]  # a frame kept would be 80 % a stretch
