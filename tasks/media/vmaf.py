"""VMAF-neg of pictures against others, by ffmpeg's libvmaf.

Both go through one pipe by turns, and ffmpeg takes them apart again. VMAF looks at luma only, so
a constant chroma is handed over: a conversion of grey would change its range.

Motion, the one feature that needs neighbours, is of the reference alone. So neighbours of a judged
picture are handed over as the reference on both sides, and libvmaf leaves its other features out
there (`n_subsample`).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
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
_EVERY = 3  # frames of which one is judged


def vmaf_neg(reference: NDArray[np.uint16], pictures: NDArray[np.uint16]) -> list[float]:
    """VMAF-neg of single pictures.

    Args:
        reference: luma at 10 bits, 0..1023, of each picture's frame between its two neighbours,
            `[N, 3, H, W]`; the motion feature needs those.
        pictures: what is compared with the middle ones, `[N, H, W]`.

    Returns:
        0..100 for each picture.

    Raises:
        ValueError: the shapes differ or are too small.
        MediaError: ffmpeg failed, or has no libvmaf.
    """
    count, _, height, width = reference.shape
    if pictures.shape != (count, height, width) or min(height, width) < SMALLEST:
        raise ValueError(f"{reference.shape} and {pictures.shape} cannot be compared by VMAF")
    chroma = np.full(2 * -(-height // 2) * -(-width // 2), _NEUTRAL, "<u2")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "vmaf.json"
        with pipe(_graph(height, width, log), feed=True) as running:
            try:
                for luma in _by_turns(reference, pictures):
                    running.stream.write(np.ascontiguousarray(luma, "<u2").data)
                    running.stream.write(chroma.data)
            except BrokenPipeError:
                pass  # its status and stderr say why
            running.finish()
        scores = _scores(log)
    wanted = range(_EVERY, _EVERY * count + 1, _EVERY)
    if not set(wanted) <= set(scores):
        raise MediaError(f"VMAF answered for frames {sorted(scores)}, not for {list(wanted)}")
    return [scores[number] for number in wanted]


def _by_turns(
    reference: NDArray[np.uint16], pictures: NDArray[np.uint16]
) -> Iterator[NDArray[np.uint16]]:
    """Reference and picture of every frame; those that are judged are number 3, 6, 9 ..."""
    for _ in range(2):  # which brings the first that is judged to its number
        yield from (reference[0, 0], reference[0, 0])
    for (before, here, after), picture in zip(reference, pictures, strict=True):
        yield from (before, before, here, picture, after, after)


def _graph(height: int, width: int, log: Path) -> Any:
    both = ffmpeg.input(
        "pipe:", format="rawvideo", pix_fmt="yuv420p10le", s=f"{width}x{height}", r=25
    )["v:0"].split()
    even = both[0].filter("select", "not(mod(n,2))").filter("setpts", "N/(25*TB)")
    odd = both[1].filter("select", "mod(n,2)").filter("setpts", "N/(25*TB)")
    judged = ffmpeg.filter(
        [odd, even], "libvmaf", model=MODEL, n_threads=1, n_subsample=_EVERY, log_fmt="json",
        log_path=str(log),
    )  # fmt: skip
    return judged.output("-", format="null", filter_complex_threads=1)


def _scores(log: Path) -> dict[int, float]:
    """What it says of each frame that is judged, by its number."""
    try:
        frames = json.loads(log.read_text("utf-8"))["frames"]
        return {int(frame["frameNum"]): float(frame["metrics"]["vmaf"]) for frame in frames}
    except (OSError, ValueError, KeyError) as error:
        raise MediaError(f"VMAF left no answer that can be read: {error}") from error
