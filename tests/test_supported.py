"""The steps together: in any order, on shots longer than what is held, they share their flow."""

from collections.abc import Callable

import pytest
import torch

from catalogs.picture import PIXEL_FORMATS
from models.contract import Frame, Step, apply_step
from models.grain.step import Grain
from models.motion import HELD, Motion
from models.supported import STEPS

Texture = Callable[..., list[Frame]]

COUNT = HELD + 12


def treated(frames: list[Frame], steps: list[Step]) -> list[Frame]:
    """Send a shot through the steps, frame by frame, as a night does."""
    motion = Motion()
    stream = iter(frames)
    for step in steps:
        stream = (after for _, after, _ in apply_step(step, stream, motion))
    return list(stream)


def damaged(frames: list[Frame], *blank: int) -> list[Frame]:
    """A speck on every seventh frame, some frames blank, and grain."""
    source = list(frames)
    for t in range(3, len(source), 7):
        luma = source[t].planes[0].clone()
        luma[20:24, 30:34] = source[t].peak
        source[t] = Frame((luma, *source[t].planes[1:]), source[t].format)
    for t in blank:
        luma = torch.full_like(source[t].planes[0].to(torch.int32), source[t].peak)
        luma = luma.to(source[t].planes[0].dtype)
        source[t] = Frame((luma, *source[t].planes[1:]), source[t].format)
    return [after for _, after, _ in apply_step(Grain(strength=0.02), source)]


@pytest.mark.parametrize("turned", [False, True], ids=["usual order", "turned round"])
def test_all_steps_run_in_one_recipe_on_a_long_shot(texture: Texture, turned: bool) -> None:
    source = damaged(texture("yuv420p", count=COUNT, size=(48, 64), speed=(1, 1)), 9, 28, 29)
    steps = [kind() for kind in STEPS]
    steps = steps[::-1] if turned else steps
    first, again = treated(source, steps), treated(source, steps)
    assert len(first) == COUNT
    for one, other in zip(first, again, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one.planes, other.planes, strict=True))


@pytest.mark.parametrize("pixel_format", PIXEL_FORMATS)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_all_steps_take_every_format_and_short_shots(
    texture: Texture, pixel_format: str, count: int
) -> None:
    source = texture(pixel_format, count=count, size=(37, 51))
    after = treated(source, [kind() for kind in STEPS])
    assert [frame.format for frame in after] == [frame.format for frame in source]
