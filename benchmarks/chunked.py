"""Ours beside chunked processing with plain ffmpeg, as Av1an does it, for the same filter work.

    python benchmarks/chunked.py [--workers 2] [--reels 2]

Work that ffmpeg's filters and our steps both do exactly, so that both sides give the same frames,
which is checked: none at all, and every sample inverted. Both sides write FFV1 with the same
options, run as many processes, and begin with the reel alone.

    chunked    ffmpeg finds the cuts (`scene`), each chunk is sought, filtered and encoded by an
               ffmpeg of its own, and the chunks are joined by stream copy
    ours       ingest, which finds the shots; restoration, each shot by frame range; the join

Ours does in the same steps what a film archive cannot do without: the file's SHA-256, a hash of
every frame that is read and written, and a second encoder for the change map. That is in its time.
What a night does besides (metrics, verification, access copies) is not: `benchmarks/throughput.py`
shows that. Chunks and shots are the same ranges where both find the same cuts; how many each found
is printed.
"""

from __future__ import annotations

import argparse
import itertools
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from benchmarks.clips import on_one_core
from benchmarks.reels import ReelShape, chosen_shape, make_archive, shape_options
from catalogs.catalog import read_catalog
from catalogs.recipe import read_recipe
from catalogs.records import CatalogReel, Reel, Shot
from catalogs.source import FrameIndex
from catalogs.store import Store, open_store
from flows.cluster.settings import ENVIRONMENT
from models.contract import Change, Frame, Step
from models.motion import Motion
from tasks import restore
from tasks.ingest import ingest_reel
from tasks.media.check import index_frames
from tasks.media.join import join_shots
from tasks.media.probe import probe
from tasks.media.program import ffmpeg_program
from tasks.media.write import slice_count
from tasks.split import ShotFinder
from tasks.treat import resolve_recipe

SCENE = 0.3  # of ffmpeg's `scene`, above which a frame begins a chunk; what is usual
_CUT = re.compile(rb"pts_time:([0-9.]+)")


@dataclass(frozen=True)
class Invert(Step):
    """Every sample s becomes peak - s, as ffmpeg's `negate` makes it."""

    name = "invert"
    version = 1
    touches = "every sample"

    def changes(self, frames: Iterator[Frame], motion: Motion) -> Iterator[Change]:
        """The change to the inverted frame."""
        for frame in frames:
            yield Change.between(frame, tuple(frame.peak - plane for plane in frame.samples()))


WORK: dict[str, tuple[str, tuple[Step, ...]]] = {
    "none": ("null", ()),
    "invert": ("negate", (Invert(),)),
}


# Plain ffmpeg


def ffmpeg(*arguments: str) -> bytes:
    """Run ffmpeg; what it says on stderr."""
    line = [ffmpeg_program(), "-nostdin", "-hide_banner", "-y", *arguments]
    done = subprocess.run(line, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"ffmpeg failed: {' '.join(line)}\n{done.stderr.decode()}")
    return done.stderr


def chunked(source: Path, folder: Path, shape: ReelShape, work: str, workers: int) -> int:
    """Process a reel in chunks into `folder/joined.mkv`; how many chunks there were."""
    said = ffmpeg("-i", str(source), "-vf", f"select='gt(scene,{SCENE})',showinfo", "-an",
                  "-f", "null", "-")  # fmt: skip
    cuts = [round(float(time) * shape.rate) for time in _CUT.findall(said)]
    ends = [0, *cuts, shape.shots * shape.frames]

    def encode(chunk: tuple[int, tuple[int, int]]) -> Path:
        number, (start, stop) = chunk
        target = folder / f"chunk{number:04}.mkv"
        seek = max(0.0, (start - 0.5) / shape.rate)  # half a frame of slack
        ffmpeg("-ss", f"{seek:.6f}", "-i", str(source), "-frames:v", str(stop - start),
               "-vf", WORK[work][0], "-pix_fmt", shape.pixel_format, "-fps_mode", "passthrough",
               "-c:v", "ffv1", "-level", "3", "-coder", "1", "-context", "0", "-g", "1",
               "-slices", str(slice_count(shape.picture)), "-slicecrc", "1",
               str(target))  # fmt: skip
        return target

    with ThreadPoolExecutor(workers) as pool:
        chunks = list(pool.map(encode, enumerate(itertools.pairwise(ends))))
    listing = folder / "chunks.ffconcat"
    listing.write_text("ffconcat version 1.0\n" + "".join(f"file {c.name}\n" for c in chunks))
    ffmpeg("-f", "concat", "-safe", "0", "-i", str(listing), "-c", "copy",
           str(folder / "joined.mkv"))  # fmt: skip
    return len(chunks)


