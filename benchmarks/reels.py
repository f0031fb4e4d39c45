"""Reels that look like scans of old film, for the benchmarks of whole nights.

Scenes of real footage, brought to one size, one after the other with hard cuts; with grain, dirt,
scratches and flicker, so that every step has its work. FFV1 in Matroska, silent.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import ffmpeg

from catalogs.picture import PictureFormat
from catalogs.source import ColourTags, Header
from models.contract import Frame
from models.degrade import Dirt, Flicker, Grain, Scratches, damaged
from tasks.media.program import file_url, pipe
from tasks.media.write import ffv1_writer
from tasks.samples import frame_bytes, frames_from

SCENES = (
    "clean/clean_golden_gate.mp4",
    "clean/clean_office_handheld.mp4",
    "clean/clean_udacity_road.mp4",
    "clean/clean_dog_eating.mp4",
)


@dataclass(frozen=True)
class ReelShape:
    """What the reels of an archive have in common.

    Attributes:
        lines: height; 16:9.
        pixel_format: ffmpeg's name.
        rate: frames a second.
        shots: of a reel, each of another scene.
        frames: of a shot.
    """

    lines: int = 1080
    pixel_format: str = "yuv422p10le"
    rate: int = 24
    shots: int = 2
    frames: int = 24

    @property
    def picture(self) -> PictureFormat:
        """Size and samples."""
        return PictureFormat(self.lines * 8 // 9 * 2, self.lines, self.pixel_format)


def make_archive(data: Path, folder: Path, shape: ReelShape, reels: int = 1) -> Path:
    """Write reels and their catalog below `folder`; returns the catalog."""
    rows = [("identifier", "title", "reel", "path", "frame_rate")]
    for number in range(reels):
        name = f"reel{number}.mkv"
        _write_reel(data, folder / name, shape, number)
        rows.append((f"REEL-{number}", f"Reel {number}", "1 of 1", name, str(shape.rate)))
    catalog = folder / "catalog.csv"
    with catalog.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return catalog


def shape_options(parser: argparse.ArgumentParser, shape: ReelShape) -> None:
    """Let the shape be chosen, and where footage and files lie."""
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--scratch", type=Path, help="folder for what is written and deleted again")
    parser.add_argument("--lines", type=int, default=shape.lines)
    parser.add_argument("--pixel-format", default=shape.pixel_format)
    parser.add_argument("--rate", type=int, default=shape.rate)
    parser.add_argument("--shots", type=int, default=shape.shots, help="of a reel")
    parser.add_argument("--frames", type=int, default=shape.frames, help="of a shot")


def chosen_shape(options: argparse.Namespace) -> ReelShape:
    """What was chosen."""
    return ReelShape(
        options.lines, options.pixel_format, options.rate, options.shots, options.frames
    )


def _write_reel(data: Path, target: Path, shape: ReelShape, number: int) -> None:
    with ffv1_writer(target, _header(shape), Fraction(shape.rate)) as writer:
        for shot in range(shape.shots):
            scene = data / SCENES[(number + shot) % len(SCENES)]
            seed = 100 * number + shot
            kinds = (Grain(seed=seed), Dirt(seed=seed), Scratches(seed=seed), Flicker(seed=seed))
            for frame, _ in damaged(_scene(scene, shape), kinds):
                writer.write(frame_bytes(frame))


def _scene(path: Path, shape: ReelShape) -> Iterator[Frame]:
    """The first frames of a clip, enlarged to the reel's picture; it is begun anew if short."""
    picture = shape.picture
    source = ffmpeg.input(file_url(path), stream_loop=-1)["v:0"]
    graph = source.filter("scale", picture.width, picture.height).output(
        "pipe:", format="rawvideo", pix_fmt=picture.pixel_format, vframes=shape.frames
    )
    with pipe(graph, feed=False) as decoder:
        raw = iter(lambda: decoder.stream.read(picture.frame_bytes), b"")
        yield from frames_from(raw, picture, "cpu")


def _header(shape: ReelShape) -> Header:
    """A header that says no more than the shape does."""
    return Header(
        container="matroska", codec="ffv1", picture=shape.picture,
        frame_rate=Fraction(shape.rate), time_base=Fraction(1, 1000), start_seconds=Fraction(0),
        claimed_frames=None, sample_aspect=None, field_order="progressive",
        colour=ColourTags(range="tv"), timecode=None, audio=(),
    )  # fmt: skip
