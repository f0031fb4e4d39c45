"""MLflow is a view: made from the ledger, made later when it was down, never in the way."""

import json
from pathlib import Path

import pytest

from catalogs.ledger import Ledger
from catalogs.rows import event_row
from catalogs.store import Store
from flows.night import batch
from flows.night.batch_row import record_batch
from flows.night.notices import Notices
from flows.night.order import Order
from flows.night.tally import Tally
from flows.services.tracking import track_batches
from tests.played import UNTOUCHED

pytestmark = pytest.mark.filterwarnings("default")  # MLflow's own


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run in a folder of its own, to see what is left lying about."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return folder


def end_batch(store: Store, name: str) -> Ledger:
    """Record the end of a batch; the ledger that writes for it."""
    ledger = store.ledger(name)
    ledger.append("batches", name, [{
        "catalog": "c.csv", "recipe": "conservative", "treatment_id": "t", "status": "finished",
        "steps_json": '[{"name": "dirt"}]',
        "reels_restored": 1, "reels_held": 0, "reels_failed": 0, "shots_restored": 1,
        "shots_computed": 1, "shots_original_kept": 0, "frames_computed": 10, "seconds": 5.0,
        "software": "x",
    }])  # fmt: skip
    return ledger


def runs_of(store: Store) -> list[tuple[str, str]]:
    """Batch and status of every run in the store's own MLflow, the oldest first."""
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{store.root / 'mlflow.db'}")
    runs = client.search_runs(["1"], order_by=["attributes.start_time"])
    return [(run.data.tags["wetgate.batch"], run.info.status) for run in runs]


@pytest.fixture
def night(store: Store) -> Store:
    """A store with one finished night of one shot."""
    ledger = end_batch(store, "batch-1")
    ledger.append("restorations", "A.r1", [{
        "key": "k", "reel_id": "A.r1", "reel_digest": "d", "shot_index": 0, "start_frame": 0,
        "stop_frame": 10, "treatment_id": "t", "status": "restored", "seconds": 5.0,
    }])  # fmt: skip
    metrics = [("flicker", 4.0, 1.0, "ok"), ("dirt", 9.0, 3.0, "flag"),
               ("PSNR", 30.0, float("inf"), "")]  # fmt: skip
    ledger.append("measurements", "A.r1", [
        {"key": "k", "reel_id": "A.r1", "shot_index": 0, "treatment_id": "t", "metric": metric,
         "before": before, "after": after, "measurable": True, "verdict": verdict}
        for metric, before, after, verdict in metrics
    ])  # fmt: skip
    return store


def test_one_run_a_batch_with_aggregates_and_the_shots(night: Store, elsewhere: Path) -> None:
    import mlflow
    import pandas as pd

    assert track_batches(night) == {"batch-1": ""}
    client = mlflow.MlflowClient(f"sqlite:///{night.root / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("wetgate")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.data.params["recipe"] == "conservative"
    assert (run.data.metrics["flicker_after_median"], run.data.metrics["seconds"]) == (1.0, 5.0)
    counts = {name: n for name, n in run.data.metrics.items() if name.endswith("flagged")}
    assert counts == {"shots_flagged": 1, "dirt_flagged": 1, "flicker_flagged": 0}
    (shots,) = night.root.glob("mlartifacts/**/shots.parquet")
    assert pd.read_parquet(shots).loc[0, "dirt_after"] == 3.0
    (recipe,) = night.root.glob("mlartifacts/**/recipe.json")
    assert json.loads(recipe.read_text()) == [{"name": "dirt"}]
    assert list(elsewhere.iterdir()) == []


def test_a_batch_keeps_its_shots_when_a_later_one_measured_them_again(night: Store) -> None:
    import mlflow

    row = {"key": "k", "reel_id": "A.r1", "metric": "flicker", "measurable": True}
    row |= {"treatment_id": "t", "before": 4.0, "after": 2.0, "verdict": "ok"}
    night.ledger("batch-2").append("measurements", "A.r1", [row])
    assert track_batches(night) == {"batch-1": ""}
    client = mlflow.MlflowClient(f"sqlite:///{night.root / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("wetgate")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.data.metrics["flicker_after_median"] == 1.0


def test_a_batch_is_recorded_once(night: Store) -> None:
    track_batches(night)
    event = event_row("tracking", "batch-1", "success", "", "test")
    night.ledger("batch-1").append("events", "batch-1", [event])
    assert track_batches(night) == {}


def test_what_could_not_be_recorded_is_recorded_later(
    night: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    assert track_batches(night)["batch-1"] != ""
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert track_batches(night) == {"batch-1": ""}


def test_a_night_that_still_runs_is_not_recorded(store: Store) -> None:
    store.ledger("b").append("batches", "b", [{"status": "running"}])
    assert track_batches(store) == {}


def test_nights_that_computed_or_measured_nothing_are_recorded_too(night: Store) -> None:
    end_batch(night, "batch-2")
    shot = {"key": "k", "reel_id": "A.r1", "shot_index": 0}
    metric = shot | {"metric": "flicker", "measurable": False}
    end_batch(night, "batch-3").append("restorations", "A.r1", [shot])
    end_batch(night, "batch-4").append("measurements", "A.r1", [metric])
    end_batch(night, "batch-5").append("restorations", "A.r1", [shot])
    night.ledger("batch-5").append("measurements", "A.r1", [metric])
    names = [f"batch-{n}" for n in range(1, 6)]
    assert track_batches(night) == dict.fromkeys(names, "")
    assert sorted(runs_of(night)) == [(name, "FINISHED") for name in names]


def test_a_batch_has_one_run_however_often_its_upload_fails(night: Store) -> None:
    """The newest is tried first and alone: one that is never taken keeps no later one away."""
    end_batch(night, "batch-2")
    artifacts = night.root / "mlartifacts"
    artifacts.write_text("no folder")
    for _ in range(2):
        assert [bool(said) for said in track_batches(night).values()] == [True]
        assert [name for name, _ in runs_of(night)] == ["batch-2"]
    artifacts.unlink()
    assert track_batches(night) == {"batch-2": "", "batch-1": ""}
    assert runs_of(night) == [("batch-2", "FINISHED"), ("batch-1", "FINISHED")]


def test_a_damaged_file_of_an_earlier_night_spoils_no_conclusion(night: Store) -> None:
    """It is said like whatever else keeps a batch from MLflow."""
    order = Order(night, Path(), UNTOUCHED, "batch-2")
    record_batch(order, "c.csv", Tally(), "finished", 1.0)
    damaged = night.tables / "events" / "batch-1" / "x.parquet"
    damaged.parent.mkdir()
    damaged.write_bytes(b"damaged")
    summary = batch._conclude(order, Tally(), Notices(order))
    assert Path(summary.report).is_file()
    events = night.ledger().find("events", "batch-2", event="tracking")
    ((name, outcome, detail),) = events[["object", "outcome", "detail"]].to_numpy()
    assert (name, outcome, str(damaged) in detail) == ("batch-2", "failure", True)
