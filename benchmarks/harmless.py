"""Is film that does not flicker left alone? Frames that `deflicker` changes, clip by clip.

    python benchmarks/harmless.py [--data ../shared/data] [--frames 150]

Every clean, face and old-film clip, each cut into its shots first, at its own size. Flicker
is FLK before and after, in per cent. Clean and face clips, Chaplin and His Girl Friday do
not flicker: a changed frame there is harm.
"""

import argparse
import itertools
from pathlib import Path

import torch

from catalogs.errors import WetgateError
from models.contract import apply_step
from models.flicker import Deflicker
from tasks.media.probe import probe
from tasks.media.read import read_picture
from tasks.media.thumbnails import stream_thumbnails
from tasks.metrics.flicker import flicker_percent
from tasks.restore import frames_from
from tasks.split import detect_boundaries

FOLDERS = ("oldfilm", "clean", "faces")


def shots(path: Path, frames: int) -> list[tuple[int, int]]:
    """Shots of the first `frames` frames."""
    thumbnails = list(itertools.islice(stream_thumbnails(path), frames))
    starts = [0, *detect_boundaries(thumbnails)]
    return list(zip(starts, [*starts[1:], len(thumbnails)], strict=True))


def measure(path: Path, frames: int) -> str:
    """One line: frames changed, and the flicker of each shot before and after."""
    picture = probe(path).picture
    source = frames_from(itertools.islice(read_picture(path, picture), frames), picture, "cpu")
    changed, total, flicker = 0, 0, []
    for start, stop in shots(path, frames):
        means: list[tuple[float, float]] = []
        for before, after, _ in apply_step(Deflicker(), itertools.islice(source, stop - start)):
            changed += after is not before
            means.append((float(before.luma().mean()), float(after.luma().mean())))
        total += len(means)
        pair = [flicker_percent(torch.tensor(side)) for side in zip(*means, strict=True)]
        flicker.append(" -> ".join("-" if v is None else f"{v:.2f}" for v in pair))
    return f"{changed:5} of {total:4}  {', '.join(flicker)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--frames", type=int, default=150)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for folder in FOLDERS:
        for path in sorted((options.data / folder).iterdir()):
            try:
                line = measure(path, options.frames)
            except WetgateError as error:
                line = f"not read: {error}"
            print(f"{path.name:36}{line}", flush=True)


if __name__ == "__main__":
    main()
