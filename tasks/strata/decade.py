"""The decade of a date as the catalog keeps it, EDTF (ISO 8601-2)."""

from __future__ import annotations

import re

from tasks.strata.classes import UNCERTAIN, UNKNOWN

_DOUBT = re.compile(r"[?~%]")
_DATE = re.compile(r"^([0-9]{3})[0-9X](?:-(?:[0-9]{2}|[0-9]X|XX)){0,2}$")
_SET = re.compile(r"^[\[{](.+)[\]}]$")


def decade_of(date: str | None) -> str:
    """The decade, for instance "1900s".

    A doubted date (`1950?`, `1949~`) counts in its own decade. A range or a choice within one
    decade is of that decade, across decades it is "uncertain". "unknown" is what names none:
    no date, a century (`19XX`), an open range (`1906/..`).
    """
    bare = _DOUBT.sub("", (date or "").strip())
    if choice := _SET.match(bare):
        bare = choice[1]
    decades = set()
    for part in re.split(r"[/,]|\.\.(?=.)(?<=[0-9X]\.\.)", bare):
        match = _DATE.match(part.strip())
        if not match:
            return UNKNOWN
        decades.add(f"{match[1]}0s")
    return decades.pop() if len(decades) == 1 else UNCERTAIN
