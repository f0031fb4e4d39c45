"""Which shots a page lists and in which order, as its address says it.

    /shots?light=flag&metric=EYE&sort=metric&page=3

Every word of an address is checked against a list or handed to the database as a value; none
becomes part of a statement.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

Keep = Callable[..., None]

PAGE_ROWS = 50
MOST_TEXT = 120

LIGHTS = ("flag", "look", "ok", "none", "kept")
DECISIONS = ("open", "stale", "decided", "accept", "keep original", "redo", "question")
SORTS = ("risk", "place", "changed", "frames", "seconds", "metric", "decided", "drawn")

_ORDERS = {
    # as `catalogs.decisions.sample.risk_order`
    "risk": "len(s.flagged) {0}, s.beyond {0}, s.status = 'original kept' {0}, "
    "len(s.looked) {0}, s.changed_share {0}",
    "place": "s.reel_id {0}, s.start_frame {0}",
    "changed": "s.changed_share {0} NULLS LAST",
    "frames": "s.frames {0}",
    "seconds": "s.seconds {0} NULLS LAST",
    "metric": "v.after {0} NULLS LAST",
    "decided": "d.sequence {0} NULLS LAST",
    # whoever stops early has looked at a smaller sample, and no other one
    "drawn": "list_position($sample, s.name) {0}",
}
_RISING = ("place", "drawn")

# The newest decision of each shot, and whether another output stands by now.
STANDING_DECISION = """(
    SELECT reel_id, start_frame, stop_frame, arg_max(verb, sequence) AS verb,
        arg_max(person, sequence) AS person, arg_max(output_sha256, sequence) AS output_sha256,
        max(sequence) AS sequence
    FROM decision WHERE start_frame IS NOT NULL GROUP BY ALL
)"""
_STALE = "d.output_sha256 <> s.picture_sha256"

FROM = f"""FROM shot s
LEFT JOIN {STANDING_DECISION} d USING (reel_id, start_frame, stop_frame)
LEFT JOIN outcome o ON o.sequence = d.sequence"""
_WITH_METRIC = " LEFT JOIN value v ON v.shot_id = s.shot_id AND v.metric = $metric"

SHOT_COLUMNS = (
    f"s.*, d.verb AS decision, d.person AS decided_by, coalesce({_STALE}, false) AS is_stale, "
    "o.outcome, o.batch_id AS outcome_batch, o.detail AS outcome_detail"
)


@dataclass(frozen=True)
class Filters:
    """What an address asks for; empty where it says nothing.

    Attributes:
        text: part of a reel's id, identifier or title.
        verdict: of the metric; any when empty.
        stratum: `variable:stratum`.
        sample: a night whose random sample is meant.
        falling: "1" for the largest first, "0" for the smallest; as the sort has it when empty.
    """

    text: str = ""
    reel: str = ""
    light: str = ""
    metric: str = ""
    verdict: str = ""
    stratum: str = ""
    model: str = ""
    decision: str = ""
    batch: str = ""
    sample: str = ""
    sort: str = "risk"
    falling: str = ""
    page: int = 1

    @property
    def address(self) -> str:
        """The query that says the same, without what is said by saying nothing."""
        plain = Filters()
        said = {n: v for n, v in asdict(self).items() if v != getattr(plain, n)}
        return urlencode(said)

    @property
    def known_sort(self) -> str:
        """The order, where it can be: by the draw only in a sample, by a metric only with one."""
        needed = {"drawn": self.sample, "metric": self.metric}
        return self.sort if needed.get(self.sort, "1") else "risk"

    def but(self, **changes: Any) -> "Filters":
        """The same with changes, on the first page."""
        return replace(self, **{"page": 1, **changes})

    @property
    def is_falling(self) -> bool:
        """Whether the largest comes first."""
        return self.falling == "1" if self.falling else self.known_sort not in _RISING

    @property
    def is_narrowed(self) -> bool:
        """Whether some shots are left out."""
        return self.but(sort="risk", falling="") != Filters()


def read_filters(query: Mapping[str, str], metrics: tuple[str, ...]) -> Filters:
    """The filters of an address; what is not known is as if it had not been said.

    Args:
        query: of the address.
        metrics: identifiers that there are.
    """
    texts = {f.name: query.get(f.name, "")[:MOST_TEXT] for f in fields(Filters)}
    known = {
        "light": LIGHTS, "decision": DECISIONS, "sort": SORTS, "falling": ("0", "1"),
        "metric": metrics, "verdict": ("flag", "look", "ok", "not measurable"),
    }  # fmt: skip
    for name, words in known.items():
        if texts[name] not in words:
            texts[name] = ""
    texts["sort"] = texts["sort"] or "risk"
    page = query.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1
    del texts["page"]
    found = Filters(**texts, page=max(1, number))
    return replace(found, sort=found.known_sort)


def where_clause(filters: Filters, sample: list[str] | None = None) -> tuple[str, dict[str, Any]]:
    """(FROM and WHERE, values) of the shots that filters let through.

    Args:
        filters: as read.
        sample: names of the shots of the random sample that is asked for.
    """
    parts, values = [], dict[str, Any]()

    def keep(condition: str, **given: Any) -> None:
        parts.append(condition)
        values.update(given)

    _keep_words(filters, keep)
    if filters.metric:
        values["metric"] = filters.metric
    if filters.metric and filters.verdict:
        keep("v.verdict = $verdict", verdict=filters.verdict)
    if filters.sample:
        keep("s.name IN (SELECT unnest($sample))", sample=sample or [])
    if filters.decision:
        _keep_decision(filters.decision, keep)
    source = FROM + (_WITH_METRIC if filters.metric else "")
    return source + (" WHERE " + " AND ".join(parts) if parts else ""), values


def _keep_words(filters: Filters, keep: Keep) -> None:
    """What an address says of the shot and its reel."""
    if filters.text:
        keep("contains(lower(s.reel_id || ' ' || s.identifier || ' ' || coalesce(s.title, '')), "
             "lower($text))", text=filters.text)  # fmt: skip
    for name, column in (("reel", "reel_id"), ("light", "light"), ("batch", "batch_id")):
        if value := getattr(filters, name):
            keep(f"s.{column} = ${name}", **{name: value})
    if filters.model:
        keep("list_contains(s.models, $model)", model=filters.model)
    if filters.stratum:
        keep("s.shot_id IN (SELECT shot_id FROM stratum WHERE variable || ':' || stratum = "
             "$stratum)", stratum=filters.stratum)  # fmt: skip


def order_clause(filters: Filters) -> str:
    """ORDER BY of filters; equal shots stay in the order of the film."""
    way = "DESC" if filters.is_falling else "ASC"
    return f"ORDER BY {_ORDERS[filters.known_sort].format(way)}, s.reel_id, s.start_frame"


def _keep_decision(word: str, keep: Keep) -> None:
    if word == "open":
        keep(f"(d.verb IS NULL OR {_STALE})")
    elif word == "stale":
        keep(_STALE)
    elif word == "decided":
        keep(f"(d.verb IS NOT NULL AND NOT {_STALE})")
    else:
        keep(f"d.verb = $decision AND NOT {_STALE}", decision=word)
