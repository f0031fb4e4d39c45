"""Planted dirt is found and repaired; not one sample beside it changes."""

import cv2
import numpy as np
import pytest
import torch

from catalogs.picture import PIXEL_FORMATS, PictureFormat
from models.contract import Change, Frame, apply_step
from models.degrade import Dirt as DirtDamage
from models.degrade import Flicker, damaged
from models.dirt.step import Dirt
from models.motion import Motion


def moving_texture(
    pixel_format: str = "gray",
    count: int = 7,
    size: tuple[int, int] = (96, 128),
    speed: tuple[float, float] = (2.0, 1.0),
    grain: float = 0.004,
) -> list[Frame]:
    """A smooth texture in motion, with grain (standard deviation as share of full range)."""
    chance = np.random.default_rng(3)
    form = PictureFormat(size[1], size[0], pixel_format)
    dtype = torch.uint8 if form.depth == 8 else torch.uint16
    reach = int(count * max(abs(s) for s in speed)) + 4
    grounds = []
    for shape in form.plane_shapes:
        noise = chance.standard_normal((shape[0] + reach, shape[1] + reach)).astype(np.float32)
        smooth = cv2.GaussianBlur(noise, (0, 0), 4)
        grounds.append(np.clip(0.5 + 0.1 * smooth / smooth.std(), 0, 1))
    frames = []
    for t in range(count):
        planes = []
        for ground, shape in zip(grounds, form.plane_shapes, strict=True):
            slow = shape[0] / size[0], shape[1] / size[1]
            top, left = int(t * speed[1] * slow[0]), int(t * speed[0] * slow[1])
            view = ground[top : top + shape[0], left : left + shape[1]]
            exact = (view + grain * chance.standard_normal(shape)) * form.peak
            planes.append(torch.from_numpy(exact.round().clip(0, form.peak)).to(dtype))
        frames.append(Frame(tuple(planes), form))
    return frames


