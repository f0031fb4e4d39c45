"""How much speaks for a blotch being dirt and not motion, as log odds.

Source: the questions are those of Wechtitsch, Fassold, Schallauer, "Robust dirt detection under
pathological motion" (ICPR 2012) and of Kokaram's ROD; the weights are a logistic regression on
100,000 blotches (a quarter of them planted) in 22 clips, with clips held out in turn. Boosted
trees on twenty measures found some 7 % more dirt at the same harm; six can be read.

    calm        do the neighbours agree in the wider area, so that its motion is understood?
    agreement   do the neighbours agree, where the frame does not agree with them?
    strength    does the whole blotch spike, not only its middle?
    extreme     is it darker or brighter than all that is near in both neighbours?
    fit         does it stand out against the misfit of its surroundings and the noise?
    contrast    how far is it from its neighbours?

Limits: trained on planted dirt; dirt of low contrast on moving texture is taken for motion.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from models.labels import Floats, Labels, Picture, mean_of, odd, ring_of

LEAST_EVIDENCE = 1.5  # log odds
LEAST_EVIDENCE_LARGE = 5.0  # for large blotches; swinging arms were seen at 4.5, dirt at 5 to 10
SMALL, LARGE = 150, 600  # samples at 480 lines between which the bar rises
LEAST_EVIDENCE_AT_END = 3.5  # at a shot's ends, where neighbours on one side must do

BIAS = -4.44
CALM = -1.33  # per unit of log(disagreement of the area / contrast)
AGREEMENT = -1.49  # per unit of log(disagreement / contrast)
STRENGTH = 2.48  # per share of the blotch well above its level
EXTREME = 1.57  # per contrast beyond all that is near
FIT = 0.36  # per unit of log(contrast / misfit)
CONTRAST = 1.04  # per unit of log(contrast)

NEAR = 11  # side of what is near, samples at 480 lines
SURROUNDINGS = 4  # width of the surroundings, samples at 480 lines
AREA = 41  # side of the wider area, samples at 480 lines
AREA_LIMIT = 0.25  # share of full range; a larger disagreement counts as this


@dataclass(frozen=True)
class Clues:
    """What is asked of blotches, for every sample of a frame; float32 `[H, W]`, full range 1.

    Attributes:
        disagreement: of the neighbours among themselves.
        area: the same, averaged over the wider area.
        extreme: how far the frame lies beyond all that is near in both neighbours.
        misfit: the larger difference to the two nearest neighbours.
        noise: standard deviation of the picture's noise.
    """

    disagreement: Picture
    area: Picture
    extreme: Picture
    misfit: Picture
    noise: float

    @staticmethod
    def of(here: Picture, places: Picture, noise: float) -> Clues:
        """Compare a frame `[H, W]` with 2 to 4 neighbours in place `[N, H, W]`, nearest first."""
        unit = here.shape[0] / 480
        apart = np.minimum(np.abs(places[0] - places[1]), AREA_LIMIT)
        side = odd(AREA * unit)
        return Clues(
            disagreement_of(places),
            np.asarray(cv2.blur(apart, (side, side)), np.float32),
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
            + CALM * _log_ratio(mean_of(self.area, labels, count), contrast)
            + AGREEMENT * _log_ratio(mean_of(self.disagreement, labels, count), contrast)
            + STRENGTH * strength
            + EXTREME * np.clip(mean_of(self.extreme, labels, count) / contrast, -2, 1)
            + FIT * np.log(contrast / around)
            + CONTRAST * np.log(contrast)
        )
        return odds


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
