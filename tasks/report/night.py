"""One night as the ledger has it: the batch, its reels, their shots and measurements."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from catalogs.errors import StoreError
from catalogs.ledger import Columns, Ledger
from catalogs.mixtures import with_mixtures
from catalogs.shot_list import holding_rows
from catalogs.store import Store
from catalogs.tables import KEYS
from tasks.report.manifest import read_manifest
from tasks.report.per_frame import OF_SHOT
from tasks.report.rows import Row, plain_rows, until

WAITS = "storage"  # event of a reel that waits
_AT_REST = ("found finished", "found locked", "decision", WAITS)  # events that change no reel
_OF_METRIC = ("metric", "shot_index", "before", "after", "unit", "measurable", "coverage", "note",
              "verdict", "threshold", "worst_frame")  # fmt: skip
FIRST_STATUSES = ("held", "failed", "ingested", "restored")  # order of the table of reels


@dataclass(frozen=True)
class ReelNight:
    """One reel, as the night left it.

    Attributes:
        row: newest row of table `reels` that the night knew.
        earlier: True when an earlier night finished it and this one found it so.
        shots: rows of `restorations` under the reel's treatment, by start frame, without what is
            recorded of every frame; see `tasks.report.per_frame`.
        planned_shots: shots that the detector found.
        measurements: rows of `measurements` of those shots.
        manifest: what stands beside the restored files; empty when it is not there.
        missing_files: files of the manifest and of the shots that are not there as recorded.
        unreadable: why the ledger could not be asked for all this; "" where it could.
    """

    row: Row
    earlier: bool
    shots: tuple[Row, ...]
    planned_shots: int
    measurements: tuple[Row, ...]
    manifest: Row
    missing_files: tuple[str, ...]
    unreadable: str = ""

    @property
    def reel_id(self) -> str:
        """The catalog's name for the reel."""
        return str(self.row["reel_id"])

    @property
    def status(self) -> str:
        """held, failed, ingested or restored."""
        return str(self.row["status"])

    @property
    def stands_reprocessed(self) -> bool:
        """True when the night left it as it was reprocessed from the night's own treatment."""
        return self.earlier and bool(self.row["base_treatment_id"])


@dataclass(frozen=True)
class Night:
    """One night.

    Attributes:
        row: newest row of table `batches`; empty when there is none.
        started, ended: time of the first and the last row of the batch; no end where it was killed.
        reels: those with a row or an event of the night, held and failed first.
        events: rows of table `events` of the night, oldest first.
    """

    batch_id: str
    row: Row
    started: datetime | None
    ended: datetime | None
    reels: tuple[ReelNight, ...]
    events: tuple[Row, ...]

    @property
    def status(self) -> str:
        """finished, stopped, running (no end was recorded), or unknown."""
        return str(self.row.get("status") or "unknown")

    def reels_that_are(self, status: str) -> tuple[ReelNight, ...]:
        """The reels of one status."""
        return tuple(reel for reel in self.reels if reel.status == status)


def read_night(store: Store, batch_id: str) -> Night:
    """Everything the ledger has of one night, and nothing that was recorded after it.

    That is after its end, or, where it was killed, from when another held the store.
    """
    ledger = store.ledger()
    batches, reels = ledger.read("batches", batch_id), ledger.read("reels")
    row = plain_rows(batches.tail(1))[0] if len(batches) else {}
    started = plain_rows(batches.head(1))[0]["recorded_at"] if len(batches) else None
    ended = row.get("recorded_at") if row.get("status") in ("finished", "stopped") else None
    last = ended or _last_before((ledger.read("batches", columns=()), reels), batch_id, started)
    events = plain_rows(ledger.read("events", batch_id))
    touched = _touched(until(reels, last), batch_id, row, events)
    return Night(
        batch_id=batch_id,
        row=row,
        started=started,
        ended=ended,
        reels=tuple(_reel(store, r, earlier, last) for r, earlier in _ordered(touched)),
        events=tuple(events),
    )


def _last_before(
    tables: Iterable[pd.DataFrame], batch_id: str, started: datetime | None
) -> datetime | None:
    """The last instant before another night or check held the store; None where none has.

    No two hold it at once: others that began after a night began, did so after it had ended. One
    that began before may record more: workers of a killed night outlive it.
    """
    if started is None:
        return None
    rows = pd.concat([table[["batch_id", "recorded_at"]] for table in tables])
    began = rows[rows["batch_id"] != batch_id].groupby("batch_id")["recorded_at"].min()
    later = began[began > started]
    return None if later.empty else later.min().to_pydatetime() - timedelta(microseconds=1)


