"""A source that is not what was ingested before is held, unless the catalog vouches for it."""

from catalogs.errors import SourceError
from catalogs.records import Reel


def refuse_changed(known: Reel | None, reel: Reel) -> None:
    """Refuse a source that is not what it was.

    Raises:
        SourceError: says which file it is, and how to accept it.
    """
    if known is None:
        return
    _refuse_changed_sound(known, reel)
    if reel.catalog.checksum is not None:
        return
    before, now = known.content.sha256, reel.content.sha256
    if before != now:
        accept = (
            "write the new checksum into the catalog to accept it"
            if reel.header.sequence is None
            else "give it another identifier to accept it as another scan"
        )
        raise SourceError(
            f"{reel.catalog.path}: the source is not the one that was ingested before (sha256 "
            f"{before}, now {now}); restore it from a copy, or {accept}"
        )


def _refuse_changed_sound(known: Reel, reel: Reel) -> None:
    before, now = known.content.sound_sha256, reel.content.sound_sha256
    if before and now and before != now and known.catalog.sound_path == reel.catalog.sound_path:
        raise SourceError(
            f"{reel.catalog.sound_path}: the sound is not the one that was ingested before (sha256 "
            f"{before}, now {now}); restore it from a copy, or name another file in sound_path to "
            "accept it"
        )
