"""Measure the steps `deflicker` and `dirt` against known truth, beside simpler means.

    python benchmarks/restoration.py [--data ../shared/data] [--clips N] [--frames N]

Clean modern clips, reduced to 360..480 lines, are damaged by `models.degrade`; then:

    precision   detected samples that lie within 2 samples of damage
    recall      visibly damaged samples (luma off by 3 % or more) within 1 sample of a detected one
    in dB       PSNR of luma inside the damage, before -> after
    outside     samples changed farther than 2 samples from damage, %
    harm        samples changed on the undamaged clip, %
    flicker     part of the flicker (rms temporal high-pass of mean luma error) removed, %
    fps         frames per second on one core, flow included, decoding not

`dirt` gets the clip with dirt only; `both` gets dirt and flicker and runs `deflicker`, then
`dirt`. Filters see the same frames in the same run. A filter has no detection: what it changed
counts as detected.
"""

from __future__ import annotations

import argparse
import os
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import ffmpeg
import imageio_ffmpeg
import numpy as np
import torch

from catalogs.picture import PictureFormat
from models.contract import Frame, Step, apply_step
from models.degrade import Dirt as DirtDamage
from models.degrade import Flicker as FlickerDamage
from models.degrade import damaged
from models.dirt import Dirt
from models.flicker import Deflicker

CLIPS = (
    "clean_sam2_bedroom.mp4",
    "clean_dog_eating.mp4",
    "clean_office_handheld.mp4",
    "clean_golden_gate.mp4",
    "clean_intel_one_by_one.mp4",
    "clean_gopro_hero7.mp4",
    "clean_diver.mov",
    "clean_ocean.mp4",
    "clean_sam2_05_default_juggle.mp4",
    "clean_cockatoo.mp4",
    "clean_waterfall.mp4",
    "clean_udacity_road.mp4",
)
VISIBLE = 0.03  # share of full range by which visible damage differs from the truth
HEAD = ("precision", "recall", "F1", "in dB", "gain dB", "outside", "harm", "flicker", "fps")

Frames = list[Frame]


@dataclass(frozen=True)
class Case:
    """One clip: the truth, the same with dirt, the same with dirt and flicker, the masks."""

    truth: Frames
    dirty: Frames
    both: Frames
    masks: list[np.ndarray]


