"""The network: what it adds, how far it may, and what may never reach another frame."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from models.contract import Frame
from models.dirt import blotches, evidence
from models.motion import Motion
from models.restorer import LARGE, SMALL, TASKS, Answer, Restorer, RestorerConfig
from models.restorer import evidence as clues
from models.restorer.answer import MOST_FLICKER, MOST_NOISE, bounded, gate_of
from models.restorer.neighbours import Seen, around, seen_of
from models.restorer.seen import CLUES
from models.restorer.stream import stream

Texture = Callable[..., list[Frame]]
ALL = torch.ones(1, len(TASKS))
MASKED_ONLY = torch.tensor([[0.0, 1.0, 1.0, 1.0, 0.0]])
NOISE, COLOUR_NOISE = CLUES.index("noise"), CLUES.index("colour noise")


def spotted(frames: list[Frame], number: int, level: int, side: int = 6) -> list[Frame]:
    """One square of dirt on one frame."""
    luma = frames[number].planes[0].clone()
    luma[20 : 20 + side, 40 : 40 + side] = level
    result = list(frames)
    result[number] = Frame((luma, *frames[number].planes[1:]), frames[number].format)
    return result


def shown(frames: Iterable[Frame], *tasks: str) -> list[Seen]:
    return [seen.padded() for _, seen in seen_of(frames, Motion(), tasks or TASKS)]


@pytest.mark.parametrize(
    ("config", "least", "most"), [(SMALL, 1.2e6, 1.6e6), (LARGE, 2e6, 5e6)], ids=["small", "large"]
)
def test_sizes_are_those_that_are_stated(config: RestorerConfig, least: float, most: float) -> None:
    assert least < Restorer(config).parameter_count < most


def test_before_it_is_trained_nothing_is_added(texture: Texture) -> None:
    torch.manual_seed(4)
    seen = Seen.joined(shown(spotted(texture(size=(72, 96), grain=0.01), 3, 250)))
    with torch.inference_mode():
        answer = Restorer(SMALL).eval()(seen, ALL, 7)
    assert not answer.addition.any()
    assert torch.equal(answer.gate, seen.clues[:, :1])
    assert answer.gate.any()


def test_where_no_mask_lies_masked_tasks_add_nothing(lively: Restorer, texture: Texture) -> None:
    seen = Seen.joined(shown(texture(size=(48, 64)), "dirt", "scratch", "inpaint"))
    seen = replace(seen, bounds=torch.ones_like(seen.bounds))
    with torch.inference_mode():
        lively.answer.bias[:12] -= 3  # masks are rare, as in use
        answer = lively(seen, MASKED_ONLY, 7)
    outside = (answer.gate == 0).expand_as(answer.addition)
    assert 0.05 < float(outside.float().mean()) < 0.95
    assert not answer.addition[outside].any()
    assert answer.addition[~outside].any()


def test_each_task_opens_its_own_mask() -> None:
    masks, repaired = torch.zeros(1, 3, 1, 3), torch.zeros(1, 1, 1, 3)
    masks[0, 1, 0, 1] = 1  # a scratch in the middle
    repaired[..., 2] = 1
    one = torch.eye(len(TASKS))
    free, shut = torch.ones_like(masks), torch.zeros_like(masks)
    found = {t: gate_of(masks, free, repaired, one[None, n])[0, 0, 0] for n, t in enumerate(TASKS)}
    assert {task: gate.tolist() for task, gate in found.items()} == {
        "denoise": [0, 0, 1], "dirt": [0, 0, 1], "scratch": [0, 1, 1], "inpaint": [0, 0, 1],
        "flicker": [0, 0, 1],
    }  # fmt: skip
    everything = torch.ones(1, len(TASKS))
    assert gate_of(masks, shut, repaired, everything).flatten().tolist() == [0, 0, 1]


def test_what_is_added_outside_masks_is_bounded_by_the_evidence(texture: Texture) -> None:
    seen = Seen.joined(shown(texture("yuv444p", size=(48, 64), grain=0.03)))
    assert float(seen.clues[:, NOISE].max()) > 0.01
    seen.clues[..., :10] = 0  # no noise was found there
    none, much = torch.zeros(7, 1, 48, 64), torch.full((7, 3, 48, 64), 0.7)
    still = torch.zeros(7, 1, 6, 8)
    added = bounded(seen, much, still, none)
    for channel, clue in ((0, NOISE), (1, COLOUR_NOISE), (2, COLOUR_NOISE)):
        torch.testing.assert_close(added[:, channel], MOST_NOISE * seen.clues[:, clue])
    assert not added[..., :10].any()
    assert torch.equal(bounded(seen, -much, still, none), -added)
    assert torch.equal(bounded(seen, much, still, none + 1), much)
    small = 0.01 * much
    inner = (small[:, :1] < MOST_NOISE * seen.clues[:, NOISE, None]).expand(-1, 1, -1, -1)
    assert torch.equal(bounded(seen, small, still, none)[:, :1][inner], small[:, :1][inner])


def test_brightness_moves_no_further_than_the_flicker_that_was_taken_out(texture: Texture) -> None:
    seen = Seen.joined(shown(texture(size=(48, 64))))
    assert not seen.flicker.any()
    none, lift = torch.zeros(7, 3, 48, 64), torch.full((7, 1, 6, 8), -0.2)
    assert not bounded(seen, none, lift, none[:, :1]).any()
    flickering = replace(seen, flicker=torch.full_like(seen.flicker, 0.03))
    added = bounded(flickering, none, lift, none[:, :1])
    torch.testing.assert_close(added[:, 0], torch.full((7, 48, 64), -MOST_FLICKER * 0.03))
    assert not added[:, 1:].any()


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
    torch.testing.assert_close(both.addition[1::2], alone.addition, atol=3e-4, rtol=1e-2)


def logits_with(lively: Restorer, seen: list[Seen]) -> list[Tensor]:
    """What the network answers before any bound, frame by frame."""
    with torch.inference_mode():
        return [answer.logits for answer in stream(lively, seen, ALL)]


def test_damaged_samples_reach_no_other_frame(lively: Restorer, texture: Texture) -> None:
    seen = shown(spotted(texture(size=(72, 96)), 3, 250), "dirt")
    repaired = seen[3].clues[:, :1]
    assert repaired[0, 0, 20:26, 40:46].all()
    changed = replace(seen[3], even=seen[3].even - 0.3 * repaired)
    found = zip(
        logits_with(lively, seen),
        logits_with(lively, [*seen[:3], changed, *seen[4:]]),
        strict=True,
    )
    equal = [torch.equal(a, b) for a, b in found]
    assert equal == [True, True, True, False, True, True, True]


@pytest.mark.parametrize("level", [4, 250], ids=["black", "white"])
def test_neighbours_in_place_do_not_show_what_the_engine_repaired(
    texture: Texture, level: int
) -> None:
    clean = texture(size=(72, 96), speed=(0, 0), grain=0)
    plain, spoilt = shown(clean), shown(spotted(clean, 3, level))
    assert float((spoilt[3].even - plain[3].even).abs().max()) > 0.3
    for before, after in zip(plain, spoilt, strict=True):
        for name in ("engine", "whole", "averaged", "places", "levels"):
            assert float((getattr(before, name) - getattr(after, name)).abs().max()) < 0.1


def test_undamaged_samples_do_reach_other_frames(lively: Restorer, texture: Texture) -> None:
    """Else the test above would pass on a network without memory."""
    seen = shown(texture(size=(48, 64)))
    other = [*seen[:3], replace(seen[3], engine=seen[3].engine + 0.1), *seen[4:]]
    pairs = zip(logits_with(lively, seen), logits_with(lively, other), strict=True)
    assert not any(torch.equal(a, b) for a, b in pairs)


def test_neighbours_lie_where_the_frame_has_them(texture: Texture) -> None:
    frames = texture(size=(96, 128), speed=(3, 1))
    seen = shown(frames)[3]
    inner = (..., slice(16, -16), slice(16, -16))
    in_place = (seen.places[:, ::3] - seen.engine[:, :1]).abs()[inner].mean()
    unmoved = (frames[4].luma() - frames[3].luma()).abs()[inner].mean()
    assert float(in_place) < 0.25 * float(unmoved)


def test_levels_say_how_much_brighter_neighbours_are(texture: Texture) -> None:
    frames = texture(size=(96, 128), grain=0, speed=(0, 0))
    dark = Frame((frames[3].planes[0] - 10,), frames[3].format)
    seen = shown([*frames[:3], dark, *frames[4:]], "denoise")
    torch.testing.assert_close(seen[3].levels, torch.full_like(seen[3].levels, 10 / 255))
    assert float((seen[3].places[:, ::3] - seen[3].engine[:, :1]).abs().max()) < 1e-5


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
    spike = blotches.spike_of(here.numpy(), places[0].numpy(), places[1].numpy())
    found = clues.spike_of(here[None, None], places[0][None, None], places[1][None, None])
    np.testing.assert_allclose(found[0, 0].numpy(), spike, atol=1e-6)
    disagreement = clues.disagreement_of(places[None])[0, 0].numpy()
    expected = evidence.disagreement_of(places.numpy())
    np.testing.assert_allclose(disagreement, expected, atol=1e-6)


def test_an_upright_line_stands_out() -> None:
    luma = torch.full((1, 1, 96, 128), 0.5)
    luma[..., 60] = 0.7
    found = clues.line_of(luma)
    assert float(found[..., 60].min()) > 0.1
    assert float(found[..., :50].abs().max()) < 1e-6
