"""The ledger as the pages ask for it: one row a shot that stands, one row a value, in DuckDB.

    tables/*.parquet -> what is new since the last look -> tables in memory -> pages

    shot      shots of the newest version of each reel that was restored, as `catalogs.shot_query`
    value     metric values of these shots
    reel_row  every row of each reel; `reel` is the newest
    batch     every row of each night
    event     every event
    decision  every decision
    outcome   what nights made of decisions that they carry out, the newest of each
    computed  shots that each night computed, and what it spent on them
    stratum   strata of these shots, by variable

A reel is derived anew when its rows, its list of shots or what its version is made of change;
nothing else changes what stands. What a night in progress records costs nothing until then.
"""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb

from catalogs.shot_list import holding_rows
from catalogs.store import Store
from catalogs.treatments import recorded_treatments
from dashboard import view_tables
from dashboard.ledger_files import Names, partitions, read_files, read_partitions
from dashboard.view_decisions import DecisionRows
from dashboard.view_strata import StrataFile

Row = dict[str, Any]

REELS_AT_ONCE = 50  # bounds what is held of the ledger while it is read

_STANDING = ("reels", "shots", "mixtures")


class LedgerView:
    """What stands, as of a moment ago.

    Args:
        store: whose ledger is shown.
        watch_seconds: how long an answer may lag behind the ledger.
    """

    def __init__(self, store: Store, watch_seconds: float = 2.0) -> None:
        self.store = store
        self.watch_seconds = watch_seconds
        self.decisions = DecisionRows(store)
        self._strata = StrataFile(store)
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._reels: dict[str, tuple[Names, ...]] = {}
        self._seen: dict[str, set[str]] = {"batches": set(), "events": set()}
        self._memory = duckdb.connect()
        self._memory.execute("SET python_enable_replacements = false")
        self._memory.execute("SET enable_external_access = false")
        self._memory.execute(view_tables.LAYOUT)

    def ask(self, query: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
        """Rows of a query, each a dict."""
        with self._cursor() as cursor:
            cursor.execute(query, values)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def one(self, query: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> Row | None:
        """The first row of a query."""
        return next(iter(self.ask(query, values)), None)

    def refresh(self, at_once: bool = False) -> None:
        """Look at the ledger again, unless that was done a moment ago.

        Raises:
            StoreError: it cannot be read.
        """
        with self._lock:
            if not at_once and time.monotonic() - self._looked < self.watch_seconds:
                return
            self._append("batches", view_tables.BATCH_COLUMNS, view_tables.BATCHES)
            self._append("events", view_tables.EVENT_COLUMNS, view_tables.EVENTS)
            self._derive()
            self.decisions.refresh(self._memory)
            self._looked = time.monotonic()

    def tell_decisions(self) -> None:
        """Look at the log of decisions now."""
        with self._lock:
            self.decisions.refresh(self._memory)

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        self.refresh()
        cursor = self._memory.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    def _append(self, table: str, columns: Sequence[str], query: str) -> None:
        """Rows of files that were not read yet; rows that were compacted meanwhile are known."""
        there = partitions(self.store.tables, table)
        names = {f"{part}/{name}" for part, files in there.items() for name in files}
        new = sorted(names - self._seen[table])
        if not new:
            return
        folder = self.store.tables / table
        try:
            rows = read_files([str(folder / name) for name in new], table, columns)
        except FileNotFoundError:  # compacted meanwhile: all of it is in the next look
            return
        with view_tables.given(self._memory, rows=rows):
            self._memory.execute(query)
        self._seen[table] |= set(new)

    def _derive(self) -> None:
        tables = self.store.tables
        found = [partitions(tables, table) for table in _STANDING]
        now = {name: tuple(part.get(name, frozenset()) for part in found) for name in found[0]}
        changed = sorted(
            {name for name, files in now.items() if self._reels.get(name) != files}
            | (self._reels.keys() - now.keys())
        )
        fresh = self._strata.is_new()
        if changed:
            treatments = view_tables.treatments_table(recorded_treatments(self.store.ledger()))
            for start in range(0, len(changed), REELS_AT_ONCE):
                self._derive_reels(changed[start : start + REELS_AT_ONCE], treatments)
            self._reels = now
        if changed or fresh:
            self._strata.load(self._memory)

    def _derive_reels(self, names: Sequence[str], treatments: Any) -> None:
        read = {
            table: read_partitions(self.store.tables, table, names, columns)
            for table, columns in view_tables.COLUMNS.items()
        }
        shots = read["shots"].to_pandas().sort_values(["recorded_at", "place"])
        read["shots"] = holding_rows(shots.drop_duplicates(view_tables.SHOT_KEY, keep="last"))
        with view_tables.given(
            self._memory, changed=view_tables.names_table(names),
            treatments=treatments, **read,
        ):  # fmt: skip
            self._memory.execute("BEGIN")
            try:
                for statement in view_tables.DERIVE:
                    self._memory.execute(statement)
                self._memory.execute("COMMIT")
            except duckdb.Error:
                self._memory.execute("ROLLBACK")
                raise
