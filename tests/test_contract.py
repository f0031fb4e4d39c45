"""The contract between a shot and the steps: what a step may rely on, and what it owes."""

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs.picture import PIXEL_FORMATS, PictureFormat
from models.contract import Change, Frame, Step, Touches, apply_step, windows
from models.motion import Motion

SMALL = PictureFormat(4, 2, "gray")


def flat(value: int, picture: PictureFormat = SMALL) -> Frame:
    dtype = torch.uint8 if picture.depth == 8 else torch.uint16
    planes = (torch.full(shape, value).to(dtype) for shape in picture.plane_shapes)
    return Frame(tuple(planes), picture)


def constant(value: int, picture: PictureFormat = SMALL) -> Change:
    planes = (torch.full(shape, value, dtype=torch.int32) for shape in picture.plane_shapes)
    return Change(tuple(planes))


def values(frame: Frame) -> set[int]:
    return {int(value) for plane in frame.samples() for value in plane.flatten()}


class Answering(Step):
    """A step that answers as the test wishes."""

    name: ClassVar[str] = "answering"
    version: ClassVar[int] = 1
    touches: ClassVar[Touches] = "every sample"

    def __init__(self, answer: Callable[[Iterator[Frame]], Iterator[Change]]) -> None:
        self.answer = answer

    def changes(self, frames: Iterator[Frame], motion: Motion) -> Iterator[Change]:
        return self.answer(frames)


def test_no_change_returns_the_very_same_frame() -> None:
    frame = flat(7)
    assert frame.plus(Change.none(frame)) is frame


def test_a_plane_without_change_is_the_very_same_tensor() -> None:
    picture = PictureFormat(4, 4, "yuv420p")
    frame = flat(7, picture)
    luma = torch.ones(picture.plane_shapes[0], dtype=torch.int32)
    after = frame.plus(Change((luma, None, None)))
    assert int(after.planes[0][0, 0]) == 8
    assert after.planes[1] is frame.planes[1]
    assert after.planes[2] is frame.planes[2]


