"""Ingest: a catalog's word for a reel, checked against the source itself.

A reel that comes out of here decodes to its last frame, is the file its checksum says,
and contradicts its catalog nowhere. Anything else raises `SourceError` with what was
found and what to do; the caller holds the reel. Its bytes are hashed while they are
decoded, and a watcher may look for shots meanwhile: the source is read once.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from catalogs.errors import SourceError
from catalogs.fixity import hash_file, sha256_of_files
from catalogs.records import CatalogReel, Reel
from catalogs.source import Content, FrameIndex, Header
from tasks.agree import Agreement, agree
from tasks.find import FoundSource, find_source
from tasks.media.check import Survey, Watcher, survey
from tasks.media.listen import OnFrame
from tasks.media.pace import Abandoned, Pace
from tasks.media.sync import describe_holes

_HIDDEN_SECONDS = 0.1  # compressed sound begins with up to 0.05 s that is not meant to be heard

_SOUND_MAY_DIFFER = 0.01  # of the picture, beside a second: 24 for 25 frames/s is 0.04

_STEADY_FRAMES = 0.6  # how far a time stamp may lie from an even rate; covers 1 ms rounding


def ingest_reel(
    catalog: CatalogReel,
    root: Path,
    on_frame: OnFrame | None = None,
    watch: Watcher | None = None,
) -> tuple[Reel, FrameIndex]:
    """Find, probe, hash and decode one reel.

    Args:
        catalog: what the catalog says of it.
        root: the archive root that its path is relative to.
        on_frame: called with the number of frames decoded so far.
        watch: looks at a thumbnail of every frame, in order.

    Raises:
        SourceError: the reel must be held; the message says why and what to do.
        MediaError: ffprobe cannot read the file at all.
    """
    source = find_source(catalog, root)
    agreed = agree(catalog, source)
    before = source.measure()
    found, hashes = _read_once(catalog, source, agreed.header, on_frame, watch)
    notes = _check_frames(catalog, agreed, found)
    if source.measure() != before or find_source(catalog, root).runs != source.runs:
        raise SourceError(
            f"{catalog.path}: changed while it was read; run again when it is at rest"
        )
    sound = (hashes.pop(), source.sound.stat().st_size) if source.sound is not None else ()
    is_sequence = source.sequence is not None
    sha256 = sha256_of_files(hashes) if is_sequence else hashes[0]
    index = replace(found.index, file_sha256=tuple(hashes)) if is_sequence else found.index
    content = Content(sha256, *before, len(index), found.audio, *sound)
    return Reel(
        catalog, source.path, agreed.header, content, agreed.frame_rate,
        agreed.frame_rate_source, (*agreed.disclosures, *notes), source.sound,
    ), index  # fmt: skip


def _read_once(
    catalog: CatalogReel,
    source: FoundSource,
    header: Header,
    on_frame: OnFrame | None,
    watch: Watcher | None,
) -> tuple[Survey, list[str]]:
    """Decode and hash side by side; returns what was found and each file's SHA-256."""
    pace = Pace()
    with ThreadPoolExecutor(1) as beside:
        hashing = beside.submit(_hash_files, catalog, source, pace)
        try:
            found = survey(
                source.path, header, on_frame,
                watch=watch, sound_file=source.sound, on_start=pace.follow,
            )  # fmt: skip
        except BaseException as error:
            if catalog.checksum is None or not isinstance(error, SourceError):
                pace.abandon()
            else:
                hashing.result()  # a file that is not the catalogued one is called just that
            raise
        return found, hashing.result()


def _hash_files(catalog: CatalogReel, source: FoundSource, pace: Pace) -> list[str]:
    algorithm, expected = catalog.checksum or ("sha256", "")
    digests = []
    for path in source.files():
        try:
            found = hash_file(path, "sha256", algorithm, on_bytes=pace.keep)
        except Abandoned:
            return []
        if expected and path == source.path and found[algorithm] != expected:
            raise SourceError(
                f"{catalog.path}: {algorithm} is {found[algorithm]}, the catalog says {expected}; "
                "the file is not the one that was catalogued"
            )
        digests.append(found["sha256"])
    return digests


