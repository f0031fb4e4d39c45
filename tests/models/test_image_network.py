"""A picture-by-picture network on a shot: every format, in tiles, and nothing else changed."""

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from catalogs.errors import VerificationError
from catalogs.picture import PIXEL_FORMATS
from models.contract import Frame, apply_step
from models.networks.image import ImageNetwork
from models.networks.learned import Learned, ModelSettings, ModelStep
from models.networks.rgb import as_rgb, samples_plus
from models.networks.tiles import OVERLAP, TILE, in_tiles, spans

Texture = Callable[..., list[Frame]]
IDENTITY = ImageNetwork(nn.Identity(), lambda tile, _noise: tile)


def brighter(tile: Tensor, _noise: float) -> Tensor:
    return tile + 0.1


def restored(network: Learned, frames: list[Frame], **settings: float) -> list[Frame]:
    step = ModelStep(ModelSettings("test", **settings), network)
    return [after for _, after, _ in apply_step(step, frames)]


def same(one: Frame, other: Frame) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.planes, other.planes, strict=True))


@pytest.mark.parametrize("pixel_format", PIXEL_FORMATS)
def test_a_network_that_changes_nothing_changes_no_sample(
    texture: Texture, pixel_format: str
) -> None:
    frames = texture(pixel_format, count=3, size=(37, 51))
    for before, after in zip(frames, restored(IDENTITY, frames), strict=True):
        assert same(before, after)


@pytest.mark.parametrize("pixel_format", PIXEL_FORMATS)
def test_a_network_that_brightens_brightens_luma_and_no_colour(
    texture: Texture, pixel_format: str
) -> None:
    (before,) = texture(pixel_format, count=1, size=(36, 52))
    (after,) = restored(ImageNetwork(nn.Identity(), brighter), [before])
    assert float((after.luma() - before.luma()).mean()) == pytest.approx(
        0.1 * (219 / 256 if before.format.is_subsampled or (before.format.layout == "yuv444"
               and not pixel_format.startswith("yuvj")) else 1.0), abs=0.016
    )  # fmt: skip
    if before.format.layout.startswith("yuv"):
        moved = (after.planes[1].int() - before.planes[1].int()).abs()
        assert int(moved.max()) <= 1


def test_rgb_of_grey_and_of_colours_is_what_the_standard_says() -> None:
    from catalogs.picture import PictureFormat

    red = [torch.full((2, 2), v, dtype=torch.uint8) for v in (63, 102, 240)]  # BT.709, limited
    picture = as_rgb(Frame(tuple(red), PictureFormat(2, 2, "yuv444p")))
    assert torch.allclose(picture[:, 0, 0], torch.tensor([1.0, 0.0, 0.0]), atol=0.01)
    white = Frame((torch.full((2, 2), 65535).to(torch.uint16),), PictureFormat(2, 2, "gray16le"))
    assert torch.equal(as_rgb(white), torch.ones(3, 2, 2))


def test_a_change_of_one_colour_reaches_its_own_plane(texture: Texture) -> None:
    (frame,) = texture("gbrp", count=1, size=(8, 8))
    change = torch.zeros(3, 8, 8)
    change[0] = 10 / 255  # red
    green, blue, red = samples_plus(frame, change)
    assert torch.equal(green, frame.planes[0].int())
    assert torch.equal(blue, frame.planes[1].int())
    assert torch.equal(red, frame.planes[2].int() + 10)


def test_strength_is_the_share_of_the_change(texture: Texture) -> None:
    (frame,) = texture("gray16le", count=1)
    whole, half = (
        restored(ImageNetwork(nn.Identity(), brighter), [frame], strength=s)[0] for s in (1.0, 0.5)
    )
    moved = [(f.planes[0].int() - frame.planes[0].int()).float().mean() for f in (whole, half)]
    assert float(moved[1] / moved[0]) == pytest.approx(0.5, abs=1e-3)
    assert same(restored(ImageNetwork(nn.Identity(), brighter), [frame], strength=0.0)[0], frame)


