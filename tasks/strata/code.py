"""A name for the code that reads a shot and measures its harmless copy.

What another version recorded is not mixed with what this one records: it is read anew.
"""

from __future__ import annotations

from tasks.code import code_name

_PARTS = (
    "models/faces", "models/contract.py", "models/motion.py", "models/sight.py",
    "models/weave/translate.py", "tasks/metrics", "tasks/judge.py", "tasks/strata/colour.py",
    "tasks/strata/harmless.py", "tasks/strata/observe.py", "tasks/strata/people.py",
    "tasks/strata/readings.py",
)  # fmt: skip


def code_version() -> str:
    """16 hexadecimal digits."""
    return code_name(*_PARTS)
