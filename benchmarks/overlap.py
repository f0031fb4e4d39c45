"""Do decoding and encoding go on while a device computes? With and without overlap, in one run.

    python benchmarks/overlap.py [--milliseconds 300] [--frames 48]

A GPU is stood for by a step that waits so long for each frame and leaves the processor alone. A
shot is restored from file to file three ways:

    device alone   the step on frames in memory; nothing could be faster
    overlapped     as `tasks.restore` does it: decoding ahead, encoding behind
    in turn        the same code with its two threads taken out

A device is kept busy if the processor has time for codecs: about 350 ms of one core a frame of
1080 lines, 10 bit 4:2:2. On a busy machine this shows the machine.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.clips import on_one_core
from benchmarks.reels import ReelShape, chosen_shape, make_archive, shape_options
from benchmarks.speed import run_shot
from catalogs.catalog import read_catalog
from catalogs.recipe import read_recipe
from catalogs.records import Shot
from catalogs.store import Store, open_store
from models.contract import Change, Frame, Step
from models.motion import Motion
from tasks import restore
from tasks.ingest import ingest_reel
from tasks.media.read import read_picture
from tasks.treat import resolve_recipe


@dataclass(frozen=True)
class Waiting(Step):
    """Changes nothing, and takes its time."""

    seconds: float = 0.0
    name = "waiting"
    version = 1
    touches = "damage"

    def changes(self, frames: Iterator[Frame], motion: Motion) -> Iterator[Change]:
        """No change, late."""
        for frame in frames:
            time.sleep(self.seconds)
            yield Change.none(frame)


def read_in_turn(items: Generator[Any, None, None]) -> Generator[Any, None, None]:
    """`read_ahead` without its thread."""
    yield from items


@contextmanager
def written_in_turn(write: Callable[..., None]) -> Iterator[Callable[..., None]]:
    """`written_behind` without its thread."""
    yield write


IN_TURN = {"read_ahead": read_in_turn, "written_behind": written_in_turn}


def restored(catalog: Path, store: Store, step: Step, parts: dict[str, Any]) -> float:
    """Seconds of restoring a reel as one shot, with parts of `tasks.restore` replaced."""
    reel, index = ingest_reel(read_catalog(catalog).reels[0], catalog.parent)
    shot = Shot(reel.reel_id, reel.digest, 0, 0, len(index))
    treatment = resolve_recipe(read_recipe("untouched"))
    with mock.patch.multiple(restore, build_steps=lambda *_: (step,), **parts):
        return restore.restore_shot(reel, index, shot, treatment, store).seconds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shape_options(parser, ReelShape(shots=1, frames=48))
    parser.add_argument("--milliseconds", type=float, default=300, help="of the device, a frame")
    options = parser.parse_args()
    on_one_core()
    shape, step = chosen_shape(options), Waiting(seconds=options.milliseconds / 1000)
    count = shape.shots * shape.frames
    with tempfile.TemporaryDirectory(dir=options.scratch) as name:
        folder = Path(name)
        catalog = make_archive(options.data, folder, shape)
        frames = list(
            restore.frames_from(
                read_picture(folder / "reel0.mkv", shape.picture), shape.picture, "cpu"
            )
        )
        begun = time.monotonic()
        run_shot((step,), frames)
        alone = time.monotonic() - begun
        del frames
        seconds = {
            "device alone": alone,
            "overlapped": restored(catalog, open_store(folder / "a"), step, {}),
            "in turn": restored(catalog, open_store(folder / "b"), step, IN_TURN),
        }
    print(f"{shape.picture}, {count} frames, {options.milliseconds:.0f} ms of the device a frame")
    print(f"{'':14}{'fps':>8}{'of the device':>15}")
    for way, spent in seconds.items():
        print(f"{way:14}{count / spent:8.2f}{alone / spent:15.2f}")


if __name__ == "__main__":
    main()