# Ours


def ours(
    pool: ProcessPoolExecutor, entry: CatalogReel, root: Path, store: Store, work: str
) -> tuple[Path, int]:
    """Process a reel as a night does; its master, and how many shots there were."""
    finder = ShotFinder()
    reel, index = ingest_reel(entry, root, watch=finder.watch)
    ranges = finder.ranges(len(index))
    shots = [Shot(reel.reel_id, reel.digest, n, *place) for n, place in enumerate(ranges)]
    jobs = [pool.submit(restore_one, reel, index, shot, store, work) for shot in shots]
    joined = store.root / f"{reel.reel_id}.mkv"
    join_shots([job.result() for job in jobs], joined, reel.frame_rate)
    return joined, len(shots)


def restore_one(reel: Reel, index: FrameIndex, shot: Shot, store: Store, work: str) -> Path:
    """Restore one shot by the steps of a work."""
    restore.build_steps = lambda *_: WORK[work][1]  # in a process of the pool, for good
    treatment = resolve_recipe(read_recipe("untouched"))
    done = restore.restore_shot(reel, index, shot, treatment, store)
    return store.root / done.picture_file


def hashes(path: Path) -> tuple[str, ...]:
    """MD5 of every frame."""
    return index_frames(path, probe(path)).md5


def compare(pool: ProcessPoolExecutor, catalog: Path, shape: ReelShape, work: str,
            workers: int) -> None:  # fmt: skip
    """Both sides on every reel, one after the other, and what came of it."""
    spent, counts, same = [0.0, 0.0], [0, 0], True
    for number, entry in enumerate(read_catalog(catalog).reels):
        folder = catalog.parent / f"{work}{number}"
        store = open_store(folder / "store")
        begun = time.monotonic()
        counts[0] += chunked(catalog.parent / entry.path, folder, shape, work, workers)
        between = time.monotonic()
        joined, shots = ours(pool, entry, catalog.parent, store, work)
        spent = [spent[0] + between - begun, spent[1] + time.monotonic() - between]
        counts[1] += shots
        same &= hashes(joined) == hashes(folder / "joined.mkv")
    frames = len(read_catalog(catalog).reels) * shape.shots * shape.frames
    print(f"{work:8}{counts[0]:8}{counts[1]:7}{frames / spent[0]:14.2f}{frames / spent[1]:11.2f}"
          f"{spent[0] / spent[1]:8.2f}   {'the same' if same else 'DIFFERENT'}",
          flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shape_options(parser, ReelShape(shots=4))
    parser.add_argument("--reels", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    shape = chosen_shape(options)
    os.environ.update(ENVIRONMENT)  # of the processes begun here
    with (
        tempfile.TemporaryDirectory(dir=options.scratch) as name,
        ProcessPoolExecutor(options.workers, get_context("spawn"), on_one_core) as pool,
    ):
        catalog = make_archive(options.data, Path(name), shape, options.reels)
        list(pool.map(abs, range(4 * options.workers)))  # the processes are there
        print(f"{shape.picture}, {options.reels} reels of {shape.shots} scenes of {shape.frames} "
              f"frames, {options.workers} workers, {os.cpu_count()} cores")  # fmt: skip
        print(f"{'work':8}{'chunks':>8}{'shots':>7}{'chunked, fps':>14}{'ours, fps':>11}"
              f"{'ratio':>8}   frames")  # fmt: skip
        for work in WORK:
            compare(pool, catalog, shape, work, options.workers)


if __name__ == "__main__":
    main()
