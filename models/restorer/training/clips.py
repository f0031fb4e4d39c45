"""The clips of training: which they are, and their frames, decoded once.

A clip is taken at half its size, 360..480 lines where it has so many, because most were
compressed; only whole runs of frames within one shot are kept. `clips.json` names the clips that
are never trained on; every clip of the benchmarks and of the selftest is among them, and a test
holds that. Clips that show people of the selftest's are in neither list.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from catalogs.errors import SourceError
from catalogs.picture import PictureFormat
from models.contract import Frame

SPLIT = Path(__file__).with_name("clips.json")
LEAST_LINES, MOST_LINES = 360, 480  # as in the benchmarks
RUN = 12  # frames that are kept and damaged together


@dataclass(frozen=True)
class Clip:
    """One clip of training.

    Attributes:
        path: below the folder of footage.
        licence: as its source states it.
        sha256: of the file; empty where it does not matter.
        shots: frames `[start, stop)` of each.
    """

    path: str
    licence: str
    sha256: str
    shots: tuple[tuple[int, int], ...]


def training_clips(split: Path = SPLIT) -> tuple[Clip, ...]:
    """The clips that are trained on."""
    rows = json.loads(split.read_text(encoding="utf-8"))["training"]
    return tuple(
        Clip(row["path"], row["licence"], row["sha256"], tuple((a, b) for a, b in row["shots"]))
        for row in rows
    )


def evaluation_paths(split: Path = SPLIT) -> tuple[str, ...]:
    """Paths of the clips that are never trained on."""
    rows = json.loads(split.read_text(encoding="utf-8"))["evaluation"]
    return tuple(row["path"] for row in rows)


Run = tuple[Frame, ...]


def decode_runs(
    data: Path, clips: Sequence[Clip], runs: int, lines: int = MOST_LINES
) -> tuple[Run, ...]:
    """Decode runs of `RUN` frames, evenly spread over each clip, 8 bit 4:2:0.

    Args:
        data: the folder of footage.
        clips: which.
        runs: most of each clip.
        lines: most lines.

    Raises:
        SourceError: a clip is absent, another file, or cannot be decoded.
    """
    return tuple(run for clip in clips for run in _decode(data / clip.path, clip, runs, lines))


def starts_of(shots: Sequence[tuple[int, int]], runs: int) -> list[int]:
    """First frames of at most so many runs, evenly spread, none of which crosses a shot's end."""
    every = [start for first, stop in shots for start in range(first, stop - RUN + 1, RUN)]
    if len(every) <= runs:
        return every
    return [every[round(n * (len(every) - 1) / max(runs - 1, 1))] for n in range(runs)]


def _decode(path: Path, clip: Clip, runs: int, lines: int) -> list[Run]:
    if not path.is_file():
        raise SourceError(f"{path} is not there; it is a clip of training")
    if clip.sha256 and hashlib.sha256(path.read_bytes()).hexdigest() != clip.sha256:
        raise SourceError(f"{path} is not the file that the split names: its SHA-256 differs")
    starts = starts_of(clip.shots, runs)
    wanted = {number for start in starts for number in range(start, start + RUN)}
    frames: dict[int, Frame] = {}
    reader = cv2.VideoCapture(str(path))
    for number in range(max(wanted, default=-1) + 1):
        if not reader.grab():
            raise SourceError(f"{path} ends before frame {number}, which the split names")
        if number in wanted:
            _, picture = reader.retrieve()
            frames[number] = frame_of(np.asarray(picture, np.uint8), lines)
    reader.release()
    return [tuple(frames[n] for n in range(start, start + RUN)) for start in starts]


def frame_of(picture: np.ndarray, lines: int) -> Frame:
    """A decoded picture, uint8 B, G, R `[H, W, 3]`, at about half its size, as 4:2:0."""
    height, width = picture.shape[:2]
    down = min(max(height // 2, LEAST_LINES), lines, height) // 2 * 2
    across = max(2, round(width * down / height / 2) * 2)
    small = cv2.resize(picture, (across, down), interpolation=cv2.INTER_AREA)
    planar = torch.from_numpy(cv2.cvtColor(small, cv2.COLOR_BGR2YUV_I420)).flatten()
    form = PictureFormat(across, down, "yuv420p")
    planes, at = [], 0
    for rows, columns in form.plane_shapes:
        planes.append(planar[at : at + rows * columns].reshape(rows, columns).clone())
        at += rows * columns
    return Frame(tuple(planes), form)


def window_of(run: Run | Sequence[Frame], place: float, across: int) -> list[Frame]:
    """A part of the picture, as high as it is: at most `across` samples a line, `place` in 0..1."""
    form = run[0].format
    if form.width <= across:
        return list(run)
    left = int(place * (form.width - across + 1)) // 2 * 2
    part = PictureFormat(across // 2 * 2, form.height, form.pixel_format)
    frames = []
    for frame in run:
        planes = []
        for plane, (rows, columns) in zip(frame.planes, part.plane_shapes, strict=True):
            first = left * columns // part.width
            planes.append(plane[:rows, first : first + columns].contiguous())
        frames.append(Frame(tuple(planes), part))
    return frames


def on_device(run: Sequence[Frame], device: torch.device) -> list[Frame]:
    """The frames on a device."""
    return [Frame(tuple(_moved(p, device) for p in f.planes), f.format) for f in run]


def _moved(plane: Tensor, device: torch.device) -> Tensor:
    return plane.to(device, non_blocking=True)
