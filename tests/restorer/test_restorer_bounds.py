"""Masks open only where there is evidence: over damage, not over what belongs to the picture."""

from collections.abc import Callable, Collection
from dataclasses import replace

import numpy as np
import pytest
import torch

from models.contract import Frame
from models.motion import Motion
from models.restorer import TASKS, Restorer
from models.restorer.answer import MOST_BACK, bounded
from models.restorer.bounds import AROUND, BESIDE, grown
from models.restorer.config import MASKED
from models.restorer.neighbours import seen_of
from models.restorer.seen import Seen
from models.scratch.lines import STRIPS, Line
from models.scratch.step import Scratch
from models.scratch.tracks import Track, Tracks

Texture = Callable[..., list[Frame]]
DIRT, SCRATCH, INPAINT = range(len(MASKED))
SIZE = (96, 128)
PLACE = 64


def shown(frames: list[Frame], tasks: Collection[str] = MASKED) -> Seen:
    return Seen.joined([seen for _, seen in seen_of(frames, Motion(), tasks)])


def marked(frame: Frame, rows: slice, columns: slice, by: int) -> Frame:
    """Something brighter or darker on one frame."""
    luma = frame.planes[0].to(torch.int32)
    luma[rows, columns] += by
    return Frame((luma.clamp(0, 255).to(torch.uint8), *frame.planes[1:]), frame.format)


def scratched(frames: list[Frame]) -> list[Frame]:
    """A scratch that stays while the picture moves."""
    return [marked(frame, slice(None), slice(PLACE, PLACE + 2), 60) for frame in frames]


@pytest.mark.parametrize("speed", [(0, 0), (2, 1)], ids=["still", "moving"])
@pytest.mark.parametrize("tasks", [MASKED, TASKS], ids=["masked", "all"])
def test_on_undamaged_film_no_mask_may_open(
    texture: Texture, speed: tuple[int, int], tasks: tuple[str, ...]
) -> None:
    seen = shown(texture(count=10, size=SIZE, speed=speed, grain=0.02), tasks)
    assert float(seen.bounds.mean()) < 1e-3


@pytest.mark.parametrize("speed", [0, 3], ids=["still", "moving"])
def test_an_upright_edge_and_a_post_of_the_picture_are_no_scratches(
    texture: Texture, speed: int
) -> None:
    frames = []
    for t, frame in enumerate(texture(count=10, size=SIZE, speed=(speed, 0))):
        post, edge = 40 - speed * t, 110 - speed * t
        posted = marked(frame, slice(None), slice(max(post, 0), max(post + 3, 0)), 70)
        frames.append(marked(posted, slice(None), slice(edge, None), -50))
    seen = shown(frames)
    assert not seen.bounds[:, SCRATCH].any()
    assert float(seen.bounds.mean()) < 0.01


def test_a_scratch_opens_a_corridor_along_all_of_it_and_no_more(texture: Texture) -> None:
    frames = scratched(texture(count=12, size=SIZE, speed=(3, 0)))
    seen = shown(frames)
    found = seen.bounds[:, SCRATCH] > 0
    assert found[2:-2, :, PLACE : PLACE + 2].all()
    reach = round(BESIDE + 5)
    assert not found[..., : PLACE - reach].any()
    assert not found[..., PLACE + 2 + reach :].any()
    assert not shown(frames, ("dirt",)).bounds[:, SCRATCH].any()


def test_a_line_that_was_missed_in_one_frame_is_passed_on(texture: Texture) -> None:
    clean = texture(count=12, size=SIZE, speed=(3, 0))
    frames = scratched(clean)
    frames[6] = clean[6]
    assert (shown(frames).bounds[6, SCRATCH, :, PLACE] > 0).all()


@pytest.mark.parametrize(
    ("squares", "found", "drift", "count"),
    [(30.0, 0.9, 0.1, 1), (6.0, 0.95, 0.1, 1), (6.0, 0.6, 0.1, 0), (2.0, 1.0, 0.1, 0),
     (30.0, 0.9, 1.0, 0), (0.0, 0.0, 0.0, 0)],
    ids=["sure", "likely", "too little found", "too little asked", "drifts", "never asked"],
)  # fmt: skip
def test_a_line_is_told_of_where_almost_all_that_was_expected_of_a_scratch_was_found(
    squares: float, found: float, drift: float, count: int
) -> None:
    seen = np.ones(STRIPS, bool)
    lines = {n: Line(1, np.full(STRIPS, 50 + drift * n), seen, 0.1, 2.0) for n in range(8)}
    tracks = Tracks([Track(lines, 7, squares, squares * found)])
    assert len(tracks.passing(4, 480)) == count
    assert len(tracks.scratches(4, 480)) == (count if squares > 18 else 0)
    assert not tracks.passing(30, 480)


def test_telling_of_lines_changes_no_sample(texture: Texture) -> None:
    frames = scratched(texture(count=12, size=SIZE, speed=(3, 0)))
    told: list[int] = []
    scratch = Scratch()
    silent = list(scratch.changes(iter(frames), Motion()))
    telling = list(
        scratch.changes_telling(iter(frames), Motion(), lambda lines: told.append(len(lines)))
    )
    assert len(told) == len(frames)
    assert max(told) == 1
    for one, other in zip(silent, telling, strict=True):
        assert one.parameters == other.parameters
        assert (one.planes[0] is None) == (other.planes[0] is None)
        if one.planes[0] is not None and other.planes[0] is not None:
            assert torch.equal(one.planes[0], other.planes[0])


