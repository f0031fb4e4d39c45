"""Simulated damage is repeatable, and its masks are true."""

import pytest
import torch

from catalogs.picture import PIXEL_FORMATS, PictureFormat
from models.contract import Frame
from models.degrade import Dirt, Flicker, damaged


def noise_frames(
    pixel_format: str, count: int = 3, size: tuple[int, int] = (61, 83)
) -> list[Frame]:
    form = PictureFormat(size[1], size[0], pixel_format)
    dtype = torch.uint8 if form.depth == 8 else torch.uint16
    chance = torch.Generator().manual_seed(1)
    return [
        Frame(
            tuple(
                torch.randint(form.peak // 4, form.peak // 2, shape, generator=chance).to(dtype)
                for shape in form.plane_shapes
            ),
            form,
        )
        for _ in range(count)
    ]


def same(a: Frame, b: Frame) -> bool:
    return all(torch.equal(p, q) for p, q in zip(a.planes, b.planes, strict=True))


def enlarged(changed: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    down, across = -(-shape[0] // changed.shape[0]), -(-shape[1] // changed.shape[1])
    whole = changed.repeat_interleave(down, 0).repeat_interleave(across, 1)
    return whole[: shape[0], : shape[1]]


@pytest.mark.parametrize("pixel_format", PIXEL_FORMATS)
def test_dirt_mask_covers_every_changed_sample_and_no_other(pixel_format: str) -> None:
    frames = noise_frames(pixel_format)
    marked = 0
    for before, (after, masks) in zip(frames, damaged(frames, [Dirt(density=5)]), strict=True):
        mask = torch.zeros_like(masks["dirt"])
        for old, new in zip(before.planes, after.planes, strict=True):
            mask |= enlarged(old != new, mask.shape)
        assert torch.equal(mask, masks["dirt"])
        marked += int(mask.sum())
    assert marked > 0


def test_the_same_seed_gives_the_same_damage_and_another_seed_another() -> None:
    frames = noise_frames("yuv420p")

    def run(seed: int) -> list[Frame]:
        return [f for f, _ in damaged(frames, [Dirt(seed=seed), Flicker(seed=seed)])]

    assert all(same(a, b) for a, b in zip(run(3), run(3), strict=True))
    assert not all(same(a, b) for a, b in zip(run(3), run(4), strict=True))


def test_frames_without_dirt_are_untouched() -> None:
    frames = noise_frames("gray10le")
    for before, (after, masks) in zip(frames, damaged(frames, [Dirt(density=0)]), strict=True):
        assert same(before, after)
        assert not masks["dirt"].any()


def test_flicker_changes_the_mean_of_the_whole_picture() -> None:
    frames = noise_frames("yuv422p10le", count=1) * 8
    means = [float(f.luma().mean()) for f, _ in damaged(frames, [Flicker(gain=0.1)])]
    assert max(means) / min(means) > 1.05


@pytest.mark.parametrize("pixel_format", ["gray", "yuv420p", "gbrp12le"])
def test_damage_fits_the_smallest_pictures(pixel_format: str) -> None:
    for size in ((1, 1), (2, 2), (3, 1)):
        frames = noise_frames(pixel_format, size=size)
        assert len(list(damaged(frames, [Dirt(density=20), Flicker()]))) == len(frames)


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (Dirt, "density", -1),
        (Dirt, "white_share", 1.5),
        (Dirt, "opacity", 0),
        (Dirt, "smallest", 50),
        (Flicker, "gain", 0.9),
        (Flicker, "offset", -0.1),
        (Flicker, "memory", 1.0),
    ],
)
def test_a_parameter_out_of_range_is_named(kind: type, field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{field} {value}"):
        kind(**{field: value})
