"""The ledger: append-only Parquet tables that many workers write and anyone can read.

    tables/restorations/<partition>/<record>.parquet     one immutable file per append
    tables/restorations/<partition>/compact-<id>.parquet  many appends in one file

A file is written under a temporary name that does not end in `.parquet`, flushed to the
disk, then linked to its final name, so that a reader sees whole files only and of two
writers of one name exactly one wins. Compaction writes the merged file before it deletes
the parts: a crash between the two leaves rows twice, never none, and readers drop
doubles by `record_id`.
"""

import os
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from catalogs.durable import partial_path, publish_once
from catalogs.errors import StoreError
from catalogs.instant import next_instant
from catalogs.tables import KEYS, SCHEMA_VERSION, TABLES

Row = Mapping[str, Any]
Columns = Collection[str]
_Wanted = list[tuple[str, str, str]] | None  # column, relation, value


class Ledger:
    """The tables below one folder.

    Args:
        folder: `<store>/tables`; made when something is first appended.
        batch_id: written into every row.
    """

    def __init__(self, folder: Path, batch_id: str = "") -> None:
        self.folder = folder
        self.batch_id = batch_id

    def append(self, table: str, partition: str, rows: Iterable[Row], name: str = "") -> bool:
        """Write rows as one immutable file, durable before this returns.

        Args:
            table: one of `TABLES`.
            partition: a folder of the table, for instance the reel.
            rows: columns of the table's schema; those left out become null.
            name: name of the file; of two appends of one name the first wins.

        Returns:
            False when a file of that name was already there.

        Raises:
            StoreError: the store cannot be written (full, read-only).
        """
        given = list(rows)
        unknown = {key for row in given for key in row} - set(TABLES[table].names)
        if unknown:
            raise ValueError(f"table {table} has no column {', '.join(sorted(unknown))}")
        target = self.folder / table / partition / f"{name or uuid.uuid4().hex}.parquet"
        try:
            now = next_instant(self.folder)
            whole = [
                {"record_id": uuid.uuid4().hex, "recorded_at": now,
                 "schema_version": SCHEMA_VERSION, "batch_id": self.batch_id, **row}
                for row in given
            ]  # fmt: skip
            return _commit(pa.Table.from_pylist(whole, schema=TABLES[table]), target)
        except OSError as error:
            raise StoreError(f"cannot write {target}: {error.strerror}; free or fix it") from error

    def read(
        self, table: str, partition: str | None = None, columns: Columns | None = None
    ) -> pd.DataFrame:
        """All rows of a table or of one partition, oldest first, as pandas.

        Args:
            table: one of `TABLES`.
            partition: of the table; all when None.
            columns: those that are wanted, which is many times faster where rows are long; the
                table's key and what names and orders rows come with them. All when None.
        """
        return self._arrow(table, partition, columns=columns).to_pandas()

    def find(
        self,
        table: str,
        partition: str | None = None,
        columns: Columns | None = None,
        **values: str,
    ) -> pd.DataFrame:
        """As `read`, but only rows whose columns have these values; others stay unread."""
        wanted = [(column, "==", value) for column, value in values.items()]
        needed = None if columns is None else {*columns, *values}
        return self._arrow(table, partition, wanted, needed).to_pandas()

    def newest(
        self, table: str, partition: str | None = None, columns: Columns | None = None
    ) -> pd.DataFrame:
        """The current state: as `read`, but the newest row per key of the table."""
        rows = self.read(table, partition, columns)
        return rows.drop_duplicates(list(KEYS[table]), keep="last").reset_index(drop=True)

    def newest_table(self, table: str) -> pa.Table:
        """As `newest`, as an Arrow table with the types of the schema."""
        rows = self._arrow(table, None)
        keys = rows.select(KEYS[table]).to_pandas()
        kept = keys.drop_duplicates(keep="last").index
        return rows.take(pa.array(kept, type=pa.int64()))

    def partitions(self, table: str) -> list[str]:
        """Names of a table's partitions, sorted; those of batches in the order of their begin."""
        folder = self.folder / table
        return sorted(found.name for found in folder.iterdir()) if folder.is_dir() else []

    def compact(self, table: str, partition: str) -> None:
        """Merge a partition's files into one, unless another process is at it.

        Files with a column that is not known here stay as they are: merging would lose it.
        """
        schema, there = TABLES[table], self._files(table, partition)
        if len(there) < 2:
            return
        try:
            files = [file for file in there if _has_no_more(file, schema)]
            parts = [_read_file(file, schema, None) for file in files]
        except FileNotFoundError:  # merged by another: work of a night that was killed goes on
            return
        if len(files) < 2:
            return
        merged = _merged(parts, schema)
        _commit(merged, self.folder / table / partition / f"compact-{uuid.uuid4().hex}.parquet")
        for file in files:
            file.unlink(missing_ok=True)

    def _files(self, table: str, partition: str | None) -> list[Path]:
        if partition is not None:
            return sorted((self.folder / table / partition).glob("*.parquet"))
        return sorted((self.folder / table).glob("*/*.parquet"))

    def _parts(
        self, table: str, partition: str | None, wanted: _Wanted, schema: pa.Schema
    ) -> list[pa.Table]:
        """The files' rows; looked at again when a compaction took files away meanwhile."""
        while True:
            files = self._files(table, partition)
            try:
                return [_read_file(file, schema, wanted) for file in files]
            except FileNotFoundError:
                if files == self._files(table, partition):
                    raise

    def _arrow(
        self,
        table: str,
        partition: str | None,
        wanted: _Wanted = None,
        columns: Columns | None = None,
    ) -> pa.Table:
        schema = _chosen(table, columns)
        return _merged(self._parts(table, partition, wanted, schema), schema)


def _merged(parts: Iterable[pa.Table], schema: pa.Schema) -> pa.Table:
    """Rows of several files, oldest first, each once."""
    whole = pa.concat_tables([schema.empty_table(), *parts])
    whole = whole.sort_by([("recorded_at", "ascending")])
    kept = whole["record_id"].to_pandas().drop_duplicates().index
    return whole.take(pa.array(kept, type=pa.int64()))


def _has_no_more(file: Path, schema: pa.Schema) -> bool:
    """Whether a file has no column beyond the schema."""
    return set(schema.names).issuperset(_read(file, lambda: pq.read_schema(file)).names)


def _chosen(table: str, columns: Columns | None) -> pa.Schema:
    """The schema of the columns that are wanted, and of those that no reading goes without."""
    schema = TABLES[table]
    if columns is None:
        return schema
    names = {"record_id", "recorded_at", *KEYS[table], *columns}
    if unknown := names - set(schema.names):
        raise ValueError(f"table {table} has no column {', '.join(sorted(unknown))}")
    return pa.schema([field for field in schema if field.name in names])


def _read_file(file: Path, schema: pa.Schema, wanted: _Wanted) -> pa.Table:
    return _read(
        file, lambda: pq.read_table(file, schema=schema, partitioning=None, filters=wanted)
    )


def _read(file: Path, how: Callable[[], Any]) -> Any:
    try:
        return how()
    except FileNotFoundError:
        raise
    except (pa.ArrowInvalid, OSError) as error:
        raise StoreError(f"{file} cannot be read as Parquet ({error}); restore it") from error


def _commit(table: pa.Table, target: Path) -> bool:
    partial = partial_path(target)
    try:
        with partial.open("wb") as stream:
            pq.write_table(table, stream, compression="zstd")
            stream.flush()
            os.fsync(stream.fileno())
        return publish_once(partial, target)
    finally:
        partial.unlink(missing_ok=True)
