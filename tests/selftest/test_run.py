"""The table is made once per clip, the same every time, and goes on where it was stopped."""

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

import flows.selftest.selftest
from catalogs.errors import VerificationError
from catalogs.picture import PictureFormat
from catalogs.source import ColourTags
from flows.cli import app
from flows.selftest.selftest import Wish, run_selftest
from models.contract import Frame
from tasks.metrics import timing
from tasks.metrics.calibration import read_calibration
from tasks.metrics.gather import Look
from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair
from tasks.metrics.timing import Timing
from tasks.selftest.columns import Designation
from tasks.selftest.contract import Clip, Subject, Trial
from tasks.selftest.measure import worst_value
from tasks.selftest.run import Bench, Choice, Listener, make_table
from tasks.selftest.summary import read_summary

FORM = PictureFormat(64, 48, "gray")
BLUR = (0.5, 0.8, 1.5)  # samples
CHOICE = Choice(frozenset({"blur"}))


def sharpness(pair: Pair) -> Value:
    """Mean size of the Laplacian of R over that of S."""
    sides = (pair.restored, pair.source)
    own, other = (
        np.mean([np.abs(cv2.Laplacian(p.numpy(), cv2.CV_32F)).mean() for p in side])
        for side in sides
    )
    return Value(float(own / other))


def never(pair: Pair) -> Value:
    return Value.none(f"not on {pair.count} frames")


METRICS = (
    Metric("SHARP", "Sharpness", "ratio", "lower", 0.95, "L(R) / L(S)", "own", "colour", sharpness),
    Metric("NEVER", "Nothing", "ratio", "higher", 0.0, "-", "own", "all", never, gated=False),
)


def samples(frame: Frame) -> np.ndarray:
    return frame.planes[0].numpy().astype(np.float64)


def frame_of(picture: np.ndarray) -> Frame:
    return Frame((torch.from_numpy(picture.round().clip(0, 255).astype(np.uint8)),), FORM)


@dataclass(frozen=True)
class Texture:
    """A texture that moves, blurred or not."""

    look: Look
    source: Sequence[Frame]
    truth: Sequence[Frame]
    strata: Mapping[str, str] = field(default_factory=lambda: {"luminance": "middle"})

    def trials(self, faults: frozenset[str], severities: frozenset[int]) -> Iterator[Trial]:
        yield Trial("harmless", "untouched", -1, self.source)
        yield Trial("harmless", "brighter", -1, [frame_of(samples(f) + 1) for f in self.source])
        for severity in sorted(severities) if "blur" in faults else ():
            blurred = [
                frame_of(cv2.GaussianBlur(samples(f), (0, 0), BLUR[severity])) for f in self.source
            ]
            yield Trial("fault", "blur", severity, blurred, base="untouched")


@dataclass(frozen=True)
class Textures:
    """A suite of textures."""

    count: int = 6
    read: list[str] = field(default_factory=list)
    fails_on: str = ""
    kind: type[Texture] = Texture
    designations: Sequence[Designation] = (Designation("blur", "SHARP"),)

    def clips(self, data: Path) -> Sequence[Clip]:
        return [Clip(f"clip {n}", f"person {n}", "AB"[n % 2]) for n in range(self.count)]

    def subject(self, data: Path, clip: Clip) -> Subject:
        if clip.name == self.fails_on:
            raise RuntimeError("stopped")
        self.read.append(clip.name)
        chance = np.random.default_rng(int(clip.name[-1]))
        ground = cv2.GaussianBlur(chance.normal(110, 160, (60, 80)), (0, 0), 1.2)
        truth = [ground[t : t + 48, t : t + 64] for t in range(6)]
        noisy = [picture + chance.normal(0, 2, (48, 64)) for picture in truth]
        look = Look(FORM, ColourTags(range="pc"), 25.0, faces=False)
        return self.kind(look, [frame_of(p) for p in noisy], [frame_of(p) for p in truth])


def bench(suite: Textures, tmp_path: Path) -> Bench:
    return Bench(suite, METRICS, tmp_path, tmp_path / "cache", workers=1)


