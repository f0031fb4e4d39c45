"""Grain is what was asked for, by measure; the measure finds the grain that was planted."""

from collections.abc import Callable

import pytest
import torch

from catalogs.picture import PIXEL_FORMATS, PictureFormat
from models.contract import Change, Frame, apply_step
from models.degrade.damage import chance
from models.grain.denoise import Denoise
from models.grain.measure import GrainProfile, measure_grain
from models.grain.step import Grain, soft_noise
from models.motion import Motion

Texture = Callable[..., list[Frame]]


def profile_of(frames: list[Frame]) -> GrainProfile:
    lumas, motion = [frame.luma() for frame in frames], Motion()
    for index, luma in enumerate(lumas):
        motion.see(index, luma)
    shape = (frames[0].format.height, frames[0].format.width)
    flows = [motion.flow(t, t + 1, shape) for t in range(len(frames) - 1)]
    return measure_grain(lumas, flows)


def still_profile_of(frames: list[Frame]) -> GrainProfile:
    lumas = [frame.luma() for frame in frames]
    return measure_grain(lumas, [torch.zeros(2, *luma.shape) for luma in lumas[1:]])


def grained(frames: list[Frame], step: Grain) -> list[Frame]:
    return [after for _, after, _ in apply_step(step, frames)]


def ramp(pixel_format: str = "gray12le", count: int = 4) -> list[Frame]:
    """Luma (or R, G, B) from black to white, chroma neutral."""
    form = PictureFormat(256, 240, pixel_format)
    dtype = torch.uint8 if form.depth == 8 else torch.uint16
    planes = []
    for number, (lines, samples) in enumerate(form.plane_shapes):
        chroma = number > 0 and form.layout != "rgb"
        line = torch.full((samples,), 0.5) if chroma else torch.linspace(0, 1, samples)
        planes.append((line.expand(lines, samples) * form.peak).round().to(dtype))
    return [Frame(tuple(planes), form)] * count


@pytest.mark.parametrize("speed", [(0, 0), (2, 1), (4, 4)])
@pytest.mark.parametrize("strength", [0.01, 0.02, 0.05])
def test_planted_grain_is_measured(
    texture: Texture, strength: float, speed: tuple[int, int]
) -> None:
    found = profile_of(texture(grain=strength, size=(240, 320), speed=speed, count=4))
    assert found.at(0.5) == pytest.approx(strength, rel=0.15)
    assert found.size < 0.45


@pytest.mark.parametrize("size", [0.8, 1.2, 2.0])
def test_the_size_of_grain_is_measured(size: float) -> None:
    form = PictureFormat(320, 240, "gray16le")
    frames = []
    for t in range(4):
        luma = 0.5 + 0.02 * soft_noise((240, 320), size, chance(1, t))
        frames.append(Frame(((luma * form.peak).round().to(torch.uint16),), form))
    found = still_profile_of(frames)
    assert found.at(0.5) == pytest.approx(0.02, rel=0.2)
    assert found.size == pytest.approx(size, rel=0.2)


@pytest.mark.parametrize("strength", [0.01, 0.03])
def test_added_grain_has_the_strength_and_size_asked_for(strength: float) -> None:
    after = grained(ramp(), Grain(strength=strength, size=2.0))
    found = still_profile_of(after)  # 240 lines: half the size in samples
    assert found.at(0.5) == pytest.approx(strength, rel=0.2)
    assert found.size == pytest.approx(1.0, rel=0.25)
    assert found.at(0.1) < 0.8 * found.at(0.5)
    assert found.at(0.9) < 0.8 * found.at(0.5)


def test_grain_taken_out_is_matched_again(texture: Texture) -> None:
    source = texture(grain=0.025, size=(240, 320), count=6)
    had = profile_of(source)
    smooth = [after for _, after, _ in apply_step(Denoise(), source)]
    assert profile_of(smooth).at(0.5) < 0.6 * had.at(0.5)
    rest = profile_of(smooth).at(0.5)
    lacking = (had.at(0.5) ** 2 - rest**2) ** 0.5
    again = profile_of(grained(smooth, Grain(strength=lacking, size=had.size * 2)))
    assert again.at(0.5) == pytest.approx(had.at(0.5), rel=0.15)


@pytest.mark.parametrize("pixel_format", PIXEL_FORMATS)
def test_grain_is_grey_in_every_format(pixel_format: str) -> None:
    before, after, change = next(iter(apply_step(Grain(), ramp(pixel_format))))
    deltas = [delta for delta in change.planes if delta is not None]
    assert int((deltas[0] != 0).sum()) > 0
    if before.format.layout == "rgb":
        assert all(torch.equal(deltas[0], delta) for delta in deltas)
    else:
        for old, new in list(zip(before.planes, after.planes, strict=True))[1:]:
            assert torch.equal(old, new)


def test_black_and_white_get_no_grain() -> None:
    after = grained(ramp(), Grain(strength=0.1))[0].planes[0].to(torch.int32)
    assert int(after[:, 0].max()) == 0
    assert int(after[:, -1].min()) == 4095


def test_the_same_seed_gives_the_same_grain_and_every_frame_its_own() -> None:
    first, again = grained(ramp(), Grain(seed=4)), grained(ramp(), Grain(seed=4))
    other = grained(ramp(), Grain(seed=5))
    for a, b in zip(first, again, strict=True):
        assert torch.equal(a.planes[0], b.planes[0])
    assert not torch.equal(first[0].planes[0], first[1].planes[0])
    assert not torch.equal(first[0].planes[0], other[0].planes[0])


def test_a_strength_of_zero_changes_nothing() -> None:
    assert all(change.is_empty for change in Grain(strength=0).changes(iter(ramp()), Motion()))


@pytest.mark.parametrize("pixel_format", ["gray", "yuv420p", "gbrp10le"])
@pytest.mark.parametrize("size", [(1, 1), (2, 2), (5, 300)])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_smallest_pictures_and_shots_pass(
    texture: Texture, pixel_format: str, size: tuple[int, int], count: int
) -> None:
    source = texture(pixel_format, count=count, size=size)
    assert len(grained(source, Grain(size=4.0))) == count


def test_an_empty_shot_passes() -> None:
    nothing: list[Change] = list(Grain().changes(iter(()), Motion()))
    assert nothing == []


@pytest.mark.parametrize(("field", "value"), [("strength", 0.5), ("size", 9.0), ("seed", -1)])
def test_a_parameter_out_of_range_is_named(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{field} {value}"):
        Grain(**{field: value})  # type: ignore[arg-type]
