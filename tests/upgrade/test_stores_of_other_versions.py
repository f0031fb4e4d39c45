"""Stores that older and newer software wrote.

`store-of-version-2` holds the tables of a night by the code of commit 4a9dfa2: one reel of two
shots, no column `crc32`, `collection` or `verdict`, and none of the tables that came later.
"""

import hashlib
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from catalogs.errors import StoreError
from catalogs.ledger import Ledger
from catalogs.mixtures import standing_version
from catalogs.recipe import read_recipe
from catalogs.rows import event_row, known_reels, read_frame_index, read_restored
from catalogs.store import MARKER, STORE_VERSION, Store, existing_store, open_store
from catalogs.store_lock import hold_store
from catalogs.tables import SCHEMA_VERSION, TABLES
from dashboard.ledger_view import LedgerView
from flows.cli import app
from flows.words import reel_standings
from tasks.reprocess.renewed import renewal_remarks
from tasks.treat import resolve_recipe

REEL = "B.r1"
OLD = Path(__file__).parent / "store-of-version-2"
TABLES_OF_VERSION_3 = "9dd49623a87cfaba"


@pytest.fixture
def old(tmp_path: Path) -> Store:
    shutil.copytree(OLD, tmp_path / "store")
    return existing_store(tmp_path / "store")


def files(store: Store) -> dict[str, str]:
    """SHA-256 of every file of a store."""
    return {
        str(path.relative_to(store.root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(store.root.rglob("*"))
        if path.is_file()
    }


def wetgate(store: Store, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--store", str(store.root)])


def test_reels_shots_and_frames_of_an_older_store_are_read(old: Store) -> None:
    ledger = old.ledger()
    reel = known_reels(ledger)[REEL]
    assert (reel.catalog.title, str(reel.frame_rate), reel.catalog.collection) == (
        "Beta", "18", None,
    )  # fmt: skip
    index = read_frame_index(ledger, reel.digest)
    assert index is not None
    assert (len(index), len(set(index.md5)) > 20, index.crc32) == (40, True, ())
    restored = read_restored(ledger, reel, standing_version(ledger, reel))
    assert sorted(len(shot.frame_md5) for shot in restored.values()) == [20, 20]
    (standing,) = reel_standings(old)
    assert (standing.status, standing.shots_done, standing.shots) == ("restored", 2, 2)


def test_every_table_of_an_older_store_has_the_columns_of_today(old: Store) -> None:
    for table, schema in TABLES.items():
        assert list(old.ledger().read(table).columns) == schema.names


def test_the_dashboard_shows_an_older_store(old: Store) -> None:
    view = LedgerView(old)
    assert view.ask("SELECT reel_id, start_frame FROM shot ORDER BY start_frame") == [
        {"reel_id": REEL, "start_frame": 0},
        {"reel_id": REEL, "start_frame": 20},
    ]


def test_the_report_of_an_old_night_is_written_again(old: Store) -> None:
    said = wetgate(old, "report")
    assert said.exit_code == 0, said.output
    assert "Beta" in Path(said.output.strip()).with_suffix(".md").read_text()


def test_what_newer_steps_make_is_not_taken_for_what_older_ones_made(old: Store) -> None:
    ledger = old.ledger()
    reel = known_reels(ledger)[REEL]
    today = resolve_recipe(read_recipe("conservative"))
    assert read_restored(ledger, reel, today.treatment_id) == {}
    (said,) = renewal_remarks(ledger, [REEL], today)
    assert said.startswith("1 reel is restored already and will be restored anew: conservative-")
    assert "by newer code of deflicker, dirt;" in said
    assert renewal_remarks(ledger, ["another"], today) == ()
    assert renewal_remarks(ledger, [REEL], resolve_recipe(read_recipe("access"))) == ()


def test_looking_changes_no_version_and_a_night_does(old: Store) -> None:
    wetgate(old, "status")
    assert (old.root / MARKER).read_text() == "2\n"
    with hold_store(old):
        assert (old.root / MARKER).read_text() == f"{STORE_VERSION}\n"
    assert existing_store(old.root) == old


def test_rows_of_two_versions_are_merged_and_none_is_lost(old: Store) -> None:
    ledger = old.ledger("tonight")
    before = ledger.read("reels", REEL)
    ledger.append("reels", REEL, [{"reel_id": REEL, "collection": "News", "status": "held"}])
    ledger.compact("reels", REEL)
    after = ledger.read("reels", REEL)
    assert list(after["schema_version"]) == [1, 1, SCHEMA_VERSION]
    assert after["facts_json"].notna().sum() == before["facts_json"].notna().sum() > 0


@pytest.mark.parametrize("words", [["status"], ["verify"], ["report"], ["run", "none.csv"]])
def test_a_store_of_newer_software_is_refused_and_left_alone(old: Store, words: list[str]) -> None:
    (old.root / MARKER).write_text(f"{STORE_VERSION + 1}\n")
    before = files(old)
    said = wetgate(old, *words)
    assert isinstance(said.exception, StoreError)
    assert "of newer software than this" in str(said.exception)
    assert files(old) == before


def test_a_store_too_old_to_be_read_is_refused_with_what_to_do(old: Store) -> None:
    (old.root / MARKER).write_text("1\n")
    with pytest.raises(StoreError, match=r"2 is the oldest that can be read.*begin a new store"):
        open_store(old.root)


def test_a_column_that_is_not_known_is_not_lost_by_merging(tmp_path: Path) -> None:
    """As an older program would, that was still running when the newer one had written."""
    ledger = Ledger(tmp_path / "tables", "tonight")
    for number in range(3):
        ledger.append("events", "x", [event_row(f"{number}", "reel", "success", "", "test")])
    newer = sorted((tmp_path / "tables" / "events" / "x").iterdir())[0]
    rows = pq.read_table(newer)
    pq.write_table(rows.append_column("mood", [["blue"]]), newer)
    ledger.compact("events", "x")
    assert pq.read_table(newer, columns=["mood"]).to_pylist() == [{"mood": "blue"}]
    assert len(list(newer.parent.iterdir())) == 2
    assert sorted(ledger.read("events", "x")["event"]) == ["0", "1", "2"]


def test_other_tables_are_another_version() -> None:
    """Raise `SCHEMA_VERSION` where a released store was written with the version before."""
    said = "\n".join(f"{name}: {schema}" for name, schema in TABLES.items())
    found = hashlib.sha256(said.encode()).hexdigest()[:16]
    assert (SCHEMA_VERSION, found) == (3, TABLES_OF_VERSION_3)
