"""How long a worker may be at a piece of work and answer nothing before it is ended."""

from catalogs.recipe import Treatment
from catalogs.records import Reel, Shot

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
