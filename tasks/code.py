"""A name for code, so that what another version of it found is not taken for what this one finds.

The name follows the text of the files: a comment changes it too, and nobody has to count.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parents[1]


@cache
def code_name(*parts: str) -> str:
    """16 hexadecimal digits for some modules and whole packages.

    Args:
        parts: paths below the folder of the layers, `models/motion.py` or `models/faces`.
    """
    digest = hashlib.sha256()
    for part in parts:
        place = _ROOT / part
        for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
