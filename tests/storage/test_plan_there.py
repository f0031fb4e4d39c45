"""`wetgate plan` over a bucket: what it says of a storage that is silent, and what it reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalogs.catalog import Catalog
from catalogs.errors import StorageError
from catalogs.ledger import Columns, Ledger
from catalogs.origin import Origin, RemoteRoot
from catalogs.recipe import Treatment
from catalogs.records import HeldRow
from catalogs.rows import held_row, reel_row
from catalogs.store import Store
from flows import plan as plan_module
from flows.plan import Plan, plan_night
from tasks.reprocess.renewed import renewal_remarks
from tasks.storage.bucket import Bucket
from tests.played import entry, ingested

UNTOUCHED = Treatment("conservative", ())


@pytest.fixture
def planned(
    store: Store, root: RemoteRoot, header_maker: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[bool], Plan]:  # fmt: skip
    """A plan of one known reel in a bucket that does not answer."""
    known, _ = ingested(entry("A"), header_maker)
    known = replace(known, origin=Origin(root.url, "A.mkv", None, "0" * 64))
    store.ledger("before").append("reels", "A.r1", [reel_row(known, "restored", UNTOUCHED)])

    def silent(bucket: Bucket, path: str) -> None:
        raise StorageError("silent")

    def made(finished: bool) -> Plan:
        monkeypatch.setattr(Bucket, "look", silent)
        monkeypatch.setattr(plan_module, "is_assembled", lambda *_: finished)
        read = Catalog(Path("catalog.csv"), (known.catalog,), (), ())
        return plan_night(read, root, UNTOUCHED, store, store.root)

    return made


def test_a_finished_reel_stays_and_another_is_held(planned: Callable[[bool], Plan]) -> None:
    stays, held = planned(True), planned(False)
    assert [reel.finished for reel in stays.reels] == [True]
    assert stays.held == ()
    (row,) = held.held
    assert "silent" in row.reason


def test_no_column_is_read_that_is_not_asked_for(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of shots are long: whole ones take many times as long to read."""
    ledger = store.ledger("before")
    row = {"reel_id": "A.r1", "treatment_id": UNTOUCHED.treatment_id, "seconds": 2.0,
           "start_frame": 0, "stop_frame": 10}  # fmt: skip
    ledger.append("restorations", "A.r1", [row])
    ledger.append("reels", "A.r1", [{"reel_id": "A.r1", "width": 100, "height": 100}])
    read, whole = Ledger.read, []

    def noted(
        self: Ledger, table: str, partition: str | None = None, columns: Columns | None = None
    ) -> Any:
        whole.extend([table] if columns is None and table in ("reels", "restorations") else [])
        return read(self, table, partition, columns)

    monkeypatch.setattr(Ledger, "read", noted)
    ahead = plan_module.PlannedReel("B.r1", "B", 1800, 0.01, 0, False)
    assert plan_module._hours([ahead], UNTOUCHED, store) == pytest.approx(0.1)
    assert renewal_remarks(store.ledger(), ["A.r1"], UNTOUCHED) == ()
    assert whole == []


def test_a_reel_that_is_held_now_makes_no_reel_ahead_slower(store: Store) -> None:
    """The row of a held reel has no size: its work cannot be told, so its seconds do not count."""
    ledger = store.ledger("before")
    for name in "AB":
        reel = {"reel_id": f"{name}.r1"}
        shot = {"key": name, "treatment_id": UNTOUCHED.treatment_id, "seconds": 2.0,
                "start_frame": 0, "stop_frame": 10}  # fmt: skip
        ledger.append("restorations", f"{name}.r1", [reel | shot])
        ledger.append("reels", f"{name}.r1", [reel | {"width": 100, "height": 100}])
    ahead = plan_module.PlannedReel("C.r1", "C", 1800, 0.01, 0, False)
    for name, hours in (("A", pytest.approx(0.1)), ("B", None)):
        ledger.append("reels", f"{name}.r1", [held_row(HeldRow.of(entry(name), "changed"))])
        assert plan_module._hours([ahead], UNTOUCHED, store) == hours