def _touched(
    everything: pd.DataFrame, batch_id: str, batch: Row, events: Iterable[Row]
) -> list[tuple[Row, bool]]:
    """(newest reel row, whether it is an earlier night's) of each reel of the night."""
    own = everything[everything["batch_id"] == batch_id].drop_duplicates("reel_id", keep="last")
    named = {str(e["object"] or "").split("/")[0] for e in events}
    refused = {e["object"]: e["detail"] for e in events if _is_refusal(e)}
    waits = {str(e["object"]) for e in events if e["event"] == WAITS}
    worked_on = {str(e["object"] or "").split("/")[0] for e in events if e["event"] not in _AT_REST}
    other = everything[
        everything["reel_id"].isin(named) & ~everything["reel_id"].isin(own["reel_id"])
    ].drop_duplicates("reel_id", keep="last")
    treatment = batch.get("treatment_id")
    return [(r, False) for r in plain_rows(own)] + [
        _refused(r, refused[r["reel_id"]])
        if r["reel_id"] in refused
        else _taken_up(r, treatment, r["reel_id"] in worked_on, r["reel_id"] in waits)
        for r in plain_rows(other)
    ]


def _is_refusal(event: Row) -> bool:
    return (event["event"], event["outcome"]) == ("reprocessing", "held")


def _refused(row: Row, why: str) -> tuple[Row, bool]:
    """A reel that a reprocessing left as it was, for a reason."""
    return {**row, "status": "held", "reason": why}, False


def _taken_up(row: Row, treatment: str | None, worked_on: bool, waits: bool) -> tuple[Row, bool]:
    """A reel that the night worked on but did not conclude, found finished, or left alone.

    Finished is what has the night's treatment, and what was reprocessed from it. One that waits
    stays as it was, unless it is finished under another treatment only.
    """
    worked_on = worked_on or (waits and row["status"] == "restored")
    from_it = treatment and treatment in (row["treatment_id"], row["base_treatment_id"])
    if row["status"] == "restored" and (from_it or not worked_on):
        return row, True
    if not worked_on:
        return row, False
    open_again = {"status": "ingested", "reason": "", "derivative_id": "",
                  "treatment_id": treatment}  # fmt: skip
    return {**row, **open_again}, False


def _ordered(reels: list[tuple[Row, bool]]) -> list[tuple[Row, bool]]:
    """Held and failed first; within a status as in the catalog."""

    def place(entry: tuple[Row, bool]) -> tuple[int, int, str]:
        row = entry[0]
        known = FIRST_STATUSES.index(row["status"]) if row["status"] in FIRST_STATUSES else 0
        return known, int(row["catalog_line"] or 0), str(row["reel_id"])

    return sorted(reels, key=place)


def _reel(store: Store, row: Row, earlier: bool, last: datetime | None) -> ReelNight:
    """What is recorded of a reel; where that cannot be read, that it cannot."""
    try:
        return _recorded_reel(store, row, earlier, last)
    except StoreError as error:
        return ReelNight(row, earlier, (), 0, (), {}, (), str(error))


def _recorded_reel(store: Store, row: Row, earlier: bool, last: datetime | None) -> ReelNight:
    ledger, reel_id, treatment = store.ledger(), str(row["reel_id"]), row["treatment_id"]
    planned = _newest(ledger, "shots", reel_id, last)
    planned = holding_rows(planned[planned["reel_digest"] == (row["reel_digest"] or "")])
    restored = _newest(ledger, "restorations", reel_id, last, OF_SHOT)
    restored = with_mixtures(restored, _newest(ledger, "mixtures", reel_id, last))
    places = set(zip(planned["start_frame"], planned["stop_frame"], strict=True))
    shots = [
        shot
        for shot in plain_rows(restored)
        if shot["treatment_id"] == treatment
        and shot["reel_digest"] == row["reel_digest"]
        and (shot["start_frame"], shot["stop_frame"]) in places
    ]
    keys = {shot["key"] for shot in shots}
    measured = _newest(ledger, "measurements", reel_id, last, _OF_METRIC)
    measured = measured[measured["key"].isin(keys)].drop(columns=["record_id", "recorded_at"])
    manifest, missing = read_manifest(store, row)
    shot_files = [shot[file] for shot in shots for file in ("picture_file", "change_file")]
    return ReelNight(
        row=row,
        earlier=earlier,
        shots=tuple(sorted(shots, key=lambda shot: int(shot["start_frame"]))),
        planned_shots=len(planned),
        measurements=tuple(plain_rows(measured)),
        manifest=manifest,
        missing_files=(
            *missing,
            *(str(name) for name in shot_files if not name or not (store.root / name).is_file()),
        ),
    )


def _newest(
    ledger: Ledger, table: str, reel_id: str, last: datetime | None, columns: Columns | None = None
) -> pd.DataFrame:
    """Of a reel, the newest row per key of those recorded by then."""
    rows = until(ledger.read(table, reel_id, columns), last)
    return rows.drop_duplicates(list(KEYS[table]), keep="last")