def test_a_row_holds_clip_output_values_and_the_usual_measures(tmp_path: Path) -> None:
    table = make_table(bench(Textures(), tmp_path), CHOICE)
    assert len(table) == 6 * 5
    first = table.iloc[0]
    expected = {"clip": "clip 0", "person": "person 0", "half": "A", "kind": "harmless",
                "name": "untouched", "severity": -1, "base": "untouched"}  # fmt: skip
    assert {name: first[name] for name in expected} == expected
    assert (first["SHARP"], first["stratum:luminance"], first["rate"]) == (1.0, "middle", 25.0)
    assert table["NEVER"].isna().all() and set(table["NEVER:note"]) == {"not on 6 frames"}
    assert table[["E_warp", "tOF", "PSNR", "grain", "luminance"]].notna().all(axis=None)
    strong = table[table["severity"] == 2].mean(numeric_only=True)
    calm = table[table["name"] == "untouched"].mean(numeric_only=True)
    assert strong["E_warp"] < calm["E_warp"]  # the usual measure rewards blur
    assert strong["SHARP"] < 0.8 and strong["PSNR"] < calm["PSNR"]
    assert 0.3 < calm["grain"] < 3


def test_the_same_run_gives_the_same_table(tmp_path: Path) -> None:
    tables = [make_table(bench(Textures(2), tmp_path / name), CHOICE) for name in "ab"]
    pd.testing.assert_frame_equal(*tables)


def test_a_clip_that_fails_stops_no_other_and_the_next_run_goes_on_with_it(tmp_path: Path) -> None:
    stopped = Textures(3, fails_on="clip 1")
    with pytest.raises(RuntimeError, match="stopped") as failure:
        make_table(bench(stopped, tmp_path), CHOICE)
    assert failure.value.__notes__ == ["while the clip clip 1 was measured"]
    again = Textures(3)
    heard: list[Any] = []
    listener = Listener(begin=lambda clips, found: heard.append((list(clips), list(found))))
    make_table(bench(again, tmp_path), CHOICE, listener)
    assert (stopped.read, again.read) == (["clip 0", "clip 2"], ["clip 1"])
    assert heard == [(["clip 0", "clip 1", "clip 2"], ["clip 0", "clip 2"])]


@pytest.mark.parametrize(
    "other",
    [
        {"choice": Choice(frozenset())},
        {"choice": replace(CHOICE, severities=frozenset({2}))},
        {"metrics": METRICS[:1]},
    ],
)
def test_rows_of_another_choice_are_not_taken(other: dict[str, Any], tmp_path: Path) -> None:
    suite = Textures(1)
    for wanted in ({}, other):
        made = replace(bench(suite, tmp_path), metrics=wanted.get("metrics", METRICS))
        make_table(made, wanted.get("choice", CHOICE))
    assert suite.read == ["clip 0", "clip 0"]


def test_fewer_clips_are_the_first_ones(tmp_path: Path) -> None:
    table = make_table(bench(Textures(), tmp_path), replace(CHOICE, clips=2))
    assert list(table["clip"].unique()) == ["clip 0", "clip 1"]


def test_an_output_of_another_length_is_refused(tmp_path: Path) -> None:
    class Short(Texture):
        def trials(self, *wanted: Any) -> Iterator[Trial]:
            yield Trial("harmless", "short", -1, self.source[:-1])

    with pytest.raises(ValueError, match="clip 0, short: 5 frames of 6"):
        make_table(bench(Textures(kind=Short), tmp_path), CHOICE)


def test_a_shot_is_as_bad_as_its_worst_stretch() -> None:
    stretches = [Value(0.9), Value(None), Value(0.4), Value(math.nan)]
    assert worst_value(METRICS[0], stretches).value == 0.4
    assert worst_value(METRICS[1], stretches).value == 0.9
    assert worst_value(METRICS[0], [Value.none("why")]).note == "why"


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def test_a_run_fits_judges_and_writes(own_cache: Path) -> None:
    out, fitted = own_cache / "found.json", own_cache / "calibration.json"
    wish = Wish(own_cache, out=out, calibrate=fitted, workers=1)
    summary = run_selftest(wish, Textures(), METRICS)
    assert summary.judgement.broken == ()
    assert read_summary(out) == summary
    assert len(pd.read_parquet(out.with_suffix(".parquet"))) == 30
    calibration = read_calibration(fitted, METRICS)
    assert (calibration.version, calibration.calibration_id) == (1, summary.calibration_id)
    run_selftest(wish, Textures(), METRICS)
    assert read_calibration(fitted).version == 2


