"""Frames of both sides become pairs: the right frames, at the right scale, in the right place."""

import itertools
from collections.abc import Iterator

import pytest
import torch

from catalogs.picture import PictureFormat
from catalogs.source import ColourTags
from models.contract import Frame
from tasks.metrics.gather import LONGEST, Gatherer, Look, moved_source, paired, spread, stretches


def frame(form: PictureFormat, seed: int) -> Frame:
    """Detailed texture around mid grey, another for every seed."""
    generator = torch.Generator().manual_seed(seed)
    dtype = torch.uint8 if form.depth == 8 else torch.uint16
    low, high = form.peak // 4, 3 * form.peak // 4
    planes = tuple(
        torch.randint(low, high, shape, generator=generator).to(dtype)
        for shape in form.plane_shapes
    )
    return Frame(planes, form)


def look(form: PictureFormat) -> Look:
    return Look(form, ColourTags(), 24.0, faces=False)


@pytest.mark.parametrize("count", [1, 2, 119, 120, 121, 240, 241, 1000])
def test_stretches_cover_the_shot_once_and_are_of_nearly_equal_length(count: int) -> None:
    parts = stretches(count)
    covered = [n for start, stop in parts for n in range(start, stop)]
    lengths = [stop - start for start, stop in parts]
    assert covered == list(range(count))
    assert max(lengths) <= LONGEST and max(lengths) - min(lengths) <= 1
    assert count < 60 or min(lengths) >= 60


@pytest.mark.parametrize("pixels", ["gray", "yuv420p", "yuv422p10le", "gbrp12le", "gray16le"])
def test_every_format_is_gathered(pixels: str) -> None:
    form = PictureFormat(322, 182, pixels)
    frames = [frame(form, n) for n in range(7)]
    (pair,) = paired(look(form), zip(frames, frames, strict=True), 7)
    assert pair.source.shape == (7, 182, 322) and pair.native == (182, 322)
    assert torch.equal(pair.source, pair.restored) and not pair.changed.any()
    assert (pair.source_colour is None) == pixels.startswith("gray")
    assert float(pair.source[3].mean()) == pytest.approx(0.5, abs=0.02)
    assert len(pair.grounds) == 8 and pair.grounds[0].source.shape[0] == 7
    assert [t.frame for t in pair.triplets] == [1, 2, 3, 4, 5]


def test_a_frame_is_halved_once_for_all_triplets_and_for_equal_sides() -> None:
    form = PictureFormat(48, 40, "yuv420p10le")
    frames = [frame(form, n) for n in range(7)]
    others = [*frames[:3], *(frame(form, 10 + n) for n in range(3, 7))]
    (pair,) = paired(look(form), zip(frames, others, strict=True), 7)
    first, second = pair.triplets[:2]
    assert first.source[1] is second.source[0] and first.source[2] is second.source[1]
    assert first.restored[0] is first.source[0] and second.restored[2] is not second.source[2]


def test_windows_and_triplets_hold_native_samples() -> None:
    form = PictureFormat(960, 720, "yuv420p")
    frames = [frame(form, n) for n in range(5)]
    (pair,) = paired(look(form), zip(frames, frames, strict=True), 5)
    assert pair.source.shape == (5, 360, 480) and pair.scale == 2
    ground = pair.grounds[0]
    top, left = ground.origins[2].tolist()
    side = ground.source.shape[1]
    here = frames[2].luma()[top : top + side, left : left + side]
    assert torch.equal(ground.source[2], here)
    triplet = next(t for t in pair.triplets if t.frame == 2)
    wanted = torch.stack([frames[n].luma() for n in (1, 2, 3)])
    assert torch.allclose(torch.stack(triplet.source).float(), wanted, atol=1e-3)


def test_changed_finds_a_single_sample() -> None:
    form = PictureFormat(960, 720, "gray")
    before = frame(form, 1)
    plane = before.planes[0].clone()
    plane[100, 200] += 1
    (pair,) = paired(look(form), iter([(before, Frame((plane,), form))]), 1)
    assert pair.changed.nonzero().tolist() == [[0, 50, 100]]


def test_a_long_shot_is_read_once_and_held_a_stretch_at_a_time() -> None:
    form = PictureFormat(48, 40, "gray")
    read = itertools.count()

    def frames() -> Iterator[tuple[Frame, Frame]]:
        for n in range(250):
            next(read)
            yield frame(form, n), frame(form, n)

    pairs = paired(look(form), frames(), 250)
    first = next(pairs)
    assert first.count == 83 and next(read) == 83
    assert [first.count, *(pair.count for pair in pairs)] == [83, 83, 84]


def test_a_shot_that_ends_early_is_an_error() -> None:
    form = PictureFormat(48, 40, "gray")
    gatherer = Gatherer(look(form), 3)
    gatherer.take(frame(form, 1), frame(form, 1))
    with pytest.raises(ValueError, match="1 of 3 frames"):
        gatherer.pair()


def test_colour_of_a_known_frame_is_right() -> None:
    """BT.601, limited range: Y 81, Cb 90, Cr 240 is pure red."""
    form = PictureFormat(64, 48, "yuv420p")
    planes = tuple(
        torch.full(shape, value, dtype=torch.uint8)
        for shape, value in zip(form.plane_shapes, (81, 90, 240), strict=True)
    )
    red = Frame(planes, form)
    (pair,) = paired(look(form), iter([(red, red)]), 1)
    assert pair.source_colour is not None
    shown = pair.source_colour[0].mean(dim=(1, 2))
    assert shown.tolist() == pytest.approx([1.0, 0.0, 0.0], abs=0.02)


def test_the_source_is_moved_as_the_recipe_moved_it() -> None:
    form = PictureFormat(64, 48, "gray")
    before = frame(form, 3)
    assert moved_source(before, 0.0, 0.0) is before
    moved = moved_source(before, 3.0, -2.0)
    assert torch.equal(moved.planes[0][:40, 10:50], before.planes[0][2:42, 7:47])


def test_sampled_frames_have_both_neighbours() -> None:
    assert spread(2, 6) == frozenset()
    assert spread(3, 6) == {1}
    chosen = spread(120, 6)
    assert len(chosen) == 6 and min(chosen) >= 1 and max(chosen) <= 118
