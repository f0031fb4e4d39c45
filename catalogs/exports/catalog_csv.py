"""One row a derivative, for the archive's own catalog system.

The relation takes PBCore's words (`pbcoreRelationType`, "Is Derivative Of"): the row is the
restored derivative, and `source_*` what it was made from. Columns carry their units.
"""

from collections.abc import Iterable, Sequence

from catalogs.exports.shot_csv import csv_text
from catalogs.exports.source_type import source_type_of
from catalogs.exports.subject import FileRole, RestoredReel
from catalogs.source import AudioContent, AudioHeader

RELATION = "Is Derivative Of"

_FILES: tuple[tuple[str, FileRole], ...] = (
    ("master", "restored master"),
    ("access", "access copy"),
    ("change_map", "change map"),
)
HEADER = (
    "identifier", "title", "reel_number", "reel_count", "derivative_id", "relation_type",
    "source_path", "source_sha256", "source_bytes", "sound_path", "sound_sha256", "sound_bytes",
    "master_file", "master_sha256", "master_bytes",
    "access_file", "access_sha256", "access_bytes",
    "change_map_file", "change_map_sha256", "change_map_bytes",
    "container", "codec", "pixel_format", "width", "height", "sample_aspect_ratio",
    "frame_rate", "frame_rate_source", "frame_count", "duration_seconds",
    "colour_range", "colour_matrix", "colour_primaries", "colour_transfer",
    "timecode", "audio", "recipe", "treatment_sha256", "digital_source_type", "change",
    "changed_share", "shots", "shots_original_kept", "disclosures", "restored_at",
)  # fmt: skip


def catalog_csv(subjects: Iterable[RestoredReel]) -> str:
    """The table, RFC 4180, UTF-8, one header line."""
    return csv_text(HEADER, map(_row, subjects))


def _row(subject: RestoredReel) -> dict[str, object]:
    return {**_identity(subject), **_files(subject), **_technical(subject), **_change(subject)}


def _identity(subject: RestoredReel) -> dict[str, object]:
    catalog, content = subject.reel.catalog, subject.reel.content
    return {
        "identifier": catalog.identifier, "title": catalog.title,
        "reel_number": catalog.reel_number, "reel_count": catalog.reel_count,
        "derivative_id": subject.derivative_id, "relation_type": RELATION,
        "source_path": catalog.path, "source_sha256": content.sha256,
        "source_bytes": content.picture_bytes,
        "sound_path": catalog.sound_path, "sound_sha256": content.sound_sha256,
        "sound_bytes": content.sound_bytes or None,
    }  # fmt: skip


def _files(subject: RestoredReel) -> dict[str, object]:
    cells: dict[str, object] = {}
    for prefix, role in _FILES:
        file = subject.file(role)
        cells |= {
            f"{prefix}_file": file.name,
            f"{prefix}_sha256": file.sha256,
            f"{prefix}_bytes": file.size_bytes,
        }
    return cells


def _technical(subject: RestoredReel) -> dict[str, object]:
    """Of the restored master, which takes over the source's; only container and codec are its own.

    A sequence of images has neither sound nor container of its own.
    """
    reel = subject.reel
    header, picture, colour = reel.header, reel.header.picture, reel.header.colour
    return {
        "container": "Matroska", "codec": "FFV1",
        "pixel_format": picture.pixel_format, "width": picture.width, "height": picture.height,
        "sample_aspect_ratio": header.sample_aspect,
        "frame_rate": reel.frame_rate, "frame_rate_source": reel.frame_rate_source,
        "frame_count": reel.content.frame_count,
        "duration_seconds": f"{float(reel.content.frame_count / reel.frame_rate):.6f}",
        "colour_range": colour.range, "colour_matrix": colour.matrix,
        "colour_primaries": colour.primaries, "colour_transfer": colour.transfer,
        "timecode": header.timecode, "audio": _audio(header.audio, reel.content.audio),
    }  # fmt: skip


def _audio(headers: Sequence[AudioHeader], contents: Sequence[AudioContent]) -> str:
    return "; ".join(
        f"{header.codec} {header.sample_rate} Hz {header.channels} ch, {content.samples} samples"
        for header, content in zip(headers, contents, strict=True)
    )


def _change(subject: RestoredReel) -> dict[str, object]:
    source_type = source_type_of(subject)
    return {
        "recipe": subject.treatment.recipe_name,
        "treatment_sha256": subject.treatment.treatment_id,
        "digital_source_type": source_type.uri, "change": source_type.change,
        "changed_share": f"{subject.changed_share:.6f}", "shots": len(subject.shots),
        "shots_original_kept": sum(s.status == "original kept" for s in subject.listed_shots),
        "disclosures": " | ".join(subject.reel.disclosures),
        "restored_at": subject.written_at,
    }  # fmt: skip
