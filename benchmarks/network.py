"""The learned restorer against known truth, beside the engine and beside doing nothing.

    python benchmarks/network.py --weights restorer.safetensors [--data ../shared/data] [--clips N]
                                 [--frames N] [--only NAME,...] [--kinds KIND,...] [--peers]
                                 [--memory LINES]

Clips, seeds and damage are those of the engine's own benchmarks (`dirt.py`, `scratches.py`,
`together.py`): clean modern clips of 360..480 lines, none of which the network was trained on. One
kind of damage at a time, then all of them together. White noise of 30 and 50 code values is what
denoisers are published for (DAVIS, sigma 30: FastDVDnet 34.04 dB, BSVD 34.46); the footage here is
another, so only the rows of one table can be compared. Undamaged clips come first, asked for
everything (`undamaged`) and for each task alone (`undamaged dirt` ...): there every change is harm.

    PSNR        of luma, dB, over all frames; 12 samples at each border left out
    inside      likewise within the damage, where there is a mask that is not the whole picture
    outside     likewise elsewhere
    gain        PSNR beside that of doing nothing, dB
    changed     samples whose luma or colour is another than before, %
    al. PSNR    of `together` only: as in `together.py`, the truth moved and its brightness changed
                to fit
    fps         frames per second of one core, flow included, decoding not

The means:

    nothing             the damaged frames
    engine              the steps that the network begins with for this kind's task; undamaged and
                        all together for every task, all together after `stabilise`
    network, asked      the network, asked for this kind's task only
    network, all        the network, asked for everything; all together after `stabilise`

With --peers, for noise: V-BM3D (radius 1, luma only) and FFDNet, see `benchmarks/peers`, and
OpenCV's non-local means over five frames. A last line for each means says on how many clips it is
worse than doing nothing. --memory prints peaks of resident memory over 24 frames instead.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.clips import (
    CLIPS,
    chosen,
    common_options,
    nothing,
    on_one_core,
    read_clip,
    real_textures,
    run_steps,
)
from benchmarks.peers import Peer, available_peers
from benchmarks.peers.learned import denoised
from benchmarks.peers.raw import Frames
from benchmarks.scores import Table, changed_percent, luma, psnr, timed
from benchmarks.together import BORDER, damages, fitted
from models.contract import Frame, Step
from models.degrade import (
    Damage,
    Dirt,
    Flicker,
    GateHair,
    Grain,
    LocalFlicker,
    Missing,
    Scratches,
    damaged,
)
from models.networks.architectures import build_learned
from models.networks.checkpoint import read_checkpoint
from models.networks.learned import ModelSettings, ModelStep
from models.restorer import TASKS
from models.restorer.engine import steps_for
from models.restorer.training.noise import WhiteNoise
from models.weave.stabilise import Stabilise

COLUMNS = ("PSNR", "inside", "outside", "gain", "changed", "al. PSNR", "fps")
MEMORY_CLIP, MEMORY_FRAMES = "clean_golden_gate.mp4", 24


@dataclass(frozen=True)
class Kind:
    """One kind of damage, the network's task, and what goes before it."""

    damages: Callable[[int, Path], Sequence[Damage]]
    task: str = ""
    before: tuple[Step, ...] = ()
    alone: bool = False  # whether only the network that is asked for the task is of interest

    @property
    def engine(self) -> tuple[Step, ...]:
        """The steps that the network begins with."""
        return (*self.before, *steps_for((self.task,) if self.task else TASKS))


def all_together(seed: int, data: Path) -> Sequence[Damage]:
    return damages(seed, data, "", False)


def half_real_dirt(seed: int, data: Path) -> Sequence[Damage]:
    return (Dirt(seed=seed, textures=real_textures(data), texture_share=0.5),)


def destroyed(seed: int, _: Path) -> Sequence[Damage]:
    return (Missing(rate=0.03, splice_rate=0.05, seed=seed),)


KINDS = {
    "undamaged": Kind(lambda seed, _: ()),
    **{f"undamaged {task}": Kind(lambda seed, _: (), task, alone=True) for task in TASKS},
    "grain": Kind(lambda seed, _: (Grain(seed=seed),), "denoise"),
    "noise 30": Kind(lambda seed, _: (WhiteNoise(30 / 255, seed),), "denoise"),
    "noise 50": Kind(lambda seed, _: (WhiteNoise(50 / 255, seed),), "denoise"),
    "dirt": Kind(half_real_dirt, "dirt"),
    "hairs": Kind(lambda seed, _: (GateHair(seed=seed),), "dirt"),
    "scratches": Kind(lambda seed, _: (Scratches(seed=seed),), "scratch"),
    "missing": Kind(destroyed, "inpaint"),
    "flicker": Kind(lambda seed, _: (Flicker(seed=seed),), "flicker"),
    "local flicker": Kind(lambda seed, _: (LocalFlicker(seed=seed),), "flicker"),
    "together": Kind(all_together, before=(Stabilise(),)),
}


def network(weights: Path, *tasks: str) -> ModelStep:
    """The network as a step, asked for some tasks; for all where none is named."""
    learned = build_learned("restorer", read_checkpoint(weights.read_bytes(), weights.suffix))
    return ModelStep(ModelSettings("restorer", tasks=", ".join(tasks)), learned)


