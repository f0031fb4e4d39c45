"""A store that is copied while a night is at work, and goes on elsewhere; docs/operations.md."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from flows.cli import app
from tests.faults.nights import Ended, Frames, Site, finish, label, wait_until, write_catalog

pytestmark = [pytest.mark.timeout(1500), pytest.mark.slow]

IN_FLIGHT = label("C", 0)
LEFT_OUT = ("tables", "mlflow.db", "mlflow.db-journal", "prefect", "proxies", "*.partial")


def back_up(store: Path, copy: Path) -> None:
    """As the page says: tables first, so that what they name is there when it is copied."""
    while True:
        try:
            shutil.copytree(store / "tables", copy / "tables", dirs_exist_ok=True)
            break
        except shutil.Error:  # files were merged meanwhile
            continue
    if (store / "mlflow.db").is_file():
        with (
            closing(sqlite3.connect(store / "mlflow.db")) as database,
            closing(sqlite3.connect(copy / "mlflow.db")) as other,
        ):
            database.backup(other)
    left_out = shutil.ignore_patterns(*LEFT_OUT)
    shutil.copytree(store, copy, ignore=left_out, dirs_exist_ok=True)


def wetgate(site: Site, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--store", str(site.store)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("backup")


@pytest.fixture(scope="module")
def whole(catalog: Path, prefect_server: str, folder: Path) -> Frames:
    """The masters of a night in whose midst the store was copied; then it is lost, and its archive.

    The copy is below `elsewhere`, and so is one of the archive.
    """
    site = Site(folder / "first", catalog)
    site.own_archive()
    write_catalog(site.archive, {"A": "A.mkv", "C": "C.mkv"})
    go = site.deeds / "go"
    site.plan({IN_FLIGHT: [["wait", str(go)]]})
    running = site.start()
    site.process_at(IN_FLIGHT)
    wait_until(lambda: site.reels().get("A", ("",))[0] == "restored")
    back_up(site.store, folder / "elsewhere" / "store")
    shutil.copytree(site.archive, folder / "elsewhere" / "archive")
    go.touch()
    assert finish(running).reels == (2, 0, 0)
    masters = site.masters()
    shutil.rmtree(site.folder)
    return masters


@pytest.fixture(scope="module")
def restored(whole: Frames, folder: Path) -> Site:
    place = folder / "elsewhere"
    return Site(place, place / "archive" / "catalog.csv", options=["--workers", "1"])


@pytest.fixture(scope="module")
def next_night(restored: Site) -> Ended:
    return restored.night()


def test_a_copy_of_a_night_in_progress_says_how_far_it_was(restored: Site) -> None:
    """What is recorded in the copy is in the copy."""
    found = {name: status for name, (status, _) in restored.reels().items()}
    assert found == {"A": "restored", "C": "ingested"}
    said = wetgate(restored, "verify", "--no-sources")
    assert said.exit_code == 0, said.output
    assert "all as recorded" in said.output


def test_the_next_night_goes_on_from_the_copy(
    restored: Site, whole: Frames, next_night: Ended
) -> None:
    assert next_night.reels == (2, 0, 0)
    assert next_night.summary["shots_computed"] == 1
    assert restored.masters() == whole


def test_the_sources_are_found_where_they_are_now(restored: Site, next_night: Ended) -> None:
    assert wetgate(restored, "verify").exit_code == 0
    assert wetgate(restored, "status").exit_code == 0


def test_nothing_is_written_where_the_store_was(
    restored: Site, next_night: Ended, folder: Path
) -> None:
    """Runs of MLflow above all, whose database names folders by their whole paths."""
    assert not (folder / "first").exists()
    events = restored.events("tracking")
    assert list(events["outcome"]) == ["success"]
    (run,) = _column(restored, "SELECT artifact_uri FROM runs")
    assert run.startswith(restored.store.as_uri())
    assert list(restored.store.glob("mlartifacts/*/artifacts/report.html"))


def test_restored_reels_can_be_reprocessed_there(restored: Site, next_night: Ended) -> None:
    said = wetgate(restored, "reprocess", "--recipe", "stabilised", "--dry-run")
    assert said.exit_code == 0, said.output
    assert "4 shots of 2 reels" in said.output


def _column(site: Site, query: str) -> list[Any]:
    with closing(sqlite3.connect(site.store / "mlflow.db")) as database:
        return [row[0] for row in database.execute(query)]
