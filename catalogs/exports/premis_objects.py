"""Objects of a PREMIS document: the reel, its source, the derivative and its files."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from catalogs.exports.formats import GZIP, MATROSKA, MP4, Format, sound_format, source_format
from catalogs.exports.premis_events import PremisEvent
from catalogs.exports.premis_names import (
    derivative,
    file_object,
    reel_entity,
    sound_object,
    source_object,
)
from catalogs.exports.premis_xml import (
    SCHEMA_INSTANCE,
    Identifier,
    add,
    add_identifier,
    add_property,
    add_term,
)
from catalogs.exports.source_type import source_type_of
from catalogs.exports.subject import ExportedFile, RestoredReel

_FORMATS = {
    "restored master": (MATROSKA, "FFV1 video"),
    "access copy": (MP4, "H.264 video"),
    "change map": (MATROSKA, "FFV1 video; (restored - source + half) mod 2**depth"),
    "signal report": (GZIP, "XML of signalstats, frame by frame, as QCTools reads it"),
}


def write_objects(root: Element, subject: RestoredReel, events: Sequence[PremisEvent]) -> None:
    """Append every object, each linked to its events."""
    _write_entity(root, subject)
    _write_source(root, subject, events)
    if subject.reel.content.sound_sha256:
        _write_sound(root, subject, subject.reel.content.sound_sha256)
    _write_derivative(root, subject, events)
    for file in subject.files:
        _write_file(root, subject, file, events)


def _object(root: Element, category: str, *identifiers: Identifier) -> Element:
    element = add(root, "object")
    element.set(f"{{{SCHEMA_INSTANCE}}}type", category)
    for identifier in identifiers:
        add_identifier(element, "objectIdentifier", identifier)
    return element


def _write_entity(root: Element, subject: RestoredReel) -> None:
    catalog = subject.reel.catalog
    archive = Identifier("archive identifier", catalog.identifier)
    element = _object(root, "intellectualEntity", reel_entity(subject), archive)
    add_property(element, "title", catalog.title)
    add_property(element, "reel", f"{catalog.reel_number} of {catalog.reel_count}")
    for name in ("date", "gauge", "colour", "sound"):
        add_property(element, name, getattr(catalog, name))
    _relate(element, "structural", "is represented by", source_object(subject))
    _relate(element, "structural", "is represented by", derivative(subject))


def _write_source(root: Element, subject: RestoredReel, events: Sequence[PremisEvent]) -> None:
    reel = subject.reel
    sequence = reel.header.sequence
    element = _object(root, "representation" if sequence else "file", source_object(subject))
    _write_picture(element, subject, 0 if reel.content.sound_sha256 else len(reel.header.audio))
    if sequence is not None:
        add_property(element, "format", source_format(reel).name)
        add_property(element, "files", len(sequence))
        add_property(element, "sha256 of the files' sha256, one a line", reel.content.sha256)
        add_property(element, "size in bytes", reel.content.picture_bytes)
    else:
        characteristics = add(element, "objectCharacteristics")
        _write_fixity(characteristics, reel.content.sha256, reel.content.picture_bytes)
        _write_format(characteristics, source_format(reel), f"{reel.header.codec} video")
    add(element, "originalName", reel.catalog.path)
    _relate(element, "structural", "represents", reel_entity(subject))
    _relate(element, "derivation", "is source of", derivative(subject))
    _link_events(element, source_object(subject), events)


def _write_sound(root: Element, subject: RestoredReel, sha256: str) -> None:
    reel = subject.reel
    element = _object(root, "file", sound_object(subject))
    add_property(element, "role", "sound")
    characteristics = add(element, "objectCharacteristics")
    _write_fixity(characteristics, sha256, reel.content.sound_bytes)
    codecs = ", ".join(audio.codec for audio in reel.header.audio)
    _write_format(characteristics, sound_format(reel), codecs)
    add(element, "originalName", reel.catalog.sound_path)
    _relate(element, "structural", "represents", reel_entity(subject))
    _relate(element, "derivation", "is source of", derivative(subject))


def _write_derivative(root: Element, subject: RestoredReel, events: Sequence[PremisEvent]) -> None:
    element = _object(root, "representation", derivative(subject))
    source_type = source_type_of(subject)
    add_property(element, "digitalSourceType", source_type.uri)
    add_property(element, "change to the picture", source_type.change)
    add_property(element, "share of samples altered", f"{subject.changed_share:.6f}")
    add_property(element, "recipe", subject.treatment.recipe_name)
    add_property(element, "treatment", subject.treatment.treatment_id)
    for disclosure in subject.reel.disclosures:
        add_property(element, "disclosure", disclosure)
    _relate(element, "structural", "represents", reel_entity(subject))
    _relate(element, "structural", "includes", *(file_object(file) for file in subject.files))
    sound = [sound_object(subject)] if subject.reel.content.sound_sha256 else []
    _relate(element, "derivation", "has source", source_object(subject), *sound)
    _link_events(element, derivative(subject), events)


def _write_file(
    root: Element, subject: RestoredReel, file: ExportedFile, events: Sequence[PremisEvent]
) -> None:
    element = _object(root, "file", file_object(file))
    add_property(element, "role", file.role)
    if file.role == "restored master":
        _write_picture(element, subject, len(subject.reel.header.audio))
    characteristics = add(element, "objectCharacteristics")
    _write_fixity(characteristics, file.sha256, file.size_bytes)
    _write_format(characteristics, *_FORMATS[file.role])
    application = add(characteristics, "creatingApplication")
    name, _, version = subject.assembled_by.partition(",")[0].partition(" ")
    add(application, "creatingApplicationName", name)
    add(application, "creatingApplicationVersion", version)
    add(application, "dateCreatedByApplication", subject.written_at.replace("+00:00", "Z"))
    add(element, "originalName", file.name)
    _relate(element, "structural", "is included in", derivative(subject))
    source = source_object(subject)
    if file.role in ("access copy", "signal report"):
        source = file_object(subject.file("restored master"))
    _relate(element, "derivation", "has source", source)
    _link_events(element, file_object(file), events)


def _write_picture(element: Element, subject: RestoredReel, audio_streams: int) -> None:
    """What must survive: frames, rate, size, samples, colour tags, timecode, sound."""
    reel = subject.reel
    header, colour = reel.header, reel.header.colour
    add_property(element, "frame count", reel.content.frame_count)
    add_property(element, "frame rate", f"{reel.frame_rate} ({reel.frame_rate_source})")
    add_property(element, "width", header.picture.width)
    add_property(element, "height", header.picture.height)
    add_property(element, "pixel format", header.picture.pixel_format)
    add_property(element, "sample aspect ratio", header.sample_aspect)
    for name in ("range", "matrix", "primaries", "transfer"):
        add_property(element, f"colour {name}", getattr(colour, name))
    add_property(element, "chroma siting", colour.siting)
    add_property(element, "timecode", header.timecode)
    for name, value in header.picture_tags:
        add_property(element, name.replace("_", " "), value)
    add_property(element, "audio streams", audio_streams)


def _write_fixity(characteristics: Element, sha256: str, size_bytes: int) -> None:
    fixity = add(characteristics, "fixity")
    add_term(fixity, "messageDigestAlgorithm", "SHA-256", "cryptographicHashFunctions")
    add(fixity, "messageDigest", sha256)
    add(characteristics, "size", str(size_bytes))


def _write_format(characteristics: Element, kind: Format, note: str) -> None:
    element = add(characteristics, "format")
    add(add(element, "formatDesignation"), "formatName", kind.name)
    if kind.pronom:
        registry = add(element, "formatRegistry")
        add(registry, "formatRegistryName", "PRONOM")
        add(registry, "formatRegistryKey", kind.pronom)
    add(element, "formatNote", note)


def _relate(element: Element, kind: str, sub_kind: str, *things: Identifier) -> None:
    relation = add(element, "relationship")
    add_term(relation, "relationshipType", kind, "relationshipType")
    add_term(relation, "relationshipSubType", sub_kind, "relationshipSubType")
    for thing in things:
        add_identifier(relation, "relatedObjectIdentifier", thing)


def _link_events(element: Element, thing: Identifier, events: Sequence[PremisEvent]) -> None:
    for event in events:
        if any(link.thing == thing for link in event.objects):
            add_identifier(element, "linkingEventIdentifier", event.identifier)
