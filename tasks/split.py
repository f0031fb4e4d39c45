"""Split a reel into shots: frame-exact, in one pass, in memory that does not grow.

    finder = ShotFinder()
    survey(source, header, watch=finder.watch)
    finder.ranges(672)              # ((0, 113), (113, 449), (449, 625), (625, 672))

A boundary is the first frame of a shot. A dissolve, and a fade over a picture that stays,
has one boundary near its middle; a fade-out has its boundary where the picture has gone,
a fade-in where the picture appears. See `models.shots.decision` for the rules and limits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import torch

from catalogs.errors import VerificationError
from catalogs.source import Header
from models.shots.cues import find_cues
from models.shots.decision import decide_boundaries
from models.shots.evidence import Chances
from models.shots.rules import Rules
from models.shots.signature import describe_all
from models.shots.transnet import TransNet
from models.shots.weights import find_weights, load_transnet
from tasks.media.check import survey
from tasks.media.thumbnails import Thumbnail

DETECTOR = "wetgate 1"  # raised whenever the same reel gives other shots

Range = tuple[int, int]


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


class ShotFinder:
    """Finds the shots of a source while its frames are decoded, for whatever reason."""

    def __init__(self) -> None:
        self._starts = [0]
        self._frames = 0

    def watch(self, thumbnails: Iterable[Thumbnail]) -> None:
        """Look at a thumbnail of every frame, in order."""
        self._starts += detect_boundaries(self._counted(thumbnails))

    def ranges(self, frame_count: int) -> tuple[Range, ...]:
        """Half-open ranges `(start, stop)` that cover `0..frame_count` once, in order.

        Raises:
            VerificationError: another number of frames was seen.
        """
        if self._frames != frame_count or frame_count == 0:
            raise VerificationError(
                f"{self._frames} frames were seen where {frame_count} are known; ingest it again"
            )
        return tuple(pairwise((*self._starts, frame_count)))

    def _counted(self, thumbnails: Iterable[Thumbnail]) -> Iterator[Thumbnail]:
        for thumbnail in thumbnails:
            self._frames += 1
            yield thumbnail


def detect_shots(source: Path, header: Header, frame_count: int) -> tuple[Range, ...]:
    """Split a source into its shots, in a pass of its own; it is only read.

    Args:
        source: a file, or the folder of an image sequence.
        header: what `probe` said of it.
        frame_count: how many frames the source is known to hold.

    Raises:
        SourceError: the source cannot be decoded.
        VerificationError: another number of frames was decoded than is known.
    """
    finder = ShotFinder()
    survey(source, header, watch=finder.watch, sound=False)
    return finder.ranges(frame_count)


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
