"""`wetgate strata`, over a small store that plain work made: read once, compared, and honest."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from catalogs.errors import MediaError, SourceError, StoreError
from catalogs.ledger import Ledger
from catalogs.picture import PictureFormat
from catalogs.recipe import read_recipe
from catalogs.records import CatalogReel
from catalogs.rows import known_reels
from catalogs.shot_list import current_shots
from catalogs.source import ColourTags, Header
from catalogs.store import Store, open_store
from catalogs.store_lock import hold_readings, hold_store
from flows.cli import app
from flows.night.order import Order
from flows.night.work import ingest, restore
from flows.strata.strata import _compact
from flows.strata.work import Job, run_jobs
from tasks.measure import shipped_calibration
from tasks.media.write import ffv1_writer
from tasks.split import DETECTOR
from tasks.strata.measured import measured_shots
from tasks.strata.observe import GATED
from tasks.treat import resolve_recipe

NIGHT = "20260101-night"
FRAMES = 12
SIZE = (96, 64)


def write_reel(path: Path, form: str, seed: int) -> None:
    """A pan over soft noise."""
    picture = PictureFormat(*SIZE, form)
    chance = np.random.default_rng(seed)
    wide = [
        cv2.GaussianBlur(chance.random((lines, samples + FRAMES)), (0, 0), 2)
        for lines, samples in picture.plane_shapes
    ]
    wide = [((plane - plane.mean()) * 3 + 0.5).clip(0.05, 0.95) * 255 for plane in wide]
    header = Header(
        "matroska", "ffv1", picture, None, Fraction(18), Fraction(1, 1000), Fraction(0),
        None, "progressive", ColourTags(), None, (),
    )  # fmt: skip
    with ffv1_writer(path, header, Fraction(18)) as writer:
        for t in range(FRAMES):
            planes = zip(wide, picture.plane_shapes, strict=True)
            writer.write(b"".join(p[:, t : t + w].astype("u1").tobytes() for p, (_, w) in planes))


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Two reels of one shot each, restored and measured."""
    folder = tmp_path_factory.mktemp("night")
    store = open_store(folder / "store")
    order = Order(store, folder, resolve_recipe(read_recipe("conservative")), NIGHT)
    for number, (name, form) in enumerate((("a.mkv", "gray"), ("b.mkv", "yuv420p"))):
        write_reel(folder / name, form, number)
        catalog = CatalogReel(
            name[0].upper(), "A film", 1, 1, name, 2, Fraction(18), date=f"19{number}6"
        )
        reel, shots, _ = ingest(order, catalog)
        for shot in shots:
            restore(order, reel, shot, 600)
    row = {"status": "finished", "treatment_id": order.treatment.treatment_id}
    order.ledger.append("batches", NIGHT, [row])
    return store


def restored_anew(store: Store, name: str, recipe: str) -> Order:
    """One reel once more, under another treatment."""
    order = Order(store, store.root.parent, resolve_recipe(read_recipe(recipe)), "later")
    reel = known_reels(store.ledger())[name]
    order.ledger.append("batches", "later", [{"recipe": recipe, "treatment_id":
                        order.treatment.treatment_id}])  # fmt: skip
    for shot in current_shots(store.ledger(), reel, DETECTOR):
        restore(order, reel, shot, 600)
    return order


@pytest.fixture(scope="module")
def observed(night: Store) -> Store:
    """The same after a first run."""
    copy = Store(night.root.with_name("observed"))
    shutil.copytree(night.root, copy.root)
    result = call(copy)
    assert result.exit_code == 0, result.output
    return copy


@pytest.fixture
def filled(night: Store, tmp_path: Path) -> Iterator[Store]:
    """A copy of the night's store; the sources are put back afterwards."""
    yield from _copied(night, tmp_path)


@pytest.fixture
def known(observed: Store, tmp_path: Path) -> Iterator[Store]:
    """A copy of a store of which every shot was read."""
    yield from _copied(observed, tmp_path)


def _copied(store: Store, folder: Path) -> Iterator[Store]:
    sources = {path: path.read_bytes() for path in store.root.parent.glob("*.mkv")}
    shutil.copytree(store.root, folder / "store")
    yield Store(folder / "store")
    for path, data in sources.items():
        path.write_bytes(data)


