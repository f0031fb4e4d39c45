"""Rows of the ledger as plain Python."""

import math
from datetime import datetime
from typing import Any

import pandas as pd

Row = dict[str, Any]


def until(rows: pd.DataFrame, ended: datetime | None) -> pd.DataFrame:
    """Rows recorded at a time or before it; all of them when there is no such time."""
    return rows if ended is None else rows[rows["recorded_at"] <= ended]


def plain_rows(frame: pd.DataFrame) -> list[Row]:
    """Rows as dictionaries, with None where the table has null."""
    names = [str(name) for name in frame.columns]
    columns = [_plain_column(column) for _, column in frame.items()]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _plain_column(column: "pd.Series[Any]") -> list[Any]:
    """A column as a list; numbers and texts, of which there are most, all at once."""
    if column.dtype == object or isinstance(column.dtype, pd.DatetimeTZDtype):
        return [_plain(value) for value in column]
    return list(column.astype(object).where(column.notna(), None))


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if hasattr(value, "tolist"):
        value = value.tolist()
    if value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return value