def means_for(name: str, weights: Path, peers: bool) -> dict[str, Peer]:
    """What is compared on one kind of damage."""
    kind = KINDS[name]
    means: dict[str, Peer] = {"nothing": nothing, "engine": run_steps(kind.engine)}
    if kind.task:
        means["network, asked"] = run_steps([network(weights, kind.task)])
    if not kind.alone:
        means["network, all"] = run_steps([*kind.before, network(weights)])
    if peers and name.startswith("noise"):
        means |= noise_peers(int(name.split()[1]))
    return means


def noise_peers(level: int) -> dict[str, Peer]:
    """Denoisers that know the level of the noise."""
    there = available_peers()
    found: dict[str, Peer] = {f"non-local means {level}": non_local_means(level)}
    if "ffdnet 10" in there:
        found[f"ffdnet {level}"] = denoised(level)
    if (name := f"vapoursynth vbm3d {level}") in there:
        found[name] = there[name]
    return found


def non_local_means(level: int) -> Peer:
    """OpenCV's over five frames, luma only: Buades, Coll, Morel, IJCV 76, 2008."""

    def run(frames: Frames) -> Frames:
        lumas, result = [f.planes[0].numpy() for f in frames], []
        for index, frame in enumerate(frames):
            reach = min(2, index, len(frames) - 1 - index)
            args = (index, 2 * reach + 1, None, 0.8 * level, 7, 21)
            clean = cv2.fastNlMeansDenoisingMulti(lumas, *args)
            result.append(Frame((torch.from_numpy(clean), *frame.planes[1:]), frame.format))
        return result

    return run


def score(
    truth: Frames, spoilt: Frames, result: Frames, masks: Sequence[np.ndarray], fit: bool
) -> dict[str, float]:
    """One row but for its speed."""
    inner = np.s_[BORDER:-BORDER, BORDER:-BORDER]
    squares, hurt, before, near = [], [], [], []
    for true, was, now, mask in zip(truth, spoilt, result, masks, strict=True):
        squares.append((luma(now) - luma(true))[inner] ** 2)
        before.append(float(((luma(was) - luma(true))[inner] ** 2).mean()))
        hurt.append(mask[inner])
        if fit:
            error = luma(now) - fitted(luma(true), luma(now))
            near.append(psnr(float((error[inner] ** 2).mean())))
    error, inside = np.stack(squares), np.stack(hurt)
    split = [psnr(error[where].sum(), where.sum()) if 0 < inside.mean() < 1 else float("nan")
             for where in (inside, ~inside)]  # fmt: skip
    whole = psnr(float(error.mean()))
    return {
        "PSNR": whole,
        "inside": split[0],
        "outside": split[1],
        "gain": whole - psnr(float(np.mean(before))),
        "changed": changed_percent(spoilt, result),
        "al. PSNR": float(np.mean(near)) if near else float("nan"),
    }


def measure(name: str, options: argparse.Namespace) -> None:
    """Print the table of one kind of damage."""
    print(f"\n{name}", flush=True)
    table = Table(COLUMNS)
    table.head()
    means = chosen(means_for(name, options.weights, options.peers), options.only)
    for seed, clip in enumerate(CLIPS[: options.clips]):
        truth = read_clip(options.data / "clean" / clip, options.frames)
        pairs = list(damaged(truth, KINDS[name].damages(seed, options.data)))
        spoilt = [frame for frame, _ in pairs]
        masks = [_joined(found, frame) for frame, found in pairs]
        for means_name, run in means.items():
            result, speed = timed(run, spoilt)
            row = score(truth, spoilt, result, masks, name == "together")
            table.add(clip, means_name, {**row, "fps": speed})
    table.means()
    for means_name, rows in table.rows.items():
        worse = [clip for clip, row in rows.items() if row["gain"] < -0.005]
        least = min(row["gain"] for row in rows.values())
        print(f"{means_name:28}worse than nothing on {len(worse)} of {len(rows)} clips; "
              f"least gain {least:+.2f} dB", flush=True)  # fmt: skip


def _joined(masks: dict[str, torch.Tensor], frame: Frame) -> np.ndarray:
    """Where any damage is, bool `[H, W]`."""
    whole = np.zeros(frame.format.plane_shapes[0], dtype=bool)
    for mask in masks.values():
        whole |= mask.numpy()
    return whole


def run_alone(options: argparse.Namespace) -> None:
    """Run one means in this process and print its peak of memory in MB."""
    truth = read_clip(options.data / "clean" / MEMORY_CLIP, MEMORY_FRAMES, options.memory)
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _, speed = timed(means_for("together", options.weights, False)[options.alone], truth)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{options.alone:28}{start:8.0f} MB before, {peak:8.0f} MB at most, {speed:6.2f} fps")


def main() -> None:
    parser = common_options(__doc__, clips=12, frames=24)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--kinds", default=",".join(KINDS), help="kinds of damage, by comma")
    parser.add_argument("--peers", action="store_true", help="denoisers as well, slow")
    parser.add_argument("--memory", type=int, default=0, help="lines; memory instead of scores")
    parser.add_argument("--alone", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := {*options.kinds.split(",")} - {*KINDS}:
        parser.error(f"no kind is named {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    on_one_core()
    if options.alone:
        run_alone(options)
    elif options.memory:
        for name in chosen(means_for("together", options.weights, False), options.only):
            subprocess.run([sys.executable, *sys.argv, "--alone", name], check=True)
    else:
        for name in options.kinds.split(","):
            measure(name, options)


if __name__ == "__main__":
    main()