def call(store: Store, *more: str) -> Result:
    words = ["strata", "--store", str(store.root), "--workers", "1", *more]
    return CliRunner().invoke(app, words)


def said(store: Store, *more: str) -> dict[str, Any]:
    """What the command says to programs."""
    result = call(store, "--json", *more)
    assert result.exit_code in (0, 1), result.output
    answer: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return answer


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def change(file: Path, column: str, new: Callable[[str, Any], Any]) -> None:
    """Write a file of rows with another column: `new` of the metric and of what stood there."""
    rows = pq.read_table(file)
    place, kind = rows.schema.get_field_index(column), rows.schema.field(column).type
    pairs = zip(rows["metric"].to_pylist(), rows[column].to_pylist(), strict=True)
    values = pa.array([new(metric, old) for metric, old in pairs], kind)
    pq.write_table(rows.set_column(place, column, values), file)


def test_shots_are_read_once_and_compared(filled: Store, night: Store, tmp_path: Path) -> None:
    """The first run reads both shots, the second none; both write the same."""
    tags = tmp_path / "mine.csv"
    tags.write_text("identifier,tag,value\nA,genre,play\nB,genre,newsreel\n")
    sources = {path: path.read_bytes() for path in night.root.parent.glob("*.mkv")}
    first = call(filled, "--tags", str(tags))
    assert first.exit_code == 0, first.output
    assert "1/2 shots: A.r1/0000000-0000012 read" in first.output
    assert "2 shots read now. 2 shots of 2 reels, 0 people told apart." in first.output
    out = filled.root / "strata"
    rows = table(out / "strata.csv")
    names = ("reel_id", "shot", "colour", "decade", "tag: genre", "ITA")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("A.r1", "1", "monochrome", "1900s", "play", "unknown"),
        ("B.r1", "1", "colour", "1910s", "newsreel", "unknown"),
    ]
    compared = table(out / "disparity.csv")
    assert {row["verdict"] for row in compared} == {"too few"}
    assert {"CHG", "TEX"} <= {row["metric"] for row in compared}
    report = (out / "disparity.md").read_text()
    assert "tag: genre newsreel: 1 person in 1 shot, the rest 1 person" in report
    texts = {path.name: path.read_bytes() for path in out.iterdir()}
    second = said(filled, "--tags", str(tags))
    assert (second["computed"], second["shots"]) == (0, 2)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == texts
    assert {path: path.read_bytes() for path in sources} == sources


def test_the_harmless_run_has_every_metric_that_judges(observed: Store) -> None:
    """It was measured and not taken for untouched, and nothing in it is flagged."""
    rows = Ledger(observed.tables).newest("harmless", "A.r1").set_index("metric")
    assert set(rows.index) == {metric.identifier for metric in GATED}
    assert set(rows["calibration_id"]) == {shipped_calibration().calibration_id}
    assert 0.75 < rows.loc["TEX", "value"] < 1
    assert 0 < rows.loc["CHG", "value"] < 1
    assert (rows["verdict"] == "flag").sum() == 0
    readings = Ledger(observed.tables).newest("readings", "A.r1")
    assert list(readings["subject"]) == ["scene"]
    assert readings.iloc[0]["rate_fps"] == 18


@pytest.mark.parametrize("column", ["calibration_id", "code_version"])
def test_what_is_stale_is_read_again(known: Store, column: str) -> None:
    """Rows of another calibration or of other code are not mixed with those of today."""
    for file in (known.tables / "harmless" / "B.r1").glob("*.parquet"):
        change(file, column, lambda metric, old: "earlier")
    assert said(known)["computed"] == 1
    assert said(known)["computed"] == 0


def test_values_of_another_calibration_are_judged_anew(known: Store) -> None:
    """The remark says so, and a value beyond the threshold of today counts as flagged."""
    for file in (known.tables / "measurements" / "A.r1").glob("*.parquet"):
        change(file, "calibration_id", lambda metric, old: "earlier")
        change(file, "after", lambda metric, old: 90.0 if metric == "CHG" else old)
    remarks = said(known)["remarks"]
    assert remarks == ["1 shot measured under another calibration: judged anew by the thresholds "
                       "of this one."]  # fmt: skip
    found = {
        row["stratum"]: row["flag_rate"]
        for row in table(known.root / "strata" / "disparity.csv")
        if (row["metric"], row["variable"], row["statistic"]) == ("CHG", "decade", "flag rate")
    }
    assert found in ({"1900s": "1.0"}, {"1910s": "0.0"})  # of two strata one is compared


