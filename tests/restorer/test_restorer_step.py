"""The registered restorer: any format, bounded memory, nothing changed that was not asked."""

import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from catalogs.errors import RecipeError, VerificationError
from catalogs.model_version import ModelReference
from catalogs.picture import PIXEL_FORMATS, PictureFormat
from catalogs.recipe import Recipe, RecipeStep
from models.contract import Frame, apply_step
from models.motion import Motion
from models.networks.architectures import build_learned, recognised, work_of
from models.networks.learned import ModelSettings, ModelStep
from models.networks.restorer import RestorerNetwork
from models.restorer import SMALL, TASKS, Restorer
from models.restorer.engine import steps_for
from models.restorer.picture import channels_of, wanted_of
from models.restorer.weights import load_restorer, notes_of
from tasks.registry.register import Statement, offer
from tasks.treat import resolve_recipe

Texture = Callable[..., list[Frame]]
MOST_HELD = 90  # frames and repaired frames in all


def step_of(network: Restorer, *tasks: str, strength: float = 1.0) -> ModelStep:
    settings = ModelSettings("restorer", strength=strength, tasks=", ".join(tasks))
    return ModelStep(settings, RestorerNetwork(network))


def speckled(frames: list[Frame]) -> list[Frame]:
    """A speck on each frame, each at its own place."""
    for number, frame in enumerate(frames):
        frame.planes[0][10:14, 8 + 12 * number : 12 + 12 * number] = frame.peak
    return frames


def restored(step: ModelStep, frames: list[Frame]) -> list[Frame]:
    return [after for _, after, _ in apply_step(step, frames)]


def by_the_engine(frames: list[Frame], *tasks: str) -> list[Frame]:
    stream, motion = iter(frames), Motion()
    for step in steps_for(tasks):
        stream = iter([after for _, after, _ in apply_step(step, stream, motion)])
    return list(stream)


def is_same(one: Frame, other: Frame) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.planes, other.planes, strict=True))


@pytest.fixture(scope="module")
def untrained() -> Restorer:
    torch.manual_seed(2)
    return Restorer(SMALL).eval()


@pytest.mark.parametrize(
    ("pixel_format", "tasks"),
    [("yuv420p", TASKS), ("yuv422p10le", TASKS), ("gbrp", ("dirt", "denoise")), ("gray", TASKS),
     ("yuv444p16le", TASKS), ("yuv420p", ("dirt", "scratch"))],
)  # fmt: skip
def test_an_untrained_network_is_the_engine_bit_for_bit(
    untrained: Restorer, texture: Texture, pixel_format: str, tasks: tuple[str, ...]
) -> None:
    source = texture(pixel_format, count=6, size=(50, 67), grain=0.03)
    plane = source[3].planes[0]
    plane[20:27, 30:37] = source[3].peak
    expected = by_the_engine(source, *tasks)
    assert any(not is_same(a, b) for a, b in zip(source, expected, strict=True))
    found = restored(step_of(untrained, *tasks), source)
    assert all(is_same(a, b) for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize("pixel_format", PIXEL_FORMATS)
def test_every_format_is_restored_and_left_alone(
    lively: Restorer, texture: Texture, pixel_format: str
) -> None:
    source = texture(pixel_format, count=2, size=(37, 51), grain=0.03)
    on = restored(step_of(lively), source)
    off = RestorerNetwork(lively).restored(iter(source), Motion(), ())
    assert [frame.format for frame in on] == [frame.format for frame in source]
    for before, after, change in zip(source, on, off, strict=True):
        assert not torch.equal(before.planes[0], after.planes[0])
        assert change.is_empty


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (16, 40)])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_pictures_and_shots_of_any_size(
    lively: Restorer, texture: Texture, size: tuple[int, int], count: int
) -> None:
    source = texture("yuv420p", count=max(count, 1), size=size, softness=1.0)[:count]
    assert len(restored(step_of(lively), source)) == count


@pytest.mark.parametrize("pixel_format", ["gray", "yuv420p", "yuv444p10le", "gbrp"])
def test_masked_tasks_change_nothing_outside_their_masks(
    lively: Restorer, texture: Texture, pixel_format: str
) -> None:
    with torch.no_grad():
        lively.answer.bias[:12] -= 6
    step = step_of(lively, "dirt", "scratch", "inpaint")
    source = speckled(texture(pixel_format, count=4, size=(48, 64)))
    shares = []
    for _, _, change in apply_step(step, source):
        gated, changed = change.parameters["gated_share"], change.parameters["changed_share"]
        luma = change.planes[0]
        assert luma is not None
        assert float((luma != 0).float().mean()) <= gated < 0.9
        shares.append(changed)
    assert 0 < max(shares) < 1