def test_a_network_that_enlarges_is_averaged_back(texture: Texture) -> None:
    def double(tile: Tensor, _noise: float) -> Tensor:
        return tile.repeat_interleave(2, -1).repeat_interleave(2, -2)

    frames = texture("gray", count=1)
    assert same(restored(ImageNetwork(nn.Identity(), double, scale=2), frames)[0], frames[0])


def test_a_network_of_grey_sees_luma_and_leaves_colour(texture: Texture) -> None:
    shapes = []

    def seen(tile: Tensor, _noise: float) -> Tensor:
        shapes.append(tile.shape)
        return tile + 0.1

    (frame,) = texture("yuv420p", count=1, size=(36, 52))
    (after,) = restored(ImageNetwork(nn.Identity(), seen, channels=1), [frame])
    assert shapes == [(1, 1, 36, 52)]
    assert not torch.equal(after.planes[0], frame.planes[0])
    assert int((after.planes[1].int() - frame.planes[1].int()).abs().max()) <= 1


def test_tiles_cover_a_side_with_overlap_and_none_is_larger() -> None:
    for length in (1, TILE, TILE + 1, 2 * TILE - OVERLAP, 1999, 4096):
        found = spans(length)
        assert (found[0][0], found[-1][1]) == (0, length)
        assert all(stop - start <= TILE for start, stop in found)
        assert all(a[1] - b[0] >= OVERLAP for a, b in pairwise(found))


def test_tiles_give_what_the_whole_picture_gives_where_the_network_sees_no_further() -> None:
    picture = torch.rand(3, 300, 530, generator=torch.Generator().manual_seed(1))
    blurred = nn.functional.avg_pool2d(picture[None], 5, 1, 2)[0]
    tiled = in_tiles(picture, lambda tile: nn.functional.avg_pool2d(tile, 5, 1, 2))
    inside = (slice(None), slice(2, -2), slice(2, -2))
    difference = (tiled - blurred)[inside].abs()
    assert float(difference.mean()) < 1e-3  # at the rim of a tile its edge is seen, faded
    assert float((in_tiles(picture, lambda tile: tile) - picture).abs().max()) < 1e-6


def test_sizes_are_what_the_network_asks_for_and_never_large() -> None:
    sizes = []

    def run(tile: Tensor) -> Tensor:
        sizes.append(tuple(tile.shape[-2:]))
        return tile

    for size in ((37, 51), (5, 400), (700, 900)):
        picture = torch.rand(1, *size)
        assert torch.allclose(in_tiles(picture, run, multiple=8, smallest=64), picture, atol=1e-6)
    assert all(h % 8 == w % 8 == 0 and 64 <= min(h, w) <= TILE for h, w in sizes)
    assert max(max(size) for size in sizes) == TILE


@pytest.mark.parametrize(
    "wrong", [{"strength": 1.1}, {"steadiness": 1.0}, {"noise": -0.1}, {"noise": float("nan")}]
)
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ModelSettings("test", **wrong)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -float("inf")])
def test_an_answer_that_is_no_number_fails_the_shot_and_blackens_no_frame(
    texture: Texture, wrong: float
) -> None:
    def broken(tile: Tensor, _noise: float) -> Tensor:
        answer = tile.clone()
        answer[..., 3, 4] = wrong
        return answer

    frames = texture("yuv420p", count=2, size=(36, 52))
    with pytest.raises(VerificationError, match="NaN or infinite"):
        restored(ImageNetwork(nn.Identity(), broken), frames)


def test_a_change_far_out_of_range_ends_at_black_or_white(texture: Texture) -> None:
    (frame,) = texture("gray16le", count=1, size=(8, 8))
    for far, level in ((1e30, frame.peak), (-1e30, 0)):
        (wanted,) = samples_plus(frame, torch.full((3, 8, 8), far))
        assert int(wanted.clamp(0, frame.peak).float().mean()) == level
