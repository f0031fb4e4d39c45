"""How long a worker may be at a piece of work and answer nothing before it is ended."""

from pathlib import Path

from catalogs.errors import SourceError
from catalogs.recipe import Treatment
from catalogs.records import CatalogReel, Reel, Shot
from tasks.find import find_source

_QUIET_SECONDS = 600.0
_SLOW_BYTES = 5e6  # a second
NETWORK_SECONDS = 3000  # for a frame of a megapixel; Real-ESRGAN takes one core 400


def limit_seconds(reel: Reel, shot: Shot, treatment: Treatment | None = None) -> float:
    """How long a worker may be at a shot and answer nothing before it is ended.

    Far longer than the whole shot should take the steps of the engine; where a treatment has a
    network, besides, far longer than one frame should take a large one without a GPU.
    """
    picture = reel.header.picture
    megapixels = picture.width * picture.height / 1e6
    limit = 300 + shot.frame_count * (2 + 20 * megapixels)
    steps = treatment.of(shot.start_frame).steps if treatment else ()
    return limit + (NETWORK_SECONDS * megapixels if any(s.weights_sha256 for s in steps) else 0)


def ingest_limit_seconds(catalog: CatalogReel, archive: Path) -> float:
    """How long ingesting may go without a new frame.

    Ten minutes, and besides what a slow share needs to hand over the whole source.
    """
    try:
        size_bytes = find_source(catalog, archive).measure()[0]
    except (SourceError, OSError):
        return _QUIET_SECONDS  # ingesting says what is wrong with it
    return _QUIET_SECONDS + size_bytes / _SLOW_BYTES


def joining_limit_seconds(reel: Reel) -> float:
    """How long joining and verifying a reel may take: ten times what one slow core needs."""
    picture = reel.header.picture
    megapixels = picture.width * picture.height / 1e6
    return _QUIET_SECONDS + reel.content.frame_count * (0.5 + 5 * megapixels)
