"""VMAF-neg of pictures against others, by ffmpeg's libvmaf.

Both go through one pipe by turns, and ffmpeg takes them apart again. VMAF looks at luma only, so
a constant chroma is handed over: a conversion of grey would change its range.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from catalogs.errors import MediaError
from tasks.media.program import pipe

MODEL = "version=vmaf_v0.6.1neg"
SMALLEST = 32  # lines or samples: below, the coarsest of its scales is empty
_NEUTRAL = 512  # of 10 bits


def vmaf_neg(reference: NDArray[np.uint16], pictures: NDArray[np.uint16]) -> list[float]:
    """VMAF-neg of every frame.

    Args:
        reference: luma `[N, H, W]` at 10 bits, 0..1023.
        pictures: what is compared with it, of the same shape.

    Returns:
        0..100 for each frame; successive frames are taken as such by the motion feature.

    Raises:
        ValueError: the shapes differ or are too small.
        MediaError: ffmpeg failed, or has no libvmaf.
    """
    if reference.shape != pictures.shape or min(reference.shape[1:]) < SMALLEST:
        raise ValueError(f"{reference.shape} and {pictures.shape} cannot be compared by VMAF")
    count, height, width = reference.shape
    chroma = np.full(2 * -(-height // 2) * -(-width // 2), _NEUTRAL, "<u2").tobytes()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "vmaf.json"
        with pipe(_graph(height, width, log), feed=True) as running:
            try:
                for pair in zip(reference, pictures, strict=True):
                    for luma in pair:
                        running.stream.write(luma.astype("<u2").tobytes() + chroma)
            except BrokenPipeError:
                pass  # its status and stderr say why
            running.finish()
        scores = _scores(log)
    if len(scores) != count:
        raise MediaError(f"VMAF answered for {len(scores)} of {count} frames")
    return scores


def _graph(height: int, width: int, log: Path) -> Any:
    both = ffmpeg.input(
        "pipe:", format="rawvideo", pix_fmt="yuv420p10le", s=f"{width}x{height}", r=25
    )["v:0"].split()
    even = both[0].filter("select", "not(mod(n,2))").filter("setpts", "N/(25*TB)")
    odd = both[1].filter("select", "mod(n,2)").filter("setpts", "N/(25*TB)")
    judged = ffmpeg.filter(
        [odd, even], "libvmaf", model=MODEL, n_threads=1, log_fmt="json", log_path=str(log)
    )
    return judged.output("-", format="null", filter_complex_threads=1)


def _scores(log: Path) -> list[float]:
    try:
        frames = json.loads(log.read_text("utf-8"))["frames"]
        return [float(frame["metrics"]["vmaf"]) for frame in frames]
    except (OSError, ValueError, KeyError) as error:
        raise MediaError(f"VMAF left no answer that can be read: {error}") from error
