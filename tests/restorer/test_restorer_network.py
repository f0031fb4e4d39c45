"""The network: what it answers, and what may never reach another frame."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from models import blotches, evidence
from models.contract import Frame
from models.degrade import damaged
from models.motion import Motion
from models.restorer import LARGE, SMALL, TASKS, Answer, Restorer, RestorerConfig
from models.restorer import evidence as clues
from models.restorer.answer import gate_of
from models.restorer.neighbours import LOOK_AHEAD, Seen, around, seen_of
from models.restorer.seen import CLUES
from models.restorer.stream import stream
from models.restorer.training.noise import WhiteNoise

Texture = Callable[..., list[Frame]]
ALL = torch.ones(1, len(TASKS))
NONE = torch.zeros(1, len(TASKS))
MASKED_ONLY = torch.tensor([[0.0, 1.0, 1.0, 1.0, 0.0]])


def spotted(frames: list[Frame], number: int, level: int, side: int = 6) -> list[Frame]:
    """One square of dirt on one frame."""
    luma = frames[number].planes[0].clone()
    luma[20 : 20 + side, 40 : 40 + side] = level
    result = list(frames)
    result[number] = Frame((luma, *frames[number].planes[1:]), frames[number].format)
    return result


def shown(frames: Iterable[Frame]) -> list[Seen]:
    return [seen.padded() for _, seen in seen_of(frames, Motion())]


@pytest.mark.parametrize(
    ("config", "least", "most"), [(SMALL, 0.3e6, 1e6), (LARGE, 2e6, 5e6)], ids=["small", "large"]
)
def test_sizes_are_those_that_are_stated(config: RestorerConfig, least: float, most: float) -> None:
    assert least < Restorer(config).parameter_count < most


def test_with_no_task_the_output_is_the_source_bit_for_bit(
    lively: Restorer, texture: Texture
) -> None:
    seen = Seen.joined(shown(spotted(texture(size=(48, 64)), 3, 250)))
    with torch.inference_mode():
        off, on = lively(seen, NONE, 7), lively(seen, ALL, 7)
    assert torch.equal(off.output(seen.source), seen.source)
    assert not torch.equal(on.output(seen.source), seen.source)


def test_where_no_mask_lies_the_output_is_the_source_bit_for_bit(
    lively: Restorer, texture: Texture
) -> None:
    seen = Seen.joined(shown(texture(size=(48, 64))))
    with torch.inference_mode():
        lively.answer.bias[:12] -= 3  # masks are rare, as in use
        answer = lively(seen, MASKED_ONLY, 7)
    outside = (answer.masks.amax(dim=1, keepdim=True) == 0).expand_as(seen.source)
    assert 0.05 < float(outside.float().mean()) < 0.95
    changed = answer.output(seen.source) != seen.source
    assert not changed[outside].any()
    assert changed[~outside].any()


def test_each_task_opens_its_own_gate() -> None:
    masks = torch.zeros(1, 3, 1, 2)
    masks[0, 1, 0, 1] = 1  # a scratch on the right
    one = torch.eye(len(TASKS))
    opened = {task: gate_of(masks, one[None, n]).flatten().tolist() for n, task in enumerate(TASKS)}
    assert opened == {
        "denoise": [1, 1], "dirt": [0, 0], "scratch": [0, 1], "inpaint": [0, 0], "flicker": [1, 1],
    }  # fmt: skip
    half = gate_of(masks, 0.5 * one[None, TASKS.index("scratch")])
    assert half.flatten().tolist() == [0, 0.5]


@pytest.mark.parametrize("count", [1, 2, 9])
def test_frame_by_frame_is_the_whole_shot_at_once(
    lively: Restorer, texture: Texture, count: int
) -> None:
    seen = shown(spotted(texture(count=max(count, 2), size=(48, 64)), 1, 250)[:count])
    with torch.inference_mode():
        whole = lively(Seen.joined(seen), ALL, count)
        single = list(stream(lively, seen, ALL))
    for name in Answer.__dataclass_fields__:
        found = torch.cat([getattr(answer, name) for answer in single])
        torch.testing.assert_close(found, getattr(whole, name), atol=3e-4, rtol=1e-2)


def test_shots_side_by_side_are_the_shots_alone(lively: Restorer, texture: Texture) -> None:
    """Batches are ordered by frame, then shot; nothing leaks from one shot to the other."""
    one = shown(texture(count=4, size=(48, 64)))
    other = shown(texture(count=4, size=(48, 64), speed=(0, 3)))
    mixed = Seen.joined([part for pair in zip(one, other, strict=True) for part in pair])
    with torch.inference_mode():
        both = lively(mixed, torch.cat((ALL, MASKED_ONLY)), 4)
        alone = lively(Seen.joined(other), MASKED_ONLY, 4)
    torch.testing.assert_close(both.residual[1::2], alone.residual, atol=3e-4, rtol=1e-2)


def with_other_damage(seen: Seen) -> Seen:
    """The same frame with other samples, and other evidence, where it is damaged."""
    damaged = seen.clues[:, :1] > 0
    evidence_there = torch.cat((seen.clues[:, :1], seen.clues[:, 1:3] + 0.3, seen.clues[:, 3:]), 1)
    return replace(
        seen,
        source=torch.where(damaged, seen.source + 0.3, seen.source),
        clues=torch.where(damaged, evidence_there, seen.clues),
    )


def test_damaged_samples_reach_no_other_frame(lively: Restorer, texture: Texture) -> None:
    seen = shown(spotted(texture(size=(48, 64)), 3, 250))
    assert seen[3].clues[:, 0].any()
    other = [*seen[:3], with_other_damage(seen[3]), *seen[4:]]
    with torch.inference_mode():
        first, second = (list(stream(lively, s, ALL)) for s in (seen, other))
    equal = [torch.equal(a.residual, b.residual) for a, b in zip(first, second, strict=True)]
    assert equal == [True, True, True, False, True, True, True]


def test_undamaged_samples_do_reach_other_frames(lively: Restorer, texture: Texture) -> None:
    """Else the test above would pass on a network without memory."""
    seen = shown(texture(size=(48, 64)))
    other = [*seen[:3], replace(seen[3], cleaned=seen[3].cleaned + 0.1), *seen[4:]]
    with torch.inference_mode():
        first, second = (list(stream(lively, s, ALL)) for s in (seen, other))
    pairs = zip(first, second, strict=True)
    assert not any(torch.equal(a.residual, b.residual) for a, b in pairs)


@pytest.mark.parametrize("level", [4, 250], ids=["black", "white"])
def test_neighbours_in_place_do_not_show_what_the_evidence_calls_damaged(
    texture: Texture, level: int
) -> None:
    clean = texture(size=(72, 96), speed=(0, 0), grain=0)
    plain, spoilt = shown(clean), shown(spotted(clean, 3, level))
    assert float((spoilt[3].source - plain[3].source).abs().max()) > 0.3
    for before, after in zip(plain, spoilt, strict=True):
        assert float((before.cleaned - after.cleaned).abs().max()) < 0.1
        assert float((before.places - after.places).abs().max()) < 0.1
    assert bool(spoilt[3].clues[0, 0, 20:26, 40:46].all())


def test_neighbours_lie_where_the_frame_has_them(texture: Texture) -> None:
    seen = shown(texture(size=(96, 128), speed=(3, 1)))[3]
    inner = (..., slice(16, -16), slice(16, -16))
    in_place = (seen.places[:, ::3] - seen.source[:, :1]).abs()[inner].mean()
    frames = texture(size=(96, 128), speed=(3, 1))
    unmoved = (frames[4].luma() - frames[3].luma()).abs()[inner].mean()
    assert float(in_place) < 0.25 * float(unmoved)


def test_a_frame_waits_for_no_more_than_is_stated(texture: Texture) -> None:
    frames, taken = texture(count=12, size=(32, 40)), 0

    def counted() -> Iterator[Frame]:
        nonlocal taken
        for frame in frames:
            taken += 1
            yield frame

    for number, _ in enumerate(seen_of(counted(), Motion())):
        assert taken <= number + 1 + LOOK_AHEAD


def test_each_item_comes_with_those_around_it() -> None:
    found = [(index, sorted(near.items())) for index, near in around("abcd", 2)]
    assert found[0] == (0, [(0, "a"), (1, "b"), (2, "c")])
    assert found[3] == (3, [(-2, "b"), (-1, "c"), (0, "d")])
    assert len(found) == 4
    assert list(around([], 2)) == []


def picture(seed: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random((48, 64), np.float32))


def test_evidence_is_the_engines() -> None:
    here, places = picture(0), torch.stack([picture(n) for n in range(1, 5)])
    first, second = places[0][None, None], places[1][None, None]
    expected = {
        "spike": blotches.spike_of(here.numpy(), places[0].numpy(), places[1].numpy()),
        "extreme": evidence.extreme_of(here.numpy(), places.numpy(), 3),
        "disagreement": evidence.disagreement_of(places.numpy()),
    }
    found = {
        "spike": clues.spike_of(here[None, None], first, second),
        "extreme": clues.extreme_of(here[None, None], first, second),
        "disagreement": clues.disagreement_of(places[None]),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(found[name][0, 0].numpy(), value, atol=1e-6, err_msg=name)
    noise = blotches.noise_of(places[0].numpy(), places[1].numpy())
    assert float(clues.noise_of(first, second)) == pytest.approx(noise, rel=0.02)


def test_an_upright_line_stands_out() -> None:
    luma = torch.full((1, 1, 96, 128), 0.5)
    luma[..., 60] = 0.7
    found = clues.line_of(luma)
    assert float(found[..., 60].min()) > 0.1
    assert float(found[..., :50].abs().max()) < 1e-6


def test_the_average_is_less_noisy_and_says_how_much(texture: Texture) -> None:
    clean = texture(size=(96, 128), grain=0)
    noisy = [frame for frame, _ in damaged(clean, (WhiteNoise(0.08, seed=3),))]
    seen, truth = shown(noisy)[3], clean[3].luma()
    stated, left = (float(seen.clues[0, CLUES.index(name)].mean()) for name in ("noise", "left"))
    errors = [
        float((picture - truth).square().mean().sqrt())
        for picture in (seen.source[0, 0], seen.averages[0, 0], seen.averages[0, 3])
    ]
    assert stated == pytest.approx(0.08, rel=0.25)
    assert left < 0.6 * stated
    assert errors[0] == pytest.approx(0.08, rel=0.1)
    assert errors[1] < 0.6 * errors[0]
    assert errors[2] < 0.8 * errors[1]


def test_an_untrained_network_starts_from_the_average(texture: Texture) -> None:
    torch.manual_seed(4)
    clean = texture(size=(96, 128), grain=0)
    noisy = [frame for frame, _ in damaged(clean, (WhiteNoise(0.08, seed=3),))]
    seen = Seen.joined(shown(noisy))
    with torch.inference_mode():
        after = Restorer(SMALL).eval()(seen, ALL, 7).output(seen.source)
    truth = torch.stack([frame.luma() for frame in clean])
    before, now = ((p[:, 0] - truth).square().mean() for p in (seen.source, after))
    assert float(now) < 0.2 * float(before)
