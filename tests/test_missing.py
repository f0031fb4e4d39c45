"""A destroyed frame is rebuilt from its neighbours; no other frame loses a sample."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from catalogs.picture import PIXEL_FORMATS, PictureFormat
from models.contract import Change, Frame, apply_step
from models.degrade import Flicker, damaged
from models.degrade.damage import chance
from models.missing.step import Missing
from models.motion import Motion

Texture = Callable[..., list[Frame]]


def changes_of(frames: list[Frame], step: Missing | None = None) -> list[Change]:
    return list((step or Missing()).changes(iter(frames), Motion()))


def rebuilt(changes: list[Change]) -> list[int]:
    return [t for t, change in enumerate(changes) if change.parameters["rebuilt"]]


def filled_with(frame: Frame, value: float) -> Frame:
    """A blank frame: luma (or R, G, B) of one value, chroma neutral."""
    planes = []
    for number, plane in enumerate(frame.planes):
        chroma = number > 0 and frame.format.layout != "rgb"
        level = (frame.peak + 1) // 2 if chroma else round(value * frame.peak)
        planes.append(torch.full_like(plane.to(torch.int32), level).to(plane.dtype))
    return Frame(tuple(planes), frame.format)


def psnr(wrong: torch.Tensor, right: torch.Tensor, peak: int) -> float:
    error = (wrong.double() - right.double()).square().mean()
    return float(10 * torch.log10(peak**2 / error.clamp_min(1e-9)))


def noise(frame: Frame) -> Frame:
    planes = [
        torch.randint(0, frame.peak + 1, plane.shape, generator=chance(5, n)).to(plane.dtype)
        for n, plane in enumerate(frame.planes)
    ]
    return Frame(tuple(planes), frame.format)


def torn(frame: Frame, share: float, value: float = 0.98) -> Frame:
    """The left part of the frame is gone."""
    planes = []
    for plane, blank in zip(frame.planes, filled_with(frame, value).planes, strict=True):
        part = plane.clone()
        columns = round(share * plane.shape[1])
        part[:, :columns] = blank[:, :columns]
        planes.append(part)
    return Frame(tuple(planes), frame.format)


def lit(frame: Frame, gain: float) -> Frame:
    luma = (frame.planes[0].double() * gain).round().clamp(0, frame.peak)
    return Frame((luma.to(frame.planes[0].dtype), *frame.planes[1:]), frame.format)


DAMAGES = {
    "white": lambda frame: filled_with(frame, 1.0),
    "black": lambda frame: filled_with(frame, 0.0),
    "noise": noise,
    "torn": lambda frame: torn(frame, 0.5),
}


@pytest.mark.parametrize("kind", DAMAGES)
@pytest.mark.parametrize("at", [1, 4, 7])
def test_a_destroyed_frame_is_rebuilt_and_no_other(texture: Texture, kind: str, at: int) -> None:
    truth = texture(count=9)
    source = list(truth)
    source[at] = DAMAGES[kind](truth[at])
    results = list(apply_step(Missing(), source))
    assert rebuilt([change for _, _, change in results]) == [at]
    for t, (before, after, _) in enumerate(results):
        assert t == at or after is before
    _, after, change = results[at]
    assert psnr(after.planes[0], truth[at].planes[0], 255) > 35
    assert change.parameters["from_before_frames"] == -1
    assert change.parameters["from_after_frames"] == 1


@pytest.mark.parametrize("pixel_format", PIXEL_FORMATS)
def test_every_plane_of_every_format_is_rebuilt(texture: Texture, pixel_format: str) -> None:
    truth = texture(pixel_format, size=(95, 127))
    source = list(truth)
    source[3] = filled_with(truth[3], 0.9)
    results = list(apply_step(Missing(), source))
    assert rebuilt([change for _, _, change in results]) == [3]
    for now, right in zip(results[3][1].planes, truth[3].planes, strict=True):
        assert psnr(now, right, truth[3].peak) > 30


@pytest.mark.parametrize("longest", [1, 2, 3])
def test_runs_up_to_the_longest_are_rebuilt(texture: Texture, longest: int) -> None:
    truth = texture(count=12, speed=(1, 1))
    for run in (1, 2, 3):
        source = list(truth)
        source[4 : 4 + run] = [filled_with(truth[0], 0.9)] * run
        results = list(apply_step(Missing(longest=longest), source))
        found = rebuilt([change for _, _, change in results])
        assert found == (list(range(4, 4 + run)) if run <= longest else [])
        for t in found:
            assert psnr(results[t][1].planes[0], truth[t].planes[0], 255) > 33


def test_the_grain_of_a_rebuilt_frame_is_the_films(texture: Texture) -> None:
    truth = texture(count=9, speed=(2, 2), grain=0.03)
    smooth = texture(count=9, speed=(2, 2), grain=0.0)
    source = list(truth)
    source[4] = filled_with(truth[4], 1.0)
    after = list(apply_step(Missing(), source))[4][1]
    inner = np.s_[8:-8, 8:-8]
    grain = (after.planes[0].double() - smooth[4].planes[0].double())[inner].std() / 255
    assert 0.024 < float(grain) < 0.036


@pytest.mark.parametrize("speed", [(0, 0), (2, 1), (9, 5), (30, 17)])
def test_motion_is_left_alone(texture: Texture, speed: tuple[float, float]) -> None:
    assert rebuilt(changes_of(texture(speed=speed, size=(144, 192)))) == []


def test_motion_too_fast_to_follow_is_left_alone(texture: Texture) -> None:
    still = texture(count=12, speed=(0, 0), size=(144, 192))
    places = np.random.default_rng(8)
    source = []
    for frame in still:
        jump = places.integers(-40, 40, size=2)
        plane = torch.roll(frame.planes[0].to(torch.int32), tuple(map(int, jump)), (0, 1))
        source.append(Frame((plane.to(torch.uint8),), frame.format))
    assert rebuilt(changes_of(source)) == []


def test_a_cut_is_left_alone(texture: Texture) -> None:
    other = [Frame((f.planes[0].flip(0).flip(1),), f.format) for f in texture(count=6)]
    assert rebuilt(changes_of(texture(count=6) + other)) == []


@pytest.mark.parametrize("gain", [0.3, 0.6, 1.4, 1.8])
def test_a_flash_is_left_alone(texture: Texture, gain: float) -> None:
    source = texture(count=9)
    source[4] = lit(source[4], gain)
    assert rebuilt(changes_of(source)) == []


def test_fades_flicker_and_strobes_are_left_alone(texture: Texture) -> None:
    truth = texture(count=12)
    fade = [lit(frame, 1 - t / 11) for t, frame in enumerate(truth)]
    flicker = [f for f, _ in damaged(truth, [Flicker(gain=0.15, offset=0.05)])]
    strobe = [filled_with(f, 0.0) if t % 2 else f for t, f in enumerate(truth)]
    assert [rebuilt(changes_of(source)) for source in (fade, flicker, strobe)] == [[], [], []]


def test_repeated_frames_are_left_alone(texture: Texture) -> None:
    source = [frame for frame in texture(count=5, speed=(6, 3)) for _ in range(2)]
    assert rebuilt(changes_of(source)) == []


def test_small_damage_is_left_alone(texture: Texture) -> None:
    source = texture(count=9)
    source[4] = torn(source[4], 0.15)
    assert rebuilt(changes_of(source)) == []


def test_the_ends_of_a_shot_are_never_rebuilt(texture: Texture) -> None:
    source = texture(count=9)
    source[0], source[-1] = filled_with(source[0], 1.0), filled_with(source[-1], 0.0)
    assert rebuilt(changes_of(source)) == []


def test_later_steps_see_the_rebuilt_picture(texture: Texture) -> None:
    truth = texture(count=9)
    source = list(truth)
    source[4] = filled_with(truth[4], 1.0)
    motion = Motion()
    for _ in Missing().changes(iter(source), motion):
        pass
    flow = motion.flow(4, 5, (96, 128))[:, 16:-16, 16:-16].mean(dim=(1, 2))
    assert torch.allclose(flow, torch.tensor([-2.0, -1.0]), atol=0.2)


def test_a_frame_does_not_depend_on_where_a_longer_shot_begins(texture: Texture) -> None:
    source = texture(count=16)
    for t in (6, 9, 10):
        source[t] = filled_with(source[t], 0.9)
    whole = changes_of(source)
    assert rebuilt(whole) == [6, 9, 10]
    for t in (6, 9, 10):
        alone = changes_of(source[t - 4 : t + 5])[4]
        assert alone.planes[0] is not None
        assert whole[t].planes[0] is not None
        assert torch.equal(alone.planes[0], whole[t].planes[0])


@pytest.mark.parametrize("pixel_format", ["gray", "yuv420p", "gbrp10le"])
@pytest.mark.parametrize("size", [(1, 1), (2, 2), (5, 300), (33, 33)])
def test_the_smallest_pictures_pass(
    texture: Texture, pixel_format: str, size: tuple[int, int]
) -> None:
    source = texture(pixel_format, count=5, size=size)
    source[2] = filled_with(source[2], 1.0)
    assert len(changes_of(source)) == 5


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_the_shortest_shots_are_left_alone(texture: Texture, count: int) -> None:
    source = texture(count=count) if count else []
    if count == 3:
        source[1] = filled_with(source[1], 1.0)
    assert [change.is_empty for change in changes_of(source)] == [True] * count


def test_black_film_is_untouched() -> None:
    form = PictureFormat(64, 48, "gray")
    black = [Frame((torch.zeros(48, 64, dtype=torch.uint8),), form) for _ in range(7)]
    assert rebuilt(changes_of(black)) == []


@pytest.mark.parametrize(
    ("field", "value"), [("destroyed_share", 0.05), ("longest", 4), ("longest", 0)]
)
def test_a_parameter_out_of_range_is_named(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{field} {value}"):
        Missing(**{field: value})  # type: ignore[arg-type]
