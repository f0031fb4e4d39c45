"""The movement of a mouth on both sides, as series of few numbers.

The mouth's box on the chips, blurred and taken at every third sample, less its mean over
`AROUND` seconds: what is left is what the lips do. Its first `MODES` principal components in P
hold the movement and leave most of the grain behind; R is projected on the same ones. That is
known far better than one opening from two landmarks, and a chip does not move with the head.

    share(k) = sum R~(t) P~(t - k) / sum P~(t - k)^2        movement of P found in R, k frames late
    likeness(k)    the same with sqrt(sum R~^2 sum P~^2) below, -1..1
    moving         sum P~(t) P~(t - 1) / sum P~(t)^2: lips go on where they went, grain does not

Limits: movements that P shows least (a lisp beside a smile) are not in the components.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tasks.metrics.pair import CHIP, FacePair, Pair
from tasks.metrics.registration import blurred
from tasks.metrics.worst_face import runs

LIPS = (13, 14, 61, 291)  # inner lips above and below, corners
BOX = (48, 72)  # chip samples, lines and width
STEP = 3  # samples
AROUND = 0.6  # seconds
REACH = 8  # frames, the largest lag that is looked for
SHORTEST = 25  # frames of a run
MODES = 4  # principal components
FAINTEST = 1e-3  # of full range; rms of a mouth that does not move at all


@dataclass(frozen=True)
class MouthMotion:
    """Detrended series of the mouth over one run of frames.

    Attributes:
        places: int64 `[M]`, indices into the face's frames.
        before: P~, float32 `[M, MODES]`.
        after: R~, float32 `[M, MODES]`.
    """

    places: Tensor
    before: Tensor
    after: Tensor

    @property
    def moving(self) -> float:
        """How far the movement of P goes on from frame to frame, -1..1; 0 for a still mouth."""
        energy = (self.before**2).sum(1)
        if float(energy.mean().sqrt()) < FAINTEST:
            return 0.0
        return float((self.before[1:] * self.before[:-1]).sum() / energy.sum())

    def part(self, start: int, stop: int) -> MouthMotion:
        """The frames [start, stop) of the run."""
        piece = slice(start, stop)
        return MouthMotion(self.places[piece], self.before[piece], self.after[piece])


def mouth_motion(pair: Pair, number: int) -> MouthMotion | None:
    """The mouth over the longest run of usable frames of a face; None if it is short."""
    face, sides = pair.faces[number], pair.face_proxies[number]
    longest = max(runs(face), key=len, default=torch.zeros(0, dtype=torch.int64))
    if len(longest) < SHORTEST:
        return None
    window = max(3, round(AROUND * pair.rate) | 1)
    place = _mouth(face)
    before = detrended(_series(sides.proxy[longest], place), window)
    after = detrended(_series(sides.restored[longest], place), window)
    modes = torch.linalg.svd(before, full_matrices=False).Vh[:MODES].T / before.shape[1] ** 0.5
    return MouthMotion(longest, before @ modes, after @ modes)


def shares(motion: MouthMotion) -> tuple[Tensor, Tensor]:
    """Share and likeness for the lags -REACH..REACH, R later than P is positive."""
    share, likeness = [], []
    count = motion.before.shape[0]
    for k in range(-REACH, REACH + 1):
        here = motion.after[max(k, 0) : count + min(k, 0)]
        there = motion.before[max(-k, 0) : count + min(-k, 0)]
        product = (here * there).sum()
        share.append(product / (there**2).sum().clamp_min(1e-12))
        likeness.append(product / ((there**2).sum() * (here**2).sum()).sqrt().clamp_min(1e-12))
    return torch.stack(share), torch.stack(likeness)


def detrended(series: Tensor, window: int) -> Tensor:
    """A series `[M, K]` less its running mean over `window` frames (fewer at the ends)."""
    total = torch.cat((torch.zeros(1, series.shape[1]), series.double().cumsum(0)))
    count = series.shape[0]
    low = (torch.arange(count) - window // 2).clamp_min(0)
    up = (torch.arange(count) + window // 2 + 1).clamp_max(count)
    return (series - (total[up] - total[low]) / (up - low)[:, None]).float()


def _mouth(face: FacePair) -> tuple[int, int]:
    """Middle of the mouth on the chips: the median over all frames."""
    places = face.on_chips(face.landmarks[:, LIPS]).mean(1).median(0).values
    return int(places[0]), int(places[1])


def _series(chips: Tensor, place: tuple[int, int]) -> Tensor:
    x, y = place
    top = min(max(y - BOX[0] // 2, 0), CHIP - BOX[0])
    left = min(max(x - BOX[1] // 2, 0), CHIP - BOX[1])
    part = chips[:, top : top + BOX[0], left : left + BOX[1]]
    smooth = blurred(part)
    level = smooth.mean((1, 2), keepdim=True)
    return (smooth - level)[:, ::STEP, ::STEP].flatten(1)
