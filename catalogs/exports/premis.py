"""PREMIS 3 of a restored reel: objects, events and agents in one document.

Follows the PREMIS Data Dictionary 3.0 and its schema, http://www.loc.gov/premis/v3:
element order and cardinality are the schema's. Event types, roles and relationships take
the words of the preservation vocabularies at id.loc.gov where one fits, marked with their
`authority`; the others are ours and carry none.

Limits: no rights statements (catalogs give none), no bitstream objects; an image sequence
is one representation with one digest over its files, not an object for every file.
"""

from xml.etree import ElementTree

from catalogs.exports.premis_agents import write_agents
from catalogs.exports.premis_events import premis_events, write_event
from catalogs.exports.premis_objects import write_objects
from catalogs.exports.premis_xml import NAMESPACE, SCHEMA_INSTANCE, qualified
from catalogs.exports.subject import RestoredReel

SCHEMA_LOCATION = f"{NAMESPACE} http://www.loc.gov/standards/premis/v3/premis.xsd"


def premis_document(subject: RestoredReel) -> bytes:
    """The document, UTF-8; equal subjects give equal bytes."""
    ElementTree.register_namespace("", NAMESPACE)
    ElementTree.register_namespace("xsi", SCHEMA_INSTANCE)
    root = ElementTree.Element(qualified("premis"), {"version": "3.0"})
    root.set(f"{{{SCHEMA_INSTANCE}}}schemaLocation", SCHEMA_LOCATION)
    events = premis_events(subject)
    write_objects(root, subject, events)
    for event in events:
        write_event(root, event)
    write_agents(root, subject, events)
    ElementTree.indent(root)
    return b"".join(
        (
            b'<?xml version="1.0" encoding="UTF-8"?>\n',
            ElementTree.tostring(root, encoding="utf-8"),
            b"\n",
        )
    )
