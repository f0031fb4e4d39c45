"""Small pictures of every frame of a source, decoded once, in order, in constant memory."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ffmpeg
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from catalogs.errors import MediaError

THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH = 54, 96


def stream_thumbnails(source: Path) -> Iterator[NDArray[np.uint8]]:
    """Decode the first video stream of a source, read-only, in one pass.

    One thumbnail per decoded frame: nothing is dropped, repeated or rotated, whatever the
    time stamps and the header say. Every source is squeezed to 96x54 by area averaging;
    its shape is not kept, because only changes from frame to frame are looked at.

    Yields:
        uint8 RGB `[54, 96, 3]`, gamma-coded, 0..255.

    Raises:
        MediaError: ffmpeg failed, or ended within a frame; carries its whole stderr.
    """
    command = _thumbnail_command(source)
    frame_bytes = THUMBNAIL_HEIGHT * THUMBNAIL_WIDTH * 3
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as decoder:
            assert decoder.stdout is not None
            try:
                while len(data := decoder.stdout.read(frame_bytes)) == frame_bytes:
                    yield np.frombuffer(data, np.uint8).reshape(
                        THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH, 3
                    )
            finally:
                if decoder.stdout.read(1):  # the caller stopped early
                    decoder.kill()
        if decoder.returncode != 0 or data:
            errors.seek(0)
            report = errors.read().decode(errors="replace")
            raise MediaError(f"ffmpeg could not read {source}: exit {decoder.returncode}\n{report}")


def _thumbnail_command(source: Path) -> list[str]:
    """The ffmpeg command line that writes raw RGB thumbnails to its standard output."""
    graph: Any = ffmpeg.input(str(source), noautorotate=None)
    graph = graph["v:0"].filter("scale", THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT, flags="area")
    graph = graph.output("pipe:", format="rawvideo", pix_fmt="rgb24", fps_mode="passthrough")
    graph = graph.global_args("-nostdin", "-hide_banner", "-loglevel", "error")
    command: list[str] = graph.compile(cmd=imageio_ffmpeg.get_ffmpeg_exe())
    return command
