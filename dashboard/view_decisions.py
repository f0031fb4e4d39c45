"""Decisions of the log as rows of the view: what is new is added; of another log, all is."""

from typing import Any

import duckdb
import pyarrow as pa

from catalogs.decisions.decision import Decision
from catalogs.errors import StoreError, VerificationError
from catalogs.store import Store
from dashboard.view_tables import given
from tasks.decisions.fixity import proven_decisions

_SCHEMA = pa.schema(
    [
        ("sequence", pa.int64()), ("decided_at", pa.string()), ("person", pa.string()),
        ("verb", pa.string()), ("reel_id", pa.string()), ("start_frame", pa.int64()),
        ("stop_frame", pa.int64()), ("output_sha256", pa.string()),
        ("codes", pa.list_(pa.string())), ("comment", pa.string()), ("frame", pa.int64()),
        ("recipe", pa.string()), ("model", pa.string()), ("batch_id", pa.string()),
        ("sha256", pa.string()),
    ]
)  # fmt: skip


class DecisionRows:
    """The log, and how much of it the view has.

    Attributes:
        log: of the store.
        problem: why the log cannot be trusted or read; empty while it can.
    """

    def __init__(self, store: Store) -> None:
        self.log = store.decisions
        self.problem = ""
        self._store = store
        self._shown: tuple[Decision, ...] = ()

    def refresh(self, memory: duckdb.DuckDBPyConnection) -> None:
        """Add what was decided since the last time."""
        try:
            decisions = proven_decisions(self._store, self.log)
        except (VerificationError, StoreError) as error:
            self.problem = str(error)
            return
        self.problem = ""
        if decisions is self._shown:
            return
        known = len(self._shown)
        if decisions[:known][-1:] != self._shown[-1:]:  # the last line vouches for those before
            memory.execute("DELETE FROM decision")
            known = 0
        rows = pa.Table.from_pylist([_row(one) for one in decisions[known:]], schema=_SCHEMA)
        with given(memory, fresh=rows):
            memory.execute("INSERT INTO decision SELECT * FROM fresh")
        self._shown = decisions

    def known(self) -> tuple[Decision, ...]:
        """Every decision, oldest first; none while the log cannot be trusted."""
        try:
            return proven_decisions(self._store, self.log)
        except (VerificationError, StoreError):
            return ()


def _row(decision: Decision) -> dict[str, Any]:
    row = {name: getattr(decision, name) for name in _SCHEMA.names}
    return {**row, "codes": list(decision.codes)}
