"""Audit: every event and every decision, and whether the log of decisions holds."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from dashboard.house import house_of
from dashboard.pages import page
from dashboard.visitor import Looking

router = APIRouter()

PAGE_ROWS = 100
KINDS = ("", "decisions", "events")

_EVERY = """
WITH every AS (
    SELECT recorded_at AS moment, 'event' AS kind, event AS what, object, outcome, detail,
        agent AS person, batch_id, NULL AS sequence, NULL AS sha256
    FROM event
    UNION ALL
    SELECT decided_at::TIMESTAMPTZ, 'decision', verb,
        CASE WHEN start_frame IS NULL THEN reel_id
            ELSE printf('%s/%07d-%07d', reel_id, start_frame, stop_frame) END,
        'recorded', concat_ws('; ', nullif(array_to_string(codes, ', '), ''),
            nullif(comment, ''), nullif('with ' || concat_ws(', ', nullif(recipe, ''),
            nullif(model, '')), 'with ')), person, batch_id, sequence, sha256
    FROM decision
)
SELECT {columns} FROM every
WHERE ($kind = '' OR kind = $kind) AND ($what = '' OR what = $what)
    AND ($text = '' OR contains(lower(concat_ws(' ', object, detail, person, batch_id)),
        lower($text)))
"""
_WHATS = """
SELECT what, count(*) AS n
FROM (SELECT event AS what FROM event UNION ALL SELECT verb FROM decision)
GROUP BY what ORDER BY what
"""


@router.get("/audit")
def audit(
    request: Request, visitor: Looking, text: str = "", kind: str = "", what: str = "",
    number: str = "1",
) -> Response:  # fmt: skip
    """A page, the newest first."""
    view = house_of(request).view
    whats = view.ask(_WHATS)
    kind = kind if kind in KINDS else ""
    what = what if what in {row["what"] for row in whats} else ""
    asked = {"text": text[:120], "kind": kind.removesuffix("s"), "what": what}
    found = view.one(_EVERY.format(columns="count(*) AS n"), asked)
    total = int(found["n"]) if found else 0
    last = max(1, -(-total // PAGE_ROWS))
    at = int(number) if number.isascii() and number.isdigit() and len(number) < 7 else 1
    at = min(max(1, at), last)
    rows = view.ask(
        _EVERY.format(columns="*") + " ORDER BY moment DESC, sequence DESC NULLS LAST, object "
        f"LIMIT {PAGE_ROWS} OFFSET {(at - 1) * PAGE_ROWS}", asked,
    )  # fmt: skip
    decisions = view.decisions
    known = decisions.known()
    return page(
        request, visitor, "audit.html", rows=rows, total=total, number=at, last=last,
        text=text[:120], kind=kind, kinds=KINDS, what=what, whats=whats, count=len(known),
        newest=known[-1] if known else None, torn=[path.name for path in decisions.log.torn],
    )  # fmt: skip