@pytest.mark.parametrize("by", [-45, 45], ids=["dark", "bright"])
def test_a_speck_is_within_bounds_though_the_engine_left_it(texture: Texture, by: int) -> None:
    frames = texture(count=8, size=SIZE, speed=(2, 1), grain=0)
    frames[4] = marked(frames[4], slice(30, 36), slice(50, 56), by)
    seen = shown(frames, ("scratch",))  # the step `dirt` did not run
    found = seen.bounds[:, DIRT] > 0
    assert not seen.clues[:, 0].any()
    assert found[4, 30:36, 50:56].all()
    near = torch.zeros(SIZE, dtype=torch.bool)
    near[30 - 2 * AROUND : 36 + 2 * AROUND, 50 - 2 * AROUND : 56 + 2 * AROUND] = True
    assert not (found[4] & ~near).any()
    assert not found[[0, 1, 2, 6, 7]].any()


def test_what_may_have_come_into_the_picture_is_not_within_bounds(texture: Texture) -> None:
    frames = texture(count=8, size=SIZE, speed=(2, 1), grain=0)
    frames[4] = marked(frames[4], slice(0, 6), slice(50, 56), 60)
    assert not shown(frames, ("scratch",)).bounds.any()


def test_in_a_frame_whose_motion_is_not_understood_nothing_is_within_bounds(
    texture: Texture,
) -> None:
    frames = texture(count=8, size=SIZE, speed=(2, 1), grain=0)
    specked = marked(frames[4], slice(30, 36), slice(50, 56), 60)
    frames[4] = specked
    assert shown(frames, ("scratch",)).bounds[4, DIRT].any()
    frames[4] = marked(specked, slice(60, 90), slice(20, 100), 60)  # too large for dirt
    assert not shown(frames, ("scratch",)).bounds[4, DIRT].any()


def test_repaired_dirt_is_within_bounds_and_what_lies_around_it(texture: Texture) -> None:
    frames = texture(count=8, size=SIZE, speed=(2, 1), grain=0)
    frames[4] = marked(frames[4], slice(30, 36), slice(50, 56), 200)
    seen = shown(frames, ("dirt",))
    repaired = seen.clues[4, 0] > 0
    assert repaired[30:36, 50:56].all()
    around = grown(repaired.to(torch.float32)[None, None], 1)[0, 0] > 0
    assert (seen.bounds[4, DIRT] > 0)[around].all()


def test_a_destroyed_area_is_within_the_bounds_of_its_mask(texture: Texture) -> None:
    frames = texture(count=8, size=SIZE, speed=(2, 1))
    frames[4] = marked(frames[4], slice(0, 60), slice(None), 120)
    found = shown(frames, ("dirt",)).bounds[:, INPAINT] > 0
    assert float(found[4, :50].float().mean()) > 0.95
    assert not found[4, 80:].any()
    assert not found[[0, 1, 2, 3, 5, 6, 7]].any()


def test_a_mask_that_is_wide_open_adds_nothing_out_of_bounds(
    lively: Restorer, texture: Texture
) -> None:
    frames = scratched(texture(count=8, size=SIZE, speed=(3, 0)))
    seen = shown(frames).padded()
    asked = torch.tensor([[float(task in MASKED) for task in TASKS]])
    with torch.inference_mode():
        lively.answer.bias[:12] += 1e4
        answer = lively(seen, asked, 8)
        free = lively(replace(seen, bounds=torch.ones_like(seen.bounds)), asked, 8)
    within = (seen.bounds.amax(dim=1, keepdim=True) > 0) | (seen.clues[:, :1] > 0)
    assert 0 < float(within.float().mean()) < 0.5
    assert torch.equal(answer.gate > 0, within)
    assert not answer.addition[~within.expand(-1, 3, -1, -1)].any()
    assert bool((free.gate > 0).all())


@pytest.mark.parametrize("share", [1.0, 0.5, -1.0], ids=["all", "half", "away"])
def test_what_the_engine_repaired_does_not_come_back(texture: Texture, share: float) -> None:
    frames = texture(count=8, size=SIZE, speed=(2, 1), grain=0)
    frames[4] = marked(frames[4], slice(30, 36), slice(50, 56), 200)
    seen = shown(frames, ("dirt",))
    back, gate = seen.even - seen.engine, torch.ones_like(seen.clues[:, :1])
    repaired = ((seen.clues[:, :1] > 0) & (back[:, :1] != 0))[:, 0]
    assert repaired[4].any()
    still = torch.zeros_like(seen.flicker)
    added = bounded(seen, share * back, still, gate)[:, 0][repaired]
    expected = min(share, MOST_BACK) * back[:, 0][repaired]
    torch.testing.assert_close(added, expected)
    open_to_scratches = seen.bounds.clone()
    open_to_scratches[:, SCRATCH] = 1
    free = bounded(replace(seen, bounds=open_to_scratches), share * back, still, gate)
    torch.testing.assert_close(free[:, 0][repaired], share * back[:, 0][repaired])


def test_grown_is_a_dilation() -> None:
    mask = np.zeros((1, 1, 9, 11), np.float32)
    mask[0, 0, 4, 2] = 1
    found = grown(torch.from_numpy(mask), 2)[0, 0]
    assert torch.equal(found.nonzero().amin(dim=0), torch.tensor([2, 0]))
    assert torch.equal(found.nonzero().amax(dim=0), torch.tensor([6, 4]))
    assert float(found.sum()) == 25
