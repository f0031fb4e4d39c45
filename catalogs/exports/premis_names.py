"""What objects and agents are called in a PREMIS document."""

import hashlib
import json

from catalogs.exports.premis_xml import Identifier, local
from catalogs.exports.subject import ExportedFile, RestoredReel
from catalogs.recipe import TreatmentStep


def reel_entity(subject: RestoredReel) -> Identifier:
    """The reel as an intellectual entity."""
    return local(subject.reel.reel_id)


def source_object(subject: RestoredReel) -> Identifier:
    """What was ingested: a file, or the files of an image sequence."""
    return local(f"{subject.reel.reel_id}/source")


def sound_object(subject: RestoredReel) -> Identifier:
    """The file of a reel's sound, where that lies beside the picture."""
    return local(f"{subject.reel.reel_id}/sound")


def derivative(subject: RestoredReel) -> Identifier:
    """The restored derivative as a representation."""
    return local(subject.derivative_id)


def file_object(file: ExportedFile) -> Identifier:
    """A file of the derivative; its name holds the derivative's identifier."""
    return local(file.name)


def software_agent(software: str) -> Identifier:
    """An environment of programs; other versions of any of them are another agent."""
    return Identifier("software", f"{software.partition(',')[0]} #{_short_hash(software)}")


def step_agent(step: TreatmentStep) -> Identifier:
    """A step of restoration in one version, with its parameters, weights and registered model.

    The same weights under two names are two agents: each has its own licence.
    """
    facts = [step.name, step.version, sorted(step.parameters.items()), step.weights_sha256]
    if step.model:
        facts += [step.model, step.licence]
    name = f"{step.name} {step.version} #{_short_hash(json.dumps(facts))}"
    return Identifier("restoration step", name)


def person_agent(name: str) -> Identifier:
    """A person, by name."""
    return Identifier("person", name)


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
