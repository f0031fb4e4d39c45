"""Lines of one frame: where they are, between samples, and what they look like."""

import numpy as np
import pytest

from models.labels import Picture
from models.scratch.lines import STRIPS, find_lines

HEIGHT, WIDTH = 480, 200


def drawn(
    place: float = 90.0,
    width: float = 2.0,
    depth: float = 0.2,
    lean: float = 0.0,
    rows: slice = slice(None),
    grain: float = 0.01,
) -> Picture:
    """Grey film with grain and one Gaussian line of that width at half height."""
    chance = np.random.default_rng(5)
    picture = 0.5 + grain * chance.standard_normal((HEIGHT, WIDTH))
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    middle = place + lean * ((y + 0.5) / HEIGHT - 0.5)
    line = depth * np.exp2(-4 * ((x - middle) / width) ** 2)
    picture[rows] += line[rows]
    return picture.astype(np.float32)


def test_grain_has_no_lines() -> None:
    assert find_lines(drawn(depth=0), 0.2, 0.012) == []


@pytest.mark.parametrize("place", [40.0, 90.3, 90.5, 151.8])
def test_a_line_is_placed_between_samples(place: float) -> None:
    (line,) = find_lines(drawn(place), 0.2, 0.012)
    assert line.seen.all()
    assert np.abs(line.place - place).max() < 0.3


@pytest.mark.parametrize("depth", [-0.3, -0.04, 0.04, 0.3])
def test_a_line_tells_whether_it_is_brighter_or_darker(depth: float) -> None:
    (line,) = find_lines(drawn(depth=depth), 0.2, 0.012)
    assert line.sign == np.sign(depth)
    assert line.contrast > 0


def test_a_line_little_above_the_grain_is_found() -> None:
    assert len(find_lines(drawn(width=5.0, depth=0.04, grain=0.03), 0.2, 0.012)) == 1


def test_a_wider_line_is_said_to_be_wider() -> None:
    (narrow,) = find_lines(drawn(width=1.2), 0.2, 0.012)
    (wide,) = find_lines(drawn(width=4.5), 0.2, 0.012)
    assert narrow.width == 1
    assert wide.width >= 3


@pytest.mark.parametrize("lean", [-12.0, 6.0, 20.0])
def test_a_line_that_leans_is_followed_down(lean: float) -> None:
    (line,) = find_lines(drawn(lean=lean), 0.2, 0.012)
    expected = 90 + lean * ((np.arange(STRIPS) + 0.5) / STRIPS - 0.5)
    assert np.abs(line.place - expected).max() < 0.6


def test_a_line_that_leans_too_far_is_not_taken_for_one() -> None:
    found = find_lines(drawn(lean=90.0), 0.5, 0.012)
    assert found == []


def test_only_the_strips_that_show_a_line_are_seen() -> None:
    (line,) = find_lines(drawn(rows=slice(120, 300)), 0.2, 0.012)
    assert list(np.flatnonzero(line.seen)) == [4, 5, 6, 7, 8, 9]


def test_what_is_shorter_than_asked_is_left() -> None:
    picture = drawn(rows=slice(120, 240))
    assert len(find_lines(picture, 0.2, 0.012)) == 1
    assert find_lines(picture, 0.5, 0.012) == []


def test_what_is_fainter_than_asked_is_left() -> None:
    picture = drawn(depth=0.04, grain=0.002)
    assert len(find_lines(picture, 0.2, 0.012)) == 1
    assert find_lines(picture, 0.2, 0.1) == []


def test_an_edge_is_no_line() -> None:
    picture = drawn(depth=0)
    picture[:, 90:] += 0.3
    assert find_lines(picture, 0.2, 0.012) == []


def test_two_lines_apart_are_two() -> None:
    picture = drawn(60.0) + drawn(130.0, depth=-0.2) - 0.5
    found = sorted(find_lines(picture, 0.2, 0.012), key=lambda line: line.place[0])
    assert [line.sign for line in found] == [1, -1]
    assert found[0].place[0] == pytest.approx(60, abs=0.3)
    assert found[1].place[0] == pytest.approx(130, abs=0.3)


@pytest.mark.parametrize("place", [0.0, 1.0, WIDTH - 1.0])
def test_the_edge_of_the_picture_does_not_fail(place: float) -> None:
    find_lines(drawn(place), 0.2, 0.012)
