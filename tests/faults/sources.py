"""Sources of every kind that is read, and the ways in which a copy of one goes bad."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ffmpeg

from tasks.media.program import file_url, run

FRAMES = 12

KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "FFV1": ("reel.mkv", {"vcodec": "ffv1", "slicecrc": 1, "level": 3, "pix_fmt": "yuv420p"}),
    "H264": ("reel.mp4", {"vcodec": "libx264", "preset": "veryfast", "pix_fmt": "yuv420p"}),
    "PRORES": ("reel.mov", {"vcodec": "prores_ks", "pix_fmt": "yuv422p10le"}),
    "DPX": ("scan_%04d.dpx", {"vcodec": "dpx", "pix_fmt": "rgb24"}),
    "TIFF": (
        "scan_%04d.tif",
        {"vcodec": "tiff", "pix_fmt": "rgb24", "compression_algo": "deflate"},
    ),
}


def make_source(kind: str, folder: Path) -> Path:
    """A sound source of a kind: a file, or a folder of files."""
    folder.mkdir(parents=True)
    name, options = KINDS[kind]
    picture = ffmpeg.input(f"testsrc2=size=96x64:rate=18:duration={FRAMES / 18}", format="lavfi")
    form = {"format": "image2"} if "%" in name else {}
    run(picture.output(file_url(folder / name), **form, **options))
    return folder if "%" in name else folder / name


def truncate(file: Path) -> None:
    """As a copy that was broken off."""
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def empty(file: Path) -> None:
    """As a copy that never began."""
    file.write_bytes(b"")


def corrupt(file: Path) -> None:
    """A stretch of bytes is another: in a DPX file, whose picture has no checksum, its header."""
    data = bytearray(file.read_bytes())
    start = 0 if file.suffix == ".dpx" else len(data) // 3
    for place in range(start, start + len(data) // 8):
        data[place] ^= 0x55
    file.write_bytes(data)


FAULTS: dict[str, Callable[[Path], None]] = {
    "truncated": truncate, "empty": empty, "corrupted": corrupt,
}  # fmt: skip


def spoil(source: Path, fault: str) -> str:
    """Do it to a source, or to one file of a sequence; returns the name that must be named."""
    file = sorted(source.iterdir())[FRAMES // 2] if source.is_dir() else source
    FAULTS[fault](file)
    return file.name
