"""Faults of the injection suite, on a drawn face that moves, speaks and blinks."""

from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np
import pytest

from tasks.selftest.faults.fault import Fault
from tasks.selftest.faults.motion import ELSEWHERE, FOREIGN
from tasks.selftest.regions import BROWS, EYES, LIPS, OVAL, eyes, face, mouth
from tasks.selftest.scene import Points, Scene
from tasks.selftest.suite import FAULTS, faults_of, possible

COUNT, SIZE = 30, (216, 264)
SEEN = 1 / 255  # a difference of one code of eight bits
SHUT = (12, 13, 14)  # frames on which the eyes are closed
BY_NAME = {fault.name: fault for fault in FAULTS}
ONE_OF = pytest.mark.parametrize("name", BY_NAME)


def ring(centre: tuple[float, float], size: tuple[float, float], count: int) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack((centre[0] + size[0] * np.cos(turn), centre[1] + size[1] * np.sin(turn)), 1)


def marks_of(x: float, y: float, opening: float, lids: float) -> Points:
    """The mesh's points that the suite reads, of a face at (x, y); the others lie on its nose."""
    marks = np.tile(np.array([x, y], np.float32), (478, 1))
    marks[list(OVAL)] = ring((x, y), (46, 62), len(OVAL))
    for side, (eye, brow) in enumerate(zip(EYES, BROWS, strict=True)):
        middle = x + (2 * side - 1) * 25
        marks[list(eye)] = ring((middle, y - 16), (9, lids), len(eye))
        marks[list(brow)] = ring((middle, y - 30), (11, 2), len(brow))
        marks[(468, 473)[side]] = middle, y - 16
    for number, corner in zip((33, 133, 362, 263), (-34, -16, 16, 34), strict=True):
        marks[number] = x + corner, y - 16
    for number, middle in zip((159, 145, 386, 374), (-25, -25, 25, 25), strict=True):
        marks[number] = x + middle, y - 16 + (-lids if number in (159, 386) else lids)
    marks[list(LIPS)] = ring((x, y + 32), (15, 4 + opening), len(LIPS))
    marks[13], marks[14] = (x, y + 32 - opening), (x, y + 32 + opening)
    marks[10], marks[152] = (x, y - 62), (x, y + 62)
    marks[[168, 6, 197, 195, 5, 4], 1] = y + np.array([-16, -10, -4, 2, 8, 14])
    marks[1], marks[61], marks[291], marks[199] = (x, y + 12), (x - 15, y + 32), (x + 15, y + 32), (x, y + 52)  # fmt: skip  # noqa: E501
    marks[234], marks[454] = (x - 46, y), (x + 46, y)
    return marks.astype(np.float32)


