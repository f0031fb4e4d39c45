"""Lists of shots: a page of one, its size, and a shot's place in it."""

from dataclasses import dataclass

from fastapi import Request

from catalogs.decisions.sample import draw_sample
from dashboard.house import House
from dashboard.ledger_view import Row
from dashboard.shot_filters import (
    PAGE_ROWS,
    SHOT_COLUMNS,
    Filters,
    order_clause,
    read_filters,
    where_clause,
)
from tasks.metrics.registry import METRICS

METRIC_NAMES = tuple(metric.identifier for metric in METRICS)


@dataclass(frozen=True)
class Page:
    """One page of a list.

    Attributes:
        total: shots of the whole list.
    """

    shots: list[Row]
    total: int
    filters: Filters

    @property
    def last(self) -> int:
        """Number of the last page."""
        return max(1, -(-self.total // PAGE_ROWS))

    @property
    def first_row(self) -> int:
        """Place of the first shot of the page, from 1; 0 in an empty list."""
        return (self.filters.page - 1) * PAGE_ROWS + 1 if self.total else 0


@dataclass(frozen=True)
class Place:
    """Where a shot is in a list, and its neighbours there; None where it is not in it."""

    number: int | None
    total: int
    before: Row | None
    after: Row | None


def asked_filters(request: Request) -> Filters:
    """The filters of a request's address."""
    return read_filters(request.query_params, METRIC_NAMES)


def night_sample(house: House, batch_id: str) -> tuple[str, ...]:
    """Names of the shots of a night's random sample."""
    rows = house.view.ask("SELECT name FROM computed WHERE batch_id = $1", [batch_id])
    return draw_sample(batch_id, [row["name"] for row in rows])


def page_of(house: House, filters: Filters, rows: int = PAGE_ROWS) -> Page:
    """The page that filters ask for; the last one if there are not so many."""
    source, values = _source(house, filters)
    found = house.view.one(f"SELECT count(*) AS n {source}", values)
    total = int(found["n"]) if found else 0
    number = min(filters.page, max(1, -(-total // rows)))
    value = ", v.after AS metric_value, v.verdict AS metric_verdict" if filters.metric else ""
    shots = house.view.ask(
        f"SELECT {SHOT_COLUMNS}{value} {source} {order_clause(filters)} "
        f"LIMIT {int(rows)} OFFSET {(number - 1) * int(rows)}", values,
    )  # fmt: skip
    return Page(shots, total, filters.but(page=number))


def place_of(house: House, filters: Filters, shot_id: int) -> Place:
    """A shot's neighbours in a list."""
    source, values = _source(house, filters)
    over = f"OVER ({order_clause(filters)})"
    query = f"""
    WITH list AS (
        SELECT s.shot_id, row_number() {over} AS number, count(*) OVER () AS total {source}
    ), own AS (SELECT number FROM list WHERE shot_id = $own)
    SELECT s.reel_id, s.start_frame, s.key, list.number, list.total,
        list.number - (SELECT number FROM own) AS distance
    FROM list JOIN shot s USING (shot_id)
    WHERE list.number = 1 OR abs(list.number - (SELECT number FROM own)) <= 1
    """
    rows = house.view.ask(query, {**values, "own": shot_id})
    by_distance = {row["distance"]: row for row in rows}
    own = by_distance.get(0)
    total = int(rows[0]["total"]) if rows else 0
    if own is None:  # it was decided, and the list is of open ones: go on at its head
        return Place(None, total, None, rows[0] if rows else None)
    return Place(int(own["number"]), total, by_distance.get(-1), by_distance.get(1))


def _source(house: House, filters: Filters) -> tuple[str, dict[str, object]]:
    sample = list(night_sample(house, filters.sample)) if filters.sample else None
    return where_clause(filters, sample)
