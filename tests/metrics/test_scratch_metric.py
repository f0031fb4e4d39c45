"""Scratches that are added or left are seen; poles, edges and sharpening are none."""

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from tasks.metrics.pair import Declared, Pair
from tasks.metrics.scratch import SCRATCH, SHORTEST

LINES, SAMPLES, FRAMES = 120, 200, 24


def scene(speed: float = 2.0) -> Tensor:
    """A textured scene with a pole and the edge of a wall, float32 `[T, h, w]`."""
    chance = np.random.default_rng(5)
    wide = cv2.GaussianBlur(chance.random((LINES, SAMPLES + 120)).astype(np.float32), (0, 0), 3)
    wide = 0.45 + 1.2 * (wide - wide.mean())
    wide[:, 150:152] += 0.15
    wide[:, 200:] += 0.1
    frames = []
    for t in range(FRAMES):
        move = np.array([[1, 0, -speed * t], [0, 1, 0]], np.float32)
        view = cv2.warpAffine(wide, move, (SAMPLES, LINES), borderMode=cv2.BORDER_REPLICATE)
        frames.append(view + chance.normal(0, 0.012, view.shape).astype(np.float32))
    return torch.from_numpy(np.stack(frames)).clamp(0, 1)


def scratched(pictures: Tensor, column: float, amount: float, width: int = 1,
              drift: float = 0.0) -> Tensor:  # fmt: skip
    result = pictures.clone()
    for t in range(pictures.shape[0]):
        left = round(column + drift * t)
        result[t, :, left : left + width] += amount
    return result.clamp(0, 1)


def pair_of(source: Tensor, restored: Tensor, steps: tuple[str, ...] = ("scratch",)) -> Pair:
    return Pair(
        rate=24.0,
        native=(LINES, SAMPLES),
        source=source,
        restored=restored,
        source_colour=None,
        restored_colour=None,
        changed=source != restored,
        declared=Declared(frozenset(steps)),
    )


def value(source: Tensor, restored: Tensor, steps: tuple[str, ...] = ("scratch",)) -> float:
    found = SCRATCH.measure(pair_of(source, restored, steps))
    assert found.value is not None
    return found.value


@pytest.fixture(scope="module")
def film() -> Tensor:
    return scene()


def sharpened(pictures: Tensor) -> Tensor:
    soft = [cv2.GaussianBlur(p.numpy(), (0, 0), 1.2) for p in pictures]
    return (pictures + 0.35 * (pictures - torch.from_numpy(np.stack(soft)))).clamp(0, 1)


@pytest.mark.parametrize("amount", [0.06, -0.06])
@pytest.mark.parametrize("drift", [0.0, 0.3])
def test_a_faint_scratch_that_was_added_is_seen(film: Tensor, amount: float, drift: float) -> None:
    found = SCRATCH.measure(pair_of(film, scratched(film, 60, amount, drift=drift), ()))
    assert found.value is not None and found.value > 2.5 and found.note.startswith("added")
    assert value(film, scratched(film, 60, 2 * amount, 2, drift)) > found.value


def test_equal_and_harmlessly_changed_pictures_have_none(film: Tensor) -> None:
    assert value(film, film) == 0
    grain = 0.012 * torch.randn(film.shape, generator=torch.Generator().manual_seed(3))
    for changed in (sharpened(film), (film + grain).clamp(0, 1), film**0.88):
        assert value(film, changed) < SCRATCH.floor
    still = scene(speed=0)
    assert value(still, sharpened(still)) < SCRATCH.floor


def test_a_scratch_of_the_source_counts_when_it_is_left(film: Tensor) -> None:
    source = scratched(film, 100, 0.12, 2)
    kept = SCRATCH.measure(pair_of(source, source))
    assert kept.value is not None and kept.value > 5 and kept.note == "left"
    assert kept.before == pytest.approx(kept.value, rel=0.2)
    gone = SCRATCH.measure(pair_of(source, film))
    assert gone.value is not None and gone.value < 0.5 and gone.before == kept.before


def test_it_does_not_count_where_the_recipe_takes_no_scratches_out(film: Tensor) -> None:
    source = scratched(film, 100, 0.12, 2)
    found = SCRATCH.measure(pair_of(source, source, ("dirt",)))
    assert found.value == 0 and "takes no scratches out" in found.note


def test_what_belongs_to_the_scene_is_no_scratch(film: Tensor) -> None:
    assert SCRATCH.measure(pair_of(film, film)).before == 0
    still = scene(speed=0)
    assert SCRATCH.measure(pair_of(still, still)).before == 0


def test_a_line_on_a_few_frames_counts_little(film: Tensor) -> None:
    short = film.clone()
    short[4:7] = scratched(film, 60, 0.12, 2)[4:7]
    lasting = scratched(film, 60, 0.12, 2)
    assert value(film, short) < 0.5 * value(film, lasting)


def test_a_short_stretch_has_no_value(film: Tensor) -> None:
    short = film[: SHORTEST - 1]
    assert not SCRATCH.measure(pair_of(short, short)).measurable
