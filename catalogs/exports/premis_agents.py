"""Agents of a PREMIS document: software, steps with their weights, persons."""

import json
from collections.abc import Sequence
from xml.etree.ElementTree import Element

from catalogs.exports.premis_events import PremisEvent
from catalogs.exports.premis_names import person_agent, software_agent, step_agent
from catalogs.exports.premis_xml import Identifier, add, add_identifier, add_term
from catalogs.exports.subject import RestoredReel
from catalogs.recipe import TreatmentStep


def write_agents(root: Element, subject: RestoredReel, events: Sequence[PremisEvent]) -> None:
    """Every agent that an event names, once, in a steady order."""
    used = {link.agent for event in events for link in event.agents}
    lines = {subject.software}
    lines |= {record.software for record in subject.shots}
    lines |= {event.agent for event in subject.events}
    for line in sorted(lines):
        if software_agent(line) in used:
            _write_software(root, line)
    for step in dict.fromkeys(step_agent(step) for step in subject.treatment.steps):
        if step in used:
            _write_step(root, _step_of(subject, step))
    for person in sorted(agent.value for agent in used if agent.kind == "person"):
        _add_agent(root, person_agent(person), person, "person")


def _step_of(subject: RestoredReel, agent: Identifier) -> TreatmentStep:
    return next(step for step in subject.treatment.steps if step_agent(step) == agent)


def _add_agent(root: Element, identifier: Identifier, name: str, kind: str) -> Element:
    element = add(root, "agent")
    add_identifier(element, "agentIdentifier", identifier)
    add(element, "agentName", name)
    add_term(element, "agentType", kind, "agentType")
    return element


def _write_software(root: Element, line: str) -> None:
    name, _, version = line.partition(",")[0].partition(" ")
    element = _add_agent(root, software_agent(line), name, "software")
    if version:
        add(element, "agentVersion", version)
    add(element, "agentNote", line)


def _write_step(root: Element, step: TreatmentStep) -> None:
    element = _add_agent(root, step_agent(step), step.name, "software")
    add(element, "agentVersion", str(step.version))
    parameters = json.dumps(dict(sorted(step.parameters.items())), ensure_ascii=False)
    add(element, "agentNote", f"parameters: {parameters}")
    if step.weights_sha256:
        add(element, "agentNote", f"weights sha256: {step.weights_sha256}")
    if step.model:
        add(element, "agentNote", f"registered model: {step.model}, licence: {step.licence}")