def plant(frame: Frame, row: int, column: int, side: int, value: float) -> Frame:
    """Put a square of luma (or R, G, B) on a frame; chroma goes to neutral."""
    planes = []
    for number, plane in enumerate(frame.planes):
        chroma = number > 0 and frame.format.layout != "rgb"
        down = -(-frame.format.height // plane.shape[0])
        across = -(-frame.format.width // plane.shape[1])
        painted = plane.to(torch.int32)
        level = (frame.peak + 1) // 2 if chroma else round(value * frame.peak)
        painted[
            row // down : -(-(row + side) // down), column // across : -(-(column + side) // across)
        ] = level
        planes.append(painted.to(plane.dtype))
    return Frame(tuple(planes), frame.format)


def changes_of(frames: list[Frame]) -> list[Change]:
    return list(Dirt().changes(iter(frames), Motion()))


def touched(change: Change) -> int:
    return sum(int((plane != 0).sum()) for plane in change.planes if plane is not None)


def psnr(wrong: torch.Tensor, right: torch.Tensor, peak: int) -> float:
    error = (wrong.double() - right.double()).square().mean()
    return float(10 * torch.log10(peak**2 / error.clamp_min(1e-9)))


@pytest.mark.parametrize("pixel_format", PIXEL_FORMATS)
def test_dirt_is_repaired_in_every_plane_of_every_format(pixel_format: str) -> None:
    truth = moving_texture(pixel_format, size=(95, 127))
    source = list(truth)
    source[3] = plant(truth[3], 40, 50, 8, 0.95)
    before, after, change = list(apply_step(Dirt(), source))[3]
    for right, wrong, now, delta in zip(
        truth[3].planes, before.planes, after.planes, change.planes, strict=True
    ):
        assert delta is not None
        down, across = -(-95 // right.shape[0]), -(-127 // right.shape[1])
        inside = np.s_[40 // down : 48 // down, 50 // across : 58 // across]
        peak = truth[3].peak
        gain = psnr(now[inside], right[inside], peak) - psnr(wrong[inside], right[inside], peak)
        assert gain > 8
        far = torch.ones(right.shape, dtype=torch.bool)
        far[36 // down : 52 // down, 46 // across : 62 // across] = False
        assert torch.equal(
            now[far], before.planes[0][far] if now is after.planes[0] else wrong[far]
        )


@pytest.mark.parametrize("value", [0.02, 0.97])
@pytest.mark.parametrize("side", [3, 9, 20])
def test_black_and_white_dirt_of_many_sizes_is_found(side: int, value: float) -> None:
    source = moving_texture(size=(240, 320))
    source[3] = plant(source[3], 60, 80, side, value)
    delta = changes_of(source)[3].planes[0]
    assert delta is not None
    assert (delta[60 : 60 + side, 80 : 80 + side] != 0).float().mean() > 0.9


def test_simulated_dirt_is_repaired() -> None:
    truth = moving_texture(count=10, size=(240, 320))
    pairs = list(damaged(truth, [DirtDamage(density=6, median_size=10, seed=1)]))
    source = [frame for frame, _ in pairs]
    wrong, now, right = [], [], []
    results = zip(apply_step(Dirt(), source), truth, pairs, strict=True)
    for (before, after, _), true, (_, masks) in list(results)[2:-2]:
        mask = masks["dirt"]
        wrong.append(before.planes[0][mask])
        now.append(after.planes[0][mask])
        right.append(true.planes[0][mask])
    gain = psnr(torch.cat(now), torch.cat(right), 255) - psnr(
        torch.cat(wrong), torch.cat(right), 255
    )
    assert gain > 8


@pytest.mark.parametrize("speed", [(0, 0), (2, 1), (9, 5)])
def test_clean_film_is_untouched(speed: tuple[float, float]) -> None:
    assert sum(map(touched, changes_of(moving_texture(speed=speed)))) == 0


def test_flicker_does_not_pass_for_dirt() -> None:
    source = [f for f, _ in damaged(moving_texture(), [Flicker(gain=0.08, offset=0.02)])]
    assert sum(map(touched, changes_of(source))) == 0


def test_a_small_thing_that_moves_fast_is_no_dirt() -> None:
    source = [
        plant(frame, 40, 10 + 14 * t, 7, 0.95)
        for t, frame in enumerate(moving_texture(count=7, speed=(0, 0)))
    ]
    assert sum(map(touched, changes_of(source))) == 0


def test_motion_too_fast_to_follow_is_left_alone() -> None:
    frames = moving_texture(count=7, speed=(0, 0), size=(144, 192))
    chance = np.random.default_rng(8)
    source = []
    for frame in frames:
        jump = chance.integers(-40, 40, size=2)
        plane = torch.roll(frame.planes[0].to(torch.int32), tuple(map(int, jump)), (0, 1))
        source.append(Frame((plane.to(torch.uint8),), frame.format))
    samples = 7 * 144 * 192
    assert sum(map(touched, changes_of(source))) < 0.001 * samples


def test_a_frame_does_not_depend_on_where_a_longer_shot_begins() -> None:
    truth = moving_texture(count=12)
    source = [frame for frame, _ in damaged(truth, [DirtDamage(density=25, median_size=9)])]
    whole = changes_of(source)
    assert any(touched(change) for change in whole)
    for t in range(2, 10):
        alone = changes_of(source[t - 2 : t + 3])[2]
        for a, b in zip(whole[t].planes, alone.planes, strict=True):
            assert (a is None) == (b is None)
            assert a is None or b is None or torch.equal(a, b)


@pytest.mark.parametrize("pixel_format", ["gray", "yuv420p", "gbrp10le"])
@pytest.mark.parametrize("size", [(1, 1), (2, 2), (5, 300), (33, 33)])
def test_the_smallest_pictures_pass(pixel_format: str, size: tuple[int, int]) -> None:
    frames = moving_texture(pixel_format, count=5, size=size)
    assert len(changes_of(frames)) == 5


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_the_shortest_shots_pass(count: int) -> None:
    source = moving_texture(count=count) if count else []
    assert len(changes_of(source)) == count


def test_black_film_is_untouched() -> None:
    form = PictureFormat(64, 48, "yuv420p10le")
    black = [
        Frame(tuple(torch.zeros(s, dtype=torch.uint16) for s in form.plane_shapes), form)
        for _ in range(5)
    ]
    assert sum(map(touched, changes_of(black))) == 0


@pytest.mark.parametrize(
    ("field", "value"), [("threshold", 0.9), ("smallest", 0), ("largest", 200_000)]
)
def test_a_parameter_out_of_range_is_named(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{field} {value}"):
        Dirt(**{field: value})
