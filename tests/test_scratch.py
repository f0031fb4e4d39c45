"""A scratch stays while the picture moves: it is taken out; what belongs to the picture stays."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from catalogs.picture import PIXEL_FORMATS
from models.contract import Change, Frame, Step, apply_step
from models.motion import Motion
from models.scratch.lines import STRIPS, Line
from models.scratch.profile import crossed_rows, profile_of, usual_where
from models.scratch.step import Scratch
from models.scratch.tracks import Tracks
from models.scratch.views import bed_of, drawn

Texture = Callable[..., list[Frame]]

SIZE = (64, 128)
PLACE = 64.3


def planted(
    frame: Frame,
    place: float,
    rows: slice = slice(None),
    value: float = 0.95,
    opacity: float = 0.7,
    width: float = 1.5,
) -> Frame:
    """Lay an upright Gaussian line on every plane; chroma goes to neutral."""
    planes = []
    height, across = frame.format.height, frame.format.width
    cover = np.zeros((height, across), np.float32)
    cover[rows] = opacity * np.exp2(-4 * ((np.arange(across) - place) / width) ** 2)
    cover[cover < 0.01] = 0
    for number, plane in enumerate(frame.planes):
        chroma = number > 0 and frame.format.layout != "rgb"
        level = (frame.peak + 1) / 2 if chroma else value * frame.peak
        steps = (-(-height // plane.shape[0]), -(-across // plane.shape[1]))
        padded = np.pad(cover, ((0, -height % steps[0]), (0, -across % steps[1])), mode="edge")
        part = padded.reshape(plane.shape[0], steps[0], plane.shape[1], steps[1]).mean((1, 3))
        exact = plane.to(torch.float64)
        exact += (level - exact) * torch.from_numpy(part)
        planes.append(exact.round().clamp(0, frame.peak).to(plane.dtype))
    return Frame(tuple(planes), frame.format)


def after(frames: list[Frame]) -> list[Frame]:
    return [frame for _, frame, _ in apply_step(Scratch(), frames)]


def changes_of(frames: list[Frame]) -> list[Change]:
    return list(Scratch().changes(iter(frames), Motion()))


def touched(change: Change) -> int:
    return sum(int((plane != 0).sum()) for plane in change.planes if plane is not None)


def error(frames: list[Frame], truth: list[Frame], where: tuple[slice, slice]) -> float:
    """Mean square error of the first plane, in squares of full range."""
    squares = [
        ((a.planes[0].double() - b.planes[0].double())[where] / a.peak).square().mean()
        for a, b in zip(frames, truth, strict=True)
    ]
    return float(torch.stack(squares).mean())


def gain(now: list[Frame], before: list[Frame], truth: list[Frame], rows: slice) -> float:
    """By how many dB the error in the scratch has fallen."""
    inside = (rows, slice(63, 66))
    return float(10 * np.log10(error(before, truth, inside) / error(now, truth, inside)))


@pytest.mark.parametrize("pixel_format", PIXEL_FORMATS)
@pytest.mark.parametrize("size", [(64, 128), (65, 127)], ids=["even", "odd"])
def test_a_scratch_is_repaired_in_every_format_and_nothing_beside_it(
    texture: Texture, pixel_format: str, size: tuple[int, int]
) -> None:
    truth = texture(pixel_format, count=8, size=size)
    source = [planted(frame, PLACE) for frame in truth]
    result = after(source)
    assert gain(result, source, truth, slice(None)) > 5
    for old, new in zip(source, result, strict=True):
        for a, b in zip(old.planes, new.planes, strict=True):
            step = -(-size[1] // a.shape[1])
            assert torch.equal(a[:, : 58 // step], b[:, : 58 // step])
            assert torch.equal(a[:, 71 // step + 1 :], b[:, 71 // step + 1 :])


@pytest.mark.parametrize("value", [0.03, 0.97])
def test_dark_and_bright_scratches_are_repaired(texture: Texture, value: float) -> None:
    truth = texture(count=10, size=SIZE)
    source = [planted(frame, PLACE, value=value) for frame in truth]
    assert gain(after(source), source, truth, slice(None)) > 5


@pytest.mark.parametrize(("pixel_format", "inside"), [("yuv444p", (63, 66)), ("yuv420p", (31, 33))])
def test_a_scratch_in_chroma_is_repaired_too(
    texture: Texture, pixel_format: str, inside: tuple[int, int]
) -> None:
    truth = texture(pixel_format, count=10, size=SIZE)
    source = [planted(frame, PLACE, width=3) for frame in truth]
    result = after(source)

    def wrong(frames: list[Frame]) -> float:
        pairs = zip(frames, truth, strict=True)
        parts = [(a.planes[1].double() - b.planes[1].double())[:, slice(*inside)] for a, b in pairs]
        return float(torch.stack(parts).square().mean())

    assert wrong(result) < 0.6 * wrong(source)


def test_first_and_last_frame_are_repaired_like_the_others(texture: Texture) -> None:
    truth = texture(count=12, size=SIZE)
    source = [planted(frame, PLACE) for frame in truth]
    result = after(source)
    for t in (0, 11):
        assert gain(result[t : t + 1], source[t : t + 1], truth[t : t + 1], slice(None)) > 5


def test_where_a_scratch_is_broken_nothing_changes(texture: Texture) -> None:
    truth = texture(count=10, size=(192, 128))
    source = [
        planted(planted(frame, PLACE, slice(0, 72)), PLACE, slice(120, None)) for frame in truth
    ]
    result = after(source)
    assert gain(result, source, truth, slice(0, 66)) > 5
    assert gain(result, source, truth, slice(126, None)) > 5
    for old, new in zip(source, result, strict=True):
        assert torch.equal(old.planes[0][84:108], new.planes[0][84:108])


def test_two_scratches_that_touch_are_both_lessened(texture: Texture) -> None:
    truth = texture(count=12, size=SIZE)
    source = [planted(planted(frame, PLACE), PLACE + 6) for frame in truth]
    result = after(source)
    both = (slice(None), slice(62, 73))
    assert error(result, truth, both) < 0.5 * error(source, truth, both)


@pytest.mark.parametrize("speed", [(0, 0), (1, 0), (2, 1), (5, 0)], ids=str)
def test_undamaged_texture_is_untouched(texture: Texture, speed: tuple[int, int]) -> None:
    for softness in (1.0, 4.0):
        source = texture(count=10, size=SIZE, speed=speed, softness=softness)
        assert sum(map(touched, changes_of(source))) == 0


@pytest.mark.parametrize("speed", [1, 2, 4])
def test_a_pole_that_moves_with_the_picture_is_untouched(texture: Texture, speed: int) -> None:
    source = [
        planted(frame, 100 - speed * t)
        for t, frame in enumerate(texture(count=12, size=SIZE, speed=(speed, 0)))
    ]
    assert sum(map(touched, changes_of(source))) == 0


def test_a_pole_that_stands_in_a_still_picture_is_untouched(texture: Texture) -> None:
    source = [planted(frame, PLACE) for frame in texture(count=12, size=SIZE, speed=(0, 0))]
    assert sum(map(touched, changes_of(source))) == 0


def test_a_scratch_beside_a_pole_goes_and_the_pole_stays(texture: Texture) -> None:
    poles = [
        planted(frame, 110 - 2 * t, value=0.05)
        for t, frame in enumerate(texture(count=8, size=SIZE, speed=(2, 0)))
    ]
    source = [planted(frame, 40.0) for frame in poles]
    result = after(source)
    inside = (slice(None), slice(39, 42))
    assert error(result, poles, inside) < 0.3 * error(source, poles, inside)
    for old, new in zip(source, result, strict=True):
        assert torch.equal(old.planes[0][:, 60:], new.planes[0][:, 60:])


def test_a_line_of_one_frame_is_no_scratch(texture: Texture) -> None:
    source = texture(count=10, size=SIZE)
    source[5] = planted(source[5], PLACE)
    assert sum(map(touched, changes_of(source))) == 0


@pytest.mark.parametrize("place", [0.0, 1.0, 126.5, 127.0])
def test_a_scratch_at_the_edge_of_the_picture_does_no_harm_inside(
    texture: Texture, place: float
) -> None:
    truth = texture("yuv420p", count=8, size=SIZE)
    source = [planted(frame, place) for frame in truth]
    for old, new in zip(source, after(source), strict=True):
        assert torch.equal(old.planes[0][:, 16:112], new.planes[0][:, 16:112])


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_the_shortest_shots_pass_untouched(texture: Texture, count: int) -> None:
    source = [planted(frame, PLACE) for frame in texture(count=max(count, 1), size=SIZE)][:count]
    changes = changes_of(source)
    assert len(changes) == count
    assert sum(map(touched, changes)) == 0


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (5, 300), (33, 33), (300, 33)], ids=str)
def test_the_smallest_pictures_pass(texture: Texture, size: tuple[int, int]) -> None:
    source = [planted(frame, size[1] / 2) for frame in texture("yuv420p", count=6, size=size)]
    assert len(changes_of(source)) == 6


def test_a_picture_of_many_lines_passes(texture: Texture) -> None:
    truth = texture(count=5, size=(1700, 240), speed=(8, 0), softness=12.0)
    source = [planted(frame, 120.0, width=9.0) for frame in truth]
    result = after(source)
    inside = (slice(None), slice(116, 125))
    assert error(result, truth, inside) < 0.5 * error(source, truth, inside)


def test_a_plane_without_change_is_the_same_tensor(texture: Texture) -> None:
    truth = texture("yuv420p", count=8, size=SIZE)
    grey = [
        Frame((f.planes[0], *(torch.full_like(p, 128) for p in f.planes[1:])), f.format)
        for f in truth
    ]
    source = [planted(frame, PLACE) for frame in grey]
    result = after(source)
    assert gain(result, source, grey, slice(None)) > 5
    for old, new in zip(source, result, strict=True):
        assert old.planes[1] is new.planes[1]
        assert old.planes[2] is new.planes[2]


def test_the_same_shot_gives_the_same_change(texture: Texture) -> None:
    source = [planted(frame, PLACE) for frame in texture(count=8, size=SIZE)]
    for one, other in zip(changes_of(source), changes_of(source), strict=True):
        assert one.planes[0] is not None
        assert other.planes[0] is not None
        assert torch.equal(one.planes[0], other.planes[0])


def test_what_is_kept_does_not_grow_with_the_shot(
    texture: Texture, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[int] = []
    scratches = Tracks.scratches

    def counted(self: Tracks, number: int, height: int) -> object:
        kept.append(sum(len(track.lines) for track in self.tracks))
        return scratches(self, number, height)

    monkeypatch.setattr(Tracks, "scratches", counted)
    few = texture(count=10, size=(32, 40), speed=(1, 0))
    source = [planted(few[t % 10], 24.0) for t in range(300)]
    assert len(list(Scratch(look_ahead=2).changes(iter(source), Motion()))) == 300
    assert 0 < max(kept[20:]) <= 2 * max(kept[:40])


@pytest.mark.parametrize(
    ("field", "value"), [("look_ahead", 1), ("shortest", 0.01), ("least_contrast", 0.9)]
)
def test_a_parameter_out_of_range_is_named(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{field} {value}"):
        Scratch(**{field: value})  # type: ignore[arg-type]


def test_a_scratch_is_damage_only() -> None:
    step: Step = Scratch()
    assert step.touches == "damage"
    assert not step.invents


def test_an_edge_that_crosses_a_scratch_is_not_smeared() -> None:
    """A faint scratch over a wall and a slanting board: subtracted is the scratch alone."""
    height, width, place, contrast = 480, 200, 100.0, 0.09
    columns, rows = np.arange(width)[None, :], np.arange(height)[:, None]
    board = np.clip(columns - (93 + 0.05 * rows) + 0.5, 0, 1)  # crosses the scratch at row 140
    board *= (rows > 40) & (rows < 240)
    truth = (0.8 - 0.45 * board).astype(np.float32)
    cover = np.clip(1.1 - np.abs(columns - place), 0, 1)
    line = Line(1, np.full(STRIPS, place), np.ones(STRIPS, np.bool_), contrast, 2.0)
    bed = bed_of(line, (truth + contrast * cover).astype(np.float32))
    profile = profile_of(bed.patch, bed, line, 1.0)
    crossed = crossed_rows(profile, bed, line, 1.0)
    assert crossed[135:145].all() and not crossed[260:].any()
    wanted = drawn(truth, bed.x, bed.rows.astype(np.float32), bed.reach)

    def worst(taken: np.ndarray) -> float:
        core = np.abs(bed.away) < 4
        return float(np.abs(bed.patch - taken - wanted)[130:150, core].max())

    assert worst(usual_where(crossed, profile, bed, line)) < 0.04 < worst(profile)
