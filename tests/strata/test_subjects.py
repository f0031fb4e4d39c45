"""Who is in a shot, whose value a metric's is, and how the report orders what was found."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from catalogs.ledger import Ledger
from catalogs.picture import PictureFormat
from catalogs.records import CatalogReel, Measurement, Reel, Shot
from catalogs.source import ColourTags, Content, Header
from models.contract import Frame
from tasks.measure import shipped_calibration
from tasks.media.clip import read_clip
from tasks.metrics.gather import Look, paired
from tasks.metrics.jitter import JIT
from tasks.metrics.registry import METRICS
from tasks.strata.disparity import find_disparities
from tasks.strata.harmless import harmless_copy
from tasks.strata.join import as_rows, join
from tasks.strata.measured import MeasuredShot
from tasks.strata.observe import (
    GATED,
    FaceSeen,
    Observation,
    StretchSeen,
    face_embedding,
    observation_key,
)
from tasks.strata.people import link_people
from tasks.strata.readings import FaceReading, SceneReading, read_face
from tasks.strata.records import harmless_rows, harmless_values, reading_rows, readings
from tasks.strata.report import Findings, disparity_csv, disparity_text, strata_csv
from tasks.strata.rules import metric_rules
from tasks.strata.subjects import Subject, subjects
from tasks.strata.tags import TagFile
from tasks.strata.verdicts import MetricRule

HEADER = Header(
    "matroska", "ffv1", PictureFormat(640, 480, "yuv420p"), None, Fraction(24), Fraction(1, 1000),
    Fraction(0), None, "progressive", ColourTags(), None, (),
)  # fmt: skip
REEL = Reel(
    CatalogReel("A", "A film", 1, 1, "a.mkv", 2, date="1931"), Path("a.mkv"), HEADER,
    Content("0" * 64, 1, 0, 400, ()), Fraction(24), "header",
)  # fmt: skip
ALICE, BOB = np.eye(128)[:2]
SCENE = SceneReading(0.5, 3.0, 0.3, 24.0, 480, True, 1.0)
CHEEKS = np.tile([178, 138, 115], (4, 1)) / 255


def shot(index: int, frames: int = 100) -> MeasuredShot:
    place = Shot(REEL.reel_id, REEL.digest, index, 100 * index, 100 * index + frames)
    return MeasuredShot(REEL, place, f"restored {index}", "plain-0123456789ab")


def face(track: int, who: Any, frames: range, size: float = 60.0) -> FaceSeen:
    return FaceSeen(track, tuple(frames), FaceReading(1.0, size, CHEEKS), who)


SHOTS = [shot(0), shot(1, 200), shot(2), shot(3)]
STRETCHES = [
    (StretchSeen(0, SCENE, (face(0, ALICE, range(90)), face(1, BOB, range(40), 30.0))),),
    (StretchSeen(0, SCENE, (face(0, BOB, range(100)),)),
     StretchSeen(100, SCENE, (face(0, ALICE, range(100, 130)),))),
    (StretchSeen(0, SCENE, (face(2, None, range(50), 15.0),)),),
    (StretchSeen(0, replace(SCENE, luminance=0.1), ()),),
]  # fmt: skip
SEEN = {observation_key(REEL, s.shot): p for s, p in zip(SHOTS, STRETCHES, strict=True)}


@pytest.fixture
def people() -> list[Subject]:
    return list(subjects(REEL, SHOTS, SEEN, TagFile((), ())))


def test_every_shot_has_its_people_the_most_prominent_first(people: list[Subject]) -> None:
    assert [(s.shot.shot.index, s.person, s.frames) for s in people] == [
        (0, "A.r1 person 1", 90), (0, "A.r1 person 2", 40),
        (1, "A.r1 person 2", 100), (1, "A.r1 person 1", 30),
        (2, "", 50), (3, "", 0),
    ]  # fmt: skip
    assert [s.cluster for s in people[-2:]] == ["A.r1", "A.r1"]
    sizes = [s.strata["face size"] for s in people]
    assert sizes[:2] == ["48 to 96 samples between the eyes", "24 to 48 samples between the eyes"]
    assert sizes[4:] == ["below 24 samples between the eyes", "unknown"]
    assert people[0].ita is not None and people[0].ita.shots == 2
    assert people[-1].strata["scene luminance"] == "below 0.12"


def test_two_faces_of_one_frame_are_two_people() -> None:
    twins = (StretchSeen(0, SCENE, (face(0, ALICE, range(9)), face(1, ALICE, range(8)))),)
    seen = {observation_key(REEL, SHOTS[0].shot): twins}
    found = list(subjects(REEL, SHOTS, seen, TagFile((), ())))
    assert [s.person for s in found] == ["A.r1 person 1", "A.r1 person 2"]


def test_observations_come_back_from_the_ledger_as_they_were(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    values = (Measurement("EYE", None, 0.5, "%", verdict="ok", calibration_id="c"),)
    for measured, stretches in zip(SHOTS, STRETCHES, strict=True):
        seen = Observation(stretches, values)
        ledger.append("readings", "A.r1", reading_rows(REEL, measured.shot, seen, "code"))
        ledger.append("harmless", "A.r1", harmless_rows(REEL, measured.shot, seen, "code"))
    back = readings(ledger, "A.r1", "code")
    assert back.keys() == SEEN.keys()
    for key, stretches in SEEN.items():
        for was, now in zip(stretches, back[key], strict=True):
            assert (now.start, now.scene) == (was.start, was.scene)
            assert [(f.track, f.frames) for f in now.faces] == [
                (f.track, f.frames) for f in was.faces
            ]
            for old, new in zip(was.faces, now.faces, strict=True):
                assert (old.embedding is None) == (new.embedding is None)
                assert new.reading.cheeks is not None
                assert np.allclose(new.reading.cheeks, CHEEKS)
    assert readings(ledger, "A.r1", "other code") == {}
    assert len(harmless_values(ledger, "A.r1", "code", "c")) == len(SHOTS)
    assert harmless_values(ledger, "A.r1", "code", "other").empty


def tables(**night: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """EYE of every shot as a night measured it, and of the harmless copies."""
    usual = {"metric": "EYE", "after": 2.0, "note": "", "worst_frame": None, "verdict": "flag",
             "calibration_id": "now"}  # fmt: skip
    measured = [{**usual, "key": s.restored_key, **night} for s in SHOTS]
    harmless = [
        {"key": key, "metric": "EYE", "value": 0.1, "verdict": "ok", "threshold": 1.5,
         "calibration_id": "now"}
        for key in SEEN
    ]  # fmt: skip
    return pd.DataFrame(measured), pd.DataFrame(harmless)


EYE = [metric for metric in METRICS if metric.identifier == "EYE"]


@pytest.mark.parametrize(
    ("note", "worst_frame", "clusters"),
    [("", None, ["A.r1 person 1", "A.r1 person 2"]), ("face 1, much", 5, ["A.r1 person 2"] * 2),
     ("face 0", 120, ["A.r1 person 1"] * 2), ("face 0", None, ["A.r1 person 1", "A.r1 person 2"])],
)  # fmt: skip
def test_a_value_is_of_the_face_that_it_names(
    people: list[Subject], note: str, worst_frame: int | None, clusters: list[str]
) -> None:
    """Where the frame tells the stretch, else of the first person of the shot."""
    joined = join(people, *tables(note=note, worst_frame=worst_frame), EYE)
    assert [value.subject.cluster for value in joined.values[:2]] == clusters
    assert [value.subject.shot.shot.index for value in joined.values] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("calibration", "value", "flagged"), [("now", 0.1, True), ("then", 1.4, False),
                                          ("then", 1.6, True), ("then", None, False)],
)  # fmt: skip
def test_a_flag_rests_on_the_calibration_of_today(
    people: list[Subject], calibration: str, value: float | None, flagged: bool
) -> None:
    joined = join(people, *tables(calibration_id=calibration, after=value), EYE)
    assert {value.flagged for value in joined.values} == {flagged}
    assert joined.judged_anew == (0 if calibration == "now" else 4)


def test_every_metric_that_judges_has_a_rule_with_its_ideal() -> None:
    rules = {rule.metric: rule for rule in metric_rules(GATED, shipped_calibration())}
    assert rules.keys() == {metric.identifier for metric in GATED}
    ratios = {name for name, rule in rules.items() if rule.ideal == 1}
    assert ratios == {"TEX", "GRAIN", "REGRAIN", "MOUTH"}
    for name, rule in rules.items():
        beyond = rule.threshold - rule.ideal
        assert beyond >= 0 if rule.worse == "higher" else beyond <= 0, name


def night() -> pd.DataFrame:
    """80 people in two decades; the old ones fare worse in EYE, and few are in the third."""
    chance = np.random.default_rng(1)
    count = 104
    decade = np.repeat(["1910s", "1950s", "1970s"], [48, 48, 8])
    value = 0.1 + 0.05 * chance.random(count) + 0.6 * (decade == "1910s")
    return pd.DataFrame({
        "metric": "EYE", "cluster": np.arange(count), "value": value, "harmless": 0.1,
        "flagged": False, "harmless_flagged": False, "decade": decade,
    })  # fmt: skip


def test_the_report_says_what_was_found_first(people: list[Subject]) -> None:
    comparisons = find_disparities(night(), [MetricRule("EYE", "%", 0.8)], ["decade"])
    findings = Findings(104, 1, 104, comparisons, ("1 shots kept their original.",))
    text = disparity_text(findings)
    places = [text.index(part) for part in (
        "- 1 shots kept", "## Disparities found", "EYE, mean, decade 1910s: disparity found.",
        "## Possible", "## No disparity found", "power 0.8", "## Too few people",
        "- decade 1970s: 8 people in 8 shots",
    )]  # fmt: skip
    assert places == sorted(places)
    verdicts = [line.split(",") for line in disparity_csv(findings).splitlines()]
    at = verdicts[0].index("verdict")
    assert [row[at] for row in verdicts[1:3]] == ["disparity found"] * 2
    assert strata_csv(people).count("\r\n") == 1 + len(people)


@pytest.mark.parametrize(("note", "changed"), [("face 0, not changed", 3.0), ("face 0", 0.0)])
def test_what_was_left_as_it_was_has_no_level_taken_off(
    people: list[Subject], note: str, changed: float
) -> None:
    """A face or a shot that restoration did not touch differs from harmless by nothing."""
    measured, harmless = tables(note=note, after=0.0, verdict="ok")
    share = {"key": "restored 0", "metric": "changed", "after": changed, "note": ""}
    measured = pd.concat([measured, pd.DataFrame([share])])
    first = join(people, measured, harmless, EYE).values[0]
    assert (first.value, first.harmless, first.harmless_flagged) == (0.0, 0.0, False)
    touched = join(people, *tables(note="face 0", after=0.0), EYE).values[0]
    assert (touched.value, touched.harmless) == (0.0, 0.1)


def test_what_is_observed_follows_how_the_source_is_read() -> None:
    place = SHOTS[0].shot
    limited = replace(HEADER, colour=ColourTags(range="tv"))
    keys = {
        observation_key(reel, place)
        for reel in (REEL, replace(REEL, header=limited), replace(REEL, frame_rate=Fraction(18)))
    }
    assert len(keys) == 3
    assert observation_key(replace(REEL, source=Path("b.mkv")), place) in keys


def test_an_infinite_value_keeps_its_flag(people: list[Subject]) -> None:
    rows = as_rows(join(people, *tables(after=float("inf")), EYE).values, ["ITA", "face size"])
    assert np.isposinf(rows["value"]).all() and rows["harmless"].notna().all()
    assert rows["flagged"].all()
    assert list(rows["cluster"]) == ["A.r1 person 1", "A.r1 person 2", "A.r1", "A.r1"]
    assert list(rows["face size"])[-1] == "unknown"


@pytest.mark.shared_data
def test_real_faces_are_told_apart_and_found_again(shared_data: Path) -> None:
    """Two people, each seen in two stretches."""
    points, seen = [], []
    for name in ("face_grid_bbaf2n.mpg", "face_grid_brbk7n.mpg"):
        for start in (0, 30):
            pictures, rate = read_clip(shared_data / "faces" / name, start, 9, 288)
            codes = [torch.from_numpy(np.array(one)) for one in pictures]
            form = PictureFormat(codes[0].shape[1], codes[0].shape[0], "gbrp")
            frames = [Frame(tuple(one[..., c].clone() for c in (1, 2, 0)), form) for one in codes]
            sides = ((frame, harmless_copy(frame)) for frame in frames)
            look = Look(form, ColourTags(), float(rate))
            (pair,) = paired(look, sides, len(frames))
            (found,) = pair.faces
            points.append(face_embedding(found))
            seen.append(read_face(pair, found))
    (untouched,) = paired(look, ((frame, frame) for frame in frames), len(frames))
    assert JIT.measure(untouched).note.endswith(", not changed")  # as the join knows it
    assert all(point is not None and np.isclose(np.linalg.norm(point), 1) for point in points)
    assert link_people(np.stack([point for point in points if point is not None])) == (0, 0, 1, 1)
    assert all(30 < reading.eye_distance < 60 for reading in seen)
