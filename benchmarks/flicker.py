"""How much of the flicker goes: step `deflicker` beside ffmpeg's filter `deflicker`.

    python benchmarks/flicker.py [--data ../shared/data] [--frames 60]

Figures are the standard deviation of the temporal second difference (each frame less the mean of
its neighbours) of mean luma, in per cent of full range, before -> after, and the part that went:

    simulated   clean clips under `models.degrade.Flicker`; the trace is the error of mean luma
    local       clean clips under gains that wander in 4 by 3 places; the trace is the error of
                the mean luma of each of 4 by 3 parts, root mean square over them
    old film    the film's own trace, shot by shot; it holds real light too
    fades       shots with fades: frames changed, of how many; 0 is right

Filters see the same frames in the same run.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from benchmarks.clips import CLIPS, read_clip, run_steps
from benchmarks.peers.ffmpeg_chains import ffmpeg_filter
from benchmarks.peers.raw import Frames
from models.contract import Frame
from models.degrade import Flicker, damaged
from models.tone.deflicker import Deflicker
from tasks.media.probe import probe
from tasks.media.read import read_picture
from tasks.media.thumbnails import stream_thumbnails
from tasks.samples import frames_from
from tasks.split import detect_boundaries

GAINS = (0.04, 0.07, 0.1)
LOCAL = 0.035  # standard deviation of a place's gain
MEMORY = 0.3
PARTS = (3, 4)
MEANS = {"deflicker": run_steps([Deflicker()]), "ffmpeg": ffmpeg_filter("deflicker")}
OLD = ("oldfilm_market_street_1906.mkv", "oldfilm_french_gp_1906.ogv",
       "oldfilm_sf_earthquake_1906.mkv")  # fmt: skip
FADES = ("sintel_trailer_720p.mp4", "pyscenedetect_fades.mp4", "bbb_0_30.webm",
         "pyscenedetect_testvideo.mp4")  # fmt: skip
LIMIT = 700  # frames of a file at most


def local_flicker(frames: Frames, seed: int) -> Frames:
    """The frames under gains that wander place by place, interpolated between the places."""
    chance = np.random.default_rng(seed)
    state = chance.standard_normal(PARTS)
    printed = []
    for frame in frames:
        gains = torch.tensor(1 + LOCAL * state, dtype=torch.float32)[None, None]
        planes = []
        for number, samples in enumerate(frame.samples()):
            shape = tuple(samples.shape)
            field = torch.nn.functional.interpolate(gains, shape, mode="bicubic")[0, 0]
            neutral = (frame.peak + 1) / 2 if number else 0
            wanted = ((samples - neutral) * field + neutral).round().clamp(0, frame.peak)
            planes.append(wanted.to(frame.planes[0].dtype))
        printed.append(Frame(tuple(planes), frame.format))
        state = MEMORY * state + (1 - MEMORY**2) ** 0.5 * chance.standard_normal(PARTS)
    return printed


def traces(frames: Frames, parts: tuple[int, int] = (1, 1)) -> np.ndarray:
    """Mean luma per frame and part, per cent of full range, `[T, N]`."""
    pool = torch.nn.functional.adaptive_avg_pool2d
    return np.array([100 * pool(f.luma()[None], parts).flatten().numpy() for f in frames])


def unsteady(trace: np.ndarray) -> float:
    high = trace[1:-1] - (trace[:-2] + trace[2:]) / 2
    return float(np.sqrt(np.mean(high.std(axis=0) ** 2)))


def report(label: str, before: float, after: dict[str, float]) -> dict[str, float]:
    gone = {name: 100 * (1 - value / max(before, 1e-9)) for name, value in after.items()}
    cells = "".join(f"   {n}: {after[n]:6.3f}  -{gone[n]:5.1f} %" for n in after)
    print(f"{label:48}{before:7.3f}{cells}", flush=True)
    return gone


def simulated(data: Path, frames: int, clips: int) -> None:
    gone: dict[str, list[dict[str, float]]] = {}
    for seed, clip in enumerate(CLIPS[:clips]):
        truth = read_clip(data / "clean" / clip, frames)
        kinds = [(f"global {g}", [f for f, _ in damaged(truth, [Flicker(gain=g, seed=seed)])],
                  (1, 1)) for g in GAINS]  # fmt: skip
        for kind, spoilt, parts in [*kinds, ("local", local_flicker(truth, seed), PARTS)]:
            true = traces(truth, parts)
            errors = {n: unsteady(traces(run(spoilt), parts) - true) for n, run in MEANS.items()}
            label = f"{clip.removeprefix('clean_')[:28]} {kind}"
            went = report(label, unsteady(traces(spoilt, parts) - true), errors)
            gone.setdefault(kind, []).append(went)
    for kind, found in gone.items():
        for name in MEANS:
            went = [f[name] for f in found]
            print(f"{kind:14}{name:12}median {np.median(went):6.1f} %   least {min(went):6.1f} %")


def shots(path: Path) -> Iterator[tuple[int, Frames]]:
    """The first frame's number and the frames of each shot, at the file's own size."""
    picture = probe(path).picture
    thumbnails = list(itertools.islice(stream_thumbnails(path), LIMIT))
    starts = [0, *detect_boundaries(thumbnails), len(thumbnails)]
    stream = frames_from(read_picture(path, picture), picture, "cpu")
    for start, stop in itertools.pairwise(starts):
        yield start, list(itertools.islice(stream, stop - start))


def old_film(data: Path) -> None:
    for name in OLD:
        for start, frames in shots(data / "oldfilm" / name):
            if len(frames) < 12:
                continue
            after = {n: unsteady(traces(run(frames))) for n, run in MEANS.items()}
            report(f"{name} {start}..{start + len(frames)}", unsteady(traces(frames)), after)


def fades(data: Path) -> None:
    for name in FADES:
        for start, frames in shots(data / "multishot" / name):
            changed = [
                sum(any(map(_differ, a.planes, b.planes)) for a, b in zip(frames, r, strict=True))
                for r in (run(frames) for run in MEANS.values())
            ]
            counts = ", ".join(f"{n} {c}" for n, c in zip(MEANS, changed, strict=True))
            print(f"{name} {start}..{start + len(frames)}: changed {counts}", flush=True)


def _differ(a: torch.Tensor, b: torch.Tensor) -> bool:
    return not torch.equal(a, b)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--only", choices=("simulated", "oldfilm", "fades"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.only in (None, "oldfilm"):
        old_film(options.data)
    if options.only in (None, "simulated"):
        simulated(options.data, options.frames, options.clips)
    if options.only in (None, "fades"):
        fades(options.data)


if __name__ == "__main__":
    main()
