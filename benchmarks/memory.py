"""Does the memory that a recipe takes grow with the length of the shot?

    python benchmarks/memory.py [--frames 100 3000] [--lines 1080] [--recipe conservative]

A real picture is panned slowly, with a little noise, specks and flicker made on the fly; nothing is
decoded and nothing is kept. Each length runs in a process of its own; its peak resident memory is
printed, with what the process held before its first frame. Peaks differ by 5 % at most, or this
exits with 1.

3,000 frames of 1080 lines take most of an hour; `--frames 100 400` tells nearly as much.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from benchmarks.clips import on_one_core, read_clip, recipe_steps
from catalogs.picture import PictureFormat
from flows.cluster.settings import ENVIRONMENT
from models.contract import Frame, apply_step
from models.motion import Motion

CLIP = "clean/clean_golden_gate.mp4"
MARGIN = 64  # samples that the picture is panned within
GRAIN = 3  # code values, deviation
SPECKS = 20  # a frame
TOLERANCE = 0.05


def panned(still: Frame, lines: int, frames: int) -> Iterator[Frame]:
    """Views of a picture, each a little farther on, each as if printed anew."""
    whole = still.planes[0].numpy().astype(np.float32)
    width = whole.shape[1] - MARGIN
    form = PictureFormat(width, lines, "gray")
    for index in range(frames):
        random = np.random.default_rng(index)
        x = abs((index + MARGIN) % (2 * MARGIN) - MARGIN)
        view = whole[:lines, x : x + width] * random.normal(1, 0.02)
        view += random.standard_normal(view.shape, np.float32) * GRAIN
        for y, x in zip(
            *(random.integers(0, side - 8, SPECKS) for side in view.shape), strict=True
        ):
            view[y : y + 6, x : x + 8] = 10
        yield Frame((torch.from_numpy(view.round().clip(0, 255).astype(np.uint8)),), form)


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run_shot(options: argparse.Namespace, frames: int) -> None:
    """Restore one shot in this process; print what it took as JSON."""
    on_one_core()
    (still,) = read_clip(options.data / CLIP, 1, options.lines)
    start, before = time.process_time(), peak_megabytes()
    motion = Motion()
    chain: Iterator[Frame] = panned(still, options.lines, frames)
    for step in recipe_steps(options.recipe):
        chain = (after for _, after, _ in apply_step(step, chain, motion))
        if step.moves:
            motion = Motion()
    count = sum(1 for _ in chain)
    seconds = time.process_time() - start
    print(json.dumps({"before": before, "peak": peak_megabytes(), "fps": count / seconds}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--frames", type=int, nargs="+", default=[100, 3000])
    parser.add_argument("--lines", type=int, default=1080)
    parser.add_argument("--recipe", default="conservative")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        run_shot(options, options.one)
        return
    print(
        f"{options.recipe}, {options.lines} lines\n{'frames':>8}{'start':>10}{'peak':>10}{'fps':>8}"
    )
    peaks = []
    for frames in options.frames:
        command = [sys.executable, *sys.argv, "--one", str(frames)]
        own = {**os.environ, **ENVIRONMENT}
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, env=own)
        found = json.loads(done.stdout)
        peaks.append(found["peak"])
        sizes = f"{found['before']:7.0f} MB{found['peak']:7.0f} MB"
        print(f"{frames:8}{sizes}{found['fps']:8.2f}", flush=True)
    growth = max(peaks) / min(peaks) - 1
    print(f"largest over smallest peak: {growth:+.1%}")
    sys.exit(growth > TOLERANCE)


if __name__ == "__main__":
    main()