def test_a_source_that_cannot_be_read_is_named_and_the_others_go_on(
    filled: Store, night: Store
) -> None:
    """One is gone, the other is no longer what was ingested."""
    (night.root.parent / "a.mkv").unlink()
    result = call(filled)
    assert result.exit_code == 1
    assert "could not be read: A.r1/0000000-0000012: " in result.output
    assert "wetgate verify A.r1 --no-outputs" in result.output
    assert "1 of 2 shots could not be read" in result.output
    assert "1 shot read now. 1 shot of 1 reel" in result.output
    assert Ledger(filled.tables).read("harmless", "A.r1").empty
    write_reel(night.root.parent / "a.mkv", "gray", seed=99)
    failed = said(filled)["failed"]
    assert len(failed) == 1
    assert "A.r1" in failed[0] and "is not what was ingested" in failed[0]


@pytest.mark.parametrize(
    ("error", "remedy"),
    [(SourceError("a.mkv is missing"), "look at the source with `wetgate verify A.r1 --no-outputs`,"
      " then run"),
     (MediaError("a.mkv: broken\nfor long"), "`wetgate doctor`, then run"),
     (StoreError("cannot write x; free or fix it"), "fix it; then run `wetgate strata` again"),
     (OSError(28, "No space left on device", "logs/w"), "free or mend that disk, then run"),
     (MemoryError(), "again with fewer --workers"),
     (ValueError("12 of 13"), "this is a fault of Wetgate (ValueError); please report it")],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)  # fmt: skip
