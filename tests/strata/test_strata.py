"""Strata from plain numbers: classes, colour, ITA, decades, people."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

from catalogs.quantities import parse_date
from tasks.strata.classes import COLOUR, DECADE, FACIAL_LUMINANCE, ITA, MOTION, NUMBERS
from tasks.strata.colour import cast_degrees, has_colours, lab
from tasks.strata.decade import decade_of
from tasks.strata.people import link_people, track_embedding
from tasks.strata.skin import CLASSES, ShotIta, ita_class, person_ita, read_ita

TEXT = (Path(__file__).parents[2] / "docs" / "strata.md").read_text(encoding="utf-8")


def test_the_face_stratum_has_its_exact_name() -> None:
    assert FACIAL_LUMINANCE == "facial luminance relative to scene"


def test_every_stratum_and_class_is_documented() -> None:
    for name in (ITA, COLOUR, DECADE, *(classes.name for classes in NUMBERS)):
        assert f"`{name}`" in TEXT
    for classes in NUMBERS:
        assert ", ".join(f"{edge:g}" for edge in classes.edges) in TEXT
    for name in CLASSES:
        assert name in TEXT


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0, "below 5 % of width per second"), (4.99, "below 5 % of width per second"),
     (5.0, "5 to 20 % of width per second"), (20.0, "20 % of width per second or more"),
     (None, "unknown"), (math.nan, "unknown")],
)  # fmt: skip
def test_a_class_holds_its_lower_edge(value: float | None, expected: str) -> None:
    assert MOTION.of(value) == expected


@pytest.mark.parametrize(
    ("date", "decade"),
    [("1906", "1900s"), ("195X", "1950s"), ("1950?", "1950s"), ("1949~", "1940s"),
     ("1939/1941", "uncertain"), ("1931/1938?", "1930s"), ("[1906,1908]", "1900s"),
     ("[1909,1911]", "uncertain"), ("[1906..1908]", "1900s"), ("1906-04-18", "1900s"),
     ("1906-04", "1900s"), ("1906-XX", "1900s"), ("1906-21", "1900s"), ("2004%", "2000s"),
     ("19XX", "unknown"), ("1906/..", "unknown"), ("../1906", "unknown"), ("", "unknown"),
     (None, "unknown"), ("Y17000", "unknown"), ("spring 1906", "unknown"), ("1906/", "unknown")],
)  # fmt: skip
def test_decades(date: str | None, decade: str) -> None:
    assert decade_of(date) == decade


@pytest.mark.parametrize(
    "written", ["1906", "1950?", "ca. 1950", "1910-1912", "1970s", "late 1950s", "195X", "195-",
                "12.5.1906", "[1906]", "[ca. 1910-1912]", "1906 or 1908"],
)  # fmt: skip
def test_every_date_that_a_catalog_keeps_has_a_decade(written: str) -> None:
    assert re.fullmatch("[0-9]{3}0s|uncertain", decade_of(parse_date(written)[0]))


@pytest.mark.parametrize(
    ("colour", "expected"),
    [((1, 1, 1), (100, 0, 0)), ((0, 0, 0), (0, 0, 0)), ((1, 0, 0), (53.24, 80.09, 67.20)),
     ((0.5, 0.5, 0.5), (53.39, 0, 0)), ((0, 0, 1), (32.30, 79.19, -107.86))],
)  # fmt: skip
def test_lab_of_known_colours(colour: tuple[float, ...], expected: tuple[float, ...]) -> None:
    assert lab(np.array(colour, float)) == pytest.approx(expected, abs=0.03)


def scene(*gains: float) -> np.ndarray:
    """A picture of many hues whose light is the gains, in linear light."""
    chance = np.random.default_rng(2)
    light = chance.random((5000, 3)) * np.array(gains)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def test_neutral_light_has_no_cast_and_a_cast_is_its_angle() -> None:
    assert cast_degrees(scene(0.9, 0.9, 0.9)) == pytest.approx(0, abs=0.5)
    light = np.array([0.9, 0.8, 0.7])
    angle = math.degrees(math.acos(light.sum() / np.linalg.norm(light) / math.sqrt(3)))
    assert cast_degrees(scene(*light)) == pytest.approx(angle, abs=0.5)
    assert cast_degrees(np.zeros((4, 3))) is None
    assert cast_degrees(np.ones((4, 3))) is None


def test_tints_and_casts_are_no_colours() -> None:
    grey = np.linspace(0.05, 0.9, 500)
    noise = 0.004 * np.random.default_rng(1).standard_normal((500, 3))
    sepia = np.stack((grey, grey**1.1, grey**1.3), axis=-1)
    assert not has_colours(grey[:, None] + noise)
    assert not has_colours(sepia + noise)
    assert has_colours(scene(0.9, 0.9, 0.9))


SKIN = np.array([[0.70, 0.54, 0.45]] * 5)


def test_ita_of_a_known_skin() -> None:
    lightness, _, yellow = lab(SKIN[0])
    expected = math.degrees(math.atan2(lightness - 50, yellow))
    assert read_ita(SKIN, cast=1.0).degrees == pytest.approx(expected)
    assert 28 < expected < 41


def test_ita_moves_by_degrees_with_a_few_units_of_lightness() -> None:
    """Why one shot is never enough."""
    lighter = read_ita(SKIN * 1.05, 1.0).degrees
    plain = read_ita(SKIN, 1.0).degrees
    assert plain is not None and lighter is not None
    assert lighter - plain > 3


@pytest.mark.parametrize(
    ("cheeks", "cast", "why"),
    [(SKIN, 5.1, "neutral"), (SKIN, None, "neutral"), (SKIN[:, ::-1], 1.0, "b\\*"),
     (np.full((5, 3), 0.5), 1.0, "b\\*"), (SKIN[:0], 1.0, "no frame")],
    ids=["cast", "no light", "blue skin", "grey skin", "no cheeks"],
)  # fmt: skip
def test_ita_is_not_read_where_it_means_nothing(
    cheeks: np.ndarray, cast: float | None, why: str
) -> None:
    answer = read_ita(cheeks, cast)
    assert answer.degrees is None
    assert re.search(why, answer.note)


@pytest.mark.parametrize(
    ("degrees", "name"),
    [(56, "very light"), (55, "light"), (41, "intermediate"), (28, "tan"), (10, "brown"),
     (-30, "dark"), (-29, "brown")],
)  # fmt: skip
def test_ita_classes(degrees: float, name: str) -> None:
    assert ita_class(degrees) == name


@pytest.mark.parametrize(
    ("shots", "stratum"),
    [([34.5] * 9, "intermediate"), ([34.5], "uncertain"), ([29.0] * 9, "uncertain"),
     ([20.0, 34.0, 48.0] * 3, "uncertain"), ([-10.0], "brown"), ([80.0], "very light"),
     ([None, 34.5, None], "uncertain"), ([None], "unknown"), ([], "unknown")],
)  # fmt: skip
def test_a_person_near_an_edge_is_uncertain(shots: list[float | None], stratum: str) -> None:
    person = person_ita([ShotIta(shot) for shot in shots])
    assert person.stratum == stratum
    assert person.shots == sum(shot is not None for shot in shots)


def tracks(people: list[int], scatter: float) -> np.ndarray:
    chance = np.random.default_rng(4)
    faces = chance.standard_normal((max(people) + 1, 128))
    return np.stack([faces[p] + scatter * chance.standard_normal(128) for p in people])


def test_people_are_numbered_as_they_appear() -> None:
    people = [0, 1, 0, 2, 1, 0, 3]
    assert link_people(tracks(people, 0.3)) == tuple(people)


def test_in_doubt_tracks_stay_apart() -> None:
    """Tracks that are half alike are of different people."""
    assert link_people(tracks([0, 0, 0], 1.0)) == (0, 1, 2)


def test_two_tracks_on_one_frame_are_two_people() -> None:
    alike = tracks([0] * 30, 0.1)
    numbers = link_people(alike, together=[(0, 1)])
    assert numbers[0] != numbers[1]
    assert set(numbers) == {0, 1}


def test_length_of_an_embedding_means_nothing() -> None:
    people = [0, 1, 0]
    lengths = np.array([[1.0], [20.0], [0.1]])
    assert link_people(tracks(people, 0.3) * lengths) == (0, 1, 0)
    assert np.linalg.norm(track_embedding(tracks([0, 0], 0.3) * 7)) == pytest.approx(1)


def test_no_track_and_one_track() -> None:
    assert link_people(np.empty((0, 128))) == ()
    assert link_people(tracks([0], 0.1)) == (0,)
    with pytest.raises(ValueError, match="not finite"):
        link_people(np.zeros((2, 128)))