def test_without_a_calibration_the_run_says_how_to_get_one(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flows.selftest.selftest, "SHIPPED", own_cache / "none.json")
    with pytest.raises(VerificationError, match="wetgate selftest --calibrate"):
        run_selftest(Wish(own_cache, workers=1), Textures(), METRICS)


def test_a_fault_without_its_metric_is_said_before_anything_is_measured(own_cache: Path) -> None:
    suite = Textures(designations=(Designation("blur", "LOST"),))
    with pytest.raises(ValueError, match="blur is designated to LOST"):
        run_selftest(Wish(own_cache, calibrate=own_cache / "c.json", workers=1), suite, METRICS)
    assert suite.read == []


@pytest.fixture
def installed(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The command with our metrics and our suite in place of the shipped ones."""
    for name, content in (
        ("tasks.metrics.registry", {"METRICS": METRICS}),
        ("tasks.selftest.injection", {"SUITE": Textures()}),
    ):
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    return own_cache


def call(folder: Path, *words: str) -> Any:
    return CliRunner().invoke(app, ["selftest", "--data", str(folder), "--workers", "1", *words])


def test_the_command_says_what_it_found_and_ends_well(installed: Path) -> None:
    result = call(installed, "--calibrate", str(installed / "c.json"))
    assert result.exit_code == 0, result.output
    assert "6/6 clips" in result.output
    assert "blur                      strong            SHARP" in result.output
    assert "All rules hold." in result.output


def test_a_broken_rule_is_exit_status_1(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blind = replace(METRICS[0], measure=lambda pair: Value(1.0))
    monkeypatch.setattr(sys.modules["tasks.metrics.registry"], "METRICS", (blind,))
    result = call(installed, "--calibrate", str(installed / "c.json"))
    assert result.exit_code == 1
    assert "SHARP on blur, strong: AUC is 0.500; 0.95 is needed" in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--faults", "blur,fog"], "no fault is named fog"),
        (["--quick", "--calibrate", "c.json"], "thresholds need the whole suite"),
        (["--out", "found.txt"], "is no .json file"),
        (["--clips", "0"], "--clips"),
    ],
)
def test_wrong_usage_is_exit_status_2(words: list[str], said: str, installed: Path) -> None:
    result = call(installed, *words)
    assert result.exit_code == 2
    assert said in " ".join(result.output.replace("│", " ").split())


class Timed(Texture):
    """A texture beside a reel whose file loses a frame."""

    def trials(self, faults: frozenset[str], severities: frozenset[int]) -> Iterator[Trial]:
        yield from super().trials(frozenset(), severities)
        before = Timing(frames=3, times=(Fraction(0), Fraction(1), Fraction(2)), rate=Fraction(1))
        after = replace(before, frames=2, times=before.times[:2])
        yield Trial("fault", "blur", 2, (), timing=(before, after))


def test_a_fault_of_the_file_is_measured_by_time_alone(tmp_path: Path) -> None:
    metrics = (*METRICS, *timing.METRICS)
    run = replace(bench(Textures(1, kind=Timed), tmp_path), metrics=metrics)
    table = make_table(run, CHOICE)
    row = table[table["kind"] == "fault"].iloc[0]
    assert row["TIME"] == 2 and "3 frames became 2" in row["TIME:note"]
    assert row[["SHARP", "E_warp", "tOF", "PSNR"]].isna().all()
    assert row["SHARP:note"] == "a fault of the file, not of the picture"
    assert (table.loc[table["kind"] == "harmless", "TIME"] == 0).all()