def read_clip(path: Path, frames: int, lines: int | None = None) -> Frames:
    """Decode the first frames to 8 bit 4:2:0 at half size, 360..480 lines unless told."""
    width, height = _size(path)
    lines = lines or min(max(height // 2, 360), 480, height)
    raw, _ = (
        ffmpeg.input(str(path))
        .filter("scale", -2, lines, flags="area")
        .output("pipe:", format="rawvideo", pix_fmt="yuv420p", vframes=frames)
        .run(cmd=imageio_ffmpeg.get_ffmpeg_exe(), capture_stdout=True, capture_stderr=True)
    )
    width = 2 * round(width * lines / height / 2)
    return unpacked(raw, PictureFormat(width, lines, "yuv420p"))


def _size(path: Path) -> tuple[int, int]:
    reader = imageio_ffmpeg.read_frames(str(path))
    width, height = next(reader)["size"]
    reader.close()
    return width, height


def unpacked(raw: bytes, form: PictureFormat) -> Frames:
    """Cut a raw stream into frames."""
    frames = []
    for start in range(0, len(raw), form.frame_bytes):
        planes, at = [], start
        for down, across in form.plane_shapes:
            data = np.frombuffer(raw, np.uint8, down * across, at).reshape(down, across)
            planes.append(torch.from_numpy(data.copy()))
            at += down * across
        frames.append(Frame(tuple(planes), form))
    return frames


def make_case(truth: Frames, seed: int) -> Case:
    """Damage a clip; the two damaged versions carry the same dirt."""
    dirt, flicker = DirtDamage(seed=seed), FlickerDamage(seed=seed)
    pairs = list(damaged(truth, (dirt,)))
    return Case(
        truth,
        [frame for frame, _ in pairs],
        [frame for frame, _ in damaged(truth, (dirt, flicker))],
        [masks["dirt"].numpy() for _, masks in pairs],
    )


def run_steps(steps: Sequence[Step]) -> Callable[[Frames], Frames]:
    """A function that runs steps one after the other."""

    def run(frames: Frames) -> Frames:
        stream: Iterable[Frame] = frames
        for step in steps:
            stream = [after for _, after, _ in apply_step(step, stream)]
        return list(stream)

    return run


def run_filter(name: str, **options: int) -> Callable[[Frames], Frames]:
    """A function that runs one of ffmpeg's filters."""

    def run(frames: Frames) -> Frames:
        form = frames[0].format
        graph = ffmpeg.input(
            "pipe:", format="rawvideo", pix_fmt=form.pixel_format, s=f"{form.width}x{form.height}"
        ).filter(name, **options)
        command = graph.output("pipe:", format="rawvideo", pix_fmt=form.pixel_format).compile(
            cmd=[imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error"]
        )
        raw = b"".join(plane.numpy().tobytes() for frame in frames for plane in frame.planes)
        return unpacked(
            subprocess.run(command, input=raw, capture_output=True, check=True).stdout, form
        )

    return run


def temporal_median(frames: Frames) -> Frames:
    """Median of three successive frames, sample by sample."""
    result = [frames[0]]
    for three in zip(frames, frames[1:], frames[2:], strict=False):
        planes = zip(*(frame.planes for frame in three), strict=True)
        result.append(
            Frame(tuple(torch.stack(p).median(0).values for p in planes), frames[0].format)
        )
    return [*result, frames[-1]]


def score(case: Case, damage: Frames, repaired: Frames, clean: Frames, fps: float) -> list[float]:
    """One row of the table; `clean` is what became of the undamaged clip."""
    hit = detected = found = visible = outside = samples = 0.0
    before = after = inside = 0.0
    together = zip(case.truth, case.dirty, damage, repaired, case.masks, strict=True)
    for truth, spoilt, source, result, mask in together:
        true, was, now = (
            frame.planes[0].numpy().astype(float) for frame in (truth, source, result)
        )
        dirty = spoilt.planes[0].numpy().astype(float)
        changed = _changed(source, result)
        near = _grown(mask, 2)
        seen = mask & (np.abs(dirty - true) >= VISIBLE * truth.peak)
        detected, hit = detected + changed.sum(), hit + (changed & near).sum()
        visible, found = visible + seen.sum(), found + (seen & _grown(changed, 1)).sum()
        outside, samples = outside + (changed & ~near).sum(), samples + mask.size
        before, after = (
            before + ((was - true)[mask] ** 2).sum(),
            after + ((now - true)[mask] ** 2).sum(),
        )
        inside += mask.sum()
    precision, recall = hit / max(detected, 1), found / max(visible, 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    in_db = _psnr(before, inside), _psnr(after, inside)
    harm = np.mean([_changed(a, b).mean() for a, b in zip(case.truth, clean, strict=True)])
    left = _flicker(repaired, case.truth) / max(_flicker(damage, case.truth), 1e-9)
    return [precision, recall, f1, in_db[1], in_db[1] - in_db[0], 100 * outside / samples,
            100 * float(harm), 100 * (1 - left), fps]  # fmt: skip


def _changed(before: Frame, after: Frame) -> np.ndarray:
    """Where luma, or the chroma sample over it, is another."""
    height, width = before.planes[0].shape
    mask = (before.planes[0] != after.planes[0]).numpy()
    for a, b in zip(before.planes[1:], after.planes[1:], strict=True):
        mask = mask | (a != b).numpy().repeat(2, 0).repeat(2, 1)[:height, :width]
    return mask


def _grown(mask: np.ndarray, by: int) -> np.ndarray:
    kernel = np.ones((2 * by + 1, 2 * by + 1), np.uint8)
    return cv2.dilate(mask.astype(np.uint8), kernel) > 0


def _psnr(squares: float, count: float) -> float:
    return float(10 * np.log10(255**2 / max(squares / max(count, 1), 1e-9)))


def _flicker(frames: Frames, truth: Frames) -> float:
    """Rms of the temporal second difference of the error of mean luma, code values."""
    error = np.array(
        [
            float(a.planes[0].double().mean() - b.planes[0].double().mean())
            for a, b in zip(frames, truth, strict=True)
        ]
    )
    return float(np.sqrt(np.mean((error[1:-1] - (error[:-2] + error[2:]) / 2) ** 2)))


def _core_seconds() -> float:
    """Processor time of this process and of the programs it ran."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--clips", type=int, default=8, help="how many clips, in the list's order")
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--only", default="", help="only means whose name contains this")
    options = parser.parse_args()
    torch.set_num_threads(1)
    means: list[tuple[str, bool, Callable[[Frames], Frames]]] = [
        ("nothing", False, lambda frames: frames),
        ("dirt", False, run_steps([Dirt()])),
        ("atadenoise", False, run_filter("atadenoise")),
        ("median of 3", False, temporal_median),
        ("nothing", True, lambda frames: frames),
        ("deflicker", True, run_steps([Deflicker()])),
        ("deflicker, dirt", True, run_steps([Deflicker(), Dirt()])),
        ("ffmpeg deflicker", True, run_filter("deflicker")),
    ]
    rows: dict[str, list[list[float]]] = {}
    print(f"{'':46s}" + "".join(f"{word:>10s}" for word in HEAD))
    for seed, clip in enumerate(CLIPS[: options.clips]):
        case = make_case(read_clip(options.data / "clean" / clip, options.frames), seed)
        for name, flickers, run in means:
            if options.only not in name:
                continue
            damage = case.both if flickers else case.dirty
            start = _core_seconds()
            repaired = run(damage)
            fps = len(damage) / max(_core_seconds() - start, 1e-6)
            row = score(case, damage, repaired, run(case.truth), fps)
            label = f"{name} ({'dirt+flicker' if flickers else 'dirt'})"
            rows.setdefault(label, []).append(row)
            print_row(clip.removeprefix("clean_")[:16], label, row)
    for label, found in rows.items():
        print_row("MEAN", label, list(np.mean(found, axis=0)))


def print_row(clip: str, label: str, row: Sequence[float]) -> None:
    digits = (3, 3, 3, 2, 2, 4, 4, 1, 1)
    cells = "".join(f"{value:10.{d}f}" for value, d in zip(row, digits, strict=True))
    print(f"{clip:17s}{label:29s}{cells}", flush=True)


if __name__ == "__main__":
    main()
