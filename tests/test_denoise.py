"""Grain goes, detail stays; film without noise, and what no neighbour shows, is left alone."""

from collections.abc import Callable

import pytest
import torch

from catalogs.picture import PIXEL_FORMATS
from models.contract import Change, Frame, apply_step
from models.grain.denoise import Denoise
from models.grain.shrink import shrunk
from models.motion import Motion

Texture = Callable[..., list[Frame]]


def psnr(wrong: torch.Tensor, right: torch.Tensor, peak: int = 255) -> float:
    error = (wrong.double() - right.double()).square().mean()
    return float(10 * torch.log10(peak**2 / error.clamp_min(1e-9)))


def denoised(frames: list[Frame], step: Denoise | None = None) -> list[Frame]:
    return [after for _, after, _ in apply_step(step or Denoise(), frames)]


def same(one: list[Frame], other: list[Frame]) -> bool:
    return all(
        torch.equal(a, b)
        for x, y in zip(one, other, strict=True)
        for a, b in zip(x.planes, y.planes, strict=True)
    )


@pytest.mark.parametrize("softness", [4.0, 1.5, 0.8])
@pytest.mark.parametrize("speed", [(0, 0), (2, 1), (5, 3)])
def test_grain_on_moving_detail_is_halved(
    texture: Texture, softness: float, speed: tuple[int, int]
) -> None:
    look = {"count": 7, "size": (144, 192), "speed": speed, "softness": softness}
    truth, noisy = texture(grain=0.0, **look), texture(grain=0.03, **look)
    after = denoised(noisy)
    for t in range(7):
        gain = psnr(after[t].planes[0], truth[t].planes[0]) - psnr(
            noisy[t].planes[0], truth[t].planes[0]
        )
        assert gain > (3 if 0 < t < 6 else 2)


@pytest.mark.parametrize("speed", [(0, 0), (2, 1), (9, 5)])
def test_film_without_noise_is_left_alone(texture: Texture, speed: tuple[int, int]) -> None:
    source = texture("yuv420p", grain=0.0, speed=speed, size=(144, 192))
    for before, after in zip(source, denoised(source), strict=True):
        assert psnr(after.planes[0], before.planes[0]) > 55


@pytest.mark.parametrize("pixel_format", PIXEL_FORMATS)
def test_every_plane_of_every_format_is_denoised(texture: Texture, pixel_format: str) -> None:
    look = {"count": 5, "size": (95, 127), "speed": (0, 0)}
    truth = texture(pixel_format, grain=0.0, **look)
    noisy = texture(pixel_format, grain=0.03, **look)
    after = denoised(noisy)[2]
    for now, old, right in zip(after.planes, noisy[2].planes, truth[2].planes, strict=True):
        assert psnr(now, right, after.peak) > psnr(old, right, after.peak) + 3


def test_a_thing_that_is_in_one_frame_only_is_kept(texture: Texture) -> None:
    source = texture(count=5, grain=0.02)
    plane = source[2].planes[0].clone()
    plane[40:56, 50:66] = 220
    source[2] = Frame((plane,), source[2].format)
    after = denoised(source)
    inside = after[2].planes[0][42:54, 52:64].double()
    assert float((inside - 220).abs().max()) <= 1
    beside = (after[1].planes[0].double() - source[1].planes[0].double())[40:56, 48:64]
    assert float(beside.abs().max()) < 40  # no ghost of it in the frame before


def test_the_grain_that_is_kept_is_what_is_asked_for(texture: Texture) -> None:
    source = texture(count=5, grain=0.03, size=(144, 192))
    none, half, all_of_it = (
        denoised(source, Denoise(keep_grain=share))[2].planes[0].double() for share in (0, 0.5, 1)
    )
    before = source[2].planes[0].double()
    assert torch.equal(all_of_it, before)
    assert float(((none + before) / 2 - half).abs().max()) <= 1


def test_a_strength_of_zero_changes_nothing(texture: Texture) -> None:
    source = texture(count=5, grain=0.03)
    assert all(a is b for a, b in zip(source, denoised(source, Denoise(strength=0)), strict=True))


def test_repeated_frames_are_denoised_like_others(texture: Texture) -> None:
    source = [f for f in texture(count=5, grain=0.03, speed=(0, 0)) for _ in range(2)]
    facts = [c.parameters["noise_share"] for c in Denoise().changes(iter(source), Motion())]
    assert min(facts) > 0.02


def test_the_noise_that_was_found_is_recorded(texture: Texture) -> None:
    source = texture(count=5, grain=0.03, size=(144, 192))
    for change in Denoise().changes(iter(source), Motion()):
        assert change.parameters["noise_share"] == pytest.approx(0.03, rel=0.2)


def test_a_frame_does_not_depend_on_where_a_longer_shot_begins(texture: Texture) -> None:
    source = texture(count=9, grain=0.03)
    whole = denoised(source)
    for t in (2, 4, 6):
        assert same([whole[t]], [denoised(source[t - 2 : t + 3])[2]])


@pytest.mark.parametrize("pixel_format", ["gray", "yuv420p", "yuv411p", "gbrp10le"])
@pytest.mark.parametrize("size", [(1, 1), (2, 2), (5, 300), (33, 33)])
def test_the_smallest_pictures_pass(
    texture: Texture, pixel_format: str, size: tuple[int, int]
) -> None:
    assert len(denoised(texture(pixel_format, count=5, size=size, grain=0.03))) == 5


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_the_shortest_shots_pass(texture: Texture, count: int) -> None:
    source = texture(count=count, grain=0.03) if count else []
    changes: list[Change] = list(Denoise().changes(iter(source), Motion()))
    assert len(changes) == count
    assert count != 1 or changes[0].is_empty


@pytest.mark.parametrize(
    ("field", "value"), [("strength", 1.5), ("keep_grain", -0.1), ("largest_noise", 0.5)]
)
def test_a_parameter_out_of_range_is_named(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{field} {value}"):
        Denoise(**{field: value})


def test_what_time_does_not_show_is_shrunk_within_the_frame() -> None:
    """A single frame has no neighbours; two unlike frames have none that fit."""
    chance = torch.Generator().manual_seed(5)
    smooth = torch.linspace(0.3, 0.6, 96)[:, None] * torch.ones(96, 128)
    removed = 0.03 * torch.randn(96, 128, generator=chance)
    noisy = smooth + 0.03 * torch.randn(96, 128, generator=chance)
    clean = shrunk(noisy, removed, torch.full((96, 128), 0.03), 1.0)
    assert (clean - smooth).std() < 0.3 * (noisy - smooth).std()


def test_shrinking_keeps_an_edge_and_the_brightness() -> None:
    chance = torch.Generator().manual_seed(5)
    edge = torch.where(torch.arange(128) < 61, 0.2, 0.8).expand(96, 128)
    removed = 0.02 * torch.randn(96, 128, generator=chance)
    clean = shrunk(edge, removed, torch.full((96, 128), 0.02), 1.0)
    assert (clean - edge).abs().max() < 0.04
    assert (clean - edge).mean().abs() < 0.001


def test_no_noise_no_strength_and_tiny_planes_are_left() -> None:
    plane = torch.rand(40, 40, generator=torch.Generator().manual_seed(1))
    none, some = torch.zeros(40, 40), torch.full((40, 40), 0.05)
    assert torch.equal(shrunk(plane, plane, none, 1.0), plane)
    assert torch.equal(shrunk(plane, plane, some, 0.0), plane)
    assert torch.equal(shrunk(plane[:5], plane[:5], some[:5], 1.0), plane[:5])
