"""Frames per second of the steps and of the recipes, by size of picture.

    python benchmarks/speed.py [--data ../shared/data] [--lines 480 1080 2160] [--only WORD]

One clip, scaled, with simulated dirt, flicker and scratches so that every step has its work; one
shot, after a shorter one to warm up; on the CPU with one thread, and on the GPU where there is
one. Decoding is left out. Steps alone search their own flow; those of a recipe share it.

    fps      frames per second: of processor time on the CPU, of the clock on the GPU
    MB/s     source samples read and restored samples written
    memory   those bytes as a share of what the device copies (read and written) in the same time:
             at 100 % nothing could be faster

A shot's first and last frames are in the figures: half the frames of a short shot lie so near
its ends that steps see fewer neighbours than in a long one.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from benchmarks.clips import read_clip
from benchmarks.peers.raw import Frames
from catalogs.recipe import Treatment, read_recipe
from models.contract import Frame, Step, apply_step
from models.degrade import Dirt, Flicker, Scratches, damaged
from models.motion import Motion
from models.supported import STEPS
from tasks.steps import build_steps
from tasks.treat import resolve_recipe

FRAMES = {480: 24, 1080: 12, 2160: 6}  # by lines; other sizes get as many samples
RECIPES = ("conservative", "stabilised", "access")
COPIED = 256 * 2**20  # bytes
WARM_UP = 5  # frames


def make_clip(path: Path, lines: int, frames: int) -> Frames:
    """Frames of the clip with dirt, flicker and scratches."""
    clean = read_clip(path, frames, lines)
    kinds = (Dirt(seed=1), Flicker(seed=1), Scratches(seed=1))
    return [frame for frame, _ in damaged(clean, kinds)]


def on_device(frames: Frames, device: str) -> Frames:
    return [Frame(tuple(p.to(device) for p in frame.planes), frame.format) for frame in frames]


def clock(device: str) -> float:
    """Seconds that count: of the processor, or of the clock once the GPU is done."""
    if device == "cpu":
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def bandwidth(device: str) -> float:
    """Bytes a second that the device copies, each counted as read and as written."""
    source = torch.zeros(COPIED, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    spent = []
    for _ in range(6):
        start = clock(device)
        target.copy_(source)
        spent.append(clock(device) - start)
    return 2 * COPIED / min(spent)


def run_shot(steps: Sequence[Step], frames: Frames) -> int:
    """Send a shot through the steps as `tasks.restore` does; count its frames."""
    motion = Motion()
    chain = iter(frames)
    for step in steps:
        chain = (after for _, after, _ in apply_step(step, chain, motion))
        if step.moves:
            motion = Motion()
    return sum(1 for _ in chain)


def search_flow(frames: Frames) -> int:
    """Only the search that steps share: each frame to its neighbours."""
    motion = Motion()
    for index, frame in enumerate(frames):
        motion.see(index, frame.luma())
        if index:
            shape = frame.format.plane_shapes[0]
            motion.flow(index - 1, index, shape)
            motion.flow(index, index - 1, shape)
    return len(frames)


def treated(treatment: Treatment) -> Callable[[Frames], int]:
    return lambda frames: run_shot(build_steps(treatment), frames)


def alone(step: type[Step]) -> Callable[[Frames], int]:
    return lambda frames: run_shot((step(),), frames)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--clip", default="clean_golden_gate.mp4")
    parser.add_argument("--lines", type=int, nargs="+", default=list(FRAMES))
    parser.add_argument("--only", default="", help="only rows whose name contains this")
    options = parser.parse_args()
    torch.set_num_threads(1)
    work: dict[str, Callable[[Frames], int]] = {"(flow)": search_flow}
    work |= {step.name: alone(step) for step in STEPS}
    work |= {f"{name}.toml": treated(resolve_recipe(read_recipe(name))) for name in RECIPES}
    for device in ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",):
        limit = bandwidth(device)
        print(f"{device}: copies {limit / 1e9:.1f} GB/s, read and written")
        print(f"{'':20}{'lines':>6}{'frames':>8}{'fps':>9}{'MB/s':>9}{'memory':>10}")
        for lines in options.lines:
            count = FRAMES.get(lines) or max(6, 24 * 480**2 // lines**2)
            clip = on_device(make_clip(options.data / "clean" / options.clip, lines, count), device)
            moved = 2 * clip[0].format.frame_bytes
            for name in [name for name in work if options.only in name]:
                work[name](clip[:WARM_UP])
                start = clock(device)
                rate = work[name](clip) / (clock(device) - start)
                speed = f"{rate:9.2f}{moved * rate / 1e6:9.1f}{moved * rate / limit:10.3%}"
                print(f"{name:20}{lines:6}{count:8}{speed}", flush=True)


if __name__ == "__main__":
    main()
