"""Metrics of faces see the fault that each is for, in the size it has, and nothing else."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tasks.metrics.blinks import BLINK, openness
from tasks.metrics.eyes import EYE
from tasks.metrics.identity import ID
from tasks.metrics.jitter import JIT
from tasks.metrics.lips import LIP, MOUTH
from tasks.metrics.metric import Metric
from tasks.metrics.pair import CHIP, FacePair, Pair, TilePair
from tasks.metrics.registration import blurred, shifts
from tasks.metrics.skin import SKIN, calm, to_lab

COUNT = 64
ALL = (EYE, BLINK, LIP, MOUTH, ID, JIT, SKIN)
MOUTH_ROWS, MOUTH_COLUMNS = slice(142, 190), slice(76, 148)
ROWS = torch.arange(CHIP)[:, None].float()
COLUMNS = torch.arange(CHIP)[None, :].float()


def texture(height: int, width: int, seed: int) -> Tensor:
    """Smooth detail around mid grey."""
    noise = torch.rand(1, 1, height // 6 + 2, width // 6 + 2,
                       generator=torch.Generator().manual_seed(seed))  # fmt: skip
    drawn = F.interpolate(noise, (height, width), mode="bicubic", align_corners=True)
    return 0.3 + 0.4 * drawn[0, 0]


def speech(late: int = 0) -> Tensor:
    """How far a mouth is open, irregular, `[COUNT]`."""
    time = torch.arange(COUNT).float() - late
    return torch.sin(time * 0.9) + torch.sin(time * 0.53 + 1)


def chips(opening: Tensor) -> Tensor:
    """A face whose lips move, `[COUNT, CHIP, CHIP]`."""
    still = texture(CHIP, CHIP, 1).expand(COUNT, -1, -1).clone()
    bump = torch.exp(-((ROWS - 166) ** 2 + ((COLUMNS - 112) / 2) ** 2) / 150)
    return still + 0.05 * opening[:, None, None] * bump


def landmarks(lids: Tensor) -> Tensor:
    """Landmarks of a face in the middle, native samples equal to chip samples."""
    marks = torch.zeros(COUNT, 478, 2)
    marks[:, :, 0], marks[:, :, 1] = 112.0, 130.0
    marks[:, 0] = torch.tensor([60.0, 40.0])
    marks[:, 1] = torch.tensor([164.0, 200.0])
    marks[:, [13, 14, 61, 291]] = torch.tensor([112.0, 166.0])
    for corners, uppers, lowers, x in (
        ((33, 133), (160, 159, 158), (144, 145, 153), 80.0),
        ((362, 263), (385, 386, 387), (380, 374, 373), 144.0),
    ):
        marks[:, corners[0]] = torch.tensor([x - 14, 96.0])
        marks[:, corners[1]] = torch.tensor([x + 14, 96.0])
        for up, low in zip(uppers, lowers, strict=True):
            marks[:, up] = torch.stack((torch.full((COUNT,), x), 96 - lids / 2), -1)
            marks[:, low] = torch.stack((torch.full((COUNT,), x), 96 + lids / 2), -1)
    return marks


def lids(*blinks: int) -> Tensor:
    """Distance of the lids, closed around some frames."""
    wide = torch.full((COUNT,), 9.0)
    for frame in blinks:
        wide[frame - 1 : frame + 2] = torch.tensor([4.0, 1.0, 4.0])
    return wide


@pytest.fixture(scope="module")
def stretch() -> Pair:
    """A stretch whose restored side is its source."""
    source = chips(speech())
    marks = landmarks(lids(20))
    turn = torch.eye(2, 3).expand(COUNT, -1, -1)
    frames = torch.arange(COUNT)
    empty = torch.zeros(COUNT, 4, 4)
    colour = (source.clamp(0, 1) * 255).to(torch.uint8)[..., None].expand(-1, -1, -1, 3)
    face = FacePair(
        track=3, frames=frames, landmarks=marks, restored_landmarks=marks,
        presence=torch.ones(COUNT), yaw=torch.zeros(COUNT), eye_distance=torch.full((COUNT,), 64.0),
        blendshapes=None, restored_blendshapes=None, to_chip=turn, chips=source,
        restored_chips=source, colour=colour, restored_colour=colour,
        tile=TilePair(torch.zeros(COUNT, 2, dtype=torch.int64), frames, empty, empty),
    )  # fmt: skip
    picture = texture(120, 160, 2).expand(COUNT, -1, -1).contiguous()
    small = texture(60, 80, 3).expand(COUNT, 3, -1, -1).contiguous()
    return Pair(24.0, (240, 320), picture, picture, small, small,
                torch.zeros(picture.shape, dtype=torch.bool), (face,))  # fmt: skip


def restored(pair: Pair, **changes: Tensor | None) -> Pair:
    """The stretch with its restored face changed, source side shared."""
    done = replace(pair, faces=(replace(pair.faces[0], **changes),))
    done.__dict__["flow"], done.__dict__["proxy"] = pair.flow, pair.proxy
    return done


def measured(metric: Metric, pair: Pair) -> float:
    value = metric.measure(pair)
    assert value.value is not None, value.note
    return value.value


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.identifier)
def test_a_face_that_was_not_touched_is_exactly_innocent(stretch: Pair, metric: Metric) -> None:
    assert measured(metric, stretch) == (1.0 if metric is MOUTH else 0.0)


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.identifier)
def test_no_face_and_faces_that_are_too_small_are_not_measured(
    stretch: Pair, metric: Metric
) -> None:
    nobody = metric.measure(replace(stretch, faces=()))
    tiny = metric.measure(restored(stretch, eye_distance=torch.full((COUNT,), 12.0)))
    turned = metric.measure(restored(stretch, yaw=torch.full((COUNT,), 70.0)))
    assert nobody.value is None and nobody.note == "no face"
    assert tiny.value is None and "small" in tiny.note and tiny.coverage == 0
    assert turned.value is None


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.identifier)
def test_regraining_is_no_fault(stretch: Pair, metric: Metric) -> None:
    noise = 0.012 * torch.randn(COUNT, CHIP, CHIP, generator=torch.Generator().manual_seed(4))
    pair = restored(stretch, restored_chips=stretch.faces[0].chips + noise)
    value = measured(metric, pair)
    assert value > metric.floor if metric is MOUTH else value < metric.floor


def test_a_registration_tells_a_shift_of_a_tenth_of_a_sample() -> None:
    still = blurred(texture(CHIP, CHIP, 5)[None])
    wave = torch.fft.fft2(still)
    turn = torch.exp(-2j * torch.pi * torch.fft.fftfreq(CHIP) * 0.1)
    moved = torch.fft.ifft2(wave * turn[None, None, :]).real
    window = torch.zeros(CHIP, CHIP)
    window[40:180, 40:180] = 1
    found = shifts(still, moved, window)[0]
    assert found.tolist() == pytest.approx([0.1, 0.0], abs=0.01)


@pytest.mark.parametrize("late", [1, 2, 4])
def test_lips_that_come_late_are_late_by_so_much(stretch: Pair, late: int) -> None:
    pair = restored(stretch, restored_chips=chips(speech(late)))
    assert measured(LIP, pair) == pytest.approx(late, abs=0.15)


def test_a_frozen_mouth_has_no_lag_and_keeps_no_movement(stretch: Pair) -> None:
    still = stretch.faces[0].chips.clone()
    still[:, MOUTH_ROWS, MOUTH_COLUMNS] = still[:1, MOUTH_ROWS, MOUTH_COLUMNS]
    pair = restored(stretch, restored_chips=still)
    assert LIP.measure(pair).value is None
    assert measured(MOUTH, pair) < 0.1


def test_a_source_whose_mouth_rests_is_not_measured(stretch: Pair) -> None:
    rest = chips(torch.zeros(COUNT))
    pair = restored(stretch, chips=rest, restored_chips=rest + 0.01)
    assert LIP.measure(pair).value is None and MOUTH.measure(pair).value is None


def shaken(pictures: Tensor, size: float, rows: slice = slice(None)) -> Tensor:
    """Lines of the pictures moved across by +-size, by turns."""
    turn = torch.exp(-2j * torch.pi * torch.fft.fftfreq(CHIP)[None, :] * size)
    waves = torch.fft.fft(pictures)
    done = pictures.clone()
    done[::2, rows] = torch.fft.ifft(waves * turn).real[::2, rows]
    done[1::2, rows] = torch.fft.ifft(waves * turn.conj()).real[1::2, rows]
    return done


def test_a_face_that_shakes_is_measured_in_eye_distances(stretch: Pair) -> None:
    """+-0.64 samples by turns: h is 1.28 everywhere, 2 % of 64."""
    pair = restored(stretch, restored_chips=shaken(stretch.faces[0].chips, 0.64))
    assert measured(JIT, pair) == pytest.approx(2.0, rel=0.15)
    assert measured(EYE, pair) < EYE.floor


def test_eyes_that_flicker_or_move_are_seen_and_a_gain_of_the_face_is_not(stretch: Pair) -> None:
    face = stretch.faces[0].chips
    turns = torch.where(torch.arange(COUNT) % 2 == 0, 1.06, 0.94)[:, None, None]
    eyes = face.clone()
    eyes[:, 84:108] = face[:, 84:108] * turns
    moved = shaken(face, 1.5, slice(84, 108))
    for chip in (eyes, moved):
        value = EYE.measure(restored(stretch, restored_chips=chip))
        assert value.value is not None and value.value > 2 * EYE.floor and value.where is not None
    assert measured(EYE, restored(stretch, restored_chips=face * turns)) < 0.3 * measured(
        EYE, restored(stretch, restored_chips=eyes)
    )


@pytest.mark.parametrize(("again", "least"), [(lids(), 0.9), (lids(20, 45), 0.9)],
                         ids=["removed", "added"])  # fmt: skip
def test_a_blink_removed_or_added_is_seen(stretch: Pair, again: Tensor, least: float) -> None:
    touched = stretch.faces[0].chips + 0.01
    pair = restored(stretch, restored_chips=touched, restored_landmarks=landmarks(again))
    same = restored(stretch, restored_chips=touched)
    assert measured(BLINK, pair) > least and measured(BLINK, same) == 0
    assert BLINK.measure(pair).where in (20, 45)


def test_openness_is_height_over_width() -> None:
    assert float(openness(landmarks(lids()))[0]) == pytest.approx(9 / 28, rel=1e-4)


def test_another_face_is_another_face_and_a_drift_counts(stretch: Pair) -> None:
    """A drift ends where the other face is, so it counts for about as much."""
    face = stretch.faces[0].chips
    other = texture(CHIP, CHIP, 9).expand_as(face)
    steps = torch.linspace(0, 1, COUNT)[:, None, None]
    drift = ID.measure(restored(stretch, restored_chips=face + steps * (other - face)))
    throughout = measured(ID, restored(stretch, restored_chips=other))
    assert throughout > ID.floor
    assert drift.value == pytest.approx(throughout, rel=0.3)
    assert float(drift.note.split()[-1]) > 0.3 * throughout


def test_white_is_white_and_a_lighter_face_is_so_many_units_lighter(stretch: Pair) -> None:
    assert to_lab(torch.ones(3)).tolist() == pytest.approx([100, 0, 0], abs=0.02)
    colour = stretch.faces[0].colour
    assert colour is not None
    lighter = (colour.int() + 12).clamp(0, 255).to(torch.uint8)
    chip = stretch.faces[0].chips + 12 / 255
    pair = restored(stretch, restored_chips=chip, restored_colour=lighter)
    assert measured(SKIN, pair) == pytest.approx(4.7, abs=0.8)
    mono = replace(pair, source_colour=None, restored_colour=None,
                   faces=(replace(pair.faces[0], colour=None, restored_colour=None),))  # fmt: skip
    value = SKIN.measure(mono)
    assert value.value == pytest.approx(4.7, abs=0.8) and "lightness only" in value.note


@pytest.mark.parametrize("levels", [2, 4, 1000])
def test_calm_pictures_are_medians_of_five_frames(levels: int) -> None:
    """Equal values among the five included."""
    chance = torch.Generator().manual_seed(levels)
    pictures = torch.randint(levels, (9, 40, 30), generator=chance).float()
    assert torch.equal(calm(pictures)[4], pictures[2:7].median(0).values)
    ends = torch.stack((*pictures[:1].expand(3, -1, -1), *pictures[1:3]))
    assert torch.equal(calm(pictures)[0], ends.median(0).values)


def test_a_grade_of_the_whole_picture_moves_no_skin(stretch: Pair) -> None:
    face, gamma = stretch.faces[0], 0.88
    assert face.colour is not None and stretch.source_colour is not None
    graded = ((face.colour.float() / 255) ** gamma * 255 + 0.5).to(torch.uint8)
    pair = restored(stretch, restored_chips=face.chips**gamma, restored_colour=graded)
    pair = replace(pair, restored=pair.restored**gamma,
                   restored_colour=stretch.source_colour**gamma)  # fmt: skip
    assert measured(SKIN, pair) < 0.5


def test_the_worst_face_gives_the_value(stretch: Pair) -> None:
    good = stretch.faces[0]
    bad = replace(good, track=8, restored_chips=shaken(good.chips, 0.64))
    value = JIT.measure(replace(stretch, faces=(good, bad)))
    assert value.value is not None and value.value > 1 and "face 8" in value.note


def test_blinks_of_eyes_that_are_too_small_are_not_counted(stretch: Pair) -> None:
    near, far = (
        BLINK.measure(restored(stretch, eye_distance=torch.full((COUNT,), apart)))
        for apart in (33.0, 31.0)
    )
    assert near.value is not None
    assert (far.value, far.note) == (None, "the eyes are too small")


def test_a_face_that_leaves_in_the_second_half_counts_by_that_half(
    stretch: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    face = torch.eye(128)[:2]

    def points(chips: Tensor, places: Tensor, _face: FacePair) -> Tensor:
        found = face[:1].repeat(len(places), 1)
        if chips is stretch_restored:
            found[len(places) // 2 :] = face[1]
        return found

    other = restored(stretch, restored_chips=stretch.faces[0].restored_chips + 0.01)
    stretch_restored = other.face_proxies[0].restored
    monkeypatch.setattr("tasks.metrics.identity._points", points)
    found = ID.measure(other)
    assert found.value == pytest.approx(1.0)
    assert found.note.endswith("in the halves 0.000 and 1.000")
