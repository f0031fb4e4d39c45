"""Flicker goes; fades, light changes, dirt and steady film stay as they are."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from catalogs.picture import PictureFormat
from models.contract import Frame, apply_step
from models.degrade import Dirt as DirtDamage
from models.degrade import Flicker, damaged
from models.dirt.step import Dirt
from models.motion import Motion
from models.tone.deflicker import Deflicker


def scene(
    pixel_format: str, exposure: Sequence[float], size: tuple[int, int] = (48, 64)
) -> list[Frame]:
    """A still scene printed with the given exposures."""
    form = PictureFormat(size[1], size[0], pixel_format)
    dtype = torch.uint8 if form.depth == 8 else torch.uint16
    chance = torch.Generator().manual_seed(5)
    base = [torch.rand(shape, generator=chance) * 0.5 + 0.15 for shape in form.plane_shapes]
    return [
        Frame(tuple((b * e * form.peak).clamp(0, form.peak).to(dtype) for b in base), form)
        for e in exposure
    ]


def restore(frames: list[Frame], step: Deflicker | None = None) -> list[Frame]:
    return [after for _, after, _ in apply_step(step or Deflicker(), frames)]


def unsteadiness(frames: list[Frame]) -> float:
    mean = np.array([float(frame.luma().mean()) for frame in frames])
    return float((mean[1:-1] - (mean[:-2] + mean[2:]) / 2).std())


def assert_untouched(frames: list[Frame]) -> None:
    for before, after, change in apply_step(Deflicker(), frames):
        assert change.is_empty
        assert before is after


@pytest.mark.parametrize("pixel_format", ["gray", "yuv420p", "yuv422p10le", "gbrp12le", "gray16le"])
def test_four_fifths_of_the_flicker_go(pixel_format: str) -> None:
    still = scene(pixel_format, [1.0] * 30)
    source = [frame for frame, _ in damaged(still, [Flicker(gain=0.05, seed=2)])]
    assert unsteadiness(restore(source)) < 0.2 * unsteadiness(source)


def unsteady_places(frames: list[Frame]) -> float:
    pool = torch.nn.functional.adaptive_avg_pool2d
    mean = np.array([pool(frame.luma()[None], (3, 4)).numpy() for frame in frames])
    return float((mean[1:-1] - (mean[:-2] + mean[2:]) / 2).std())


def under_wandering_gains(frames: list[Frame], size: float) -> list[Frame]:
    """Each frame under gains that differ over the picture, 3 by 4 of them."""
    chance, result = torch.Generator().manual_seed(8), []
    for frame in frames:
        gains = 1 + size * torch.randn(1, 1, 3, 4, generator=chance)
        field = torch.nn.functional.interpolate(gains, tuple(frame.planes[0].shape), mode="bicubic")
        result.append(Frame(((frame.planes[0] * field[0, 0]).to(torch.uint8),), frame.format))
    return result


def test_flicker_that_differs_over_the_picture_goes() -> None:
    source = under_wandering_gains(scene("gray", [1.0] * 24, (72, 96)), 0.035)
    assert unsteady_places(restore(source)) < 0.3 * unsteady_places(source)


def test_flicker_that_differs_over_the_picture_stays_where_that_is_wished() -> None:
    source = under_wandering_gains(scene("gray", [1.0] * 24, (72, 96)), 0.035)
    changes = Deflicker(local=False).changes(iter(source), Motion())
    assert all(change.parameters["local_gain_rms"] == 0 for change in changes)


def test_dirt_that_follows_finds_the_flow_it_needs_at_the_longest_look_ahead() -> None:
    frames = scene("gray", list(1 + 0.05 * np.random.default_rng(3).standard_normal(50)), (64, 64))
    motion = Motion()
    steady = (after for _, after, _ in apply_step(Deflicker(look_ahead=20), frames, motion))
    assert len(list(apply_step(Dirt(), steady, motion))) == 50


def test_dirt_does_not_pass_for_flicker() -> None:
    still = scene("gray", [1.0] * 30)
    assert_untouched([frame for frame, _ in damaged(still, [DirtDamage(density=3, largest=12)])])


def test_steady_film_is_untouched() -> None:
    assert_untouched(scene("yuv420p", [1.0] * 20))


def test_a_fade_is_untouched() -> None:
    assert_untouched(scene("yuv420p", list(np.linspace(1.0, 0.0, 30))))


def test_a_lamp_switched_on_is_untouched() -> None:
    assert_untouched(scene("yuv420p", [0.6] * 15 + [1.0] * 15))


def test_a_lamp_switched_on_in_flickering_film_stays_a_sudden_change() -> None:
    source = [f for f, _ in damaged(scene("gray", [0.6] * 20 + [1.0] * 20), [Flicker(gain=0.03)])]
    mean = [float(frame.luma().mean()) for frame in restore(source)]
    before, after = np.mean(mean[10:19]), np.mean(mean[21:30])
    assert mean[20] - mean[19] > 0.9 * (after - before)


def test_a_fade_that_stutters_is_untouched() -> None:
    steps = np.repeat(np.linspace(1.0, 0.4, 12), 3) + np.tile([0.0, 0.0, 0.01], 12)
    assert_untouched(scene("yuv420p", list(np.minimum.accumulate(steps))))


def test_two_flashes_are_untouched() -> None:
    exposure = [0.6] * 40
    exposure[12] = exposure[17] = 1.0
    assert_untouched(scene("gray", exposure))


def test_motion_that_brightens_parts_by_turns_is_untouched() -> None:
    chance = torch.Generator().manual_seed(7)
    still = scene("gray", [1.0] * 30, (96, 128))
    source = []
    for frame in still:
        light = 0.8 + 0.4 * torch.rand(12, 16, generator=chance)
        light = light.repeat_interleave(8, 0).repeat_interleave(8, 1)
        source.append(Frame(((frame.planes[0] * light).to(torch.uint8),), frame.format))
    assert_untouched(source)


def test_flicker_once_seen_is_corrected_to_the_end_of_a_quieter_stretch() -> None:
    strong = 1 + 0.05 * np.random.default_rng(3).standard_normal(30)
    weak = 1 + 0.004 * np.random.default_rng(4).standard_normal(40)
    quiet = scene("gray", list(weak))
    assert_untouched(quiet)
    changes = list(Deflicker().changes(iter(scene("gray", [*strong, *weak])), Motion()))
    assert not any(change.is_empty for change in changes)


@pytest.mark.parametrize("count", [1, 2, 6])
def test_the_shortest_shots_are_untouched(count: int) -> None:
    assert_untouched(scene("gray", ([0.5, 1.0] * 3)[:count]))


def test_black_frames_and_the_smallest_pictures_are_untouched() -> None:
    assert_untouched(scene("yuv420p", [0.0] * 6))
    assert_untouched(scene("yuv420p", [1.0] * 6, size=(2, 2)))


def test_what_was_decided_is_recorded() -> None:
    source = scene("gray", [1.0, 0.9] * 10)
    changes = list(Deflicker().changes(iter(source), Motion()))
    assert all(change.parameters["gain"] > 0 for change in changes)
    assert changes[11].parameters["gain"] > changes[10].parameters["gain"]


def test_a_frame_does_not_depend_on_where_a_longer_shot_begins() -> None:
    still = scene("gray", [1.0] * 40)
    source = [frame for frame, _ in damaged(still, [Flicker(seed=4)])]
    step = Deflicker(look_ahead=5)
    whole = list(step.changes(iter(source), Motion()))
    cut = list(step.changes(iter(source[15:26]), Motion()))
    assert torch.equal(whole[20].planes[0], cut[5].planes[0])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("look_ahead", 3),
        ("look_ahead", 21),
        ("visible", 2.0),
        ("together", 1.5),
        ("largest_gain", 0.5),
    ],
)
def test_a_parameter_out_of_range_is_named(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{field} {value}"):
        Deflicker(**{field: value})
