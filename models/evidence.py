"""How much speaks for a blotch being dirt and not motion, as log odds.

Source: the questions are those of Wechtitsch, Fassold, Schallauer, "Robust dirt detection under
pathological motion" (ICPR 2012) and of Kokaram's ROD; the weights are a logistic regression on
29,000 blotches (4,900 of them planted) in 17 clips, with clips held out in turn. Four measures
did as well as boosted trees on thirty.

    agreement   do the neighbours agree, where the frame does not agree with them?
    strength    does the whole blotch spike, not only its middle?
    extreme     is it darker or brighter than all that is near in both neighbours?
    fit         does it stand out against the misfit of its surroundings and the noise?

Limits: trained on planted dirt; dirt of low contrast on moving texture is taken for motion.
"""

from __future__ import annotations

import cv2
import numpy as np

from models.labels import Floats, Labels, Picture, mean_of, odd, ring_of

LEAST_EVIDENCE = 2.0  # log odds
LEAST_EVIDENCE_AT_END = 4.0  # at a shot's ends, where neighbours on one side must do

BIAS = -7.58
AGREEMENT = -1.84  # per unit of log(disagreement / contrast)
STRENGTH = 5.03  # per share of the blotch above the threshold
EXTREME = 1.5  # per contrast beyond all that is near
FIT = 0.74  # per unit of log(contrast / misfit)

NEAR = 11  # side of what is near, samples at 480 lines
SURROUNDINGS = 8  # width of the surroundings, samples at 480 lines


def evidence(
    here: Picture, places: Picture, spike: Picture, labels: Labels, strength: Floats, noise: float
) -> Floats:
    """Log odds of each blotch being dirt.

    Args:
        here: float32 `[H, W]`, luma of the frame.
        places: float32 `[N, H, W]`, luma of 2 to 4 neighbours in place, nearest first.
        spike: float32 `[H, W]`, size of the spike against the first two.
        labels: int32 `[H, W]`, blotches from 1.
        strength: float64 `[count]`, share of each blotch above the threshold.
        noise: standard deviation of the noise, share of full range.

    Returns:
        float64 `[count]`; the value at 0 means nothing.
    """
    count, lines = len(strength), here.shape[0]
    contrast = np.maximum(mean_of(spike, labels, count), 1e-6)
    disagreement = mean_of(disagreement_of(places), labels, count)
    side = odd(NEAR * lines / 480)
    extreme = mean_of(extreme_of(here, places, side), labels, count)
    ring = ring_of(labels, max(2, round(SURROUNDINGS * lines / 480)))
    misfit = np.maximum(np.abs(here - places[0]), np.abs(here - places[1]))
    around = mean_of(misfit, ring, count)
    odds: Floats = (
        BIAS
        + AGREEMENT * np.log(np.minimum(disagreement / contrast, 5) + 0.02)
        + STRENGTH * strength
        + EXTREME * np.clip(extreme / contrast, -2, 1)
        + FIT * np.log(contrast / (around + noise + 0.005))
    )
    return odds


def disagreement_of(places: Picture) -> Picture:
    """Range of the three neighbours that agree best; of all where there are fewer than four."""
    ordered = np.sort(places, axis=0)
    if len(ordered) < 4:
        return np.asarray(ordered[-1] - ordered[0], np.float32)
    return np.minimum(ordered[2] - ordered[0], ordered[3] - ordered[1])


def extreme_of(here: Picture, places: Picture, side: int) -> Picture:
    """ROD: how far a sample lies beyond all samples near it in the nearest neighbours."""
    kernel = np.ones((side, side), np.uint8)
    high = cv2.dilate(np.maximum(places[0], places[1]), kernel)
    low = cv2.erode(np.minimum(places[0], places[1]), kernel)
    return np.maximum(here - high, low - here).astype(np.float32)
