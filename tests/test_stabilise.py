"""Weave goes; tripods, pans, hand-held cameras and things that move stay as they are."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
import torch

from catalogs.picture import PIXEL_FORMATS, PictureFormat
from models.contract import Frame, apply_step
from models.degrade import Dirt, Flicker, damaged
from models.motion import Motion
from models.weave.stabilise import Stabilise
from models.weave.translate import translated

Places = np.ndarray


def texture(size: tuple[int, int] = (360, 480), seed: int = 1) -> np.ndarray:
    """Smooth noise, float64 0.1..0.8, larger than the picture so that it can move."""
    noise = np.random.default_rng(seed).random(size)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.interp(smooth, (smooth.min(), smooth.max()), (0.1, 0.8))


def seen_from(
    world: np.ndarray, places: Places, size: tuple[int, int] = (120, 160), name: str = "gray"
) -> list[Frame]:
    """A picture of the world per place (x, y): what the world shows moves by the place."""
    form = PictureFormat(size[1], size[0], name)
    dtype = torch.uint8 if form.depth == 8 else torch.uint16
    frames = []
    for x, y in places:
        planes = []
        for height, width in form.plane_shapes:
            scale = size[1] / width
            move = np.array([[scale, 0, 150 - x], [0, size[0] / height, 110 - y]], np.float64)
            drawn = cv2.warpAffine(
                world, move, (width, height), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
            )
            planes.append(torch.from_numpy((drawn * form.peak).round()).to(dtype))
        frames.append(Frame(tuple(planes), form))
    return frames


def weave(count: int, size: float = 0.4, seed: int = 0) -> Places:
    chance = np.random.default_rng(seed).standard_normal((count, 2))
    for index in range(1, count):
        chance[index] = 0.5 * chance[index - 1] + 0.75**0.5 * chance[index]
    return size * chance


def moves(frames: list[Frame]) -> Places:
    """The shift that was applied to each frame, `[T, 2]`."""
    changes = Stabilise().changes(iter(frames), Motion())
    return np.array([(c.parameters["shift_x_px"], c.parameters["shift_y_px"]) for c in changes])


def turning(places: Places) -> float:
    return float((places[1:-1] - (places[:-2] + places[2:]) / 2).std())


def assert_untouched(frames: list[Frame]) -> None:
    for before, after, change in apply_step(Stabilise(), frames):
        assert change.is_empty
        assert before is after


def test_weave_goes() -> None:
    placed = weave(40)
    left = placed + moves(seen_from(texture(), placed))
    assert turning(left) < 0.2 * turning(placed)
    assert left.std() < 0.2


def test_a_jump_of_one_frame_goes() -> None:
    placed = weave(40, 0.1)
    placed[20] += (1.5, -1.0)
    left = placed + moves(seen_from(texture(), placed))
    assert np.abs(left[20] - (left[19] + left[21]) / 2).max() < 0.1


def test_a_pan_goes_on_at_its_speed() -> None:
    pan = np.outer(np.arange(40), (1.0, 0.3))
    placed = weave(40) + pan
    left = placed + moves(seen_from(texture(), placed))
    speed = np.diff(left, axis=0) - (1.0, 0.3)
    assert np.abs(speed).max() < 0.2


def test_neither_flicker_nor_dirt_nor_a_passing_figure_misleads() -> None:
    placed, world, figure = weave(40), texture(), texture(seed=2)
    still = seen_from(world, placed)
    passing = seen_from(figure, np.outer(np.arange(40), (3.0, 0.0)))
    for index, (frame, other) in enumerate(zip(still, passing, strict=True)):
        frame.planes[0][30:, 2 * index : 2 * index + 50] = other.planes[0][30:, 20:70]
    spoilt = [frame for frame, _ in damaged(still, (Dirt(seed=1), Flicker(gain=0.06, seed=1)))]
    left = placed + moves(spoilt)
    assert turning(left) < 0.3 * turning(placed)


@pytest.mark.parametrize(
    "path",
    [
        lambda t: (0.0, 0.0),
        lambda t: (1.5 * t, 0.0),
        lambda t: (1.5 * np.clip(t - 10, 0, 15), 0.0),
        lambda t: (2 * np.sin(t / 2), np.cos(t / 3)),
    ],
    ids=["tripod", "pan", "pan that starts and stops", "hand-held"],
)
def test_the_motion_of_a_camera_is_untouched(path: Callable[[int], tuple[float, float]]) -> None:
    assert_untouched(seen_from(texture(), np.array([path(t) for t in range(30)])))


def test_flicker_and_dirt_on_a_tripod_are_not_weave() -> None:
    still = seen_from(texture(), np.zeros((24, 2)))
    spoilt = damaged(still, (Dirt(seed=3), Flicker(gain=0.08, seed=3)))
    assert_untouched([frame for frame, _ in spoilt])


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_shortest_shots_are_untouched(count: int) -> None:
    assert_untouched(seen_from(texture(), weave(count)))


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (20, 200)])
def test_pictures_too_small_to_follow_are_untouched(size: tuple[int, int]) -> None:
    assert_untouched(seen_from(texture(), weave(12), size))


def test_black_film_is_untouched() -> None:
    assert_untouched(seen_from(np.zeros((360, 480)), weave(12)))


@pytest.mark.parametrize("name", sorted(PIXEL_FORMATS))
def test_every_plane_moves_in_every_format(name: str) -> None:
    world = cv2.GaussianBlur(texture(), (0, 0), 4)
    here, there = seen_from(world, np.array([(0.0, 0.0), (0.6, -1.4)]), (61, 83), name)
    moved = translated(here, 0.6, -1.4)
    for plane, wanted in zip(moved, there.samples(), strict=True):
        inner = (slice(4, -4), slice(4, -4))
        away = (plane - wanted)[inner].abs().float() / here.peak
        was = (here.samples()[0][inner].float().std() / here.peak).item()
        assert away.mean().item() < 0.03 * was + 1 / here.peak


def test_a_move_of_nothing_changes_nothing() -> None:
    (frame,) = seen_from(texture(), np.zeros((1, 2)), name="yuv422p10le")
    assert all(map(torch.equal, translated(frame, 0, 0), frame.samples()))


def test_a_move_by_whole_samples_copies_them() -> None:
    (frame,) = seen_from(texture(), np.zeros((1, 2)))
    (moved,) = translated(frame, 2, -3)
    assert torch.equal(moved[:-3, 2:], frame.samples()[0][3:, :-2])
    assert torch.equal(moved[-1, 2:], frame.samples()[0][-1, :-2])


def test_what_was_decided_is_recorded() -> None:
    changes = list(Stabilise().changes(iter(seen_from(texture(), weave(12))), Motion()))
    assert set(changes[5].parameters) == {"shift_x_px", "shift_y_px", "confidence"}
    assert 0.5 < changes[5].parameters["confidence"] <= 1


@pytest.mark.parametrize(
    ("field", "value"), [("look_ahead", 3), ("visible", -1.0), ("largest", 80.0)]
)
def test_a_parameter_out_of_range_is_named(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{field} {value}"):
        Stabilise(**{field: value})
