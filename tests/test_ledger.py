"""The ledger: rows appended by many workers are never lost, doubled or half-written."""

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalogs import ledger as ledger_module
from catalogs.durable import write_whole
from catalogs.errors import StoreError
from catalogs.ledger import Ledger
from catalogs.store import Store, existing_store, open_store
from catalogs.store_lock import hold_store
from catalogs.tables import KEYS, SCHEMA_VERSION, TABLES


def event(detail: str) -> Mapping[str, Any]:
    return {"event": "tested", "object": "reel", "outcome": "success", "detail": detail}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "tables", "batch-1")


def details(ledger: Ledger, partition: str | None = None) -> list[str]:
    return list(ledger.read("events", partition)["detail"])


def files(ledger: Ledger) -> list[Path]:
    return sorted(path for path in ledger.folder.rglob("*") if path.is_file())


def test_rows_come_back_in_the_order_in_which_they_were_appended(ledger: Ledger) -> None:
    for n in range(5):
        ledger.append("events", "reel", [event(f"{n}a"), event(f"{n}b")])
    assert details(ledger) == [f"{n}{letter}" for n in range(5) for letter in "ab"]


def test_rows_are_found_by_what_their_columns_hold(ledger: Ledger) -> None:
    for detail in ("a", "b", "a"):
        ledger.append("events", "reel", [event(detail)])
    ledger.append("events", "other", [event("a")])
    found = ledger.find("events", "reel", detail="a", object="reel")
    assert list(found["detail"]) == ["a", "a"]
    assert found["recorded_at"].is_monotonic_increasing
    assert ledger.find("events", "reel", detail="c").empty
    assert list(found.columns) == TABLES["events"].names


def test_chosen_columns_come_with_what_orders_and_names_rows(ledger: Ledger) -> None:
    for status in ("ingested", "restored"):
        ledger.append("reels", "A.r1", [{"reel_id": "A.r1", "status": status, "title": "A"}])
    own = ["record_id", "recorded_at", "reel_id", "status"]
    assert list(ledger.read("reels", columns=["status"]).columns) == own
    assert list(ledger.newest("reels", columns=["status"])["status"]) == ["restored"]
    found = ledger.find("reels", None, ["status"], title="A", batch_id="batch-1")
    assert list(found["status"]) == ["ingested", "restored"]
    assert ledger.find("reels", None, ["status"], title="B").empty
    with pytest.raises(ValueError, match="table reels has no column colour_of_leader"):
        ledger.read("reels", columns=["colour_of_leader"])


def test_every_row_says_when_and_in_which_batch_and_schema_it_was_written(ledger: Ledger) -> None:
    ledger.append("events", "reel", [event("x")])
    row = ledger.read("events").iloc[0]
    assert (row.batch_id, row.schema_version) == ("batch-1", SCHEMA_VERSION)
    assert len(row.record_id) == 32
    assert str(row.recorded_at.tz) == "UTC"


def test_a_row_of_an_earlier_schema_is_read_without_the_new_columns(ledger: Ledger) -> None:
    """Columns are only ever added, so that an old store opens as it is."""
    whole = TABLES["measurements"]
    old = pa.schema([field for field in whole if field.name not in ("verdict", "threshold")])
    row = {"record_id": "a", "metric": "flicker", "after": 1.0, "schema_version": 1}
    folder = ledger.folder / "measurements" / "reel"
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist([row], schema=old), folder / "old.parquet")
    read = ledger.read("measurements").iloc[0]
    assert (read["metric"], read["after"]) == ("flicker", 1.0)
    assert pd.isna(read["verdict"]) and pd.isna(read["threshold"])


def test_an_empty_table_has_its_columns(ledger: Ledger) -> None:
    for table, schema in TABLES.items():
        assert list(ledger.read(table).columns) == schema.names
        assert list(ledger.newest(table, "none").columns) == schema.names


def test_the_keys_of_every_table_are_columns_of_it() -> None:
    assert KEYS.keys() == TABLES.keys()
    assert {table: set(keys) - set(TABLES[table].names) for table, keys in KEYS.items()} == {
        table: set() for table in TABLES
    }


def test_a_partition_is_read_alone(ledger: Ledger) -> None:
    for reel in ("A.r1", "A.r10", "A.r2", "[A].r1"):
        ledger.append("events", reel, [event(reel)])
    assert details(ledger, "A.r1") == ["A.r1"]
    assert details(ledger, "[A].r1") == ["[A].r1"]
    assert sorted(details(ledger)) == ["A.r1", "A.r10", "A.r2", "[A].r1"]


