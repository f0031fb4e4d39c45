"""The step and its weights: any format, bounded memory, nothing changed that was not asked."""

import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from catalogs.errors import VerificationError
from catalogs.picture import PIXEL_FORMATS, PictureFormat
from models.contract import Frame, apply_step
from models.restorer import TASKS, Restorer
from models.restorer.picture import change_of, channels_of
from models.restorer.step import LearnedRestorer
from models.restorer.weights import load_restorer, notes_of, save_restorer, sha256_of

Texture = Callable[..., list[Frame]]
ALL = dict.fromkeys(TASKS, 1.0)


def restored(step: LearnedRestorer, frames: list[Frame]) -> list[Frame]:
    return [after for _, after, _ in apply_step(step, frames)]


def is_same(one: Frame, other: Frame) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.planes, other.planes, strict=True))


@pytest.mark.parametrize("pixel_format", PIXEL_FORMATS)
def test_every_format_is_restored_and_left_alone(
    weights: Path, texture: Texture, pixel_format: str
) -> None:
    source = texture(pixel_format, count=2, size=(37, 51))
    on = restored(LearnedRestorer(str(weights), **ALL), source)
    off = restored(LearnedRestorer(str(weights)), source)
    assert [frame.format for frame in on] == [frame.format for frame in source]
    for before, after, untouched in zip(source, on, off, strict=True):
        for plane, restored_plane in zip(before.planes, after.planes, strict=True):
            assert not torch.equal(plane, restored_plane)
        assert is_same(before, untouched)


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (16, 40)])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_pictures_and_shots_of_any_size(
    weights: Path, texture: Texture, size: tuple[int, int], count: int
) -> None:
    source = texture("yuv420p", count=max(count, 1), size=size, softness=1.0)[:count]
    assert len(restored(LearnedRestorer(str(weights), **ALL), source)) == count


@pytest.mark.parametrize("pixel_format", ["gray", "yuv420p", "yuv411p", "yuv444p10le", "gbrp"])
def test_outside_the_gate_no_sample_changes(
    lively: Restorer, tmp_path: Path, texture: Texture, pixel_format: str
) -> None:
    with torch.no_grad():
        lively.answer.bias[:12] -= 6
    save_restorer(lively, tmp_path / "rare.safetensors")
    step = LearnedRestorer(str(tmp_path / "rare.safetensors"), dirt=1, scratch=1, inpaint=1)
    changes = [c for _, _, c in apply_step(step, texture(pixel_format, count=4, size=(48, 64)))]
    for change in changes:
        gated, changed = change.parameters["gated_share"], change.parameters["changed_share"]
        assert 0 < changed < 1
        luma = change.planes[0]
        assert luma is not None
        assert float((luma != 0).float().mean()) <= gated < 0.9


def test_what_changed_is_recorded(weights: Path, texture: Texture) -> None:
    source = texture("gray", count=3, size=(48, 64))
    for before, after, change in apply_step(LearnedRestorer(str(weights), **ALL), source):
        share = float((before.planes[0] != after.planes[0]).float().mean())
        assert change.parameters["changed_share"] == pytest.approx(share)
        assert change.parameters["gated_share"] == 1
        assert change.parameters["expected_error"] > 0


def test_the_step_waits_for_no_more_frames_than_it_states(weights: Path, texture: Texture) -> None:
    step, taken = LearnedRestorer(str(weights), **ALL), 0
    frames = texture("gray", count=20, size=(32, 40))

    def counted() -> Iterator[Frame]:
        nonlocal taken
        for frame in frames:
            taken += 1
            yield frame

    for number, _ in enumerate(apply_step(step, counted())):
        assert taken <= number + 1 + step.look_ahead
    assert taken == 20


def test_what_the_step_holds_does_not_grow(weights: Path) -> None:
    step, form = LearnedRestorer(str(weights), **ALL), PictureFormat(40, 32, "gray")
    alive: weakref.WeakSet[Frame] = weakref.WeakSet()
    held = []

    def made() -> Iterator[Frame]:
        for index in range(40):
            plane = torch.full((32, 40), 100 + index % 7, dtype=torch.uint8)
            frame = Frame((plane,), form)
            alive.add(frame)
            held.append(len(alive))
            yield frame
            del frame

    for _ in apply_step(step, made()):
        pass
    assert max(held[20:]) == max(held[10:20]) <= step.look_ahead + 5


def test_a_shot_starts_without_memory_of_another(weights: Path, texture: Texture) -> None:
    step, source = LearnedRestorer(str(weights), **ALL), texture("gray", count=4, size=(32, 40))
    first, again = restored(step, source), restored(step, source)
    assert all(is_same(a, b) for a, b in zip(first, again, strict=True))


def test_half_of_a_task_is_half_of_its_change(weights: Path, texture: Texture) -> None:
    source = texture("gray16le", count=3, size=(32, 40))
    whole, half = (
        restored(LearnedRestorer(str(weights), denoise=share), source) for share in (1.0, 0.5)
    )
    for before, after, between in zip(source, whole, half, strict=True):
        start, end, middle = (frame.samples()[0] for frame in (before, after, between))
        uncut = (end > 0) & (end < before.peak)
        assert float(uncut.float().mean()) > 0.2
        assert int(((end - start) - 2 * (middle - start))[uncut].abs().max()) <= 2


@pytest.mark.parametrize("pixel_format", ["gray", "yuv444p", "gbrp12le", "yuv444p16le"])
def test_channels_hold_all_that_a_frame_shows(texture: Texture, pixel_format: str) -> None:
    one, other = texture(pixel_format, count=2, size=(32, 40), speed=(5, 3))
    change = change_of(one, channels_of(other) - channels_of(one), {})
    for plane, wanted in zip(one.plus(change).planes, other.planes, strict=True):
        assert int((plane.to(torch.int32) - wanted.to(torch.int32)).abs().max()) <= 1


@pytest.mark.parametrize("task", TASKS)
def test_a_task_out_of_range_is_refused(task: str) -> None:
    with pytest.raises(ValueError, match=f"{task} 1.5 is outside"):
        LearnedRestorer("weights.safetensors", **{task: 1.5})


def test_weights_come_back_from_a_file(lively: Restorer, weights: Path) -> None:
    again = load_restorer(weights, sha256_of(weights))
    assert again.config == lively.config
    for name, tensor in lively.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor), name
    assert notes_of(weights)["clips"] == "none"


def test_weights_that_are_others_are_refused(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(VerificationError, match="expected 00"):
        load_restorer(weights, "00")
    pickled = tmp_path / "pickled.safetensors"
    torch.save({"a": torch.zeros(1)}, pickled)
    with pytest.raises(VerificationError, match="cannot be read as safetensors"):
        load_restorer(pickled)
