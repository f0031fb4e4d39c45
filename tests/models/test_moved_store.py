"""A store with a registry in it that is moved: its versions come back from where they are now."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from catalogs.store import Store, open_store
from flows.registry.promotion import promote, register, rollback
from flows.registry.registry import Registry
from flows.services.moved_store import follow
from tasks.registry.register import Offered

pytestmark = pytest.mark.filterwarnings("default")  # MLflow's own

Offer = Callable[..., Offered]


def locations(database: Path) -> set[str]:
    """Every place of artifacts that a database names."""
    columns = {
        "experiments": "artifact_location",
        "runs": "artifact_uri",
        "model_versions": "source",
    }
    with closing(sqlite3.connect(database)) as connection:
        return {
            str(place)
            for table, column in columns.items()
            for (place,) in connection.execute(f"SELECT {column} FROM {table}")
        }


def test_versions_come_back_and_go_on_where_the_store_is_now(
    registry_store: Store, make_offer: Offer, tmp_path: Path
) -> None:
    before = tmp_path / "before"
    shutil.copytree(registry_store.root, before)
    store = open_store(before)
    first = register(store, make_offer("moved", 1))
    promote(store, "moved@1", "A. Owner", None, "seen")
    after = tmp_path / "after"
    before.rename(after)
    store = open_store(after)
    (store.shelf.folder / "moved" / "1.json").unlink()
    store.shelf.weights_file(first.weights_sha256).unlink()
    assert Registry(store).version("moved", 1) == first
    register(store, make_offer("moved", 2))
    promote(store, "moved@2", "A. Owner", None, "seen")
    assert rollback(store, "moved", "A. Owner", "seen again").champion == 1
    assert not before.exists()
    root = (after / "mlartifacts").as_uri()
    assert all(f"{place}/".startswith(f"{root}/") for place in locations(after / "mlflow.db"))


def test_places_of_others_stay(tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    rows = [
        ("file:///old/mlartifacts",),
        ("file:///old/mlartifacts/0",),
        ("file:///old/mlartifacts2/0",),
        ("s3://bucket/wetgate",),
    ]
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE experiments (artifact_location TEXT)")
        connection.executemany("INSERT INTO experiments VALUES (?)", rows)
    follow(database, "file:///new/mlartifacts")
    with closing(sqlite3.connect(database)) as connection:
        found = [row[0] for row in connection.execute("SELECT * FROM experiments ORDER BY rowid")]
    assert found == [
        "file:///new/mlartifacts",
        "file:///new/mlartifacts/0",
        "file:///old/mlartifacts2/0",
        "s3://bucket/wetgate",
    ]


def test_a_place_that_a_person_chose_stays(tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    rows = [
        (0, "file:///old/mlartifacts/0"),
        (1, "s3://x/mlartifacts"),
        (2, "file:///mnt/mlartifacts/2"),
    ]
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE experiments (experiment_id INT, artifact_location TEXT)")
        connection.executemany("INSERT INTO experiments VALUES (?, ?)", rows)
    follow(database, "file:///new/mlartifacts")
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute("SELECT * FROM experiments ORDER BY experiment_id").fetchall()
    assert found == [(0, "file:///new/mlartifacts/0"), *rows[1:]]


def test_a_store_without_a_database_gets_none(tmp_path: Path) -> None:
    follow(tmp_path / "mlflow.db", "file:///new/mlartifacts")
    assert not (tmp_path / "mlflow.db").exists()
