"""Made steady: a network's flicker goes, and nothing that belongs to the picture goes with it."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from catalogs.picture import PictureFormat
from models.contract import Frame, apply_step
from models.image_network import ImageNetwork
from models.learned import ModelSettings, ModelStep
from models.motion import Motion, warp
from models.steady import flicker_in, local_gain, matched, noise_level, usual

Texture = Callable[..., list[Frame]]
SIZE = (96, 128)
SPEED = (2, 1)
RIM = 16


def flickering(seed: int = 5, size: float = 0.04) -> ImageNetwork:
    """Invents a pattern in every frame, another one in the next."""
    chance = torch.Generator().manual_seed(seed)

    def forward(tile: Tensor, _noise: float) -> Tensor:
        coarse = torch.randn(1, 1, 12, 16, generator=chance)
        pattern = functional.interpolate(coarse, tile.shape[-2:], mode="bilinear")
        return tile + size * pattern

    return ImageNetwork(nn.Identity(), forward)


def run(network: ImageNetwork, frames: list[Frame], steadiness: float) -> list[Tensor]:
    """Luma of the shot after the network, 0..1."""
    step = ModelStep(ModelSettings("test", steadiness=steadiness), network)
    return [after.luma() for _, after, _ in apply_step(step, frames)]


def flicker(luma: list[Tensor], clean: list[Tensor]) -> float:
    """Mean change from frame to frame of what is not picture, along the true motion."""
    errors = [one - other for one, other in zip(luma, clean, strict=True)]
    flow = torch.stack([torch.full(SIZE, float(SPEED[0])), torch.full(SIZE, float(SPEED[1]))])
    moved = [here - warp(there, flow) for there, here in pairwise(errors)]
    steps = torch.stack(moved)[2:, RIM:-RIM, RIM:-RIM]  # the first frames are still the network's
    return float(steps.abs().mean())


def psnr(luma: list[Tensor], clean: list[Tensor]) -> float:
    error = torch.stack(luma) - torch.stack(clean)
    return float(-10 * torch.log10((error[3:] ** 2).mean()))


def test_flicker_of_a_network_is_cut_by_more_than_60_percent_without_loss(
    texture: Texture,
) -> None:
    frames = texture("gray16le", count=14, size=SIZE, speed=SPEED)
    clean = [frame.luma() for frame in frames]
    alone, steady = (run(flickering(), frames, steadiness) for steadiness in (0.0, 0.8))
    assert flicker(steady, clean) < 0.4 * flicker(alone, clean)
    assert psnr(steady, clean) > psnr(alone, clean) + 2


def test_noise_that_a_network_took_out_does_not_come_back(texture: Texture) -> None:
    """A perfect denoiser: its change differs in every frame, its result does not."""
    noisy = texture("gray16le", count=10, size=SIZE, speed=SPEED, grain=0.03)
    clean = [f.luma() for f in texture("gray16le", count=10, size=SIZE, speed=SPEED, grain=0.0)]
    results = iter([*clean])
    network = ImageNetwork(nn.Identity(), lambda tile, _noise: next(results).expand_as(tile))
    assert psnr(run(network, noisy, 0.8), clean) > psnr([f.luma() for f in noisy], clean) + 10


def test_the_light_of_the_film_is_not_averaged() -> None:
    """The source flickers and the network leaves it so: nothing is the network's to correct."""
    picture = PictureFormat(SIZE[1], SIZE[0], "gray16le")
    ground = functional.interpolate(
        torch.rand(1, 1, 12, 16, generator=torch.Generator().manual_seed(2)), SIZE, mode="bicubic"
    )[0, 0].clamp(0, 1)
    frames = [
        Frame(((ground * gain * 60000).to(torch.int32).to(torch.uint16),), picture)
        for gain in (0.9, 1.0, 0.93, 1.0)
    ]
    network = ImageNetwork(nn.Identity(), lambda tile, _noise: tile + 0.01)
    for before, after in zip(frames, run(network, frames, 0.8), strict=True):
        assert float((after - before.luma() - 0.01).abs().max()) < 1e-3


def test_every_shot_begins_anew(texture: Texture) -> None:
    """The first frame of a shot is the network's own, whatever ran before."""
    frames = texture("gray16le", count=4, size=SIZE, speed=SPEED)
    step = ModelStep(ModelSettings("test"), ImageNetwork(nn.Identity(), lambda t, _n: t * 0.9))
    first = [after for _, after, _ in apply_step(step, frames)]
    again = [after for _, after, _ in apply_step(step, frames[1:])]
    alone = [after for _, after, _ in apply_step(step, frames[1:2])]
    assert torch.equal(again[0].planes[0], alone[0].planes[0])
    assert len(first) == 4


