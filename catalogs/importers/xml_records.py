"""The records of an XML file, one at a time, however large the file.

Document types, entities and external references are refused (defusedxml), so nothing is
expanded and nothing else is read. Names lose their prefix and count in lower case: real
files write `PBCoreDescriptionDocument`.
"""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax import SAXException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.expatreader import DefusedExpatParser  # type: ignore[import-untyped]

from catalogs.errors import CatalogError
from catalogs.importers.raw import DEEPEST, Found, decode
from catalogs.profile import ENCODINGS

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,100}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_SAME_ENCODING = {"iso-8859-1": "latin-1", "windows-1252": "cp1252", "us-ascii": "utf-8"}
_NO_FACTS = ("xmlns", "xsi", "xml")


@dataclass
class Element:
    """An XML element within a record; names without prefix, in lower case."""

    name: str
    marks: dict[str, str]
    line: int
    parts: list[str] = field(default_factory=list)
    children: list["Element"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its own text, every run of white space one space."""
        return " ".join("".join(self.parts).split())

    def named(self, name: str) -> list["Element"]:
        """Its children of a name."""
        return [child for child in self.children if child.name == name]

    def found(self, prefix: str = "", but: Collection[str] = ()) -> Iterator[Found]:
        """Every text inside it, and every attribute, named by the path to it.

        Args:
            prefix: what the paths begin with.
            but: names of children that are left out.
        """
        for child in self.children:
            if child.name not in but:
                yield from child.itself(f"{prefix}{child.name}")

    def itself(self, path: str) -> Iterator[Found]:
        """Its text and attributes, and those of all within, under a path."""
        if self.text:
            yield Found(path, self.text, self.marks)
        for name, value in self.marks.items():
            if value:
                yield Found(f"{path}@{name}", value, self.marks)
        yield from self.found(f"{path}/")


def read_records(
    path: Path, data: bytes, names: Collection[str], encoding: str | None
) -> tuple[list[Element], tuple[str, ...]]:
    """Every outermost element of one of `names`, and remarks.

    Raises:
        CatalogError: not well-formed XML, with a document type, nested too deeply, or
            without any such element.
    """
    text, remarks = decode_xml(path, data, encoding)
    parser = DefusedExpatParser(forbid_dtd=True)
    handler = _Records(path, names, parser.getLineNumber)
    parser.setContentHandler(handler)
    try:
        parser.feed(text)
        parser.close()
    except DefusedXmlException as error:
        raise CatalogError(
            f"{path}: has a document type or entities, which are not followed; remove the DOCTYPE"
        ) from error
    except (SAXException, ValueError) as error:
        raise CatalogError(f"{path}: not XML: {error}; export it again") from error
    if not handler.records:
        root = f"its root is {handler.root}" if handler.root else "it is empty"
        raise CatalogError(f"{path}: no {' or '.join(names)} in it, {root}; check the file")
    return handler.records, remarks


def decode_xml(path: Path, data: bytes, encoding: str | None) -> tuple[str, tuple[str, ...]]:
    """The text of an XML file by profile, byte order mark or declaration.

    Raises:
        CatalogError: the declared encoding is not known.
    """
    declared = None if data.startswith(b"\xef\xbb\xbf") else _DECLARED.match(data)
    name = declared[1].decode().lower() if declared else "utf-8"
    name = _SAME_ENCODING.get(name, name)
    if encoding is None and name not in ENCODINGS:
        known = ", ".join(ENCODINGS)
        raise CatalogError(f"{path}: encoding {name} is not read; save it in one of: {known}")
    given = encoding or (None if name in ("utf-8", "utf-16") else name)
    text, read_as = decode(path, data, given)
    astray = read_as not in (name, "utf-16") and encoding is None
    return text, (f"says {name}, read as {read_as}",) if astray else ()


class _Records(ContentHandler):
    """Keeps the elements that are wanted and what is in them."""

    def __init__(self, path: Path, names: Collection[str], line: Callable[[], int]) -> None:
        super().__init__()
        self.records: list[Element] = []
        self.root = ""
        self._path = path
        self._names = names
        self._open: list[Element] = []
        self._line = line

    def startElement(self, name: str, attrs: AttributesImpl) -> None:
        plain = _local(name)
        self.root = self.root or name[:80]
        if not self._open and plain not in self._names:
            return
        if len(self._open) >= DEEPEST:
            raise CatalogError(
                f"{self._path}: elements nested more than {DEEPEST} deep; this is no catalog"
            )
        element = Element(plain, _marks(attrs), self._line())
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.records.append(element)
        self._open.append(element)

    def endElement(self, name: str) -> None:
        if self._open:
            self._open.pop()

    def characters(self, content: str) -> None:
        if self._open:
            self._open[-1].parts.append(content)


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()


def _marks(attrs: AttributesImpl) -> dict[str, str]:
    return {
        _local(name): " ".join(attrs.getValue(name).split())
        for name in attrs.getNames()
        if name.partition(":")[0] not in _NO_FACTS
    }
