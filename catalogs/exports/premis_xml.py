"""Elements of PREMIS 3, and its identifiers."""

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

NAMESPACE = "http://www.loc.gov/premis/v3"
SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
VOCABULARIES = "http://id.loc.gov/vocabulary/preservation/"

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Identifier:
    """Type and value, the form of every identifier in PREMIS."""

    kind: str
    value: str


def local(value: str) -> Identifier:
    """An identifier that is unique within a store."""
    return Identifier("wetgate", value)


def qualified(name: str) -> str:
    """An element's name with its namespace."""
    return f"{{{NAMESPACE}}}{name}"


def add(parent: Element, name: str, text: str | None = None) -> Element:
    """Append an element; characters that XML 1.0 does not allow become U+FFFD."""
    element = SubElement(parent, qualified(name))
    if text is not None:
        element.text = _NOT_XML.sub("\ufffd", text)
    return element


def add_term(parent: Element, name: str, term: str, vocabulary: str, code: str = "") -> Element:
    """Append a word of a preservation vocabulary of the Library of Congress."""
    element = add(parent, name, term)
    element.set("authority", vocabulary)
    element.set("authorityURI", VOCABULARIES + vocabulary)
    if code:
        element.set("valueURI", f"{VOCABULARIES}{vocabulary}/{code}")
    return element


def add_identifier(parent: Element, name: str, identifier: Identifier) -> Element:
    """Append `<nameType>` and `<nameValue>` within `<name>`."""
    element = add(parent, name)
    add(element, f"{name}Type", identifier.kind)
    add(element, f"{name}Value", identifier.value)
    return element


def add_property(parent: Element, kind: str, value: object) -> None:
    """Append a significant property, unless it has no value."""
    if value is None or value == "":
        return
    element = add(parent, "significantProperties")
    add(element, "significantPropertiesType", kind)
    add(element, "significantPropertiesValue", str(value))
