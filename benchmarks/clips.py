"""What every benchmark reads: clean clips as frames, damaged ones, our own means, options.

A means is a function of frames to frames, as the peers are, so that all of them see the same
input in the same run.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import ffmpeg
import imageio_ffmpeg
import torch

from benchmarks.peers.raw import Frames, Peer, unpacked
from benchmarks.textures import load_textures
from catalogs.picture import PictureFormat
from catalogs.recipe import read_recipe
from models.contract import Frame, Step, apply_step
from models.motion import Motion
from tasks.steps import build_steps
from tasks.treat import resolve_recipe

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
    wide = 2 * int(width * lines / height / 2 + 0.5)  # as ffmpeg rounds
    form = PictureFormat(wide, lines, "yuv420p")
    return unpacked(raw, form, len(raw) // form.frame_bytes)


def _size(path: Path) -> tuple[int, int]:
    reader = imageio_ffmpeg.read_frames(str(path))
    width, height = next(reader)["size"]
    reader.close()
    return width, height


def real_textures(data: Path) -> tuple[torch.Tensor, ...]:
    """Shapes of real dirt."""
    return load_textures(data / "textures" / "filmdamage_masks")


def run_steps(steps: Sequence[Step]) -> Peer:
    """A means that is our steps, one after the other, as a night runs them."""

    def run(frames: Frames) -> Frames:
        stream: Iterable[Frame] = frames
        motion = Motion()
        for step in steps:
            stream = (after for _, after, _ in apply_step(step, stream, motion))
            if step.moves:
                motion = Motion()
        return list(stream)

    return run


def recipe_steps(name: str) -> tuple[Step, ...]:
    """The steps of one of our recipes."""
    return build_steps(resolve_recipe(read_recipe(name)))


def nothing(frames: Frames) -> Frames:
    """The means that leaves everything as it is."""
    return frames


def common_options(docstring: str | None, clips: int, frames: int) -> argparse.ArgumentParser:
    """A parser with the options that the benchmarks share, and their defaults."""
    parser = argparse.ArgumentParser(
        description=docstring, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--clips", type=int, default=clips, help="how many, in the list's order")
    parser.add_argument("--frames", type=int, default=frames, help="of each clip")
    parser.add_argument(
        "--only", default="", help="only means whose name contains one of these, by comma"
    )
    return parser


def chosen(means: dict[str, Peer], only: str) -> dict[str, Peer]:
    """The means that `--only` names; all if it names none."""
    parts = only.split(",")
    return {name: run for name, run in means.items() if any(part in name for part in parts)}


def on_one_core() -> None:
    """Keep this process to one thread, so that its processor time is its time."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
