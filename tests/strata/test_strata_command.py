"""`wetgate strata`, over a small store that plain work made: read once, compared, and honest."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from catalogs.ledger import Ledger
from catalogs.recipe import read_recipe
from catalogs.records import CatalogReel
from catalogs.store import Store, open_store
from flows import strata_work
from flows.cli import app
from flows.strata_work import Job, run_jobs
from flows.work import Order, ingest, restore
from tasks.measure import shipped_calibration
from tasks.strata.observe import GATED
from tasks.treat import resolve_recipe

MakeReel = Callable[..., tuple[Path, list[bytes]]]
NIGHT = "20260101-night"
FRAMES = 12


@pytest.fixture
def filled(make_reel: MakeReel, tmp_path: Path) -> Store:
    """Two reels of one shot each, restored and measured."""
    store = open_store(tmp_path / "store")
    order = Order(store, tmp_path, resolve_recipe(read_recipe("conservative")), NIGHT)
    for number, (name, form) in enumerate((("a.mkv", "gray"), ("b.mkv", "yuv420p"))):
        make_reel(name, form, FRAMES, (96, 64), seed=number)
        catalog = CatalogReel(
            name[0].upper(), "A film", 1, 1, name, 2, Fraction(18), date=f"19{number}6"
        )
        reel, shots = ingest(order, catalog)
        for shot in shots:
            restore(order, reel, shot, 600)
    row = {"status": "finished", "treatment_id": order.treatment.treatment_id}
    order.ledger.append("batches", NIGHT, [row])
    return store


def call(store: Store, *more: str) -> Result:
    words = ["strata", "--store", str(store.root), "--workers", "1", *more]
    return CliRunner().invoke(app, words)


def said(store: Store, *more: str) -> dict[str, object]:
    """What the command says to programs."""
    result = call(store, "--json", *more)
    assert result.exit_code in (0, 1), result.output
    answer: dict[str, object] = json.loads(result.stdout.splitlines()[-1])
    return answer


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_shots_are_read_once_and_compared(filled: Store, tmp_path: Path) -> None:
    """The first run reads both shots, the second none; both write the same."""
    tags = tmp_path / "mine.csv"
    tags.write_text("identifier,tag,value\nA,genre,play\nB,genre,newsreel\n")
    sources = {path: path.read_bytes() for path in tmp_path.glob("*.mkv")}
    first = call(filled, "--tags", str(tags))
    assert first.exit_code == 0, first.output
    assert "1/2 shots: A.r1/0000000-0000012 read" in first.output
    assert "2 shots were read now. 2 shots of 2 reels, 0 people told apart." in first.output
    out = filled.root / "strata"
    rows = table(out / "strata.csv")
    assert [(r["reel_id"], r["shot"], r["colour"], r["decade"], r["tag: genre"], r["ITA"])
            for r in rows] == [
        ("A.r1", "1", "monochrome", "1900s", "play", "unknown"),
        ("B.r1", "1", rows[1]["colour"], "1910s", "newsreel", "unknown"),
    ]  # fmt: skip
    compared = table(out / "disparity.csv")
    assert {row["verdict"] for row in compared} == {"too few"}
    assert {"CHG", "TEX"} <= {row["metric"] for row in compared}
    report = (out / "disparity.md").read_text()
    assert "tag: genre newsreel: 1 people in 1 shot, the rest 1 people" in report
    texts = {path.name: path.read_bytes() for path in out.iterdir()}
    second = said(filled, "--tags", str(tags))
    assert (second["computed"], second["shots"]) == (0, 2)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == texts
    assert {path: path.read_bytes() for path in sources} == sources


def test_the_harmless_run_has_every_metric_that_judges(filled: Store) -> None:
    """It was measured and not taken for untouched: a copy changes most samples a little."""
    call(filled)
    rows = Ledger(filled.tables).newest("harmless", "A.r1").set_index("metric")
    assert set(rows.index) == {metric.identifier for metric in GATED}
    assert set(rows["calibration_id"]) == {shipped_calibration().calibration_id}
    assert 0.8 < rows.loc["TEX", "value"] < 1
    assert 0 < rows.loc["CHG", "value"] < 1
    assert (rows["verdict"] == "flag").sum() == 0
    readings = Ledger(filled.tables).newest("readings", "A.r1")
    assert list(readings["subject"]) == ["scene"]
    assert readings.iloc[0]["rate_fps"] == 18


@pytest.mark.parametrize("column", ["calibration_id", "code_version"])
def test_what_is_stale_is_read_again(filled: Store, column: str) -> None:
    """Rows of another calibration or of other code are not mixed with those of today."""
    call(filled)
    for file in (filled.tables / "harmless" / "B.r1").glob("*.parquet"):
        rows = pq.read_table(file)
        place = rows.column_names.index(column)
        pq.write_table(rows.set_column(place, column, [["earlier"] * len(rows)]), file)
    assert said(filled)["computed"] == 1
    assert said(filled)["computed"] == 0


def test_values_of_another_calibration_are_judged_anew(filled: Store) -> None:
    """The remark says so, and a value beyond the threshold of today counts as flagged."""
    for file in (filled.tables / "measurements" / "A.r1").glob("*.parquet"):
        rows = pq.read_table(file).to_pandas()
        rows["calibration_id"] = "earlier"
        rows.loc[rows["metric"] == "CHG", "after"] = 90.0
        whole = pq.read_schema(file)
        pq.write_table(pq.read_table(file).from_pandas(rows, schema=whole), file)
    remarks = said(filled)["remarks"]
    assert remarks == ["1 shots were measured under another calibration; their values are judged "
                       "anew by the thresholds of this one."]  # fmt: skip
    compared = table(filled.root / "strata" / "disparity.csv")
    found = {
        r["stratum"]: r["flag_rate"]
        for r in compared
        if (r["metric"], r["variable"], r["statistic"]) == ("CHG", "decade", "flag rate")
    }
    assert found in ({"1900s": "1.0"}, {"1910s": "0.0"})  # of two strata one is compared


def test_a_source_that_cannot_be_read_is_named_and_the_others_go_on(
    filled: Store, tmp_path: Path
) -> None:
    (tmp_path / "a.mkv").unlink()
    result = call(filled)
    assert result.exit_code == 1
    assert "could not be read: A.r1/0000000-0000012: " in result.output
    assert "wetgate verify A.r1 --no-outputs" in result.output
    assert "1 of 2 shots could not be read" in result.output
    assert "1 shots were read now. 1 shot of 1 reel" in result.output
    assert Ledger(filled.tables).read("harmless", "A.r1").empty


def test_a_source_that_changed_is_not_taken_for_the_one_that_was_ingested(
    filled: Store, tmp_path: Path, make_reel: MakeReel
) -> None:
    make_reel("b.mkv", "yuv420p", FRAMES, (96, 64), seed=99)
    failed = said(filled)["failed"]
    assert isinstance(failed, list)
    assert len(failed) == 1
    assert "B.r1" in failed[0] and "is not what was ingested" in failed[0]


@pytest.mark.parametrize(
    ("text", "remark"),
    [("name,value\nx,y\n", "line 1: no column tag"),
     ("identifier,tag,value\n,genre,play\nB,genre,play\n", "line 2: field identifier: empty")],
)  # fmt: skip
def test_a_bad_file_of_tags_is_named_and_stops_nothing(
    filled: Store, text: str, remark: str
) -> None:
    """Also the file that is looked for in the store, as here."""
    (filled.root / "tags.csv").write_text(text)
    result = call(filled)
    assert result.exit_code == 0, result.output
    assert f"remark: {filled.root / 'tags.csv'}: {remark}" in result.output
    assert (filled.root / "strata" / "disparity.md").is_file()


def test_a_night_or_a_reel_alone(filled: Store) -> None:
    assert said(filled, "--reel", "B")["reels"] == 1
    assert said(filled, "--batch", NIGHT)["reels"] == 2
    assert call(filled, "--reel", "C").exit_code == 2
    assert call(filled, "--batch", "never").exit_code == 2
    assert call(filled, "--reel", "B", "--batch", NIGHT).exit_code == 2


def test_an_empty_store_says_what_to_do(store: Store) -> None:
    result = call(store)
    assert result.exit_code == 1
    assert "no shot was restored and measured yet" in str(result.exception)
    assert "wetgate run CATALOG" in str(result.exception)
