"""Split a reel into shots: frame-exact, in one pass, in memory that does not grow.

    for start in detect_boundaries(stream_thumbnails(source)): ...   # 113, 449, 625
    detect_shots(source, frame_count=672)      # ((0, 113), (113, 449), (449, 625), (625, 672))

A boundary is the first frame of a shot. A dissolve, and a fade over a picture that stays,
has one boundary near its middle; a fade-out has its boundary where the picture has gone,
a fade-in where the picture appears. See `models.shots.decision` for the rules and limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from catalogs.errors import VerificationError
from models.shots.cues import find_cues
from models.shots.decision import decide_boundaries
from models.shots.evidence import Chances
from models.shots.rules import Rules
from models.shots.signature import describe_all
from models.shots.transnet import TransNet
from models.shots.weights import find_weights, load_transnet
from tasks.media.thumbnails import stream_thumbnails

DETECTOR = "wetgate 1"  # raised whenever the same reel gives other shots

Thumbnail = NDArray[np.uint8]
Progress = Callable[[int], None]


def detect_boundaries(thumbnails: Iterable[Thumbnail], rules: Rules | None = None) -> Iterator[int]:
    """Find where shots begin, while the frames stream by.

    Args:
        thumbnails: uint8 RGB `[54, 96, 3]`, every frame of the reel in order.
        rules: the thresholds; those measured when left out.

    Yields:
        First frames of all shots but the first, ascending, the same on every machine load.
    """
    cues = find_cues(describe_all(thumbnails))
    yield from decide_boundaries(cues, judge_frames, rules or Rules())


def detect_shots(
    source: Path, frame_count: int, progress: Progress | None = None
) -> tuple[tuple[int, int], ...]:
    """Split a source into its shots.

    Args:
        source: any file ffmpeg decodes; it is only read.
        frame_count: how many frames the source is known to hold.
        progress: called with the number of frames decoded so far.

    Returns:
        Half-open ranges `(start, stop)` that cover `0..frame_count` once, in order.

    Raises:
        MediaError: the source cannot be decoded.
        VerificationError: another number of frames was decoded than is known.
    """
    decoded = 0

    def counted() -> Iterator[Thumbnail]:
        nonlocal decoded
        for thumbnail in stream_thumbnails(source):
            decoded += 1
            yield thumbnail
            if progress is not None:
                progress(decoded)

    starts = (0, *detect_boundaries(counted()))
    if decoded != frame_count or decoded == 0:
        raise VerificationError(
            f"{source} gave {decoded} frames where {frame_count} are known; ingest it again"
        )
    return tuple(zip(starts, (*starts[1:], frame_count), strict=True))


def judge_frames(thumbnails: Thumbnail) -> Chances:
    """Ask TransNetV2 about up to a hundred frames, uint8 RGB `[T, 27, 48, 3]`.

    One thread only: sums are then taken in one order, and shots do not depend on how many
    cores a machine has or what else it is doing.

    Returns:
        Two float32 `[T]`, see `TransNet.forward`.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        one, many = _network()(torch.from_numpy(thumbnails))
    finally:
        torch.set_num_threads(threads)
    return one.numpy(), many.numpy()


@cache
def _network() -> TransNet:
    """The network, loaded once per process and only if a reel needs it."""
    return load_transnet(find_weights())
