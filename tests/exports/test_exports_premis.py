"""PREMIS 3: valid against the schema, and true."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
import xmlschema

from catalogs.exports.catalog_csv import catalog_csv
from catalogs.exports.premis import premis_document
from catalogs.exports.subject import FileRole, RecordedEvent, RestoredReel
from catalogs.fixity import sha256_file
from catalogs.recipe import Treatment, TreatmentStep
from catalogs.records import Reel, StepOutcome
from catalogs.rows import event_row
from catalogs.sequence import ImageSequence
from catalogs.store import Store
from tasks.export.formats import approve, write_export
from tasks.export.gather import with_newest_events

FinishReel = Callable[..., Reel]
Gather = Callable[[Reel], RestoredReel]

P = "{http://www.loc.gov/premis/v3}"
# Children in the order of the schema, for those elements where it is easy to get wrong.
ORDER = {
    "object": "objectIdentifier significantProperties objectCharacteristics originalName "
    "relationship linkingEventIdentifier",
    "objectCharacteristics": "fixity size format creatingApplication",
    "event": "eventIdentifier eventType eventDateTime eventDetailInformation "
    "eventOutcomeInformation linkingAgentIdentifier linkingObjectIdentifier",
    "agent": "agentIdentifier agentName agentType agentVersion agentNote",
    "premis": "object event agent",
}


@pytest.fixture
def subject(finish_reel: FinishReel, gather: Gather) -> RestoredReel:
    return gather(finish_reel())


def parsed(subject: RestoredReel) -> Element:
    return ElementTree.fromstring(premis_document(subject))


def texts(root: Element, path: str) -> list[str]:
    return [e.text or "" for e in root.iterfind(".//" + "/".join(P + p for p in path.split("/")))]


def test_it_is_valid_against_the_schema_of_the_library_of_congress(
    subject: RestoredReel, store: Store, premis_schema: xmlschema.XMLSchema
) -> None:
    for reel in (subject, approve(store, subject, "A. Curator")):
        text = premis_document(reel).decode()
        assert [str(error.reason) for error in premis_schema.iter_errors(text)] == []


def test_the_schema_refuses_what_is_wrong(
    subject: RestoredReel, premis_schema: xmlschema.XMLSchema
) -> None:
    text = premis_document(subject).decode()
    for wrong in (text.replace('"3.0"', '"2.0"'), text.replace("eventDateTime", "when")):
        assert not premis_schema.is_valid(wrong)


def test_an_image_sequence_is_a_representation_and_valid(
    subject: RestoredReel, premis_schema: xmlschema.XMLSchema
) -> None:
    sequence = ImageSequence("dpx", "f.", ".dpx", 4, ((1, 2000),))
    header = replace(subject.reel.header, sequence=sequence)
    scanned = replace(subject, reel=replace(subject.reel, header=header))
    assert premis_schema.is_valid(premis_document(scanned).decode())
    assert "2000" in texts(parsed(scanned), "significantPropertiesValue")


def test_children_stand_in_the_order_of_the_data_dictionary(subject: RestoredReel) -> None:
    """Holds without the schema at hand as well."""
    for parent, order in ORDER.items():
        names = order.split()
        for element in parsed(subject).iter(P + parent):
            places = [names.index(child.tag.removeprefix(P)) for child in element]
            assert places == sorted(places), parent


def test_every_link_leads_to_something(subject: RestoredReel) -> None:
    root = parsed(subject)
    for kind, here in (("Event", "event"), ("Agent", "agent"), ("Object", "object")):
        known = set(texts(root, f"{here}Identifier/{here}IdentifierValue"))
        linked = texts(root, f"linking{kind}Identifier/linking{kind}IdentifierValue")
        if kind == "Object":
            linked += texts(root, "relatedObjectIdentifier/relatedObjectIdentifierValue")
        assert linked and set(linked) <= known


def test_hashes_and_sizes_are_those_of_source_and_files(subject: RestoredReel) -> None:
    root = parsed(subject)
    expected = [subject.reel.content.sha256, *(file.sha256 for file in subject.files)]
    assert sorted(texts(root, "messageDigest")) == sorted(expected)
    sizes = [12345, *(file.size_bytes for file in subject.files)]
    assert sorted(map(int, texts(root, "size"))) == sorted(sizes)


def test_steps_are_agents_with_version_and_weights(subject: RestoredReel) -> None:
    agents = {
        agent.findtext(P + "agentName"): [note.text for note in agent.iterfind(P + "agentNote")]
        for agent in parsed(subject).iter(P + "agent")
    }
    assert set(agents) == {"wetgate", "deflicker", "dirt"}
    weights = subject.treatment.steps[1].weights_sha256
    assert agents["dirt"] == ['parameters: {"threshold": 0.06}', f"weights sha256: {weights}"]
    assert agents["deflicker"] == ['parameters: {"largest_gain": 1.6}']


def test_one_file_of_weights_under_two_names_is_two_agents_with_their_licences(
    subject: RestoredReel, premis_schema: xmlschema.XMLSchema
) -> None:
    step = TreatmentStep("model", 2, {"noise": 0.1}, "ab" * 32, model="grain@1", licence="MIT")
    other = replace(step, model="free@7", licence="CC BY-NC 4.0")
    used = replace(subject, treatment=Treatment("two", (step, other)))
    ran = StepOutcome("model", 2, "damage", 0.5)
    used = replace(used, shots=tuple(replace(one, steps=(ran,)) for one in used.shots))
    root = parsed(used)
    assert premis_schema.is_valid(premis_document(used).decode())
    notes = [t for t in texts(root, "agentNote") if t.startswith("registered model")]
    assert notes == [
        "registered model: grain@1, licence: MIT",
        "registered model: free@7, licence: CC BY-NC 4.0",
    ]


def test_a_kept_original_is_no_modification_and_says_why(subject: RestoredReel) -> None:
    root = parsed(subject)
    types = texts(root, "event/eventType")
    assert types.count("modification") == 2
    assert types.count("original kept") == 1
    assert "too dark \ufffd to restore" in texts(root, "eventOutcomeDetailNote")


def test_events_of_other_reels_stay_out(subject: RestoredReel) -> None:
    assert texts(parsed(subject), "event/eventType").count("ingestion") == 1


def test_an_approval_names_the_person_and_stays(subject: RestoredReel, store: Store) -> None:
    approved = approve(store, subject, "A. Curator")
    again = approve(store, with_newest_events(store, subject), "A. Curator")
    assert [e.event for e in again.events].count("approval") == 1
    root = parsed(approved)
    people = [a for a in root.iter(P + "agent") if a.findtext(P + "agentType") == "person"]
    assert [a.findtext(P + "agentName") for a in people] == ["A. Curator"]


def test_an_approval_of_another_master_does_not_count(subject: RestoredReel, store: Store) -> None:
    approve(store, subject, "A. Curator")
    files = tuple(replace(file, sha256="1" * 64) for file in subject.files)
    rebuilt = with_newest_events(store, replace(subject, files=files))
    assert "approval" not in {event.event for event in rebuilt.events}


def event(
    subject: RestoredReel, name: str, thing: str, outcome: str, detail: str, minutes: int
) -> RecordedEvent:
    moment = subject.events[-1].recorded_at + timedelta(minutes=minutes)
    return RecordedEvent(f"{name}{minutes}", moment, name, thing, outcome, detail, "wetgate 9")


def linked(subject: RestoredReel, record_id: str) -> list[str]:
    """What an event of a document is linked to."""
    for element in parsed(subject).iter(P + "event"):
        if record_id in texts(element, "eventIdentifierValue"):
            return texts(element, "linkingObjectIdentifierValue")
    raise AssertionError(f"no event {record_id}")


def test_an_event_is_linked_to_what_it_is_about_and_to_nothing_else(subject: RestoredReel) -> None:
    """A shot's damage is not the source's; nobody approved a file that was made later."""
    made, (_, access, change) = subject.derivative_id, sorted_files(subject)
    master = subject.file("restored master").name
    shot = f"{subject.reel.reel_id}/0000000-0000040"
    events = (
        event(subject, "fixity check", shot, "failure", "shot differs", 1),
        event(subject, "fixity check", made, "failure", f"1 of 3 files: {access} (changed)", 2),
        event(subject, "approval", made, "approved", "master", 3),
        event(subject, "fixity check", made, "success", "3 files", 4),
        event(subject, "assembly", made, "success", "", 5),
        event(subject, "fixity check", made, "success", "3 files", 6),
    )
    told = replace(subject, events=(*subject.events, *events))
    assert linked(told, "fixity check1") == []
    assert linked(told, "fixity check2") == [made]  # its files are those of the later assembly
    assert linked(told, "approval3") == [made, master]
    assert linked(told, "fixity check4") == [made]
    assert set(linked(told, "assembly5")) == {
        f"{subject.reel.reel_id}/source", made, master, access, change
    }  # fmt: skip
    assert set(linked(told, "fixity check6")) == {made, master, access, change}
    damaged = event(subject, "fixity check", made, "failure", f"1 of 3 files: {access} (x)", 7)
    told = replace(told, events=(*told.events, damaged))
    assert linked(told, "fixity check7") == [made, access]
    assert told.assembled_by == "wetgate 9"


def sorted_files(subject: RestoredReel) -> list[str]:
    roles: tuple[FileRole, ...] = ("restored master", "access copy", "change map")
    return [subject.file(role).name for role in roles]


def test_what_happened_to_an_earlier_source_stays_out(
    finish_reel: FinishReel, gather: Gather, make_record: Callable[..., Reel], store: Store
) -> None:
    reel = make_record()
    earlier = "9" * 64
    rows = [
        event_row("ingestion", reel.reel_id, "success", f"24 frames, sha256 {earlier}", "wetgate"),
        event_row("fixity check", reel.reel_id, "failure", f"sha256 was {earlier}", "wetgate"),
    ]
    store.ledger("before").append("events", "before", rows)
    now = f"2000 frames, sha256 {reel.content.sha256}"
    row = event_row("ingestion", reel.reel_id, "success", now, "wetgate")
    store.ledger("between").append("events", "between", [row])
    text = premis_document(gather(finish_reel(reel))).decode()
    assert earlier not in text
    assert now in text


def test_equal_subjects_give_equal_bytes(subject: RestoredReel) -> None:
    other = replace(subject, checked_at=datetime(2031, 1, 1, tzinfo=UTC))
    assert premis_document(subject) == premis_document(replace(subject))
    assert premis_document(subject) != premis_document(other)


def test_a_rate_stays_a_fraction(
    finish_reel: FinishReel, gather: Gather, make_record: Callable[..., Reel]
) -> None:
    subject = gather(finish_reel(make_record("B", Fraction(24000, 1001))))
    assert "24000/1001 (catalog)" in texts(parsed(subject), "significantPropertiesValue")


def test_the_file_is_written_whole(subject: RestoredReel, tmp_path: Path) -> None:
    path = write_export("premis", subject, tmp_path / "out")
    assert path == tmp_path / "out" / subject.derivative_id / "premis.xml"
    assert [p.name for p in path.parent.iterdir()] == ["premis.xml"]
    assert path.read_bytes() == premis_document(subject)


def test_the_sidecar_is_a_file_of_the_derivative_made_from_the_master(
    finish_reel: FinishReel, gather: Gather, store: Store, premis_schema: xmlschema.XMLSchema
) -> None:
    reel = finish_reel()
    (manifest,) = store.root.glob("reels/A-1.r1/*/manifest.json")
    said = json.loads(manifest.read_text())
    master = next(n for n in said["files"] if n.endswith(".mkv") and ".change" not in n)
    sidecar = manifest.parent / f"{master}.qctools.xml.gz"
    sidecar.write_bytes(b"signal")
    said["files"][sidecar.name] = {"bytes": 6, "sha256": sha256_file(sidecar)}
    manifest.write_text(json.dumps(said))
    subject = gather(reel)
    document = premis_document(subject).decode()
    premis_schema.validate(document)
    assert "GZIP Format" in document and document.count(sidecar.name) > 1
    sidecar.write_bytes(b"another")
    assert len(gather(reel).files) == 3, "one that is not as recorded stays behind"


def test_exports_name_the_sound_file(
    finish_reel: FinishReel, make_record: Callable[..., Reel],
    gather: Gather, premis_schema: xmlschema.XMLSchema,
) -> None:  # fmt: skip
    record = make_record()
    digest = "ab" * 32
    reel = replace(
        record,
        catalog=replace(record.catalog, sound_path="box/a.wav"),
        content=replace(record.content, sound_sha256=digest, sound_bytes=345),
    )
    subject = gather(finish_reel(reel))
    text = premis_document(subject).decode()
    assert [str(error.reason) for error in premis_schema.iter_errors(text)] == []
    assert text.count(digest) == 1
    assert text.count("<size>345</size>") == text.count("<size>12000</size>") == 1
    assert text.count("/sound</relatedObjectIdentifierValue>") == 1
    streams = "<significantPropertiesType>audio streams</significantPropertiesType>"
    said = [part.partition("Value>")[2][0] for part in text.split(streams)[1:]]
    assert said == ["0", "1"]  # the picture of the source has none, the restored master has
    rows = catalog_csv([subject]).splitlines()
    cells = dict(zip(rows[0].split(","), rows[1].split(","), strict=False))
    assert (cells["sound_path"], cells["sound_sha256"]) == ("box/a.wav", digest)
    assert (cells["source_bytes"], cells["sound_bytes"]) == ("12000", "345")
