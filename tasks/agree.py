"""Agree: what the header claims, what the catalog says and what the operator chose.

Nothing is decoded. Where they contradict each other the reel is held with both values;
what was chosen or is in doubt is disclosed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from catalogs.errors import SourceError
from catalogs.records import CatalogReel, RateSource
from catalogs.source import Header
from tasks.find import FoundSource
from tasks.media.fields import may_hide_fields, seen_field_order
from tasks.media.probe import probe, probe_sequence, probe_sound
from tasks.media.sequence import check_sequence, unexpected_gaps
from tasks.rate import resolve_rate


@dataclass(frozen=True)
class Agreement:
    """How a source will be read, and what a reader of the report must know of it."""

    header: Header
    frame_rate: Fraction
    frame_rate_source: RateSource
    disclosures: tuple[str, ...] = ()


def agree(catalog: CatalogReel, source: FoundSource) -> Agreement:
    """Probe a source and compare header, catalog and operator.

    Raises:
        SourceError: they contradict each other, the picture is of a kind that is not
            restored without a choice of the operator, or files of a sequence are missing,
            damaged or of different kinds.
        MediaError: ffprobe cannot read the source at all.
    """
    notes: list[str] = [
        f"the catalog is not sure of its {field.replace('_', ' ')}" for field in catalog.uncertain
    ]
    if source.sequence is not None:
        header = _sequence_header(catalog, source, notes)
    else:
        header = probe(source.path)
    if source.sound is not None:
        header = _with_sound(catalog, header, source.sound, notes)
    _check_catalog(catalog, header)
    notes += _reading_notes(header)
    if catalog.sound == "sound" and not header.audio:
        notes.append(
            "the catalog says sound; an image sequence has none, unless sound_path names it"
        )
    header = _choose_scan(catalog, _with_fields(catalog, source, header, notes), notes)
    rate, rate_source = resolve_rate(catalog, header, notes)
    return Agreement(header, rate, rate_source, tuple(notes))


def _sequence_header(catalog: CatalogReel, source: FoundSource, notes: list[str]) -> Header:
    assert source.sequence is not None  # the caller asked
    if catalog.checksum is not None:
        raise SourceError(
            f"{catalog.path}: field checksum is of one file and this is an image sequence; leave "
            "it empty, every file's hash is recorded at ingest"
        )
    if gaps := unexpected_gaps(source.sequence, catalog.missing_frames):
        raise SourceError(
            f"{catalog.path}: frames {_runs(gaps)} are missing; restore them, or name them in the "
            "catalog's field missing_frames"
        )
    sequence, said = check_sequence(source.path, source.sequence)
    notes += said
    if sequence.gaps:
        notes.append(f"frames {_runs(sequence.gaps)} are missing, as the catalog says")
    return probe_sequence(source.path, sequence)


def _with_sound(catalog: CatalogReel, header: Header, sound: Path, notes: list[str]) -> Header:
    """A picture without sound, and the file of its sound: both begin with the first frame."""
    if header.audio:
        raise SourceError(
            f"{catalog.path}: has sound of its own, and the catalog's field sound_path names "
            f"{catalog.sound_path}; leave the field empty, or re-wrap the picture without sound"
        )
    notes.append(f"the sound is {catalog.sound_path}, taken to begin with the first frame")
    return replace(header, audio=probe_sound(sound))


def _reading_notes(header: Header) -> Iterator[str]:
    """What is in the source and will look different in the restored reel."""
    if header.alpha:
        yield "the source has an alpha plane, opaque throughout; it is left out"
    if header.left_out:
        yield f"not carried into the restored reel: {', '.join(header.left_out)}"
    if header.shown is not None:
        width, height = header.shown
        picture = header.picture
        yield (
            f"the container asks to show {width}x{height} of {picture.width}x{picture.height}; "
            "the restored reel holds and shows all of it"
        )


def _runs(runs: tuple[tuple[int, int], ...]) -> str:
    words = [str(first) if first == last else f"{first} to {last}" for first, last in runs]
    more = f" and {len(words) - 5} more ranges" if len(words) > 5 else ""
    return ", ".join(words[:5]) + more


def _check_catalog(catalog: CatalogReel, header: Header) -> None:
    if catalog.sound == "silent" and header.audio:
        raise SourceError(
            f"{catalog.path}: the catalog says silent, the file has {len(header.audio)} audio "
            "stream(s); correct one of them"
        )
    if catalog.sound == "sound" and not header.audio and header.sequence is None:
        raise SourceError(
            f"{catalog.path}: the catalog says sound, the file has none; correct one of them"
        )
    if catalog.colour not in (None, "black and white") and header.picture.layout == "gray":
        raise SourceError(
            f"{catalog.path}: the catalog says {catalog.colour}, the file has no colour; correct "
            "one of them"
        )


def _with_fields(
    catalog: CatalogReel, source: FoundSource, header: Header, notes: list[str]
) -> Header:
    """Look at the picture where the header does not say whether it is interlaced."""
    if source.sequence is not None or catalog.scan == "progressive":
        return header
    if not may_hide_fields(header):
        return header
    seen = seen_field_order(source.path, header)
    if seen != "progressive":
        looks = "cannot be told: nothing moves" if seen == "unknown" else f"looks {seen}"
        notes.append(f"the header does not say whether it is interlaced; it {looks}")
    return replace(header, field_order=seen)


def _choose_scan(catalog: CatalogReel, header: Header, notes: list[str]) -> Header:
    """Interlaced picture is read as the operator chose, never by itself."""
    if not header.interlaced:
        if catalog.scan == "deinterlace":
            raise SourceError(
                f"{catalog.path}: scan says deinterlace, the header says {header.field_order}; "
                "leave the field empty or re-wrap the file with its field order"
            )
        return header
    if catalog.scan is None:
        raise SourceError(
            f"{catalog.path}: interlaced picture; choose with the catalog's field scan or with "
            "--scan: 'progressive' if each frame is one moment of the film, or 'deinterlace'"
        )
    if catalog.scan == "progressive":
        notes.append("the header says interlaced; frames are taken as they are, by choice")
        return header
    notes.append("deinterlaced by choice (bwdif, one frame a pair of fields) before restoration")
    return replace(header, deinterlaced=True)