@pytest.mark.parametrize("pixel_format", PIXEL_FORMATS)
def test_a_change_of_zero_keeps_every_code_value(pixel_format: str) -> None:
    """Every value of the depth survives the arithmetic, the endpoints included."""
    depth = PIXEL_FORMATS[pixel_format][1]
    picture = PictureFormat(64, (1 << depth) // 64, pixel_format)
    dtype = torch.uint8 if depth == 8 else torch.uint16
    planes = tuple(
        (torch.arange(h * w, dtype=torch.int32) % (1 << depth)).reshape(h, w).to(dtype)
        for h, w in picture.plane_shapes
    )
    frame = Frame(planes, picture)
    after = frame.plus(constant(0, picture))
    assert all(torch.equal(a, b) for a, b in zip(planes, after.planes, strict=True))


@pytest.mark.parametrize("pixel_format", ["gray", "gray10le", "gray12le", "gray16le"])
def test_a_change_is_kept_within_black_and_peak(pixel_format: str) -> None:
    picture = PictureFormat(4, 2, pixel_format)
    peak = picture.peak
    assert values(flat(peak - 1, picture).plus(constant(5, picture))) == {peak}
    assert values(flat(1, picture).plus(constant(-5, picture))) == {0}


def test_between_leads_from_one_frame_to_the_other() -> None:
    before, after = flat(10), flat(250)
    assert values(before.plus(Change.between(before, after.samples()))) == {250}
    beyond = (torch.full((2, 4), 999, dtype=torch.int32),)
    assert values(before.plus(Change.between(before, beyond))) == {255}


@pytest.mark.parametrize(
    "planes",
    [
        pytest.param((torch.zeros(2, 3, dtype=torch.uint8),), id="other shape"),
        pytest.param((torch.zeros(2, 4, dtype=torch.float32),), id="float"),
        pytest.param((torch.zeros(2, 4, dtype=torch.int32),), id="int32"),
        pytest.param((torch.zeros(1, 2, 4, dtype=torch.uint8),), id="a dimension too many"),
        pytest.param((torch.zeros(2, 4, dtype=torch.uint8),) * 3, id="planes too many"),
        pytest.param((), id="no plane"),
    ],
)
def test_a_frame_that_is_not_its_format_is_refused(planes: tuple[torch.Tensor, ...]) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        Frame(planes, SMALL)


@pytest.mark.parametrize(
    "planes",
    [
        pytest.param((torch.ones(2, 4),), id="float"),
        pytest.param((torch.ones(2, 4, dtype=torch.uint8),), id="unsigned"),
        pytest.param((torch.ones(1, 1, dtype=torch.int32),), id="broadcast"),
        pytest.param((torch.ones(4, 2, dtype=torch.int32),), id="transposed"),
        pytest.param((torch.ones(2, 4, dtype=torch.int32), None), id="planes too many"),
    ],
)
def test_a_change_that_is_not_int32_of_the_frames_shape_is_refused(
    planes: tuple[torch.Tensor | None, ...],
) -> None:
    """Broadcasting or rounding would change samples that the step never named."""
    with pytest.raises(ValueError):
        flat(5).plus(Change(planes))


@given(st.integers(0, 20), st.integers(0, 6), st.integers(0, 6))
def test_windows_hold_each_frame_once_with_its_neighbours(
    length: int, behind: int, ahead: int
) -> None:
    """One window a frame; neighbours are cut at the ends of the shot, never invented."""
    numbers = list(range(length))
    seen = []
    for window in windows((flat(n) for n in numbers), behind, ahead):
        held = [min(values(frame)) for frame in window.frames]
        centre = min(values(window.frame))
        seen.append(centre)
        assert held == numbers[max(0, centre - behind) : centre + ahead + 1]
    assert seen == numbers


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 4), st.integers(0, 4))
def test_windows_hold_no_more_frames_than_they_look_around_at(behind: int, ahead: int) -> None:
    """Memory does not grow with the shot, not even by one frame while the next is read."""
    alive: weakref.WeakSet[Frame] = weakref.WeakSet()
    most = 0

    def source() -> Iterator[Frame]:
        nonlocal most
        for n in range(40):
            frame = flat(n)
            alive.add(frame)
            most = max(most, len(alive))
            yield frame
            del frame

    gc.disable()
    try:
        for window in windows(source(), behind, ahead):
            del window
    finally:
        gc.enable()
    assert most <= behind + 1 + ahead


def test_a_window_reads_no_further_ahead_than_it_says() -> None:
    pulled = 0

    def source() -> Iterator[Frame]:
        nonlocal pulled
        for n in range(10):
            pulled += 1
            yield flat(n)

    for n, _ in enumerate(windows(source(), 2, 3)):
        assert pulled == min(10, n + 4)


def test_a_step_is_applied_frame_by_frame() -> None:
    brighter = Answering(lambda frames: (constant(1) for _ in frames))
    found = [
        (values(before), values(after))
        for before, after, _ in apply_step(brighter, map(flat, range(5)))
    ]
    assert found == [({n}, {n + 1}) for n in range(5)]


@pytest.mark.parametrize("surplus", [-5, -1, 1, 3])
def test_a_step_that_answers_too_few_or_too_many_changes_is_refused(surplus: int) -> None:
    def answer(frames: Iterator[Frame]) -> Iterator[Change]:
        for _ in range(len(list(frames)) + surplus):
            yield constant(0)

    with pytest.raises(ValueError):
        list(apply_step(Answering(answer), map(flat, range(5))))


def test_a_failure_inside_a_step_comes_out_as_it_is() -> None:
    def answer(frames: Iterator[Frame]) -> Iterator[Change]:
        yield Change.none(next(frames))
        raise RuntimeError("the step broke")

    with pytest.raises(RuntimeError, match="the step broke"):
        list(apply_step(Answering(answer), map(flat, range(5))))