def test_what_changed_is_recorded(lively: Restorer, texture: Texture) -> None:
    source = speckled(texture("gray", count=3, size=(48, 64)))
    for before, after, change in apply_step(step_of(lively), source):
        share = float((before.planes[0] != after.planes[0]).float().mean())
        assert change.parameters["changed_share"] == pytest.approx(share)
        assert 0 < change.parameters["gated_share"] <= 1
        assert change.parameters["expected_error"] > 0


def test_what_is_held_does_not_grow(lively: Restorer) -> None:
    form = PictureFormat(40, 32, "gray")
    alive: weakref.WeakSet[Frame] = weakref.WeakSet()
    held = []

    def made() -> Iterator[Frame]:
        for index in range(75):
            plane = torch.full((32, 40), 100 + index % 7, dtype=torch.uint8)
            frame = Frame((plane,), form)
            alive.add(frame)
            held.append(len(alive))
            yield frame
            del frame

    for _ in apply_step(step_of(lively), made()):
        pass
    assert max(held[60:]) <= max(held[45:60]) <= MOST_HELD


def test_a_shot_starts_without_memory_of_another(lively: Restorer, texture: Texture) -> None:
    step, source = step_of(lively), texture("gray", count=4, size=(32, 40))
    first, again = restored(step, source), restored(step, source)
    assert all(is_same(a, b) for a, b in zip(first, again, strict=True))


def test_half_the_strength_is_half_of_the_change(lively: Restorer, texture: Texture) -> None:
    source = texture("gray16le", count=3, size=(32, 40), grain=0.03)
    whole, half, none = (
        restored(step_of(lively, "denoise", strength=share), source) for share in (1.0, 0.5, 0.0)
    )
    for before, after, between, same in zip(source, whole, half, none, strict=True):
        start, end, middle = (frame.samples()[0] for frame in (before, after, between))
        assert float((end != start).float().mean()) > 0.2
        assert int(((end - start) - 2 * (middle - start)).abs().max()) <= 1
        assert is_same(before, same)


@pytest.mark.parametrize("pixel_format", ["gray", "yuv444p", "gbrp12le", "yuv444p16le"])
def test_channels_hold_all_that_a_frame_shows(texture: Texture, pixel_format: str) -> None:
    one, other = texture(pixel_format, count=2, size=(32, 40), speed=(5, 3))
    found = wanted_of(one, channels_of(other) - channels_of(one))
    for plane, wanted in zip(found, other.samples(), strict=True):
        assert int((plane - wanted).abs().max()) <= 1


def test_weights_come_back_from_a_file(lively: Restorer, weights: Path) -> None:
    again = load_restorer(weights)
    assert again.config == lively.config
    for name, tensor in lively.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor), name
    assert notes_of(weights)["clips"] == "none"


def test_other_weights_are_no_restorer(lively: Restorer, tmp_path: Path) -> None:
    tensors = lively.state_dict()
    assert recognised(tensors) == "restorer"
    with pytest.raises(VerificationError, match="not of a restorer"):
        build_learned("restorer", {n: t for n, t in tensors.items() if n != "level.bias"})
    pickled = tmp_path / "pickled.safetensors"
    torch.save({"a": torch.zeros(1)}, pickled)
    with pytest.raises(VerificationError, match="not a file of weights"):
        load_restorer(pickled)


def test_its_work_is_what_it_is_asked_for(weights: Path) -> None:
    said = Statement("MIT", "nothing; random", True, "A. Owner", ("grain",))
    with pytest.raises(RecipeError, match="draws picture that no frame shows"):
        offer("mine", weights, replace(said, invents=False))
    version = replace(offer("mine", weights, said).version, version=1)
    assert (version.architecture, set(version.does)) == (
        "restorer",
        {"grain", "deflicker", "missing", "scratch", "dirt", "denoise"},
    )
    known = {ModelReference("mine", 1): version}

    def does(**parameters: str) -> tuple[str, ...]:
        step = RecipeStep("model", {"model": "mine@1", **parameters})
        (found,) = resolve_recipe(Recipe("r", "", (step,)), known).steps
        assert found.invents
        return found.does

    assert does(tasks="dirt, inpaint") == ("grain", "missing", "dirt")
    assert set(does()) == set(version.does)
    with pytest.raises(RecipeError, match="no task is named rust; there are denoise, dirt"):
        does(tasks="dirt, rust")


def test_a_network_of_one_task_takes_none() -> None:
    assert work_of(ModelSettings("rife")) == ("missing",)
    for architecture in ("rife", "ffdnet"):
        with pytest.raises(ValueError, match=f"a network of {architecture} has one task"):
            work_of(ModelSettings(architecture, tasks="dirt"))