def test_the_newest_row_of_a_key_is_the_current_state_and_history_stays(ledger: Ledger) -> None:
    for status in ("held", "ingested", "restored"):
        ledger.append("reels", "A.r1", [{"reel_id": "A.r1", "status": status}])
    ledger.append("reels", "B.r1", [{"reel_id": "B.r1", "status": "held"}])
    newest = ledger.newest("reels")
    current = dict(zip(newest["reel_id"], newest["status"], strict=True))
    assert current == {"A.r1": "restored", "B.r1": "held"}
    assert len(ledger.read("reels")) == 4


def test_of_two_appends_of_one_name_the_first_wins(ledger: Ledger) -> None:
    assert ledger.append("events", "reel", [event("first")], name="key")
    assert not ledger.append("events", "reel", [event("second")], name="key")
    assert details(ledger) == ["first"]


def test_compaction_leaves_one_file_with_the_same_rows(ledger: Ledger) -> None:
    for n in range(6):
        ledger.append("events", "reel", [event(str(n))])
    before = ledger.read("events")
    ledger.compact("events", "reel")
    assert len(files(ledger)) == 1
    assert ledger.read("events").equals(before)
    ledger.append("events", "reel", [event("6")])
    ledger.compact("events", "reel")
    assert details(ledger) == [str(n) for n in range(7)]


def test_partitions_are_named_in_their_order(ledger: Ledger) -> None:
    assert ledger.partitions("events") == []
    for name in ("20260102-night", "20251231-night"):
        ledger.append("events", name, [event("x")])
    assert ledger.partitions("events") == ["20251231-night", "20260102-night"]


def test_a_partition_of_one_file_is_not_read_to_be_compacted(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.append("events", "reel", [event("x")])
    monkeypatch.setattr(ledger_module, "_read", pytest.fail)
    ledger.compact("events", "reel")


@pytest.mark.parametrize("deleted", [0, 1, 3])
def test_a_crash_while_compaction_deletes_loses_and_doubles_nothing(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, deleted: int
) -> None:
    for n in range(4):
        ledger.append("events", "reel", [event(str(n))])
    left = deleted
    unlink = Path.unlink

    def crashing_unlink(self: Path, missing_ok: bool = False) -> None:
        nonlocal left
        if self.suffix == ".parquet":
            if left == 0:
                raise KeyboardInterrupt
            left -= 1
        unlink(self, missing_ok)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Path, "unlink", crashing_unlink)
        ledger.compact("events", "reel")
    assert details(ledger) == ["0", "1", "2", "3"]
    ledger.compact("events", "reel")
    assert details(ledger) == ["0", "1", "2", "3"]
    assert len(files(ledger)) == 1


