"""Which tracks of a reel show the same person, to count people. Nobody is named or looked up.

Average-linkage clustering of the tracks' identity embeddings by cosine distance. In doubt two
tracks stay apart. Tracks seen on one frame are of two people whatever they look like.

`DISTANCE` lies in the middle of a gap, measured with the points of `tasks.metrics.identity` (SFace,
luma, five frames a clip) on 31 clips of talking and signing people of today. What it calls the
same person is at 0.00 to 0.25, different people at 0.48 and more; it finds 15 people, and 5 and 1
where the clips' sources say 5 and 1.

Limits: within one reel only. In old film, in profile and below 24 samples between the eyes
embeddings scatter more; one person is then counted as several, which makes the intervals of the
disparity test too narrow. Recognisers err more often for some groups than for others.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist, squareform

DISTANCE = 0.36  # 1 - cosine; tracks whose mean distance is larger are of different people
NEVER = 1e6  # stands for a distance that no average brings back below `DISTANCE`

Floats = npt.NDArray[np.float64]


def track_embedding(frames: Floats) -> Floats:
    """The embedding of a track, `[D]` of length 1, from those of its frames, `[N, D]`."""
    directions = frames / np.linalg.norm(frames, axis=1, keepdims=True)
    mean = directions.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean))


def link_people(
    tracks: Floats, together: Iterable[tuple[int, int]] = (), distance: float = DISTANCE
) -> tuple[int, ...]:
    """A person's number for each track, from 0 in the order of first appearance.

    Args:
        tracks: `[N, D]`, an embedding each, see `track_embedding`.
        together: pairs of tracks that are seen on one frame, hence of different people.
        distance: see `DISTANCE`.

    Raises:
        ValueError: an embedding is not finite, or has no length.
    """
    if len(tracks) and not (np.isfinite(tracks).all() and tracks.any(axis=1).all()):
        raise ValueError("an embedding is zero or not finite; leave such tracks out")
    if len(tracks) < 2:
        return tuple(range(len(tracks)))
    apart = squareform(pdist(tracks, "cosine"))
    for first, second in together:
        apart[first, second] = apart[second, first] = NEVER
    tree = linkage(squareform(apart, checks=False), "average")
    numbers: dict[int, int] = {}
    return tuple(
        numbers.setdefault(int(label), len(numbers))
        for label in fcluster(tree, distance, criterion="distance")
    )
