"""Assemble: the restored shots of a reel become one file, verified on disk.

The reel is built in a folder beside its final one and moved there when every check
passed, its manifest written last. It is a derivative: it has an identifier of its own
and names the source it was made from.
"""

import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from catalogs.errors import VerificationError
from catalogs.fixity import sha256_file
from catalogs.ledger import sync_folder, write_whole
from catalogs.recipe import Treatment
from catalogs.records import AssembledReel, Reel, RestoredShot
from catalogs.store import Store
from tasks.media.check import check_audio, index_frames
from tasks.media.join import access_copy, join_shots
from tasks.media.probe import probe
from tasks.media.write import count_packets, written_colour, written_picture

MANIFEST = "manifest.json"
_SYNC_SECONDS = 0.002  # Matroska counts in milliseconds


def assemble_reel(
    reel: Reel, restored: Sequence[RestoredShot], treatment: Treatment, store: Store
) -> AssembledReel:
    """Join, check and publish one reel.

    Args:
        reel: the reel.
        restored: its shots, in order, covering it exactly once.
        treatment: what was done.
        store: where shots lie and the reel goes.

    Raises:
        VerificationError: the shots do not cover the reel, or a file on disk differs from
            the plan; the message names the field, the plan and what was found.
        MediaError: ffmpeg failed.
    """
    _check_cover(reel, restored)
    _check_change_maps(restored, store)
    target = store.reel_folder(reel.reel_id, treatment.label)
    work = target.with_name(f".{target.name}.partial")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        built = _build(reel, restored, treatment, store, work)
        checks = verify_reel(reel, restored, built)
        _write_manifest(reel, restored, treatment, built, checks)
        if target.exists():
            shutil.rmtree(target)
        work.rename(target)
        sync_folder(target.parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return assembled_files(reel, treatment, target, checks)


def assembled_files(
    reel: Reel, treatment: Treatment, folder: Path, checks: tuple[str, ...] = ()
) -> AssembledReel:
    """The files of an assembled reel below a folder."""
    derivative = f"{reel.reel_id}.{treatment.label}"
    return AssembledReel(
        reel_id=reel.reel_id,
        derivative_id=derivative,
        treatment_id=treatment.treatment_id,
        folder=folder,
        master=folder / f"{derivative}.mkv",
        access_copy=folder / f"{derivative}.access.mp4",
        change_map=folder / f"{derivative}.change.mkv",
        frame_count=reel.content.frame_count,
        checks=checks,
    )


def is_assembled(reel: Reel, treatment: Treatment, store: Store) -> bool:
    """True when the reel stands complete under this treatment, its files as recorded."""
    folder = store.reel_folder(reel.reel_id, treatment.label)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return manifest["source_sha256"] == reel.digest and all(
            (folder / name).stat().st_size == facts["bytes"]
            for name, facts in manifest["files"].items()
        )
    except (OSError, ValueError, KeyError):
        return False


def verify_reel(
    reel: Reel, restored: Sequence[RestoredShot], built: AssembledReel
) -> tuple[str, ...]:
    """Compare the files on disk with the plan.

    Returns:
        What was checked, in words.

    Raises:
        VerificationError: field, planned and found.
    """
    header = probe(built.master)
    index = index_frames(built.master, header)
    planned_md5 = tuple(md5 for shot in restored for md5 in shot.frame_md5)
    sound = check_audio(built.master, header)
    planned_sound = reel.content.audio
    facts = [
        ("frame count", len(planned_md5), len(index)),
        ("frame hashes", planned_md5, index.md5),
        ("picture", written_picture(reel.header.picture), header.picture),
        ("frame rate", reel.frame_rate, header.frame_rate),
        ("colour tags", written_colour(reel.header), header.colour),
        ("aspect ratio", reel.header.sample_aspect or 1, header.sample_aspect or 1),
        ("timecode", reel.header.timecode, header.timecode),
        ("audio samples", [a.samples for a in planned_sound], [a.samples for a in sound]),
        ("audio hashes", [a.md5 for a in planned_sound], [a.md5 for a in sound]),
        ("change map frames", len(planned_md5), count_packets(built.change_map)),
    ]
    access_header = probe(built.access_copy)
    access_index = index_frames(built.access_copy, access_header)
    facts += [
        ("access copy frames", len(planned_md5), len(access_index)),
        ("access copy audio streams", min(len(sound), 1), len(access_header.audio)),
    ]
    for field, planned, found in facts:
        if planned != found:
            raise VerificationError(
                f"{built.derivative_id}: {field}: planned {_short(planned)}, found {_short(found)}"
            )
    for planned_audio, found_audio in zip(planned_sound, sound, strict=True):
        apart = abs(planned_audio.offset_seconds - found_audio.offset_seconds)
        if apart > _SYNC_SECONDS:
            raise VerificationError(f"{built.derivative_id}: sound moved by {apart:.4f} s")
    return (*(field for field, _, _ in facts), "sound offset")


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


def _build(
    reel: Reel,
    restored: Sequence[RestoredShot],
    treatment: Treatment,
    store: Store,
    work: Path,
) -> AssembledReel:
    built = assembled_files(reel, treatment, work)
    colour_range = written_colour(reel.header).range
    join_shots(
        [store.root / shot.picture_file for shot in restored],
        built.master,
        reel.frame_rate,
        sound_from=reel.source,
        picture_start_seconds=reel.header.start_seconds,
        colour_range=colour_range,
        tags={
            "TITLE": f"{reel.catalog.title} (restored derivative)",
            "WETGATE_DERIVATIVE": built.derivative_id,
            "WETGATE_SOURCE_SHA256": reel.digest,
            "WETGATE_TREATMENT": treatment.treatment_id,
        },
        timecode=reel.header.timecode,
    )
    join_shots(
        [store.root / shot.change_file for shot in restored],
        built.change_map,
        reel.frame_rate,
        colour_range=colour_range,
        tags={"TITLE": f"Change map of {built.derivative_id}; mid-grey is untouched"},
    )
    access_copy(built.master, built.access_copy, reel.header)
    return built


def _write_manifest(
    reel: Reel,
    restored: Sequence[RestoredShot],
    treatment: Treatment,
    built: AssembledReel,
    checks: tuple[str, ...],
) -> None:
    files = (built.master, built.access_copy, built.change_map)
    manifest = {
        "derivative": built.derivative_id,
        "identifier": reel.catalog.identifier,
        "reel": f"{reel.catalog.reel_number} of {reel.catalog.reel_count}",
        "source": reel.catalog.path,
        "source_sha256": reel.digest,
        "treatment": treatment.treatment_id,
        "recipe": treatment.recipe_name,
        "steps": [
            {"name": step.name, "version": step.version, "parameters": dict(step.parameters)}
            for step in treatment.steps
        ],
        "frames": reel.content.frame_count,
        "frame_rate": str(reel.frame_rate),
        "shots": [
            {"start_frame": r.shot.start_frame, "stop_frame": r.shot.stop_frame, "key": r.key,
             "status": r.status, "reason": r.reason, "changed_share": r.changed_share}
            for r in restored
        ],
        "files": {
            path.name: {"bytes": path.stat().st_size, "sha256": sha256_file(path)}
            for path in files
        },
        "verified": list(checks),
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    write_whole(built.folder / MANIFEST, text.encode())


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 200 else text[:200] + "..."