def drawn(seed: int, mono: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Pictures and landmarks of a face before a ground that pans the other way."""
    chance = np.random.default_rng(seed)
    ground = cv2.GaussianBlur(chance.normal(0.45, 1.2, (SIZE[0], SIZE[1] + 80, 3)), (0, 0), 4)
    pores = cv2.GaussianBlur(chance.normal(0, 0.15, (*SIZE, 1)), (0, 0), 1.0)[..., None]
    tint = np.array([0.75, 0.55, 0.45]) + 0.1 * chance.standard_normal()
    pictures, points = [], []
    for n in range(COUNT):
        x = 120 + 0.35 * n
        marks = marks_of(x, 108.0, 4 + 3.5 * np.sin(n / 3), 1.0 if n in SHUT else 4.5)
        move = np.array([[1, 0, 0.35 * n], [0, 1, 0]], np.float32)
        skin = (
            tint + cv2.warpAffine(pores, move, SIZE[::-1], borderMode=cv2.BORDER_REFLECT)[..., None]
        )
        picture = ground[:, 2 * n : 2 * n + SIZE[1]]
        cover = face(marks, SIZE, 1.0)[..., None]
        picture = picture + cover * (skin - picture)
        dark = np.maximum(eyes(marks, SIZE, 0.8), mouth(marks, SIZE, 0.8))[..., None]
        pictures.append((picture * (1 - 0.7 * dark)).clip(0.02, 0.98))
        points.append(marks)
    done = np.stack(pictures).astype(np.float32)
    if mono:
        done = np.repeat(done.mean(-1, keepdims=True), 3, -1)
    return done, np.stack(points)


@cache
def drawn_scene(mono: bool = False) -> Scene:
    truth, marks = drawn(1, mono)
    dirt = np.zeros(truth.shape[:3], np.bool_)
    chance = np.random.default_rng(2)
    for n in range(COUNT):
        for top, left in chance.integers(4, np.array(SIZE) - 12, (5, 2)):
            dirt[n, top : top + 6, left : left + 5] = True
    source = np.where(dirt[..., None], np.float32(0.02), truth)
    return Scene("drawn", "nobody", "A", 25.0, mono, truth, source, dirt, marks, drawn(5))


@dataclass(frozen=True)
class Effect:
    """What a fault changes: on average, and the most on each frame and at each place."""

    mean: float
    frames: np.ndarray
    places: np.ndarray


def faulty(fault: Fault, severity: int, scene: Scene) -> np.ndarray:
    chance = scene.chance(fault.name)
    return fault.inject(scene, scene.truth, fault.strengths[severity], chance)


@cache
def effect(name: str, severity: int) -> Effect:
    scene = drawn_scene()
    apart = np.abs(faulty(BY_NAME[name], severity, scene) - scene.truth).max(-1)
    return Effect(float(apart.mean()), apart.max((1, 2)), apart.max(0))


@ONE_OF
def test_a_fault_is_the_same_again_and_leaves_its_input_alone(name: str) -> None:
    scene, before = drawn_scene(), drawn_scene().truth.copy()
    first, second = (faulty(BY_NAME[name], 2, scene) for _ in range(2))
    assert np.array_equal(first, second)
    assert np.array_equal(scene.truth, before)
    assert first.shape == before.shape and first.dtype == np.float32
    assert first.min() >= 0 and first.max() <= 1 and not np.shares_memory(first, scene.truth)


@ONE_OF
def test_a_fault_grows_with_its_severity(name: str) -> None:
    below, mild, strong = (effect(name, severity).mean for severity in range(3))
    assert 0 < below < mild < strong
    assert effect(name, 2).places.max() > 3 * SEEN, "nobody would see it"


@pytest.mark.parametrize("fault", faults_of(drawn_scene(mono=True)), ids=lambda fault: fault.name)
def test_a_monochrome_picture_stays_monochrome(fault: Fault) -> None:
    done = faulty(fault, 2, drawn_scene(mono=True))
    assert np.abs(done - done[..., :1]).max() < SEEN / 40


def reach(name: str) -> np.ndarray:
    """Where a fault in the face may change the picture at all, over all frames."""
    part = eyes if BY_NAME[name].metric in ("EYE", "BLINK") else face
    part = mouth if name.startswith("mouth") else part
    marks = drawn_scene().landmarks
    assert marks is not None
    whole = np.max([part(points, SIZE, 0) for points in marks], axis=0)
    return np.asarray(cv2.dilate(whole, np.ones((45, 45), np.uint8)) > 0)


@pytest.mark.parametrize("name", [f.name for f in FAULTS if "face" in f.needs])
def test_a_fault_of_a_face_stays_in_its_part(name: str) -> None:
    assert effect(name, 2).places[~reach(name)].max() < SEEN


@pytest.mark.parametrize("name", ["alien patch", "thing erased", "watermark", "scratch"])
def test_a_fault_of_a_place_leaves_the_rest_alone(name: str) -> None:
    share = [float((effect(name, severity).places > SEEN).mean()) for severity in range(3)]
    assert 0 < share[0] <= share[2] < 0.06


def test_as_many_frames_are_doubled_as_the_strength_says() -> None:
    for severity, wanted in enumerate(BY_NAME["frames doubled"].strengths):
        assert int((effect("frames doubled", severity).frames > SEEN).sum()) == wanted


@pytest.mark.parametrize("severity", range(3))
def test_frames_that_are_foreign_come_from_elsewhere_in_the_shot(severity: int) -> None:
    scene = drawn_scene()
    done = faulty(BY_NAME["foreign frames"], severity, scene)
    wrong = [n for n in range(scene.count) if not np.array_equal(done[n], scene.truth[n])]
    assert len(wrong) == FOREIGN
    for n in wrong:
        found = [s for s in range(scene.count) if np.array_equal(done[n], scene.truth[s])]
        assert found and min(abs(s - n) for s in found) >= ELSEWHERE


def test_a_version_is_cut_in_once() -> None:
    wrong = np.flatnonzero(effect("version cut in", 2).frames > SEEN)
    assert len(wrong) == np.ptp(wrong) + 1 == 4


def test_dirt_is_left_where_the_source_has_it_and_nowhere_else() -> None:
    scene = drawn_scene()
    done = faulty(BY_NAME["dirt left"], 2, scene)
    assert np.allclose(done[scene.dirt], scene.source[scene.dirt], atol=1e-6)
    near = np.stack([cv2.dilate(one.astype(np.uint8), np.ones((5, 5))) for one in scene.dirt]) > 0
    assert np.array_equal(done[~near], scene.truth[~near])


def test_local_flicker_is_in_a_quarter_wherever_that_is() -> None:
    fault = BY_NAME["local flicker"]
    scenes = [replace(drawn_scene(), name=f"drawn {number}") for number in range(6)]
    touched = [np.abs(faulty(fault, 2, one) - one.truth).max((0, 3)) > SEEN for one in scenes]
    assert len({tuple(np.argwhere(one).mean(0) > np.array(SIZE) / 2) for one in touched}) > 1
    assert max(float(one.mean()) for one in touched) < 0.4


def test_a_blink_is_painted_over_and_open_eyes_are_left() -> None:
    wrong = set(np.flatnonzero(effect("blink removed", 2).frames > SEEN))
    assert set(SHUT) <= wrong <= set(range(min(SHUT) - 2, max(SHUT) + 3))


def test_a_scene_has_the_faults_that_it_can_have() -> None:
    moving = drawn_scene()
    assert possible(moving) == {"face", "speech", "blink", "colour", "motion", "dirt"}
    smile = np.stack([marks_of(120, 108, 2 + 0.3 * n, 4.5) for n in range(COUNT)])
    assert not possible(replace(moving, landmarks=smile)) & {"speech", "blink"}
    still = np.repeat(moving.truth[:1], COUNT, 0)
    plain = replace(moving, truth=still, landmarks=None, mono=True)
    assert possible(plain) == {"dirt"}
    assert all(fault.needs <= {"dirt"} for fault in faults_of(plain))
