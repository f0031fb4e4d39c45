"""MLflow: one run per batch, made from the ledger after the night.

MLflow is a view and never in a shot's way. A batch that could not be recorded, because
the server was down, is recorded after a later night: what is missing is found from the
ledger's events.
"""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from catalogs.ledger import Ledger
from catalogs.store import Store
from catalogs.tables import KEYS
from flows.services.mlflow_client import experiment_id, mlflow_client, short_patience

EXPERIMENT = "wetgate"
_UPLOAD_SECONDS = 60  # for one answer of the server; a report is megabytes
_COUNTS = ("reels_restored", "reels_held", "reels_failed", "shots_restored", "shots_computed",
           "shots_original_kept", "frames_computed", "seconds")  # fmt: skip
_OF_SHOT = ["key", "reel_id", "shot_index", "start_frame", "stop_frame", "treatment_id",
            "status", "reason", "changed_share", "seconds", "device"]  # fmt: skip
_OF_METRIC = ["metric", "key", "before", "after", "measurable", "verdict"]


def track_batches(store: Store) -> dict[str, str]:
    """Record every ended batch that MLflow has not seen yet, until it fails to take one.

    Returns:
        Per batch that was tried an empty text, or what went wrong; where the ledger cannot say
        which are missing, that is said of the newest.
    """
    tried = store.ledger().partitions("batches")[-1:]
    try:  # asked once for all: a server that is down is not waited for again and again
        batches = _missing(store.ledger())
        if not batches:
            return {}
        tried = list(batches)
        with short_patience():
            client = mlflow_client(store)
            experiment = experiment_id(client, store, EXPERIMENT)
    except Exception as error:  # whatever is raised, the night is over and went well
        return dict.fromkeys(tried, _problem(error))
    return _record(store, batches, client, experiment)


def _missing(ledger: Ledger) -> dict[str, dict[str, Any]]:
    """Rows of the ended batches of which no event says that they were recorded."""
    ended = ledger.newest("batches")
    done = set(
        ledger.find("events", None, ["object"], event="tracking", outcome="success")["object"]
    )
    ended = ended[(ended["status"] != "running") & ~ended["batch_id"].isin(done)]
    return {str(row["batch_id"]): row for row in ended.to_dict("records")}


def _record(
    store: Store, batches: dict[str, dict[str, Any]], client: Any, experiment: str
) -> dict[str, str]:
    """Record the newest first, so that one that is never taken keeps no later one away."""
    said: dict[str, str] = {}
    for name, batch in reversed(batches.items()):
        try:
            facts = _facts(store, batch)
        except Exception as error:
            said[name] = _problem(error)
            continue
        try:
            with short_patience(_UPLOAD_SECONDS):
                _upload(store, facts, client, experiment)
        except Exception as error:  # the others would be waited for as long, each
            return said | {name: _problem(error)}
        said[name] = ""
    return said


def _problem(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


@dataclass(frozen=True)
class _Facts:
    """What MLflow is told of a batch."""

    batch: dict[str, Any]
    shots: pd.DataFrame
    metrics: dict[str, float]


def _facts(store: Store, batch: dict[str, Any]) -> _Facts:
    batch_id = str(batch["batch_id"])
    shots = _of_batch(store, "restorations", _OF_SHOT, batch_id)
    measured = _of_batch(store, "measurements", _OF_METRIC, batch_id)
    metrics = {**{name: float(batch[name]) for name in _COUNTS}, **aggregates(measured)}
    return _Facts(batch, per_shot(shots, measured), metrics)


def _upload(store: Store, facts: _Facts, client: Any, experiment: str) -> None:
    run_id = _run(client, experiment, str(facts.batch["batch_id"]))
    for name in ("catalog", "recipe", "treatment_id", "status", "software"):
        client.log_param(run_id, name, str(facts.batch[name])[:500])
    for name, value in facts.metrics.items():
        client.log_metric(run_id, name, value)
    with tempfile.TemporaryDirectory() as folder:
        _write_artifacts(Path(folder), store, facts.batch, facts.shots)
        client.log_artifacts(run_id, folder)
    client.set_terminated(run_id)


def _run(client: Any, experiment: str, batch_id: str) -> str:
    """The run of a batch: the one that an earlier upload began, or a new one."""
    tag = "wetgate.batch"
    found = client.search_runs([experiment], f"tags.`{tag}` = '{batch_id}'", max_results=1)
    if found:
        return str(found[0].info.run_id)
    run = client.create_run(experiment, run_name=batch_id, tags={tag: batch_id})
    return str(run.info.run_id)


def per_shot(shots: pd.DataFrame, measured: pd.DataFrame) -> pd.DataFrame:
    """One row a shot: what was done, and every metric before and after."""
    table = shots[_OF_SHOT]
    if shots.empty or measured.empty:
        return table
    for side in ("before", "after"):
        wide = measured.pivot_table(index="key", columns="metric", values=side)
        table = table.merge(
            wide.add_suffix(f"_{side}"), how="left", left_on="key", right_index=True
        )
    return table


def aggregates(measured: pd.DataFrame) -> dict[str, float]:
    """Over the shots: how many are flagged, and of each metric median and 90th percentile.

    A metric that judges has how many shots it flags as well: quantiles are of no use for finding
    the one shot in a thousand.
    """
    flagged = measured[measured["verdict"] == "flag"]
    result = {"shots_flagged": float(flagged["key"].nunique())}
    for metric, rows in measured[measured["verdict"].fillna("") != ""].groupby("metric"):
        result[f"{metric}_flagged"] = float((rows["verdict"] == "flag").sum())
    for metric, rows in measured[measured["measurable"]].groupby("metric"):
        for side in ("before", "after"):
            values = rows[side].replace([float("inf")], pd.NA).dropna().astype(float)
            if len(values):
                result[f"{metric}_{side}_median"] = float(values.median())
                result[f"{metric}_{side}_p90"] = float(values.quantile(0.9))
    return result


def _of_batch(store: Store, table: str, columns: list[str], batch_id: str) -> pd.DataFrame:
    """What a batch recorded last of each thing; no other batch's rows are read."""
    rows = store.ledger().find(table, None, columns, batch_id=batch_id)
    return rows.drop_duplicates(list(KEYS[table]), keep="last")


def _write_artifacts(
    folder: Path, store: Store, batch: dict[str, Any], shots: pd.DataFrame
) -> None:
    shots.to_parquet(folder / "shots.parquet")
    (folder / "recipe.json").write_text(str(batch["steps_json"]), encoding="utf-8")
    facts = {name: str(value) for name, value in batch.items() if name != "steps_json"}
    (folder / "batch.json").write_text(json.dumps(facts, indent=2), encoding="utf-8")
    report = store.report_folder(str(batch["batch_id"]))
    for name in ("report.html", "report.md"):
        if (report / name).is_file():
            (folder / name).write_bytes((report / name).read_bytes())
