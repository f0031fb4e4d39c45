"""Is a line a scratch? Other frames are asked what lies behind it.

Where a line has moved by m against the picture, a scratch of Gaussian profile and full width w at
half height leaves the part `x = 1 - exp(-4 ln 2 (m / w)^2)` of its contrast as a difference between
the two frames; a thing in the picture leaves none. So the difference `y` that is found, over the
contrast, is `b x` with b = 1 for a scratch and b = 0 for a thing. b is estimated by least squares
over all strips of all pairs of frames that a track was seen in, which may be many and each tell
little.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from models.labels import Picture
from models.motion import Motion
from models.scratch.lines import Line
from models.scratch.tracks import LEAST_LIFE, Track
from models.scratch.views import DISTANCES, Bed, Behind, bed_of, behind, by_strip, measured

CLEAR = 0.5  # of the line's contrast: where the surroundings differ by more, nothing is said
BARE = 0.65  # of the contrast: where no line is seen in the other frame, so much must differ
ENOUGH = 300.0  # sum of squares at which a track has been asked enough
LIMITS = (-0.5, 1.5)  # of the contrast: a difference beyond is cut, lest one strip decide


def ask(track: Track, newest: int, lumas: Mapping[int, Picture], motion: Motion) -> None:
    """Compare the newest frame with those before, both ways, where a track has a line."""
    if len(track.lines) < LEAST_LIFE or track.squares > ENOUGH:
        return
    for distance in DISTANCES:
        for index, number in ((newest, newest - distance), (newest - distance, newest)):
            if index in track.lines and index in lumas and number in lumas:
                line = track.lines[index]
                bed = bed_of(line, lumas[index])
                seen = behind(bed, line, track.lines, index, number, lumas[number], motion)
                unit = lumas[index].shape[0] / 480
                expected, found = answer(bed, line, seen, *measured(bed, line, unit))
                track.squares += float((expected**2).sum())
                track.products += float((expected * found).sum())


def answer(
    bed: Bed, line: Line, seen: Behind, width: float, contrast: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Expected and found difference of the strips that tell something, parts of the contrast.

    Where no line is seen in the other frame, it may have ended or been missed: such a strip
    speaks for a scratch or not at all.
    """
    lost = np.isnan(seen.moved)
    expected = np.where(lost, 1, 1 - np.exp2(-4 * (seen.moved / width) ** 2))
    found = np.clip(differences(bed, line, seen) / contrast, *LIMITS)
    heard = line.seen & (seen.misfit < CLEAR * contrast) & (~lost | (found > BARE))
    return expected[heard], found[heard]


def differences(bed: Bed, line: Line, seen: Behind) -> npt.NDArray[np.float64]:
    """By how much the line stands out against the other frame, float64 `[STRIPS]`, signed."""
    core = np.abs(bed.away) <= max(0.5, line.width / 2)
    return by_strip(line.sign * (bed.patch - seen.patch)[:, core].mean(axis=1))
