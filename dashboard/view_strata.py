"""Strata of shots: what the catalog says, and what `wetgate strata` found (`STORE/strata`)."""

import csv
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

from catalogs.store import Store
from dashboard.view_tables import given

_NOT_STRATA = {
    "reel_id", "identifier", "shot", "start_frame", "stop_frame", "person", "treatment",
    "frames_seen", "ITA_degrees", "ITA_deviation_degrees",
}  # fmt: skip
_UNSAID = ("", "unknown", "uncertain")

_LOAD = """
DELETE FROM stratum;
INSERT INTO stratum
    SELECT shot_id, 'collection', collection FROM shot WHERE coalesce(collection, '') <> ''
    UNION ALL SELECT shot_id, 'gauge', gauge FROM shot WHERE coalesce(gauge, '') <> ''
    UNION ALL SELECT shot_id, 'colour', colour FROM shot WHERE coalesce(colour, '') <> ''
    UNION SELECT s.shot_id, r.variable, r.stratum FROM shot s
    JOIN read r USING (reel_id, start_frame, stop_frame)
    WHERE r.variable NOT IN ('collection', 'gauge', 'colour');
"""


class StrataFile:
    """`strata.csv` as the last `wetgate strata` left it; absent until one ran."""

    def __init__(self, store: Store) -> None:
        self.file = store.root / "strata" / "strata.csv"
        self._seen: tuple[int, int] | None = None

    def is_new(self) -> bool:
        """Whether it changed since it was loaded."""
        return self._stamp() != self._seen

    def load(self, memory: duckdb.DuckDBPyConnection) -> None:
        """Give each shot its strata."""
        self._seen = self._stamp()
        rows = list(_rows(self.file)) if self._seen else []
        kinds = (pa.string(), pa.int64(), pa.int64(), pa.string(), pa.string())
        names = ("reel_id", "start_frame", "stop_frame", "variable", "stratum")
        table = pa.table(
            {
                name: pa.array([row[at] for row in rows], type=kind)
                for at, (name, kind) in enumerate(zip(names, kinds, strict=True))
            }
        )
        with given(memory, read=table):
            memory.execute(_LOAD)

    def _stamp(self) -> tuple[int, int] | None:
        try:
            facts = self.file.stat()
        except FileNotFoundError:
            return None
        return facts.st_mtime_ns, facts.st_size


def _rows(file: Path) -> Iterator[tuple[str, int, int, str, str]]:
    """(reel, first frame, frame after the last, variable, stratum); odd lines are left out."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError):
        return
    for row in csv.DictReader(text.splitlines()):
        try:
            start, stop = int(row["start_frame"]), int(row["stop_frame"])
        except (KeyError, TypeError, ValueError):
            continue
        for name, value in row.items():
            if name and name not in _NOT_STRATA and value and value not in _UNSAID:
                yield str(row["reel_id"]), start, stop, str(name), str(value)
