"""An image sequence: one file a frame, numbered, in one folder."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

Runs = tuple[tuple[int, int], ...]  # (first, last) file numbers, both included, ascending


@dataclass(frozen=True)
class ImageSequence:
    """The files of a sequence and what their headers agree on.

    A file is `prefix + number + suffix`, the number padded with zeros to `digits`.

    Attributes:
        kind: of every file.
        runs: the numbers that are there, gaps left out.
        transfer: DPX transfer characteristic (SMPTE 268M table 5A: 1 printing density,
            2 linear, 3 logarithmic, ...); None for TIFF or where undefined.
        colorimetric: DPX colorimetric specification (table 5B), likewise.
        film_rate: frame rate of the motion-picture header.
        television_rate: frame rate of the television header.
        timecode: of the first file.
        device: input device as the first file names it.
    """

    kind: Literal["dpx", "tiff"]
    prefix: str
    suffix: str
    digits: int
    runs: Runs
    transfer: int | None = None
    colorimetric: int | None = None
    film_rate: Fraction | None = None
    television_rate: Fraction | None = None
    timecode: str | None = None
    device: str | None = None

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.runs)

    @property
    def gaps(self) -> Runs:
        """Numbers that are missing between the first file and the last."""
        return tuple(
            (before[1] + 1, after[0] - 1)
            for before, after in zip(self.runs, self.runs[1:], strict=False)
        )

    def name(self, number: int) -> str:
        """The file of a number."""
        return f"{self.prefix}{number:0{self.digits}d}{self.suffix}"

    def numbers(self) -> Iterator[int]:
        """Every number that is there, ascending: frame 0, frame 1, ..."""
        for first, last in self.runs:
            yield from range(first, last + 1)

    def files(self, folder: Path) -> Iterator[Path]:
        """Every file, in the order of the frames."""
        return (folder / self.name(number) for number in self.numbers())
