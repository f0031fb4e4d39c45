"""Made steady: a network's flicker goes, and nothing that belongs to the picture goes with it."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from catalogs.picture import PictureFormat
from models.contract import Frame, apply_step
from models.motion import Motion, estimate_flow, warp
from models.networks.image import ImageNetwork
from models.networks.learned import ModelSettings, ModelStep
from models.networks.steady import AHEAD, evenly
from models.networks.trust import (
    Compared,
    flicker_in,
    in_place,
    local_gain,
    matched,
    noise_level,
    trust,
)

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
        apart = (after - before.luma() - 0.01).abs()
        assert float(apart.max()) < 2e-3  # averaged, it would be up to 0.05
        assert float(apart.mean()) < 3e-4


def test_what_a_network_sharpens_stays_sharp_in_motion() -> None:
    """Half a sample a frame: what is carried is drawn anew each time, and must not grow soft."""
    large = functional.interpolate(
        torch.rand(1, 1, 96, 136, generator=torch.Generator().manual_seed(6)),
        scale_factor=4,
        mode="bicubic",
    )
    frames = []
    for place in range(12):
        seen = functional.avg_pool2d(large[..., : 2 * SIZE[0], place : place + 2 * SIZE[1]], 2)
        samples = (60000 * seen[0, 0].clamp(0, 1)).to(torch.int32).to(torch.uint16)
        frames.append(Frame((samples,), PictureFormat(SIZE[1], SIZE[0], "gray16le")))

    def sharper(tile: Tensor, _noise: float) -> Tensor:
        wide = functional.pad(tile, (1, 1, 1, 1), mode="replicate")
        return 2 * tile - functional.avg_pool2d(wide, 3, 1)

    source = torch.stack([frame.luma() for frame in frames])
    alone, steady = (
        (torch.stack(run(ImageNetwork(nn.Identity(), sharper), frames, steadiness)) - source)[
            4:, RIM:-RIM, RIM:-RIM
        ]
        for steadiness in (0.0, 0.8)
    )
    assert float((alone * steady).sum() / alone.square().sum()) > 0.9


def test_every_shot_begins_anew(texture: Texture) -> None:
    """What ran before is not remembered."""
    frames = texture("gray16le", count=5, size=SIZE, speed=SPEED)

    def planes(step: ModelStep, shot: list[Frame]) -> list[Tensor]:
        return [after.planes[0] for _, after, _ in apply_step(step, shot)]

    used, new = (
        ModelStep(ModelSettings("test"), ImageNetwork(nn.Identity(), lambda t, _n: t.square()))
        for _ in range(2)
    )
    planes(used, frames[:3])
    again, alone = planes(used, frames[1:]), planes(new, frames[1:])
    assert all(torch.equal(one, other) for one, other in zip(again, alone, strict=True))


def test_what_a_cut_shows_is_not_mixed_with_what_was_before(texture: Texture) -> None:
    """Even where a cut was missed: two pictures that do not match are left to themselves."""
    one = texture("gray16le", count=2, size=SIZE, speed=SPEED)
    other = texture("gray16le", count=2, size=SIZE, speed=SPEED, softness=1.5)
    white = Frame(tuple(torch.full_like(p.int(), 64000).to(p.dtype) for p in other[0].planes),
                  other[0].format)  # fmt: skip
    alone, steady = (run(flickering(), [one[0], white], s) for s in (0.0, 0.8))
    assert torch.equal(alone[1], steady[1])


def test_frames_on_both_sides_of_a_missed_cut_are_averaged_with_their_own(
    texture: Texture,
) -> None:
    one = texture("gray16le", count=4, size=SIZE, speed=SPEED)
    white = [
        Frame(tuple((40000 + p.int() // 3).to(p.dtype) for p in frame.planes), frame.format)
        for frame in texture("gray16le", count=4, size=SIZE, speed=(1, 2), softness=1.5)
    ]
    results = run(flickering(), one, 0.0) + run(flickering(6), white, 0.0)

    def told(start: int, stop: int) -> list[Tensor]:
        answers = iter(results[start:stop])
        network = ImageNetwork(nn.Identity(), lambda tile, _n: next(answers).expand_as(tile))
        return run(network, [*one, *white][start:stop], 0.8)

    apart = torch.stack(told(0, 8)) - torch.stack(told(0, 4) + told(4, 8))
    assert float(apart.abs().mean()) < 1e-3  # one of them mixed in by a tenth would be 0.02
    assert float((torch.stack(told(0, 4)) - torch.stack(results[:4])).abs().mean()) > 5e-3


def test_what_is_hidden_before_is_found_after() -> None:
    """A card leaves the picture at once: where it was, only the frames after tell."""
    chance = torch.Generator().manual_seed(8)
    ground = 0.3 + 0.4 * functional.interpolate(
        torch.rand(1, 1, 24, 32, generator=chance), SIZE, mode="bicubic"
    )[0, 0].clamp(0, 1)
    card = ground.clone()
    card[30:66, 40:90] = 0.95
    shown = [card] * 4 + [ground] * 4
    frames = [
        Frame(((60000 * picture).to(torch.int32).to(torch.uint16),),
              PictureFormat(SIZE[1], SIZE[0], "gray16le"))
        for picture in shown
    ]  # fmt: skip
    alone, steady = (run(flickering(), frames, steadiness)[4] for steadiness in (0.0, 0.8))
    hidden = (slice(36, 60), slice(48, 82))
    before, after = ((one - frames[4].luma())[hidden].square().mean() for one in (alone, steady))
    assert float(after) < 0.5 * float(before)


def test_memory_holds_the_frames_around_and_no_more(texture: Texture) -> None:
    """The change of a frame is answered when `AHEAD` further frames were asked for."""

    def furthest(steadiness: float) -> list[int]:
        asked = 0

        def source() -> Iterator[Frame]:
            nonlocal asked
            for frame in texture("gray", count=7, size=SIZE):
                asked += 1
                yield frame

        step = ModelStep(ModelSettings("test", steadiness=steadiness), flickering())
        return [asked for _ in step.changes(source(), Motion())]

    assert furthest(0.8) == [min(7, number + AHEAD + 1) for number in range(7)]
    assert furthest(0.0) == list(range(1, 8))


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


def test_a_network_that_draws_half_of_its_own_in_place_of_the_grain_is_evened_out() -> None:
    grain, pattern = noise(4), noise(5)
    drawn = 0.5 * grain + 0.5 * pattern
    assert share_left(drawn, flicker_in(grain, drawn)) < 0.1


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


def test_an_edge_out_of_place_is_not_trusted_and_flicker_is() -> None:
    usual = torch.full((1, 64, 64), 2e-4)
    edge = usual.clone()
    edge[:, 30:34] = 0.15**2
    everywhere = torch.ones(1, 64, 64, dtype=torch.bool)
    for film, result in ((usual * 50, edge), (edge, usual * 2)):  # grain hides it, or a pattern
        one = Compared(torch.zeros_like(usual), film, result, torch.ones(64, 64))
        levels = in_place([film], everywhere), in_place([result], everywhere)
        trusted = trust(one, *levels)
        assert float(trusted[:, 30:34].max()) < 0.15
        assert float(trusted[:, :30].min()) > 0.99


def test_flow_follows_grain_less() -> None:
    """Between two pictures that differ in grain alone, nothing moves."""
    chance = torch.Generator().manual_seed(9)
    ground = torch.rand(1, 1, 12, 16, generator=chance)
    ground = 128 + 60 * functional.interpolate(ground, SIZE, mode="bicubic")[0, 0]
    one, other = (
        (ground + 8 * torch.randn(SIZE, generator=chance)).clamp(0, 255).to(torch.uint8).numpy()
        for _ in range(2)
    )
    assert abs(evenly(one, other)).mean() < 0.8 * abs(estimate_flow(one, other)).mean()


def test_brightness_is_compared_place_by_place() -> None:
    source = 0.4 + noise(5)
    seen = source.clone()
    seen[:, :, 32:] /= 1.2
    gain = local_gain(source, seen)
    assert float(gain[:, :, :16].mean()) == pytest.approx(1.0, abs=0.01)
    assert float(gain[:, :, 48:].mean()) == pytest.approx(1.19, abs=0.02)


def test_a_match_is_full_up_to_grain_and_none_of_another_picture() -> None:
    source = torch.full((3, 32, 32), 0.5)
    assert float(matched(source, source + 0.015, 0.0).min()) == 1.0
    assert float(matched(source, source + 0.1, 0.0).max()) == 0.0


def test_noise_is_no_reason_not_to_trust_motion() -> None:
    chance = torch.Generator().manual_seed(4)
    ramp = torch.linspace(0.2, 0.8, 96).expand(3, 96, 96)
    one, other = (ramp + 0.08 * torch.randn(3, 96, 96, generator=chance) for _ in range(2))
    assert noise_level(one) == pytest.approx(0.08, rel=0.1)
    assert noise_level(ramp) < 1e-3
    assert float(matched(one, other, noise_level(one)).mean()) > 0.9
    assert float(matched(one, other + 0.2, noise_level(one)).mean()) < 0.1


@pytest.mark.parametrize("size", [(2, 2), (8, 8), (31, 40)])
def test_pictures_too_small_for_motion_are_taken(texture: Texture, size: tuple[int, int]) -> None:
    frames = texture("gray", count=3, size=size)
    assert len(run(flickering(), frames, 0.8)) == 3
