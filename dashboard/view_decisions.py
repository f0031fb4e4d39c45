"""Decisions of the log as rows of the view: what is new is added, nothing is ever taken back."""

from typing import Any

import duckdb
import pyarrow as pa

from catalogs.decisions.decision import Decision
from catalogs.decisions.log import DecisionLog
from catalogs.errors import VerificationError
from catalogs.store import Store
from dashboard.view_tables import given

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
        problem: why the log cannot be trusted; empty while it can.
    """

    def __init__(self, store: Store) -> None:
        self.log = DecisionLog(store.root / "decisions")
        self.problem = ""
        self._count = 0

    def refresh(self, memory: duckdb.DuckDBPyConnection) -> None:
        """Add what was decided since the last time."""
        try:
            decisions = self.log.read()
        except VerificationError as error:
            self.problem = str(error)
            return
        self.problem = ""
        new = decisions[self._count :]
        if not new:
            return
        rows = pa.Table.from_pylist([_row(decision) for decision in new], schema=_SCHEMA)
        with given(memory, fresh=rows):
            memory.execute("INSERT INTO decision SELECT * FROM fresh")
        self._count = len(decisions)

    def known(self) -> tuple[Decision, ...]:
        """Every decision, oldest first; none while the log cannot be trusted."""
        try:
            return self.log.read()
        except VerificationError:
            return ()


def _row(decision: Decision) -> dict[str, Any]:
    row = {name: getattr(decision, name) for name in _SCHEMA.names}
    return {**row, "codes": list(decision.codes)}
