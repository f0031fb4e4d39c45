"""Lines of the decision log: JSON, each with its own SHA-256 and that of the line before.

    {"sequence":1,...,"before":"0000...","sha256":"9f86..."}

The hash is of the line as it is written, without its own last field. No byte of a line can be
changed, and no line taken out, put in or moved, without the next line saying so.
"""

import hashlib
import json
from dataclasses import fields

from pydantic import TypeAdapter, ValidationError

from catalogs.decisions.decision import Decision
from catalogs.errors import VerificationError

FIRST = "0" * 64  # what the first line names as the line before

_DECISION = TypeAdapter(Decision)
_FIRST_TWO = ("sequence", "decided_at")
_ORDER = (
    *_FIRST_TWO,
    *(f.name for f in fields(Decision) if f.name not in (*_FIRST_TWO, "sha256")),
)
_SEAL = len(b',"sha256":"') + 64 + len(b'"}')


def written(decision: Decision) -> bytes:
    """The line of a decision, its hash computed, with its line feed."""
    body = {name: getattr(decision, name) for name in _ORDER}
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return text[:-1] + f',"sha256":"{_hash(text)}"}}\n'.encode()


def read_line(line: bytes, number: int, before: str) -> Decision:
    """A line of the log, without its line feed.

    Args:
        line: as it stands in the file.
        number: of the line, from 1.
        before: SHA-256 of the line before.

    Raises:
        VerificationError: it is not what was written there.
    """
    body, seal = line[:-_SEAL] + b"}", line[-_SEAL:]
    if seal != f',"sha256":"{_hash(body)}"}}'.encode():
        raise VerificationError(f"line {number}: is not what its SHA-256 was computed of")
    try:
        decision = _DECISION.validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise VerificationError(f"line {number}: is no decision: {place} {first['msg']}") from error
    if decision.sequence != number:
        raise VerificationError(f"line {number}: is decision {decision.sequence}")
    if decision.before != before:
        raise VerificationError(f"line {number}: does not follow the line before it")
    return decision


def _hash(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
