"""Names and files of what the suite has measured already."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pandas as pd

_ROOT = Path(__file__).parents[2]
_CODE = ("models", "tasks/media", "tasks/metrics", "tasks/selftest")
# These decide about rows, and make none.
_DECIDE = {
    f"tasks/{name}.py"
    for name in (
        "metrics/calibration", "metrics/calibration_check", "metrics/canonical", "metrics/verdict",
        "selftest/alarms", "selftest/auc",
        "selftest/cache", "selftest/detection", "selftest/fit", "selftest/flags", "selftest/judge",
        "selftest/limits", "selftest/mutation", "selftest/page", "selftest/page_parts",
        "selftest/rules", "selftest/run", "selftest/specificity", "selftest/strata",
        "selftest/summary", "selftest/text",
    )
}  # fmt: skip


def cache_name(wanted: str) -> str:
    """A name for what makes the rows of a clip: the code, and what is wanted of it."""
    digest = hashlib.sha256(wanted.encode())
    for package in _CODE:
        for file in sorted((_ROOT / package).rglob("*.py")):
            if file.relative_to(_ROOT).as_posix() not in _DECIDE:
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def parquet(table: pd.DataFrame) -> bytes:
    """A table as the bytes of a Parquet file."""
    stream = io.BytesIO()
    table.to_parquet(stream, index=False)
    return stream.getvalue()
