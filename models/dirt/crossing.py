"""Things that move so that the flow loses them: a ball, a bird, a hoof.

A thing too fast or too small for the flow spikes in every frame, each time elsewhere. Dirt spikes
once. So a blotch is taken for a thing when the frame before spikes alike on one side of it and the
frame after spikes alike on the other side, about as far away; where the shot ends beside the frame,
or the thing's way leads out of the picture, one of the two is enough.

Limits: a swinging arm is large, blurred and never twice alike, and is not known by this. Two specks
of one size and brightness on a line with a third, evenly spaced, in three successive frames are
taken for a thing; with 25 specks a frame that befalls, by estimate, 1 in 100.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.labels import Floats, Labels
from models.sight import Sight
from models.spots import Spots, spots_of

REACH = 1 / 6  # of the height: a thing flies no farther from frame to frame
BEND = 0.25  # of the way: by so much the second way may differ from the first
SLACK = 1 / 120  # of the height: and by so much more
ALIKE = 3.0  # a thing's area and contrast change by at most this factor
ALIKE_IF_PLAIN = 1.7  # by this, where the blotch looks much like dirt


def crossing(
    sight: Sight,
    index: int,
    labels: Labels,
    asked: npt.NDArray[np.bool_],
    plain: npt.NDArray[np.bool_],
    threshold: float,
) -> npt.NDArray[np.bool_]:
    """Which of the blotches asked about are things that fly through, bool `[count]`.

    `sight.spikes` holds the frames around where their spikes are known.
    """
    lines = labels.shape[0]
    around = [sight.spots(i, threshold) for i in (index - 1, index + 1) if i in sight.spikes]
    mine = spots_of(labels, len(asked), sight.spikes[index])
    answer = np.zeros(len(asked), dtype=bool)
    for number in np.flatnonzero(asked):
        place, area, spike = mine.place[number], mine.area[number], mine.spike[number]
        within = ALIKE_IF_PLAIN if plain[number] else ALIKE
        ways = [alike(others, area, spike, within).place - place for others in around]
        ways = [way[np.hypot(way[:, 0], way[:, 1]) < REACH * lines] for way in ways]
        answer[number] = _straight(ways, place, labels.shape)
    return answer


def _straight(ways: list[Floats], place: Floats, shape: tuple[int, ...]) -> bool:
    """Whether something came from one side and went on to the other, or out of the picture."""
    lines = shape[0]
    if len(ways) < 2 or any(_leaves(place - way, shape) for way in ways):
        return any(len(way) > 0 for way in ways)
    before, after = ways
    if not (len(before) and len(after)):
        return False
    bend = before[:, None, :] + after[None, :, :]
    length = np.hypot(before[:, 0], before[:, 1])[:, None]
    return bool((np.hypot(bend[..., 0], bend[..., 1]) < BEND * length + SLACK * lines).any())


def _leaves(places: Floats, shape: tuple[int, ...]) -> bool:
    """Whether any of the places (x, y) is outside the picture or at its edge."""
    edge = SLACK * shape[0]
    limit = np.array([shape[1], shape[0]]) - edge
    return bool(((places < edge) | (places > limit)).any())


def alike(others: Spots, area: float, spike: float, within: float) -> Spots:
    """Those of the spots that may be the same thing, within a factor."""
    ratio = others.spike / spike
    size = others.area / area
    return others.of(
        (ratio < within) & (ratio > 1 / within) & (size < within) & (size > 1 / within)
    )
