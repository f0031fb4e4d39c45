"""Play: a joined master is decoded once, for all that is made of it.

master ──> decoded ──┬──> hashes and times of its frames and samples, to be verified
                     ├──> access copy
                     └──> signal, for its sidecar
"""

from contextlib import suppress

from catalogs.errors import MediaError
from catalogs.records import AssembledReel, Reel
from tasks.media.access import access_copy
from tasks.media.check import Survey
from tasks.media.sync import streams_heard
from tasks.media.write import written_picture
from tasks.sidecar import LEFT_OFF, Sidecar


def play_master(
    reel: Reel, built: AssembledReel, notice: str = "", sidecar: bool = True
) -> tuple[Survey, str]:
    """Decode a master to its end; write its access copy and its sidecar.

    Args:
        reel: the reel.
        built: its files; the master is there.
        notice: text to burn into the access copy; none when empty.
        sidecar: whether a sidecar is wanted.

    Returns:
        What the master holds, and what the manifest says of the sidecar.

    Raises:
        MediaError: ffmpeg failed, or a decoder complained.
        SourceError: the master has frames of another size than it claims, or none.
    """
    if not sidecar:
        return _decoded(reel, built, notice), LEFT_OFF
    wanted = Sidecar(
        built.master, written_picture(reel.header.picture), reel.frame_rate,
        reel.content.frame_count,
    )  # fmt: skip
    try:
        found = _decoded(reel, built, notice, wanted)
    except MediaError as error:
        # The reel does not hang on its sidecar: what fails without it as well is no fault of it.
        wanted.give_up(error)
        with suppress(FileNotFoundError):
            built.access_copy.unlink()
        found = _decoded(reel, built, notice)
    return found, wanted.said


def _decoded(
    reel: Reel, built: AssembledReel, notice: str, sidecar: Sidecar | None = None
) -> Survey:
    heard = next(iter(streams_heard(reel.content.audio)), None)
    beside = (sidecar.beside(),) if sidecar else ()
    return access_copy(built.master, built.access_copy, reel.header, notice, heard, beside)
