"""Events of a PREMIS document: from the ledger, from each shot's record, from this export.

Event types follow http://id.loc.gov/vocabulary/preservation/eventType where one of its
terms fits: restoring a shot is a "modification", finding shots a "metadata extraction",
assembling a "creation". It has no term for an approval or an allowance, nor for a shot that
was left as it was; those keep our word and carry no authority.
"""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from catalogs.exports.premis_names import (
    derivative,
    file_object,
    person_agent,
    software_agent,
    source_object,
    step_agent,
)
from catalogs.exports.premis_xml import Identifier, add, add_identifier, add_term
from catalogs.exports.subject import ExportedFile, RecordedEvent, RestoredReel, ShotRecord, utc

# Our word -> the vocabulary's term and code.
TERMS = {
    "ingestion": ("ingestion", "ing"),
    "shot detection": ("metadata extraction", "mee"),
    "shot list correction": ("metadata modification", "mem"),
    "restoration": ("modification", "mod"),
    "assembly": ("creation", "cre"),
    "validation": ("validation", "val"),
    "fixity check": ("fixity check", "fix"),
}
# Events whose agent is a person, and the person's part in them.
PERSONS = {
    "allowance": "authorizer",
    "approval": "authorizer",
    "shot list correction": "implementer",
}


@dataclass(frozen=True)
class AgentLink:
    """An agent and its part in an event."""

    agent: Identifier
    role: str = "executing program"


@dataclass(frozen=True)
class ObjectLink:
    """An object and its part in an event: "source" or "outcome"."""

    thing: Identifier
    role: str


@dataclass(frozen=True)
class PremisEvent:
    """An event, ready to be written; `moment` is ISO 8601 or EDTF."""

    identifier: Identifier
    event: str
    moment: str
    detail: str
    outcome: str
    agents: tuple[AgentLink, ...]
    objects: tuple[ObjectLink, ...]
    note: str = ""


def premis_events(subject: RestoredReel) -> tuple[PremisEvent, ...]:
    """Every event of the reel, oldest first."""
    events = [_recorded(subject, event) for event in subject.events]
    events += [_shot(subject, record) for record in subject.shots]
    events += [_validation(subject), _fixity_check(subject)]
    return tuple(sorted(events, key=lambda event: (event.moment, event.identifier.value)))


def write_event(root: Element, event: PremisEvent) -> None:
    """Append the event to the document."""
    element = add(root, "event")
    add_identifier(element, "eventIdentifier", event.identifier)
    term, code = TERMS.get(event.event, (event.event, ""))
    if code:
        add_term(element, "eventType", term, "eventType", code)
    else:
        add(element, "eventType", term)
    add(element, "eventDateTime", event.moment)
    if event.detail:
        add(add(element, "eventDetailInformation"), "eventDetail", event.detail)
    outcome = add(element, "eventOutcomeInformation")
    add(outcome, "eventOutcome", event.outcome)
    if event.note:
        add(add(outcome, "eventOutcomeDetail"), "eventOutcomeDetailNote", event.note)
    for agent in event.agents:
        link = add_identifier(element, "linkingAgentIdentifier", agent.agent)
        add_term(link, "linkingAgentRole", agent.role, "eventRelatedAgentRole")
    for thing in event.objects:
        link = add_identifier(element, "linkingObjectIdentifier", thing.thing)
        add_term(link, "linkingObjectRole", thing.role, "eventRelatedObjectRole")


def _recorded(subject: RestoredReel, event: RecordedEvent) -> PremisEvent:
    if role := PERSONS.get(event.event):
        agent = AgentLink(person_agent(event.agent), role)
    else:
        agent = AgentLink(software_agent(event.agent))
    return PremisEvent(
        identifier=Identifier("wetgate event", event.record_id),
        event=event.event,
        moment=utc(event.recorded_at),
        detail=event.detail,
        outcome=event.outcome,
        agents=(agent,),
        objects=_touched(subject, event),
    )


def _touched(subject: RestoredReel, event: RecordedEvent) -> tuple[ObjectLink, ...]:
    """The objects that an event is about; none for a restored shot, which is no object here."""
    source = ObjectLink(source_object(subject), "source")
    if event.subject == subject.reel.reel_id:
        return (source,)
    if event.subject != subject.derivative_id:
        return ()
    made = (derivative(subject), *map(file_object, _files_of(subject, event)))
    if event.event == "assembly":
        return (source, *(ObjectLink(thing, "outcome") for thing in made))
    return tuple(ObjectLink(thing, "source") for thing in made)


def _files_of(subject: RestoredReel, event: RecordedEvent) -> tuple[ExportedFile, ...]:
    """The files that an event is about: not those made after it, nor those that were well."""
    if event.event == "approval":
        return (subject.file("restored master"),)
    made = subject.assembled
    if made is not None and event.recorded_at < made.recorded_at:
        return ()
    if event.outcome == "failure":
        return tuple(file for file in subject.files if file.name in event.detail)
    return subject.files


def _shot(subject: RestoredReel, record: ShotRecord) -> PremisEvent:
    shot = record.shot
    frames = f"frames {shot.start_frame} to {shot.stop_frame - 1}"
    restored = shot.status == "restored"
    ran = {step.name for step in record.steps}
    shares = ", ".join(f"{s.name} {s.version}: {s.changed_share:.6f}" for s in record.steps)
    treatment = subject.treatment.of(shot.start_frame)
    steps = tuple(s for s in treatment.steps if restored and s.name in ran)
    return PremisEvent(
        identifier=Identifier("wetgate event", record.record_id),
        event="restoration" if restored else "original kept",
        moment=utc(record.restored_at),
        detail=f"{frames} of {subject.reel.reel_id}, on {record.device}",
        outcome=str(shot.status),
        note=shot.reason
        or f"share of samples altered: {shot.changed_share:.6f}"
        + (f" ({shares})" if shares else ""),
        agents=(
            AgentLink(software_agent(record.software)),
            *(AgentLink(agent) for agent in dict.fromkeys(step_agent(s) for s in steps)),
        ),
        objects=(
            ObjectLink(source_object(subject), "source"),
            ObjectLink(file_object(subject.file("restored master")), "outcome"),
        ),
    )


def _validation(subject: RestoredReel) -> PremisEvent:
    return PremisEvent(
        identifier=Identifier("wetgate event", f"{subject.derivative_id}#validation"),
        event="validation",
        moment=subject.written_at.replace("+00:00", "Z"),
        detail="compared with the plan after writing: " + ", ".join(subject.verified),
        outcome="success",
        agents=(AgentLink(software_agent(subject.assembled_by)),),
        objects=tuple(ObjectLink(file_object(file), "source") for file in subject.files),
    )


def _fixity_check(subject: RestoredReel) -> PremisEvent:
    moment = utc(subject.checked_at)
    return PremisEvent(
        identifier=Identifier("wetgate event", f"{subject.derivative_id}#fixity-{moment}"),
        event="fixity check",
        moment=moment,
        detail="sha256 of every file compared with the manifest of the restored reel",
        outcome="success",
        agents=(AgentLink(software_agent(subject.software)),),
        objects=tuple(ObjectLink(file_object(file), "source") for file in subject.files),
    )
