"""A store that was moved, copied or restored: MLflow's database names its artifacts by whole paths.

Left as they are, a copy would write what it records among the artifacts of the store that it was
copied from, and find none of its own where that one is gone.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

_FOLDER = "/mlartifacts"
_COLUMNS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("logged_models", "artifact_location"),
)


def follow(database: Path, root: str) -> None:
    """Let a store's own database name artifacts where they lie now.

    Args:
        database: SQLite, made by MLflow; nothing happens where there is none yet.
        root: of the artifacts, as a URI.

    Raises:
        sqlite3.Error: it is damaged, or in use for longer than a few seconds.
    """
    if not database.is_file():
        return
    with closing(sqlite3.connect(database)) as connection, connection:
        for old in _roots(connection) - {root}:
            for table, column in _COLUMNS:
                if _has(connection, table, column):
                    _rename(connection, table, column, old, root)


def _roots(connection: sqlite3.Connection) -> set[str]:
    """Where artifacts of the store lay: of MLflow's first experiment, which it makes by itself.

    A place that a person chose for another one is none of the store's. Where the first is not
    there, every local folder of the name counts.
    """
    if not _has(connection, "experiments", "artifact_location"):
        return set()
    of = " WHERE experiment_id = 0" if _has(connection, "experiments", "experiment_id") else ""
    select = "SELECT artifact_location FROM experiments"
    found = connection.execute(select + of).fetchall() or connection.execute(select).fetchall()
    local = (str(place) for (place,) in found if str(place).startswith(("file:", "/")))
    parts = (place.rpartition(_FOLDER) for place in local)
    return {before + folder for before, folder, _ in parts if folder}


def _has(connection: sqlite3.Connection, table: str, column: str) -> bool:
    rows = connection.execute(f"PRAGMA table_info({table})").fetchall()
    return column in [row[1] for row in rows]


def _rename(connection: sqlite3.Connection, table: str, column: str, old: str, root: str) -> None:
    connection.execute(
        f"UPDATE {table} SET {column} = :root || substr({column}, :length + 1) "
        f"WHERE substr({column} || '/', 1, :length + 1) = :old || '/'",
        {"root": root, "old": old, "length": len(old)},
    )
