"""How much speaks for a blotch being dirt and not motion, as log odds.

Source: the questions are those of Wechtitsch, Fassold, Schallauer, "Robust dirt detection under
pathological motion" (ICPR 2012) and of Kokaram's ROD, and one of Kokaram's blotch model: dirt lies
on the picture and hides it. The weights are a logistic regression on 45,000 blotches (a fifth of
them planted, opacity 0.35 to 1) in 17 clips, with clips held out in turn. More
measures found more of it, by the tone of our own simulated dirt; these seven can be read. The fit
was made once and no script is kept; `benchmarks/dirt.py` shows what it does.

    opacity     how much of the picture would black (or white) dirt hide, to look like this?
    flatness    is it of one tone, as dirt is, and not a piece of picture?
    agreement   do the neighbours agree, where the frame does not agree with them?
    strength    does the whole blotch spike, not only its middle?
    extreme     is it darker or brighter than all that is near in both neighbours?
    fit         does it stand out against the misfit of its surroundings and the noise?
    contrast    how far is it from its neighbours?

Limits: trained on planted dirt; grey and translucent dirt on moving texture is taken for motion.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from models.labels import Floats, Labels, Picture, mean_of, middle_of, odd, ring_of

LEAST_EVIDENCE = 1.2  # log odds
LEAST_EVIDENCE_LARGE = 2.0  # for large blotches
SMALL, LARGE = 150, 600  # samples at 480 lines between which the bar rises
LEAST_EVIDENCE_AT_END = 3.0  # at a shot's ends, where neighbours on one side must do

BIAS = -6.44
OPACITY = 6.49  # per unit of opacity
FLATNESS = -0.30  # per unit of log(deviation of its tone / contrast)
AGREEMENT = -0.53  # per unit of log(disagreement / contrast)
STRENGTH = 3.72  # per share of the blotch well above its level
EXTREME = 1.47  # per contrast beyond all that is near
FIT = 1.54  # per unit of log(contrast / misfit)
CONTRAST = 0.50  # per unit of log(contrast)

BLACK, WHITE = 0.05, 0.95  # share of full range: tones of opaque dirt
NEAR = 11  # side of what is near, samples at 480 lines
SURROUNDINGS = 4  # width of the surroundings, samples at 480 lines


@dataclass(frozen=True)
class Clues:
    """What is asked of blotches, for every sample of a frame; float32 `[H, W]`, full range 1.

    Attributes:
        here: the frame.
        middle: the median of its neighbours in place, what the picture should be.
        disagreement: of the neighbours among themselves.
        extreme: how far the frame lies beyond all that is near in both neighbours.
        misfit: the larger difference to the two nearest neighbours.
        noise: standard deviation of the picture's noise.
    """

    here: Picture
    middle: Picture
    disagreement: Picture
    extreme: Picture
    misfit: Picture
    noise: float

    @staticmethod
    def of(here: Picture, places: Picture, noise: float) -> Clues:
        """Compare a frame `[H, W]` with 2 to 4 neighbours in place `[N, H, W]`, nearest first."""
        unit = here.shape[0] / 480
        return Clues(
            here,
            middle_of(places),
            disagreement_of(places),
            extreme_of(here, places, odd(NEAR * unit)),
            np.maximum(np.abs(here - places[0]), np.abs(here - places[1])),
            noise,
        )

    def evidence(self, spike: Picture, labels: Labels, strength: Floats) -> Floats:
        """Log odds of each blotch being dirt, float64 `[count]`; the value at 0 means nothing.

        Args:
            spike: float32 `[H, W]`, size of the spike against the nearest neighbours.
            labels: int32 `[H, W]`, blotches from 1.
            strength: float64 `[count]`, share of each blotch well above its level.
        """
        count = len(strength)
        contrast = np.maximum(mean_of(spike, labels, count), 1e-6)
        ring = ring_of(labels, max(2, round(SURROUNDINGS * labels.shape[0] / 480)))
        around = mean_of(self.misfit, ring, count) + self.noise + 0.005
        odds: Floats = (
            BIAS
            + OPACITY * self._opacity(labels, count)
            + FLATNESS * np.log(self._deviation(labels, count) / contrast + 0.05)
            + AGREEMENT * _log_ratio(mean_of(self.disagreement, labels, count), contrast)
            + STRENGTH * strength
            + EXTREME * np.clip(mean_of(self.extreme, labels, count) / contrast, -2, 1)
            + FIT * np.log(contrast / around)
            + CONTRAST * np.log(contrast)
        )
        return odds

    def _opacity(self, labels: Labels, count: int) -> Floats:
        """Part of the picture that black or white dirt would hide, 0..1.5, float64 `[count]`."""
        tone = mean_of(self.here, labels, count)
        beneath = mean_of(self.middle, labels, count)
        black = (beneath - tone) / np.maximum(beneath - BLACK, 0.05)
        white = (tone - beneath) / np.maximum(WHITE - beneath, 0.05)
        return np.clip(np.maximum(black, white), 0, 1.5)

    def _deviation(self, labels: Labels, count: int) -> Floats:
        """Standard deviation of the tone within each blotch, float64 `[count]`."""
        mean = mean_of(self.here, labels, count)
        square = mean_of(self.here * self.here, labels, count)
        return np.sqrt(np.maximum(square - mean * mean, 0))


def bar_of(area: Floats, lines: int, at_end: bool) -> Floats:
    """The evidence asked of blotches: the more, the more picture would be lost by a mistake.

    Args:
        area: float64 `[count]`, samples.
        lines: height of the picture.
        at_end: whether the frame is the first or the last of its shot.
    """
    share = np.log(np.maximum(area, 1) * (480 / lines) ** 2 / SMALL) / np.log(LARGE / SMALL)
    bar: Floats = LEAST_EVIDENCE + (LEAST_EVIDENCE_LARGE - LEAST_EVIDENCE) * np.clip(share, 0, 1)
    return np.maximum(bar, LEAST_EVIDENCE_AT_END) if at_end else bar


def _log_ratio(value: Floats, contrast: Floats) -> Floats:
    ratio: Floats = np.log(np.minimum(value / contrast, 5) + 0.02)
    return ratio


def disagreement_of(places: Picture) -> Picture:
    """Range of the three neighbours that agree best; of all where there are fewer than four."""
    high, low = places.max(axis=0), places.min(axis=0)
    if len(places) < 4:
        return np.asarray(high - low, np.float32)
    lows = np.minimum(places[0], places[1]), np.minimum(places[2], places[3])
    highs = np.maximum(places[0], places[1]), np.maximum(places[2], places[3])
    inner = np.maximum(*lows), np.minimum(*highs)
    second, third = np.minimum(*inner), np.maximum(*inner)
    return np.asarray(np.minimum(third - low, high - second), np.float32)


def extreme_of(here: Picture, places: Picture, side: int) -> Picture:
    """ROD: how far a sample lies beyond all samples near it in the nearest neighbours."""
    kernel = np.ones((side, side), np.uint8)
    high = cv2.dilate(np.maximum(places[0], places[1]), kernel)
    low = cv2.erode(np.minimum(places[0], places[1]), kernel)
    return np.asarray(np.maximum(here - high, low - here), np.float32)
