"""Dirt is what the source has and the restored picture keeps, and what only the latter has."""

from collections.abc import Callable
from dataclasses import replace
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from torch import Tensor

from catalogs.picture import PictureFormat
from catalogs.source import ColourTags
from models.contract import Frame
from models.motion import enlarged
from tasks.metrics.blotch import Blotch, Views
from tasks.metrics.dirt import DIRT
from tasks.metrics.gather import Look, paired
from tasks.metrics.pair import Declared, Pair

LINES, SAMPLES, FRAMES = 120, 160, 14
FORM = PictureFormat(SAMPLES, LINES, "gray")
PLACES = ((30, 40), (60, 110), (90, 70))


def scene(speed: int = 2, gain: float = 1.0) -> Tensor:
    """A textured scene in motion with grain, float `[T, H, W]` of code values."""
    chance = np.random.default_rng(5)
    down = np.arange(LINES)[:, None]
    frames = []
    for t in range(FRAMES):
        across = np.arange(SAMPLES)[None, :] + speed * t
        wave = np.sin(across / 4) * np.cos(down / 5) + np.sin((across + down) / 9)
        frames.append(120 + 30 * wave + chance.normal(0, 2, (LINES, SAMPLES)))
    return torch.from_numpy(np.stack(frames)) * gain


def dirty(pictures: Tensor, places: tuple[tuple[int, int], ...], value: float = 20) -> Tensor:
    """A blotch of 5 x 5 at every place of every second frame; the sampled frames are among them."""
    result = pictures.clone()
    for t in range(2, FRAMES, 2):
        for y, x in places:
            result[t, y : y + 5, x : x + 5] = value
    return result


def pair_of(source: Tensor, restored: Tensor, steps: tuple[str, ...] = ("dirt",)) -> Pair:
    frames = [
        [Frame((picture.round().clamp(0, 255).byte(),), FORM) for picture in pictures]
        for pictures in (source, restored)
    ]
    look = Look(FORM, ColourTags(), 24.0, Declared(frozenset(steps)), faces=False)
    return next(paired(look, zip(*frames, strict=True), FRAMES))


def value(pair: Pair) -> float:
    found = DIRT.measure(pair)
    assert found.value is not None
    return found.value


@pytest.fixture(scope="module")
def clean() -> Tensor:
    return scene()


def test_dirt_that_was_taken_out_is_gone(clean: Tensor) -> None:
    found = DIRT.measure(pair_of(dirty(clean, PLACES), clean))
    assert found.value == 0 and found.before is not None and found.before > 40
    assert "0.0 of" in found.note and found.where is None


def test_what_is_left_counts_by_its_share(clean: Tensor) -> None:
    source = dirty(clean, PLACES)
    one = value(pair_of(source, dirty(clean, PLACES[:1])))
    two = value(pair_of(source, dirty(clean, PLACES[:2])))
    every = value(pair_of(source, source))
    assert 0 < one < two < every
    assert one < every / 2


def test_half_a_blotch_is_the_bar(clean: Tensor) -> None:
    source = dirty(clean, PLACES)
    assert value(pair_of(source, 0.7 * source + 0.3 * clean)) > 30
    assert value(pair_of(source, 0.3 * source + 0.7 * clean)) == 0


@pytest.mark.parametrize("level", [20.0, 235.0])
def test_what_the_restoration_adds_counts_without_any_dirt_in_the_source(
    clean: Tensor, level: float
) -> None:
    found = DIRT.measure(pair_of(clean, dirty(clean, PLACES, level), steps=()))
    assert found.value is not None and found.value > 40
    assert "added" in found.note and found.where is not None and found.where % 2 == 0


def test_a_recipe_that_takes_no_dirt_out_is_not_blamed_for_what_is_left(clean: Tensor) -> None:
    source = dirty(clean, PLACES)
    found = DIRT.measure(pair_of(source, source, steps=("deflicker",)))
    assert found.value == 0 and "takes no dirt out" in found.note
    assert not found.note.startswith("0.0")


def _flicker(clean: Tensor) -> Tensor:
    return clean * (1 + 0.04 * (-1.0) ** torch.arange(FRAMES))[:, None, None]


def _darker(clean: Tensor) -> Tensor:
    return 255 * (clean / 255) ** 1.2


@pytest.mark.parametrize("change", [_flicker, _darker])
def test_flicker_and_a_grade_are_no_dirt(clean: Tensor, change: Callable[[Tensor], Tensor]) -> None:
    assert value(pair_of(clean, change(clean))) == 0
    assert value(pair_of(dirty(_flicker(clean), PLACES), change(clean))) == 0


def test_a_thing_that_flies_by_is_no_dirt(clean: Tensor) -> None:
    """A ball that moves faster than it is wide: on every frame elsewhere."""
    flying = clean.clone()
    for t in range(FRAMES):
        x = 20 + 9 * t
        flying[t, 50:56, x : x + 6] = 240
    found = DIRT.measure(pair_of(flying, flying))
    assert found.before == 0


def test_what_stays_on_the_film_is_no_dirt(clean: Tensor) -> None:
    still = scene(speed=0)
    still[:, 40:46, 60:66] = 10
    assert DIRT.measure(pair_of(still, still)).before == 0


def test_the_way_to_a_neighbour_is_drawn_once_for_both_sides(
    clean: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = Mock(wraps=enlarged)
    monkeypatch.setattr("tasks.metrics.neighbours.enlarged", drawn)
    pair = pair_of(dirty(clean, PLACES), clean)
    assert DIRT.measure(pair).measurable
    assert drawn.call_count == 2 * len(pair.triplets)


def test_without_neighbours_there_is_no_value(clean: Tensor) -> None:
    pair = replace(pair_of(clean, clean), triplets=())
    assert not DIRT.measure(pair).measurable


def test_a_flash_says_nothing_of_dirt(clean: Tensor) -> None:
    """Every sampled frame shows another scene than its neighbours."""
    torn = clean.clone()
    torn[2::2, :, :90], torn[2::2, :, 90:] = 250, 5
    found = DIRT.measure(pair_of(torn, torn))
    assert not found.measurable and "neighbours" in found.note


def test_a_blotch_without_contrast_is_wholly_kept() -> None:
    """Its surroundings are as far from the neighbours as it is itself; nothing is divided by 0."""
    grey = np.full((8, 8), 100, np.uint8)
    inside = np.zeros((8, 8), np.bool_)
    inside[3:5, 3:5] = True
    blotch = Blotch((slice(0, 8), slice(0, 8)), inside, ~inside, 0.0, 4.0)
    assert blotch.kept_on(Views(grey, grey, grey)) == 1.0
