"""How little one frame can be rebuilt from another when its parts may move.

Block matching on textures: nine blocks of one frame are each sought in the other, within
a seventh of the picture. The blocks leave out a border, so that what moves out of the
picture by up to a tenth is still found. Weave, a pan, a hand-held camera or a jump in a
splice move the parts and leave them recognisable; a cut does not.

Not covered: motion further than the search, and strong zoom or rotation from one frame to
the next; those look like cuts here, and are judged by what goes on around them.
"""

from __future__ import annotations

from itertools import product

import cv2
import numpy as np

from models.shots.signature import Plane

BLOCKS = 3  # across and down
BORDER_WIDTH, BORDER_HEIGHT = 9, 5  # samples at the edges that belong to no block
SEARCH_WIDTH, SEARCH_HEIGHT = 14, 10  # samples to either side
_FLAT = 0.01  # mean square of the texture below which there is nothing to recognise


def aligned_distance(a: Plane, b: Plane) -> float:
    """The larger of what is lost when `b` is rebuilt from `a`, and `a` from `b`.

    Args:
        a: texture of one frame, float32 `[54, 96]`.
        b: texture of another.

    Returns:
        0 when every part is found again, two flat pictures included; 1 when none is.
    """
    return max(_unmatched(a, b), _unmatched(b, a))


def _unmatched(reference: Plane, picture: Plane) -> float:
    """Share of the picture's texture that is not found in the reference, 0..1."""
    height = (picture.shape[0] - 2 * BORDER_HEIGHT) // BLOCKS
    width = (picture.shape[1] - 2 * BORDER_WIDTH) // BLOCKS
    padded = cv2.copyMakeBorder(
        reference, SEARCH_HEIGHT, SEARCH_HEIGHT, SEARCH_WIDTH, SEARCH_WIDTH, cv2.BORDER_CONSTANT
    )
    found = total = 0.0
    for row, column in product(range(BLOCKS), range(BLOCKS)):
        top, left = BORDER_HEIGHT + row * height, BORDER_WIDTH + column * width
        block = np.ascontiguousarray(picture[top : top + height, left : left + width])
        energy = float(np.mean(block * block))
        if energy < _FLAT:
            continue
        below, right = top + height + 2 * SEARCH_HEIGHT, left + width + 2 * SEARCH_WIDTH
        area = np.ascontiguousarray(padded[top:below, left:right])
        total += energy
        if float(np.mean(area * area)) >= _FLAT:
            match = cv2.matchTemplate(area, block, cv2.TM_CCOEFF_NORMED)
            found += energy * min(max(0.0, float(match.max())), 1.0)
    return 1 - found / total if total else 0.0