def test_what_a_cut_shows_is_not_mixed_with_what_was_before(texture: Texture) -> None:
    """Even where a cut was missed: two pictures that do not match are left to themselves."""
    one = texture("gray16le", count=2, size=SIZE, speed=SPEED)
    other = texture("gray16le", count=2, size=SIZE, speed=SPEED, softness=1.5)
    white = Frame(tuple(torch.full_like(p.int(), 64000).to(p.dtype) for p in other[0].planes),
                  other[0].format)  # fmt: skip
    alone, steady = (run(flickering(), [one[0], white], s) for s in (0.0, 0.8))
    assert torch.equal(alone[1], steady[1])


def test_memory_holds_the_frame_before_and_no_more(texture: Texture) -> None:
    """The change of a frame is answered before the next frame is asked for."""
    asked = []

    def source() -> Iterator[Frame]:
        for number, frame in enumerate(texture("gray", count=5, size=SIZE)):
            asked.append(number)
            yield frame

    step = ModelStep(ModelSettings("test"), flickering())
    for answered, _ in enumerate(step.changes(source(), Motion())):
        assert asked[-1] == answered


def noise(seed: int) -> Tensor:
    chance = torch.Generator().manual_seed(seed)
    return 0.03 * torch.randn(3, 64, 64, generator=chance)


def share_left(wanted: Tensor, found: Tensor) -> float:
    return float((wanted - found).square().mean() / wanted.square().mean())


def test_what_a_network_invents_is_its_flicker_and_grain_that_it_leaves_is_not() -> None:
    grain, pattern = noise(1), noise(2)
    assert share_left(pattern, flicker_in(torch.zeros_like(grain), pattern)) < 0.01
    assert share_left(pattern, flicker_in(grain, grain + pattern)) < 0.2
    assert float(flicker_in(grain, grain).abs().max()) < 1e-3


def test_what_a_denoiser_leaves_is_its_flicker() -> None:
    grain = noise(3)
    assert share_left(0.1 * grain, flicker_in(grain, 0.1 * grain)) < 0.01
    assert float(flicker_in(grain, torch.zeros_like(grain)).abs().max()) < 1e-6


def test_what_a_network_leaves_alone_stays(texture: Texture) -> None:
    """A network that changes the left half only: the right half is the source's, bit for bit."""
    frames = texture("gray16le", count=4, size=SIZE, speed=(0, 0), grain=0.02)
    chance = torch.Generator().manual_seed(7)

    def forward(tile: Tensor, _noise: float) -> Tensor:
        done = tile.clone()
        done[..., :64] += 0.05 * torch.rand(1, generator=chance)
        return done

    step = ModelStep(ModelSettings("test"), ImageNetwork(nn.Identity(), forward))
    for before, after, _ in apply_step(step, frames):
        assert torch.equal(before.planes[0][:, 72:], after.planes[0][:, 72:])


def test_an_edge_out_of_place_is_not_usual() -> None:
    differing = 0.1 * noise(4)
    differing[:, 30:34] += 0.1
    trusted = usual(differing)
    assert float(trusted[:, 31:33].max()) == 0.0
    assert float(trusted[:, :26].mean()) > 0.9


def test_brightness_is_compared_place_by_place() -> None:
    source = 0.4 + noise(5)
    seen = source.clone()
    seen[:, :, 32:] /= 1.2
    gain = local_gain(source, seen)
    assert float(gain[:, :, :16].mean()) == pytest.approx(1.0, abs=0.01)
    assert float(gain[:, :, 48:].mean()) == pytest.approx(1.19, abs=0.02)


def test_a_match_is_full_up_to_grain_and_none_of_another_picture() -> None:
    source = torch.full((3, 32, 32), 0.5)
    assert float(matched(source, source + 0.015).min()) == 1.0
    assert float(matched(source, source + 0.1).max()) == 0.0


def test_noise_is_no_reason_not_to_trust_motion() -> None:
    chance = torch.Generator().manual_seed(4)
    ramp = torch.linspace(0.2, 0.8, 96).expand(3, 96, 96)
    one, other = (ramp + 0.08 * torch.randn(3, 96, 96, generator=chance) for _ in range(2))
    assert noise_level(one) == pytest.approx(0.08, rel=0.1)
    assert noise_level(ramp) < 1e-3
    assert float(matched(one, other).mean()) > 0.9
    assert float(matched(one, other + 0.2).mean()) < 0.1


@pytest.mark.parametrize("size", [(2, 2), (8, 8), (31, 40)])
def test_pictures_too_small_for_motion_are_taken(texture: Texture, size: tuple[int, int]) -> None:
    frames = texture("gray", count=3, size=size)
    assert len(run(flickering(), frames, 0.8)) == 3