def _check_frames(catalog: CatalogReel, agreed: Agreement, found: Survey) -> list[str]:
    """Compare what was decoded with what was claimed; returns what to disclose."""
    header, count = agreed.header, len(found.index)
    if header.claimed_frames is not None and header.claimed_frames != count:
        raise SourceError(
            f"{catalog.path}: the header says {header.claimed_frames} frames, {count} decode: the "
            "rest is damaged, dropped or hidden by an edit list; replace it with a whole copy, or "
            "re-wrap it without the edit"
        )
    _refuse_hidden_sound(catalog, header, found)
    return (
        _check_times(catalog, agreed, found)
        + _check_sound_file(catalog, agreed, found)
        + _check_duration(catalog, agreed, count)
        + describe_holes(found.audio)
    )


def _refuse_hidden_sound(catalog: CatalogReel, header: Header, found: Survey) -> None:
    """An edit list may hide sound that is in the file: it would be lost without a word."""
    for audio, content in zip(header.audio, found.audio, strict=True):
        if audio.held_seconds is None or not audio.sample_rate:
            continue
        hidden = audio.held_seconds - content.samples / audio.sample_rate
        if hidden > _HIDDEN_SECONDS:
            raise SourceError(
                f"{catalog.path}: an edit list hides {hidden:.2f} s of sound of stream "
                f"{audio.index}; re-wrap the file without it, or cut the sound by choice"
            )


def _check_times(catalog: CatalogReel, agreed: Agreement, found: Survey) -> list[str]:
    if agreed.header.sequence is not None:  # its files have no times
        return []
    # Whether frames come evenly is a matter of the file's own rate, not of the film's.
    own_rate = agreed.header.frame_rate or agreed.frame_rate
    rate = own_rate if agreed.frame_rate_source == "operator" else agreed.frame_rate
    drift = found.index.drift_frames(agreed.header.time_base, rate)
    if drift <= _STEADY_FRAMES:
        return []
    if agreed.header.audio:
        raise SourceError(
            f"{catalog.path}: time stamps are irregular (off by {drift:.1f} frames), sound would "
            "leave the picture; conform it to an even frame rate"
        )
    return [
        f"time stamps are irregular (off by {drift:.1f} frames); conformed to an even {rate} "
        "frames/s, which --fps can decide"
    ]


def _check_sound_file(catalog: CatalogReel, agreed: Agreement, found: Survey) -> list[str]:
    """Sound of another length than the picture tells of a wrong rate, or of another reel."""
    if catalog.sound_path is None:
        return []
    picture = float(len(found.index) / agreed.frame_rate)
    rates = (audio.sample_rate for audio in agreed.header.audio)
    sound = max(c.samples / rate for c, rate in zip(found.audio, rates, strict=True))
    if abs(sound - picture) <= 1 + _SOUND_MAY_DIFFER * picture:
        return []
    said = f"{catalog.sound_path} lasts {sound:.1f} s, the picture {picture:.1f} s"
    if agreed.frame_rate_source == "operator":
        return [said]
    raise SourceError(
        f"{said} at {agreed.frame_rate} frames/s; correct frame_rate or sound_path, cut the sound "
        "to the picture, or accept it by deciding the rate with --fps"
    )


def _check_duration(catalog: CatalogReel, agreed: Agreement, count: int) -> list[str]:
    """A running time that is far off tells of a wrong frame rate; it is often only a guess."""
    if catalog.duration_seconds is None:
        return []
    decoded = float(count / agreed.frame_rate)
    if abs(decoded - catalog.duration_seconds) <= max(2.0, 0.05 * decoded):
        return []
    return [
        f"the catalog says {float(catalog.duration_seconds):.0f} s, {decoded:.0f} s decode at "
        f"{agreed.frame_rate} frames/s"
    ]
