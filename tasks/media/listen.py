"""What a decoder says on each of its outlets: frames, samples, times."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO

from catalogs.errors import MediaError, SourceError
from catalogs.source import Header

OnFrame = Callable[[int], None]
Hole = tuple[float, float]

_HOLE_SECONDS = 0.04  # time stamps jitter; a frame of picture is what may be missed


@dataclass
class FrameLines:
    """Reads framemd5: one line a frame. `pts` and `md5` grow while frames are decoded."""

    path: Path
    header: Header
    on_frame: OnFrame | None = None

    def __post_init__(self) -> None:
        self.pts: list[int] = []
        self.md5: list[str] = []

    def read(self, stream: IO[bytes]) -> None:
        """Take a decoder's lines to their end.

        Raises:
            SourceError: a frame is not of the size that the header claims.
            MediaError: the decoder counts time in other ticks.
        """
        sequence = self.header.sequence is not None
        for line in stream:
            if line.startswith(b"#"):
                if not sequence:
                    self._check_time_base(line)
                continue
            _, _, time, _, size, digest = (word.strip() for word in line.decode().split(","))
            self._check_size(int(size))
            # Files of an image sequence have no times; after a gap they would begin anew.
            self.pts.append(len(self.pts) if sequence else int(time))
            self.md5.append(digest)
            if self.on_frame:
                self.on_frame(len(self.md5))

    def _check_size(self, size: int) -> None:
        picture = self.header.picture
        if size != picture.frame_bytes:
            raise SourceError(
                f"{self.path.name}: frame {len(self.md5)} has {size} bytes where the header's "
                f"{picture} has {picture.frame_bytes}; the picture changes"
            )

    def _check_time_base(self, line: bytes) -> None:
        expected = self.header.time_base
        if line.startswith(b"#tb 0:") and Fraction(line[6:].decode().strip()) != expected:
            raise MediaError(f"{self.path.name}: decoder's time base {line!r} is not {expected}")


def hear_crc32(stream: IO[bytes]) -> tuple[int, ...]:
    """The CRC-32 of each frame, from framehash."""
    lines = (line for line in stream if not line.startswith(b"#"))
    return tuple(int(line.rpartition(b",")[2], 16) for line in lines)


def hash_samples(stream: IO[bytes], sample_bytes: int) -> tuple[int, str]:
    """Samples per channel of raw PCM, and the MD5 of all of it.

    Args:
        stream: the PCM.
        sample_bytes: bytes of one sample of all channels together.
    """
    digest = hashlib.md5(usedforsecurity=False)
    size = 0
    while block := stream.read(1 << 20):
        digest.update(block)
        size += len(block)
    return size // max(sample_bytes, 1), digest.hexdigest()


def hear_times(stream: IO[bytes], rate: int, channels: int) -> tuple[Fraction, tuple[Hole, ...]]:
    """When sound begins, and where its time stamps leave the samples, from framemd5 of 16-bit PCM.

    Returns:
        Seconds of the first sample; (second, seconds missing) of each hole, negative where
        sound overlaps itself.
    """
    time_base, start, samples, late = Fraction(0), None, 0, Fraction(0)
    holes: list[Hole] = []
    for line in stream:
        if line.startswith(b"#tb 0:"):
            time_base = Fraction(line[6:].decode().strip())
        if line.startswith(b"#"):
            continue
        fields = line.split(b",")
        time = int(fields[2]) * time_base
        start = time if start is None else start
        apart = time - start - Fraction(samples, max(rate, 1))
        if abs(apart - late) > _HOLE_SECONDS:
            holes.append((round(float(time - start), 3), round(float(apart - late), 3)))
            late = apart
        samples += int(fields[4]) // (2 * max(channels, 1))
    return start or Fraction(0), tuple(holes)


def refuse_alpha(path: Path, peak: int, stream: IO[bytes]) -> None:
    """Read an alpha plane, which must be opaque: every sample at its peak.

    Raises:
        SourceError: it is not; a reel without it would not show what the source shows.
    """
    opaque = peak.to_bytes(1 if peak < 256 else 2, "little") * (1 << 19)
    while block := stream.read(len(opaque)):
        if block != opaque[: len(block)]:
            raise SourceError(
                f"{path.name}: has an alpha plane that is not opaque and would be lost; "
                "re-wrap the source without it"
            )
