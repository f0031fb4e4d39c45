"""How much of gate weave goes: step `stabilise` beside ffmpeg's vidstab and no restoration.

    python benchmarks/weave.py [--data ../shared/data] [--frames 60] [--clips N]

Clean clips of 360 to 480 lines are moved by a known path: first-order autoregressive, memory
0.5, with one-frame jumps of 2 samples in 3 of 100 frames. The path of each result is measured
against the clip itself, frame by frame, by phase correlation, which neither side uses:

    figures        rms of the second difference of that path, samples; slow drift is not in it
    still          for `stabilise`: rms of weave plus recorded shift about its mean, samples; on a
                   moving camera it holds what the camera's own slow motion lost too
    speed          largest error of the mean speed over 12 frames, samples a frame
    unmoved        frames changed where nothing was moved; 0 is right on a tripod
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.clips import read_clip
from benchmarks.peers.ffmpeg_chains import stabilized
from benchmarks.peers.raw import Frames
from models.contract import Frame, apply_step
from models.weave.stabilise import Stabilise
from models.weave.translate import translated

CLIPS = (
    "clean_sam2_02_cups.mp4",
    "clean_sam2_05_default_juggle.mp4",
    "clean_dog_eating.mp4",
    "clean_golden_gate.mp4",
    "clean_gopro_hero7.mp4",
    "clean_sam2_bedroom.mp4",
    "clean_ocean.mp4",
    "clean_udacity_road.mp4",
)
SIZES = (0.3, 0.6, 1.0)  # standard deviation of weave, samples
MEMORY, JUMPS, JUMP = 0.5, 0.03, 2.0
# without zoom, as sharp as it can
vidstab = stabilized({}, {"optzoom": 0, "interpol": "bicubic"})


def weave(count: int, size: float, seed: int) -> np.ndarray:
    """The path, float64 `[T, 2]`."""
    chance = np.random.default_rng(seed)
    path = chance.standard_normal((count, 2))
    for index in range(1, count):
        path[index] = MEMORY * path[index - 1] + (1 - MEMORY**2) ** 0.5 * path[index]
    angle = chance.random(count) * 2 * np.pi
    jumps = (chance.random(count) < JUMPS) * JUMP
    return size * path + jumps[:, None] * np.stack((np.cos(angle), np.sin(angle)), axis=1)


def moved(frames: Frames, path: np.ndarray) -> Frames:
    result = []
    for frame, (x, y) in zip(frames, path, strict=True):
        planes = (p.clamp(0, frame.peak) for p in translated(frame, float(x), float(y)))
        dtype = frame.planes[0].dtype
        result.append(Frame(tuple(p.to(dtype) for p in planes), frame.format))
    return result


def steps_between(before: Frames, after: Frames) -> np.ndarray:
    """How far each frame of one lies from the same frame of the other, `[T, 2]`."""
    found = []
    for a, b in zip(before, after, strict=True):
        pair = [f.planes[0].numpy()[16:-16, 16:-16].astype(np.float32) for f in (a, b)]
        window = cv2.createHanningWindow(pair[0].shape[::-1], cv2.CV_32F)
        found.append(cv2.phaseCorrelate(pair[0], pair[1], window)[0])
    return np.array(found)


def turning(path: np.ndarray) -> float:
    high = path[1:-1] - (path[:-2] + path[2:]) / 2
    return float(np.sqrt(np.mean(high**2)))


def speed_error(path: np.ndarray) -> float:
    return float(np.abs(path[12:] - path[:-12]).max() / 12)


def stabilised(frames: Frames) -> tuple[Frames, np.ndarray]:
    done = list(apply_step(Stabilise(), frames))
    shifts = [[c.parameters["shift_x_px"], c.parameters["shift_y_px"]] for *_, c in done]
    return [after for _, after, _ in done], np.array(shifts)


def measure(name: str, truth: Frames, seed: int) -> None:
    for size in SIZES:
        path = weave(len(truth), size, seed)
        spoilt = moved(truth, path)
        steady, shifts = stabilised(spoilt)
        left = path + shifts
        cells = []
        for label, frames in (
            ("none", spoilt),
            ("stabilise", steady),
            ("vidstab", vidstab(spoilt)),
        ):
            off = steps_between(truth, frames)
            cells.append(f"{label} {turning(off):.3f} (speed {speed_error(off):.2f})")
        still = float(np.sqrt(np.mean((left - left.mean(axis=0)) ** 2)))
        print(f"{name:28}{size}: {', '.join(cells)}; still {still:.3f}", flush=True)
    changed = sum(not c.is_empty for *_, c in apply_step(Stabilise(), truth))
    print(f"{name:28}unmoved: {changed} of {len(truth)} changed", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--clips", type=int, default=len(CLIPS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    for seed, clip in enumerate(CLIPS[: options.clips]):
        truth = read_clip(options.data / "clean" / clip, options.frames)
        measure(clip.removeprefix("clean_"), truth, seed)


if __name__ == "__main__":
    main()
