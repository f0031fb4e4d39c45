"""The shipped suite as the table sees it, on a scene without a face."""

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from catalogs.errors import SourceError
from tasks.selftest.clips import FOOTAGE
from tasks.selftest.contract import Clip, Trial
from tasks.selftest.harmless import harmless_outputs
from tasks.selftest.injection import BELOW_EVERY, COUNT, KEEP_GRAIN, SUITE, InjectedScene
from tasks.selftest.kinds import kinds_of
from tasks.selftest.remembered import RememberedFaces
from tasks.selftest.scene import Scene
from tasks.selftest.source import Made
from tasks.selftest.suite import FAULTS, TIMING_FAULTS

ALWAYS = frozenset({"global flicker", "weave", "grain gone"})


@pytest.fixture(scope="module")
def scene() -> Scene:
    """A smooth picture in colour that pans, six frames of 48 lines."""
    chance = np.random.default_rng(3)
    ground = cv2.GaussianBlur(chance.normal(0.5, 1.5, (60, 90, 3)), (0, 0), 4).clip(0.05, 0.95)
    truth = np.stack([ground[t : t + 48, 2 * t : 2 * t + 64] for t in range(6)]).astype(np.float32)
    source = (truth + chance.normal(0, 0.02, truth.shape)).clip(0, 1).astype(np.float32)
    dirt = np.zeros(truth.shape[:3], np.bool_)
    return Scene("a", "somebody", "A", 25.0, False, truth, source, dirt, None)


def trials(
    scene: Scene, number: int = 0, severities: frozenset[int] = frozenset({1, 2})
) -> list[Trial]:
    return list(InjectedScene(number, Made(scene, scene.source)).trials(ALWAYS, severities))


@pytest.fixture(scope="module")
def tried(scene: Scene) -> list[Trial]:
    return trials(scene)


def test_all_harmless_outputs_are_tried_and_every_fault_at_every_severity(
    scene: Scene, tried: list[Trial]
) -> None:
    calm = [trial.name for trial in tried if trial.kind == "harmless"]
    assert calm == [output.name for output in harmless_outputs(Made(scene, scene.source))]
    assert len(calm) == COUNT and set(KEEP_GRAIN) <= set(calm)
    faults = sorted((trial.name, trial.severity) for trial in tried if trial.kind == "fault")
    assert faults == sorted((name, severity) for name in ALWAYS for severity in (1, 2))
    assert {len(trial.frames) for trial in tried} == {scene.count}


def test_a_fault_says_in_what_it_lies_and_declares_what_that_declares(tried: list[Trial]) -> None:
    declared = {trial.name: trial.declared for trial in tried if trial.kind == "harmless"}
    for trial in tried:
        assert trial.declared == declared[trial.base]
    bases = {trial.name: trial.base for trial in tried if trial.kind == "fault"}
    assert bases["grain gone"] in KEEP_GRAIN


def test_the_base_goes_round(scene: Scene, tried: list[Trial]) -> None:
    """The next scene's base of a fault is the next harmless output."""
    order = [trial.name for trial in tried if trial.kind == "harmless"]
    here, there = (
        order.index(next(t.base for t in found if t.name == "weave"))
        for found in (tried, trials(scene, number=1, severities=frozenset({2})))
    )
    assert there == (here + 1) % COUNT


def test_below_visibility_a_fault_is_put_into_one_scene_in_three(scene: Scene) -> None:
    below = frozenset({0})
    found = {
        number: {t.name for t in trials(scene, number, below) if t.kind == "fault"}
        for number in range(BELOW_EVERY)
    }
    for name in ALWAYS:
        assert sum(name in names for names in found.values()) == 1


def test_faults_of_the_file_have_no_frames_and_timings_that_differ(scene: Scene) -> None:
    made = InjectedScene(0, Made(scene, scene.source))
    names = frozenset(fault.name for fault in TIMING_FAULTS)
    timed = [trial for trial in made.trials(names, frozenset({0, 2})) if trial.kind == "fault"]
    assert len(timed) == 2 * len(TIMING_FAULTS)
    for trial in timed:
        assert not trial.frames and trial.timing
        assert trial.timing[0] != trial.timing[1]


def test_the_same_scene_gives_the_same_trials(scene: Scene, tried: list[Trial]) -> None:
    for one, other in zip(tried, trials(scene), strict=True):
        assert (one.name, one.severity) == (other.name, other.severity)
        for here, there in zip(one.frames, other.frames, strict=True):
            assert all(a.equal(b) for a, b in zip(here.planes, there.planes, strict=True))


def test_a_scene_is_of_the_kinds_that_it_shows(scene: Scene) -> None:
    assert kinds_of(scene) == {"luminance": "bright", "colour": "colour"}


def test_missing_footage_is_said_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(
        SourceError, match=f"{len(FOOTAGE)} clips of the suite are not there.*--data"
    ):
        SUITE.clips(tmp_path)


def test_the_suite_goes_to_other_processes() -> None:
    again = pickle.loads(pickle.dumps(SUITE))
    expected = [fault.name for fault in (*FAULTS, *TIMING_FAULTS)]
    assert [d.fault for d in again.designations] == expected


@pytest.mark.shared_data
def test_a_scene_is_read_and_has_a_face_with_a_skin(shared_data: Path) -> None:
    clips = SUITE.clips(shared_data)
    assert [clip.name for clip in clips] == [footage.name for footage in FOOTAGE]
    people = {half: {c.person for c in clips if c.half == half} for half in "AB"}
    assert not people["A"] & people["B"]
    subject = SUITE.subject(shared_data, clips[0])
    assert isinstance(clips[0], Clip) and subject.look.rate == 25.0
    assert dict(subject.strata) == {"luminance": "bright", "colour": "colour", "skin": "light"}


def test_remembered_faces_are_those_that_were_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two trials of two stretches of two frames: four frames are searched, and not eight."""
    searched: list[float] = []

    class Finding:
        def take(self, picture: torch.Tensor) -> tuple[str, ...]:
            searched.append(float(picture.mean()))
            return (f"face {picture.mean():.0f}",)

    monkeypatch.setattr("tasks.selftest.remembered.FaceFinder", Finding)
    faces = RememberedFaces()
    told = []
    for _ in range(2):
        faces.begin()
        for first in (0.0, 2.0):
            finder = faces()
            told.append([finder.take(torch.full((2, 2), first + n)) for n in range(2)])
    assert told[:2] == told[2:] == [[("face 0",), ("face 1",)], [("face 2",), ("face 3",)]]
    assert searched == [0.0, 1.0, 2.0, 3.0]
