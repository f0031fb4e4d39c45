"""ffmpeg's own filters, as a restorer would chain them; run by the wheel `imageio-ffmpeg`.

The settings are those that did best, of a few that were tried, on clips damaged by
`models.degrade`, by shift of every frame, and by noise; where none is given the filter's own is.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ffmpeg
import imageio_ffmpeg

from benchmarks.peers.raw import Frames, Peer, in_turn, packed, unpacked
from catalogs.picture import PictureFormat


def ffmpeg_filter(name: str, **options: float | str) -> Peer:
    """A peer that is one filter."""

    def run(frames: Frames) -> Frames:
        form = frames[0].format
        return unpacked(_run(frames, _read(form).filter(name, **options)), form, len(frames))

    return run


def temporal_median(radius: int) -> Peer:
    """A peer that is `tmedian`, which by itself loses `radius` frames at either end."""

    def run(frames: Frames) -> Frames:
        form = frames[0].format
        padded = _read(form).filter(
            "tpad", start=radius, stop=radius, start_mode="clone", stop_mode="clone"
        )
        return unpacked(_run(frames, padded.filter("tmedian", radius=radius)), form, len(frames))

    return run


def stabilized(detect: Mapping[str, Any], transform: Mapping[str, Any]) -> Peer:
    """A peer that runs vidstab: one pass to find the motion of the frame, one to undo it."""

    def run(frames: Frames) -> Frames:
        form = frames[0].format
        with tempfile.TemporaryDirectory() as folder:
            motion = str(Path(folder) / "transforms.trf")
            _run(frames, _read(form).filter("vidstabdetect", result=motion, **detect))
            graph = _read(form).filter("vidstabtransform", input=motion, **transform)
            return unpacked(_run(frames, graph), form, len(frames))

    return run


def _read(form: PictureFormat) -> Any:
    size = f"{form.width}x{form.height}"
    return ffmpeg.input("pipe:", format="rawvideo", pix_fmt=form.pixel_format, s=size)


def _run(frames: Frames, graph: Any) -> bytes:
    """What a filter graph makes of the frames.

    Raises:
        RuntimeError: ffmpeg failed.
    """
    form = frames[0].format
    output = graph.output("pipe:", format="rawvideo", pix_fmt=form.pixel_format)
    command = output.compile(cmd=[imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin"])
    done = subprocess.run(command, input=packed(frames), capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace"))
    return done.stdout


def _vidstab(smoothing: int) -> Peer:
    """Steadies shifts only: maxangle 0, for film weaves and does not turn."""
    return stabilized(
        {"shakiness": 5, "accuracy": 15, "mincontrast": 0.1},
        {
            "smoothing": smoothing,
            "maxangle": 0,
            "zoom": 0,
            "optzoom": 0,
            "interpol": "bicubic",
            "crop": "keep",
        },
    )


DEFLICKER = ffmpeg_filter("deflicker", mode="am", size=5)
DESPOT = ffmpeg_filter("removegrain", m0=4, m1=4, m2=4)
TEMPORAL_MEDIAN = temporal_median(1)
DENOISE = ffmpeg_filter("hqdn3d")
# 7 frames are smoothed over: with more, a hand-held camera's own motion goes as well
STABILIZE = _vidstab(3)

PEERS: dict[str, Peer] = {
    "ffmpeg deflicker am 5": DEFLICKER,
    "ffmpeg deflicker am 9": ffmpeg_filter("deflicker", mode="am", size=9),
    "ffmpeg deflicker pm 5": ffmpeg_filter("deflicker", mode="pm", size=5),
    "ffmpeg atadenoise": ffmpeg_filter("atadenoise"),
    "ffmpeg hqdn3d": DENOISE,
    "ffmpeg hqdn3d 12": ffmpeg_filter("hqdn3d", luma_spatial=12),
    "ffmpeg removegrain 4": DESPOT,
    "ffmpeg removegrain 17": ffmpeg_filter("removegrain", m0=17, m1=17, m2=17),
    "ffmpeg nlmeans 8": ffmpeg_filter("nlmeans", s=8),  # below 5 it does next to nothing
    "ffmpeg median": ffmpeg_filter("median"),
    "ffmpeg tmedian": TEMPORAL_MEDIAN,
    "ffmpeg vidstab 3": STABILIZE,
    "ffmpeg vidstab 10": _vidstab(10),
    "ffmpeg chain removegrain": in_turn(DEFLICKER, DESPOT, DENOISE, STABILIZE),
    "ffmpeg chain tmedian": in_turn(DEFLICKER, TEMPORAL_MEDIAN, DENOISE, STABILIZE),
}