def test_two_compactions_at_once_lose_and_double_nothing(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time the other one is done first, however far this one had come."""
    for n in range(4):
        ledger.append("events", "reel", [event(str(n))])
    for name in ("_has_no_more", "_read_file", "_commit"):
        plain = getattr(ledger_module, name)

        def after_another(*given: Any, name: str = name, plain: Any = plain) -> Any:
            monkeypatch.setattr(ledger_module, name, plain)
            Ledger(ledger.folder).compact("events", "reel")
            return plain(*given)

        monkeypatch.setattr(ledger_module, name, after_another)
        ledger.compact("events", "reel")
        ledger.append("events", "reel", [event(name)])
    assert sorted(details(ledger)) == ["0", "1", "2", "3", "_commit", "_has_no_more", "_read_file"]


def test_a_reader_beside_a_compaction_sees_every_row(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that were listed and are gone when they are read were merged: look again."""
    for n in range(4):
        ledger.append("events", "reel", [event(str(n))])
    read_file = ledger_module._read_file
    compacted = False

    def compact_first(*given: Any) -> Any:
        nonlocal compacted
        if not compacted:
            compacted = True
            Ledger(ledger.folder).compact("events", "reel")
        return read_file(*given)

    monkeypatch.setattr(ledger_module, "_read_file", compact_first)
    assert details(ledger) == ["0", "1", "2", "3"]


def test_what_a_killed_writer_left_is_ignored(ledger: Ledger) -> None:
    ledger.append("events", "reel", [event("whole")])
    (ledger.folder / "events" / "reel" / ".x.parquet.1234.partial").write_bytes(b"PAR1 half")
    assert details(ledger) == ["whole"]
    ledger.compact("events", "reel")
    assert details(ledger) == ["whole"]


def test_an_append_leaves_no_temporary_file(ledger: Ledger) -> None:
    ledger.append("events", "reel", [event("x")], name="key")
    ledger.append("events", "reel", [event("y")], name="key")
    assert [path.name for path in files(ledger)] == ["key.parquet"]


def test_four_processes_append_at_once_and_no_row_is_lost(ledger: Ledger) -> None:
    """Fifty records each, with compactions running beside them."""
    script = (
        "import sys, pathlib; from catalogs.ledger import Ledger\n"
        "ledger = Ledger(pathlib.Path(sys.argv[1]))\n"
        "for n in range(50):\n"
        "    ledger.append('events', 'reel', [{'detail': f'{sys.argv[2]}-{n}'}])\n"
    )
    line = [sys.executable, "-c", script, str(ledger.folder)]
    writers = [subprocess.Popen([*line, str(n)]) for n in range(4)]
    while any(writer.poll() is None for writer in writers):
        ledger.compact("events", "reel")
        time.sleep(0.02)
    assert [writer.returncode for writer in writers] == [0, 0, 0, 0]
    assert sorted(details(ledger)) == sorted(f"{w}-{n}" for w in range(4) for n in range(50))


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not parquet at all" * 9])
def test_a_damaged_file_is_named(ledger: Ledger, content: bytes) -> None:
    ledger.append("events", "reel", [event("whole")])
    (ledger.folder / "events" / "reel" / "damaged.parquet").write_bytes(content)
    with pytest.raises(StoreError, match=r"events/reel/damaged\.parquet"):
        ledger.read("events")


def test_rows_that_were_written_before_a_column_was_there_are_read(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = TABLES["reels"]
    earlier = schema.remove(schema.get_field_index("collection"))
    with monkeypatch.context() as patch:
        patch.setitem(TABLES, "reels", earlier)
        ledger.append("reels", "A.r1", [{"reel_id": "A.r1"}])
    ledger.append("reels", "A.r1", [{"reel_id": "A.r1", "collection": "News"}])
    assert list(ledger.read("reels")["collection"].fillna("")) == ["", "News"]


def test_an_unknown_column_is_refused_by_name(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="no column colour_of_mood"):
        ledger.append("events", "reel", [{**event("x"), "colour_of_mood": "blue"}])
    assert not ledger.folder.exists()


def test_a_store_that_cannot_be_written_is_a_plain_error(tmp_path: Path) -> None:
    (tmp_path / "tables").write_text("in the way")
    with pytest.raises(StoreError, match="cannot write"):
        Ledger(tmp_path / "tables").append("events", "reel", [event("x")])


def test_a_small_file_is_replaced_whole(tmp_path: Path) -> None:
    write_whole(tmp_path / "a.json", b"old")
    write_whole(tmp_path / "a.json", b"new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.json": b"new"}


def test_a_new_store_is_laid_out_and_opened_again(tmp_path: Path) -> None:
    first = open_store(tmp_path / "deep" / "store")
    assert open_store(first.root) == first == existing_store(first.root)


def test_a_store_of_another_version_is_refused(store: Store) -> None:
    (store.root / "wetgate-store").write_text("99\n")
    with pytest.raises(StoreError, match="version 99"):
        open_store(store.root)


def test_a_folder_with_other_things_in_it_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"")
    with pytest.raises(StoreError, match="neither empty nor a store"):
        open_store(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be a store"):
        open_store(tmp_path / "file")
    with pytest.raises(StoreError, match="is not a store"):
        existing_store(tmp_path / "absent")
    assert not (tmp_path / "absent").exists()


def test_a_marker_that_is_no_text_is_refused(store: Store) -> None:
    (store.root / "wetgate-store").write_bytes(b"\xff\xfe")
    with pytest.raises(StoreError):
        open_store(store.root)


def test_two_nights_in_one_store_are_refused(store: Store) -> None:
    with (
        hold_store(store),
        pytest.raises(StoreError, match="another night or check is running"),
        hold_store(store),
    ):
        pass
    with hold_store(store):
        pass


def test_a_night_in_another_process_is_noticed_until_it_dies(store: Store) -> None:
    script = (
        "import sys, pathlib; from catalogs.store import Store\n"
        "from catalogs.store_lock import hold_store\n"
        f"with hold_store(Store(pathlib.Path({str(store.root)!r}))):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with (
            pytest.raises(StoreError, match="another night or check is running"),
            hold_store(store),
        ):
            pass
        other.kill()
    with hold_store(store):
        pass
