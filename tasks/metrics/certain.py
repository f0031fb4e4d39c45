"""Which blotches are dirt beyond doubt.

Three tests damp where motion is not understood, after Wechtitsch, Fassold, Schallauer, "Robust
dirt detection under pathological motion", ICPR 2012:

    agreement   the neighbours agree with each other, where the frame does not agree with them
    fit         around the blotch the frame fits both neighbours
    absence     the blotch is found nowhere near on either neighbour, so it did not fly by

and it must be plain to see. Nothing here is learned, and nothing asks for a tone: grey and
translucent dirt counts when it stands out. The limits were chosen on 84 frames of 14 clips with
planted blotches (opacity 0.6 to 1): 290 of the 343 that are plain to see were certain, and 3 other
places.

Limits: in grain whose deviation nears a seventh of a blotch's contrast nothing is certain.
"""

from __future__ import annotations

import cv2
import numpy as np

from tasks.metrics.blotch import CONTRAST, Blotch, Grey, Views

AGREEMENT = 0.2  # the neighbours may differ by this part of the contrast
FIT = 0.15  # so may the frame from its neighbours around the blotch
SEARCH = 1 / 12  # of the height: how far a thing that flies by is sought
ALIKE = 0.35  # part of the contrast by which what is found may differ
LEAST_VISIBLE = 1.0  # contrast times area: ten percent of ten samples


def is_certain(blotch: Blotch, views: Views, before: Grey, after: Grey) -> bool:
    """Whether a blotch is dirt beyond doubt.

    Args:
        blotch: of `views`.
        views: the frame and its neighbours in place.
        before: the frame before as it is, not moved, uint8 `[H, W]`.
        after: the frame after as it is.
    """
    size = abs(blotch.contrast)
    if size < CONTRAST or blotch.visibility < LEAST_VISIBLE:
        return False
    apart = cv2.absdiff(views.before[blotch.box], views.after[blotch.box]) / 255
    if float(apart[blotch.inside].mean()) > AGREEMENT * size:
        return False
    around = views.excess(blotch.box)[blotch.ring]
    if around.size and float(np.abs(around - np.median(around)).mean()) > FIT * size:
        return False
    return not (_is_found(blotch, views, before) or _is_found(blotch, views, after))


def _is_found(blotch: Blotch, views: Views, other: Grey) -> bool:
    """Whether what the blotch looks like is seen near its place on a neighbour."""
    lines, samples = other.shape
    reach = round(SEARCH * lines)
    rows, columns = blotch.box
    place = other[
        max(0, rows.start - reach) : min(lines, rows.stop + reach),
        max(0, columns.start - reach) : min(samples, columns.stop + reach),
    ]
    weight = cv2.dilate(blotch.inside.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(
        np.float32
    )
    patch = views.here[blotch.box]
    score = cv2.matchTemplate(
        place.astype(np.float32), patch.astype(np.float32), cv2.TM_SQDIFF, None, weight
    )
    away = (max(float(score.min()), 0.0) / float(weight.sum())) ** 0.5 / 255
    return bool(away < ALIKE * abs(blotch.contrast))