def test_every_failure_has_its_own_remedy(
    error: Exception, remedy: str, filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(job: Job) -> None:
        raise error

    monkeypatch.setattr("flows.strata.work.observe", fails)
    said: list[str] = []
    (first, _) = measured_shots(filled).shots
    run_jobs([Job(filled, first.reel, first.shot)], 1, lambda job, why: said.append(why))
    assert remedy in said[0] and "long" not in said[0]
    assert ("verify" in said[0]) == isinstance(error, SourceError | MediaError)


def test_a_folder_that_cannot_be_written_is_found_before_the_work(
    filled: Store, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file")
    result = call(filled, "--out", str(tmp_path / "taken" / "out"))
    assert result.exit_code == 1
    assert "cannot be written (Not a directory)" in str(result.exception)
    assert "name another folder with --out" in str(result.exception)
    assert Ledger(filled.tables).read("harmless").empty


def test_a_night_may_begin_while_what_was_read_is_put_together(
    known: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = []
    compact = Ledger.compact

    def beside(self: Ledger, table: str, partition: str) -> None:
        with hold_store(known):
            begun.append(table)
        compact(self, table, partition)

    monkeypatch.setattr(Ledger, "compact", beside)
    assert _compact(known, {"A.r1"}) == ""
    assert begun == ["readings", "harmless"]


def test_of_two_runs_one_puts_together_and_the_other_says_that_it_does_not(known: Store) -> None:
    for file in (known.tables / "harmless" / "B.r1").glob("*.parquet"):
        change(file, "code_version", lambda metric, old: "earlier")
    with hold_readings(known):
        result = call(known)
    assert result.exit_code == 0, result.output
    assert "many files until the next run: another `wetgate strata` is running" in result.output
    assert len(list((known.tables / "harmless" / "B.r1").glob("*"))) == 2


class Deadly:
    """Ends the process that unpickles it."""

    def __reduce__(self) -> Any:
        return os._exit, (1,)


@pytest.mark.slow
def test_a_process_that_dies_costs_its_own_shot(filled: Store) -> None:
    shots = measured_shots(filled).shots
    sound = Job(filled, shots[1].reel, shots[1].shot)
    deadly = Job(Deadly(), shots[0].reel, shots[0].shot)  # type: ignore[arg-type]
    ended: dict[str, str] = {}
    run_jobs([deadly, sound], 2, lambda job, why: ended.update({job.shot.reel_id: why}))
    assert ended.keys() == {"A.r1", "B.r1"}
    assert "its process was ended" in ended["A.r1"]
    assert ended["B.r1"] == ""
    assert not Ledger(filled.tables).read("harmless", "B.r1").empty


KILLED = """
import os, signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from flows.strata.work import _begin_worker
with ProcessPoolExecutor(2, get_context("spawn"), _begin_worker) as pool:
    assert pool.submit(os.getpid).result() != os.getpid()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_workers_of_a_run_that_is_killed_end_with_it() -> None:
    """They hold its output open as long as they live."""
    command = [sys.executable, "-c", KILLED]
    ended = subprocess.run(command, stdout=subprocess.PIPE, timeout=60, check=False)
    assert ended.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("text", "remark"),
    [("name,value\nx,y\n", "line 1: no column tag"),
     ("identifier,tag,value\n,genre,play\nB,genre,play\n", "line 2: field identifier: empty")],
)  # fmt: skip
def test_a_bad_file_of_tags_is_named_and_stops_nothing(
    known: Store, text: str, remark: str
) -> None:
    """Also the file that is looked for in the store, as here."""
    (known.root / "tags.csv").write_text(text)
    result = call(known)
    assert result.exit_code == 0, result.output
    assert f"remark: {known.root / 'tags.csv'}: {remark}" in result.output
    assert (known.root / "strata" / "disparity.md").is_file()


def test_a_night_or_a_reel_alone(known: Store) -> None:
    assert said(known, "--reel", "B")["reels"] == 1
    assert said(known, "--batch", NIGHT)["reels"] == 2
    assert call(known, "--reel", "C").exit_code == 2
    assert call(known, "--batch", "never").exit_code == 2
    assert call(known, "--reel", "B", "--batch", NIGHT).exit_code == 2


def test_shots_of_several_treatments_are_told_apart(known: Store) -> None:
    """Else a stratum stands in for a recipe, and nobody knows."""
    usual = resolve_recipe(read_recipe("conservative"))
    assert said(known)["remarks"] == []
    other = restored_anew(known, "B.r1", "untouched").treatment
    result = call(known)
    remark = (f"Shots of 2 treatments are compared ({usual.label} 1, {other.label} 1): "
              "a difference between strata may be one between treatments")  # fmt: skip
    assert f"remark: {remark}" in result.output
    assert f"- {remark}" in (known.root / "strata" / "disparity.md").read_text()
    rows = table(known.root / "strata" / "strata.csv")
    assert [row["treatment"] for row in rows] == [usual.label, other.label]


def test_one_treatment_alone(known: Store) -> None:
    """By the beginning of its id or label; a shot that has a newer one counts too."""
    usual = resolve_recipe(read_recipe("conservative"))
    other = restored_anew(known, "B.r1", "untouched").treatment
    for name in (usual.treatment_id[:6], usual.label, "conservative"):
        answer = said(known, "--treatment", name)
        assert (answer["shots"], answer["remarks"]) == (2, [])
        rows = table(known.root / "strata" / "strata.csv")
        assert [row["treatment"] for row in rows] == [usual.label] * 2
    answer = said(known, "--treatment", "untouched")
    assert (answer["shots"], answer["reels"]) == (1, 1)
    unknown, several = (call(known, "--treatment", name) for name in ("x", ""))
    assert unknown.exit_code == several.exit_code == 2
    for result in (unknown, several):
        assert usual.label in plain(result) and other.label in plain(result)
    nothing = call(known, "--treatment", "untouched", "--reel", "A")
    assert nothing.exit_code == 1
    assert "of this reel under this treatment" in str(nothing.exception)


def plain(result: Result) -> str:
    """What was said, without the box and its line breaks."""
    return re.sub(r"[\s│]+", "", result.output)


def test_shots_that_kept_their_original_are_left_out_and_counted(known: Store) -> None:
    ledger = known.ledger()
    row = ledger.read("restorations", "A.r1").iloc[-1].to_dict()
    again = {name: row[name] for name in ("key", "reel_id", "reel_digest", "start_frame",
                                          "stop_frame", "treatment_id")}  # fmt: skip
    ledger.append("restorations", "A.r1", [{**again, "status": "original kept"}])
    answer = said(known)
    assert (answer["shots"], answer["reels"]) == (1, 1)
    assert answer["remarks"] == ["1 shot left out: original kept."]


def test_an_empty_store_says_what_to_do(store: Store) -> None:
    result = call(store)
    assert result.exit_code == 1
    assert "no shot was restored and measured yet" in str(result.exception)
    assert "wetgate run CATALOG" in str(result.exception)
