"""Lines followed from frame to frame, and what is thought of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from models.scratch.lines import Line

WALK = 1.5  # samples at 480 lines that a scratch wanders across the film from frame to frame
LOST = 3  # frames for which a track waits for its line
LEAST_LIFE = 4  # frames in which a line must be seen, in the window, before it is believed
DRIFT = 0.4  # samples at 480 lines a frame: what wanders faster, on and on, is passed by the camera
LEAST_TOLD = 18.0  # sum of the squares of the expected differences, parts of the contrast
LEAST_FOUND = 0.65  # part of the expected differences that must be found
LITTLE_TOLD, MOST_FOUND = 4.0, 0.8  # likewise, of what is likely to be a scratch: less was asked


@dataclass
class Track:
    """One line through time.

    Attributes:
        lines: the line in each frame of the window where it was seen.
        last: number of the newest frame where it was seen.
        squares: sum of the squares of the differences expected of a scratch, `evidence.ask`.
        products: sum of their products with the differences found.
    """

    lines: dict[int, Line]
    last: int
    squares: float = 0.0
    products: float = 0.0

    @property
    def is_scratch(self) -> bool:
        """Whether enough was expected of a scratch, and most of it was found."""
        return self.squares >= LEAST_TOLD and self.products >= LEAST_FOUND * self.squares

    @property
    def is_likely(self) -> bool:
        """Whether it is a scratch, or less was expected of one and almost all of it was found."""
        little = self.squares >= LITTLE_TOLD and self.products >= MOST_FOUND * self.squares
        return self.is_scratch or little

    @property
    def drift(self) -> float:
        """How far the line goes from frame to frame on the whole, samples a frame."""
        first, last = min(self.lines), max(self.lines)
        way = np.median(self.lines[last].place - self.lines[first].place)
        return float(abs(way) / max(last - first, 1))

    def distance(self, line: Line) -> float:
        """Mean distance of a line from the newest of the track, samples; inf if none is common."""
        mine = self.lines[self.last]
        common = mine.seen & line.seen
        if mine.sign != line.sign or not common.any():
            return float("inf")
        return float(np.abs(mine.place - line.place)[common].mean())


@dataclass
class Tracks:
    """The tracks of one shot that reach into the window."""

    tracks: list[Track] = field(default_factory=list)
    newest: int = -1

    def has(self, number: int) -> bool:
        """Whether the frame's lines were joined."""
        return number <= self.newest

    def join(self, number: int, lines: list[Line], height: int) -> None:
        """Carry tracks on with the lines of the next frame; what fits none begins one."""
        self.newest = number
        reach = WALK * height / 480 + 0.5
        pairs = sorted(
            (
                (track.distance(line), i, j)
                for i, track in enumerate(self.tracks)
                if number - track.last <= LOST
                for j, line in enumerate(lines)
            ),
            key=lambda pair: pair[0],
        )
        used_tracks: set[int] = set()
        used_lines: set[int] = set()
        for distance, i, j in pairs:
            if distance > reach or i in used_tracks or j in used_lines:
                continue
            self.tracks[i].lines[number] = lines[j]
            self.tracks[i].last = number
            used_tracks.add(i)
            used_lines.add(j)
        self.tracks += [
            Track({number: line}, number) for j, line in enumerate(lines) if j not in used_lines
        ]

    def forget(self, first: int) -> None:
        """Drop what lies before the window."""
        for track in self.tracks:
            for number in [n for n in track.lines if n < first]:
                del track.lines[number]
        self.tracks = [track for track in self.tracks if track.lines]

    def scratches(self, number: int, height: int) -> list[Track]:
        """Tracks with a line in the frame that are scratches."""
        return [
            track for track in self._lasting(height) if track.is_scratch and number in track.lines
        ]

    def passing(self, number: int, height: int) -> list[Line]:
        """A line of each likely scratch, in the frame or, where it was missed, near it in time."""
        nearest = [
            min(track.lines.items(), key=lambda item: abs(item[0] - number))
            for track in self._lasting(height)
            if track.is_likely
        ]
        return [line for seen, line in nearest if abs(seen - number) <= LOST]

    def _lasting(self, height: int) -> list[Track]:
        """Tracks that were seen often enough and stay in their place across the film."""
        return [
            track
            for track in self.tracks
            if len(track.lines) >= LEAST_LIFE and track.drift < DRIFT * height / 480
        ]
