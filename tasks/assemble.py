"""Assemble: the restored shots of a reel become one file, verified on disk.

The reel is built in a folder beside its final one and moved there when every check
passed, its manifest written last. It is a derivative: it has an identifier of its own
and names the source it was made from.
"""

import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path

from catalogs.durable import partial_path, sync_folder
from catalogs.errors import VerificationError
from catalogs.fixity import sha256_file
from catalogs.recipe import Treatment
from catalogs.records import AssembledReel, Reel, RestoredShot
from catalogs.source import Header
from catalogs.store import Store
from tasks.manifest import (
    assembled_files,
    derivative_title,
    digest_of,
    read_manifest,
    write_manifest,
)
from tasks.media.join import Carried, join_shots
from tasks.media.sound import sound_codecs
from tasks.media.write import written_colour
from tasks.play import play_master
from tasks.verify import verify_reel


def assemble_reel(
    reel: Reel,
    restored: Sequence[RestoredShot],
    treatment: Treatment,
    store: Store,
    notice: str = "",
    sidecar: bool = True,
) -> AssembledReel:
    """Join, check and publish one reel.

    Args:
        reel: the reel.
        restored: its shots, in order, covering it exactly once.
        treatment: what was done.
        store: where shots lie and the reel goes.
        notice: text to burn into the access copy; none when empty.
        sidecar: whether the signal of the master is written beside it, for QCTools.

    Raises:
        VerificationError: the shots do not cover the reel, or a file on disk differs from
            the plan; the message names the field, the plan and what was found.
        MediaError: ffmpeg failed.
    """
    _check_cover(reel, restored)
    _check_change_maps(restored, store)
    target = store.reel_folder(reel.reel_id, treatment.label)
    earlier = _identity(target)
    work = partial_path(target)  # its own: work of a night that was killed may still go on
    work.mkdir()
    try:
        built = assembled_files(reel, treatment, work)
        _build_master(reel, restored, treatment, store, built)
        _build_change_map(reel, restored, store, built)
        decoded, said = play_master(reel, built, notice, sidecar)
        found = verify_reel(reel, restored, built, decoded)
        write_manifest(reel, restored, treatment, built, found.checks, notice, found.time, said)
        _publish(work, target, reel, earlier)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return assembled_files(reel, treatment, target, found.checks)


def _publish(work: Path, target: Path, reel: Reel, earlier: int | None) -> None:
    """Give a verified reel its place, unless it was joined there meanwhile; `earlier` stood there.

    Who joined it is work of a night that was killed, or of the one that came after it.
    """
    if _identity(target) != earlier and _is_twin(work, target):
        return
    _make_way(target, reel)
    try:
        work.rename(target)
    except OSError:
        if not _is_twin(work, target):
            raise
    sync_folder(target.parent)


def _identity(folder: Path) -> int | None:
    return folder.stat().st_ino if folder.exists() else None


def _is_twin(work: Path, target: Path) -> bool:
    """Whether a folder has the same reel, as it is wanted."""
    films = [(target / film.name, film.stat().st_size) for film in work.glob("*.mkv")]
    whole = all(there.is_file() and there.stat().st_size == size for there, size in films)
    here, there = (read_manifest(folder) for folder in (work, target))
    return whole and all(here.get(name) == there.get(name) for name in ("digest", "notice"))


def _make_way(target: Path, reel: Reel) -> None:
    """Remove a broken reel of this source; keep one that was made of another."""
    made_from = digest_of(target)
    if made_from is not None and made_from != reel.digest:
        aside = f"{target.name}.source-{made_from[:12]}-{uuid.uuid4().hex[:6]}"
        target.rename(target.with_name(aside))
    elif target.exists():
        shutil.rmtree(target)


def _check_cover(reel: Reel, restored: Sequence[RestoredShot]) -> None:
    expected = 0
    for shot in (r.shot for r in restored):
        if shot.start_frame != expected:
            raise VerificationError(f"{reel.reel_id}: no shot starts at frame {expected}")
        expected = shot.stop_frame
    if expected != reel.content.frame_count:
        raise VerificationError(
            f"{reel.reel_id}: shots end at {expected} of {reel.content.frame_count} frames"
        )


def _check_change_maps(restored: Sequence[RestoredShot], store: Store) -> None:
    """The frames of a change map have no recorded hashes; its file has."""
    for shot in restored:
        path = store.root / shot.change_file
        found = sha256_file(path) if path.is_file() else "no file"
        if found != shot.change_sha256:
            raise VerificationError(
                f"{shot.shot.shot_id}: change map: planned {shot.change_sha256}, found {found}"
            )


def _build_master(
    reel: Reel,
    restored: Sequence[RestoredShot],
    treatment: Treatment,
    store: Store,
    built: AssembledReel,
) -> None:
    header = reel.header
    join_shots(
        [store.root / shot.picture_file for shot in restored],
        built.master,
        reel.frame_rate,
        carried=_carried(reel),
        colour_range=written_colour(reel.header).range,
        tags=_tags(reel, treatment, built),
        picture_tags=_picture_tags(header),
    )


def _carried(reel: Reel) -> Carried | None:
    """Sound, tags and chapters; a sequence of images has none of its own."""
    source = reel.source if reel.header.sequence is None else reel.sound_source
    if source is None:
        return None
    if reel.sound_source is None:
        return Carried(source, sound_codecs(source, reel.header), reel.header.start_seconds)
    codecs = sound_codecs(reel.sound_source, reel.header)
    apart = reel.sound_source if reel.sound_source != source else None
    return Carried(source, codecs, sound=apart)


def _build_change_map(
    reel: Reel, restored: Sequence[RestoredShot], store: Store, built: AssembledReel
) -> None:
    join_shots(
        [store.root / shot.change_file for shot in restored],
        built.change_map,
        reel.frame_rate,
        colour_range=written_colour(reel.header).range,
        tags={"TITLE": f"Change map of {built.derivative_id}; mid-grey is untouched"},
    )


def _picture_tags(header: Header) -> dict[str, str]:
    tags = dict(header.picture_tags)
    return tags | {"timecode": header.timecode} if header.timecode else tags


def _tags(reel: Reel, treatment: Treatment, built: AssembledReel) -> dict[str, str]:
    """What the master says of itself, and what Matroska has no field for."""
    tags = {
        "TITLE": derivative_title(reel),
        "WETGATE_DERIVATIVE": built.derivative_id,
        "WETGATE_SOURCE_SHA256": reel.content.sha256,
        "WETGATE_TREATMENT": treatment.treatment_id,
    }
    sequence = reel.header.sequence
    if sequence is not None and sequence.transfer is not None:
        tags["WETGATE_DPX_TRANSFER"] = str(sequence.transfer)
    if sequence is not None and sequence.colorimetric is not None:
        tags["WETGATE_DPX_COLORIMETRIC"] = str(sequence.colorimetric)
    if reel.header.deinterlaced:
        tags["WETGATE_DEINTERLACED"] = "before restoration, by choice"
    return tags
