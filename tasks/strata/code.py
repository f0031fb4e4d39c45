"""A name for the code that reads a shot and measures its harmless copy.

What another version recorded is not mixed with what this one records: it is read anew. The name
follows the text of the files, so that a comment changes it too.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_PARTS = (
    "models/faces", "models/contract.py", "models/motion.py", "models/sight.py",
    "models/translate.py", "tasks/metrics", "tasks/judge.py", "tasks/strata/colour.py",
    "tasks/strata/harmless.py", "tasks/strata/observe.py", "tasks/strata/people.py",
    "tasks/strata/readings.py",
)  # fmt: skip


@cache
def code_version() -> str:
    """16 hexadecimal digits."""
    digest = hashlib.sha256()
    for part in _PARTS:
        place = _ROOT / part
        for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
