"""Which files of the ledger are new, and their rows.

Files of the ledger are immutable, so a name that was read is never read again. Compaction moves
rows into a new file before it deletes theirs; a file that vanishes while it is read is looked for
again under its new name.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds

from catalogs.errors import StoreError
from catalogs.tables import TABLES

_TRIES = 5

Names = frozenset[str]


def partitions(tables: Path, table: str) -> dict[str, Names]:
    """Names of the files in each partition of a table; empty where there is no table."""
    found: dict[str, Names] = {}
    try:
        with os.scandir(tables / table) as folders:
            for folder in folders:
                if folder.is_dir():
                    found[folder.name] = partitions_of(folder.path)
    except FileNotFoundError:
        return {}
    return found


def read_partitions(
    tables: Path, table: str, wanted: Iterable[str], columns: Sequence[str]
) -> pa.Table:
    """Rows of whole partitions, with a column `place` that orders rows of one instant.

    Raises:
        StoreError: a file cannot be read.
    """
    wanted = sorted(wanted)
    for _ in range(_TRIES):
        files = [
            str(tables / table / name / file)
            for name in wanted
            for file in sorted(partitions_of(tables / table / name))
        ]
        try:
            return read_files(files, table, columns)
        except FileNotFoundError:
            continue
    raise StoreError(f"{tables / table} changes faster than it can be read; try again")


def partitions_of(folder: Path | str) -> Names:
    """Names of the files in one partition."""
    try:
        with os.scandir(folder) as entries:
            return frozenset(e.name for e in entries if e.name.endswith(".parquet"))
    except FileNotFoundError:
        return frozenset()


def read_files(files: Sequence[str], table: str, columns: Sequence[str]) -> pa.Table:
    """Rows of files; columns that a file of an earlier version lacks are null.

    Raises:
        FileNotFoundError: one is gone.
        StoreError: one is no Parquet.
    """
    schema = TABLES[table]
    try:
        if files:
            rows = ds.dataset(list(files), schema=schema, format="parquet").to_table(
                columns=list(columns)
            )
        else:
            rows = schema.empty_table().select(list(columns))
    except FileNotFoundError:
        raise
    except (pa.ArrowInvalid, OSError) as error:
        raise StoreError(f"the ledger cannot be read ({error}); restore the file") from error
    place = pa.array(range(len(rows)), type=pa.int64())
    return rows.append_column("place", place)
