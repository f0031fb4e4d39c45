"""Everything the ledger has of one shot: what was done, with what, and what was measured."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.dataset as ds

from catalogs.model_version import ModelVersion
from catalogs.recipe import TreatmentStep
from catalogs.tables import TABLES
from catalogs.treatments import recorded_treatments
from dashboard.house import House
from dashboard.ledger_files import partitions_of
from dashboard.ledger_view import Row
from tasks.metrics.metric import Metric
from tasks.metrics.registry import METRICS

_MEASURED = ("metric", "before", "after", "unit", "measurable", "coverage", "note", "verdict",
             "threshold", "calibration_id", "worst_frame", "recorded_at")  # fmt: skip
_RESTORED = ("status", "reason", "picture_file", "picture_sha256", "change_file",
             "change_sha256", "steps", "step_parameters", "seconds", "device", "software",
             "recorded_at", "batch_id")  # fmt: skip
_ORDER = {"flag": 0, "look": 1, "ok": 2, "not measurable": 3, "": 4}
_TRIES = 5


@dataclass(frozen=True)
class Measured:
    """One metric of a shot, with its definition."""

    metric: Metric
    row: Row

    @property
    def light(self) -> str:
        """The light of its verdict."""
        verdict = str(self.row["verdict"] or "")
        return verdict if verdict in ("flag", "look", "ok") else "none"


@dataclass(frozen=True)
class Done:
    """One step of a shot: what it did, and what it is.

    Attributes:
        planned: as the treatment names it; None where no batch does.
        model: its version on the shelf; None where there is none.
    """

    row: Row
    planned: TreatmentStep | None
    model: ModelVersion | None


@dataclass(frozen=True)
class ShotFacts:
    """All of it.

    Attributes:
        restored: its newest row of `restorations`; empty when there is none.
        measured: flagged metrics first, then in the order of the registry.
    """

    restored: Row
    measured: tuple[Measured, ...]
    steps: tuple[Done, ...]


def shot_facts(house: House, shot: Row) -> ShotFacts:
    """The facts of a shot of the view."""
    tables, reel_id, key = house.store.tables, str(shot["reel_id"]), str(shot["key"])
    restored = _newest(tables / "restorations" / reel_id, "restorations", key, _RESTORED)
    rows = _rows(tables / "measurements" / reel_id, "measurements", key, _MEASURED)
    newest = {row["metric"]: row for row in rows}
    known = [Measured(m, newest[m.identifier]) for m in METRICS if m.identifier in newest]
    known.sort(key=lambda measured: _ORDER.get(str(measured.row["verdict"] or ""), 4))
    return ShotFacts(restored, tuple(known), _steps(house, shot, restored))


def _steps(house: House, shot: Row, restored: Row) -> tuple[Done, ...]:
    treatment = recorded_treatments(house.store.ledger()).get(str(shot["treatment_id"]))
    planned = list(treatment.steps) if treatment else []
    done = []
    for number, row in enumerate(restored.get("steps") or ()):
        own = planned[number] if number < len(planned) else None
        own = own if own and own.name == row["name"] else None
        done.append(Done(row, own, _model(house, own)))
    return tuple(done)


def _model(house: House, step: TreatmentStep | None) -> ModelVersion | None:
    if step is None or not step.model:
        return None
    name, _, version = step.model.rpartition("@")
    return house.store.shelf.find(name, int(version)) if version.isdigit() else None


def _newest(folder: Path, table: str, key: str, columns: Sequence[str]) -> Row:
    rows = _rows(folder, table, key, columns)
    return rows[-1] if rows else {}


def _rows(folder: Path, table: str, key: str, columns: Sequence[str]) -> list[Row]:
    """Rows of one shot, oldest first; `folder` is of a reel that the ledger knows."""
    for _ in range(_TRIES):
        files = [str(folder / name) for name in sorted(partitions_of(folder))]
        if not files:
            return []
        try:
            data = ds.dataset(files, schema=TABLES[table], format="parquet")
            found = data.to_table(columns=list(columns), filter=pc.field("key") == key)
        except FileNotFoundError:  # compacted meanwhile
            continue
        rows: list[Row] = found.sort_by("recorded_at").to_pylist()
        return rows
    return []


def parameters_text(step: TreatmentStep) -> str:
    """Parameters of a step in one line."""
    return ", ".join(f"{name} {json.dumps(value)}" for name, value in step.parameters.items())
