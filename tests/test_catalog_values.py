"""Values as catalogs write them: read as meant, doubted where in doubt, refused where unknown."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogs.errors import CatalogError
from catalogs.field_readers import INSIDE, find_value, plain_title, read_value, says_nothing
from catalogs.profile import FIELDS
from catalogs.vocabulary import TERMS

SURE: list[tuple[str, str, Any]] = [
    ("reel", "2 of 3", (2, 3)),
    ("reel", "2/3", (2, 3)),
    ("reel", "2 von 3", (2, 3)),
    ("reel", "02", (2, None)),
    ("reel", "1 out of 3", (1, 3)),
    ("frame_rate", "16,5 fps", Fraction(33, 2)),
    ("frame_rate", "18 B/s", Fraction(18)),
    ("frame_rate", "24 frames per second", Fraction(24)),
    ("gauge", "35 mm", "35mm"),
    ("gauge", "9,5 mm", "9.5mm"),
    ("gauge", "16mm film", "16mm"),
    ("gauge", "Super 8mm film", "super 8"),
    ("gauge", "Super-16", "super 16"),
    ("gauge", "17.5mm", "17.5mm"),
    ("colour", "Black & White", "black and white"),
    ("colour", "b/w", "black and white"),
    ("colour", "Color", "colour"),
    ("colour", "Tinted", "tinted"),
    ("colour", "color tinted", "tinted"),
    ("colour", "Hand-colored", "hand-coloured"),
    ("colour", "stencil", "stencil-coloured"),
    ("colour", "tinted & toned", "tinted and toned"),
    ("colour", "color & b/w", "colour and black and white"),
    ("sound", "SILENT", "silent"),
    ("sound", "Without sound", "silent"),
    ("scan", "Deinterlace", "deinterlace"),
    ("date", "1906", "1906"),
    ("date", "1906-04", "1906-04"),
    ("date", "14.4.1906", "1906-04-14"),
    ("date", "1910/1912", "1910/1912"),
    ("date", "1910 - 1912", "1910/1912"),
    ("duration", "0:29:09", Fraction(1749)),
    ("duration", "00:11:00.500", Fraction(1321, 2)),
    ("duration", "29:09", Fraction(1749)),
    ("duration", "29 min", Fraction(1740)),
    ("duration", "1 h 30 min", Fraction(5400)),
    ("duration", "1h30", Fraction(5400)),
    ("duration", "1h 30m 5s", Fraction(5405)),
    ("duration", "29m 9s", Fraction(1749)),
    ("duration", "29' 9\"", Fraction(1749)),
    ("duration", "PT29M9S", Fraction(1749)),
    ("duration", "660500 ms", Fraction(1321, 2)),
    ("missing_frames", "any", ((0, 10**9 - 1),)),
    ("missing_frames", "220, 100-104; 105", ((100, 105), (220, 220))),
    ("checksum", "d41d8cd98f00b204e9800998ecf8427e", ("md5", "d41d8cd98f00b204e9800998ecf8427e")),
    ("title", "Kid, The", "The Kid"),
    ("title", "Passion de Jeanne d'Arc, La", "La Passion de Jeanne d'Arc"),
    ("title", "Arrivée d'un train, L'", "L'Arrivée d'un train"),
    ("title", "Paris, Texas", "Paris, Texas"),
    (
        "checksum",
        "MD5: d41d8cd98f00b204e9800998ecf8427e",
        ("md5", "d41d8cd98f00b204e9800998ecf8427e"),
    ),
    ("checksum", "SHA-256:" + "0" * 64, ("sha256", "0" * 64)),
    ("identifier", "OBJ 1950 / 3 a?", "OBJ 1950 / 3 a?"),
]

IN_DOUBT: list[tuple[str, str, Any]] = [
    ("reel", "r1 of 1", (1, 1)),
    ("reel", "Part 1", (1, None)),
    ("reel", "Reel 2 of 3?", (2, 3)),
    ("reel", "Part 4 of the series, reel 2 of 3", (2, 3)),
    ("reel", "Reel 1 out of 3", (1, 3)),
    ("reel", "Reel 1 (of 3 reels)", (1, 3)),
    ("frame_rate", "ca. 18 fps", Fraction(18)),
    ("frame_rate", "~18", Fraction(18)),
    ("frame_rate", "18?", Fraction(18)),
    ("frame_rate", "shot by hand at 16 fps", Fraction(16)),
    ("gauge", "16mm?", "16mm"),
    ("gauge", "[16mm]", "16mm"),
    ("gauge", "Safety Film; Gauge: 16mm", "16mm"),
    ("gauge", "Probably Super 8", "super 8"),
    ("colour", "tinted (?)", "tinted"),
    ("sound", "silent?", "silent"),
    ("date", "1950?", "1950?"),
    ("date", "[1950]", "1950?"),
    ("date", "ca. 1950", "1950~"),
    ("date", "[ca. 1950]", "1950~"),
    ("date", "um 1950", "1950~"),
    ("date", "Late 1970s", "197X"),
    ("date", "195-", "195X"),
    ("date", "2011, 2012", "[2011,2012]"),
    ("date", "1910-1912?", "1910/1912?"),
    ("date", "1910?-1912", "1910?/1912"),
    ("date", "[1910-1912]", "1910?/1912?"),
    ("date", "ca. 1910-1912", "1910~/1912~"),
    ("duration", "00:30:00?", Fraction(1800)),
    ("duration", "0:29:9", Fraction(1749)),
    ("duration", "00:20:00;12", Fraction(1200)),
    ("duration", "ca. 29 min.", Fraction(1740)),
]

REFUSED: list[tuple[str, str]] = [
    ("reel", "first"), ("reel", "0 of 3"), ("reel", "4 of 3"), ("reel", "Reel 4 of 3"),
    ("reel", "Part 1, Part 2"), ("reel", "2 of 3 of 4"), ("reel", "Rolle 1-3"),
    ("reel", "Reel 1, 2"), ("reel", "Reels 1 and 2"), ("reel", "Reel 1A"),
    ("frame_rate", "18 or 24 fps"), ("frame_rate", "between 16 and 18 fps"),
    ("duration", "300 m"),
    ("frame_rate", "16-18 fps"), ("frame_rate", "0"), ("frame_rate", "NaN fps"),
    ("frame_rate", "1e9"), ("frame_rate", "at 16 fps, printed at 24 fps"),
    ("gauge", "36mm"), ("gauge", "Betacam SP"), ("gauge", "16mm and 35mm"),
    ("colour", "sepia"), ("colour", "not coloured"), ("sound", "mono"), ("scan", "interlaced"),
    ("date", "between the wars"), ("date", "1906-13"), ("date", "31.2.1906"), ("date", "1912-1910"),
    ("duration", "1800"), ("duration", "0:75:00"), ("duration", "0:00:00"), ("duration", "long"),
    ("duration", ""), ("missing_frames", "104-100"), ("missing_frames", "some"),
    ("missing_frames", "1,,2"), ("checksum", "xyz"), ("gauge", "16mm " * 100),
]  # fmt: skip


@pytest.mark.parametrize(("field", "text", "value"), SURE)
def test_what_is_written_plainly_is_read_without_doubt(field: str, text: str, value: Any) -> None:
    assert read_value(field, text) == (value, False)


@pytest.mark.parametrize(("field", "text", "value"), IN_DOUBT)
def test_what_is_in_doubt_is_a_value_and_a_doubt(field: str, text: str, value: Any) -> None:
    assert read_value(field, text) == (value, True)


@pytest.mark.parametrize(("field", "text"), REFUSED)
def test_what_is_not_known_is_refused_with_its_field(field: str, text: str) -> None:
    with pytest.raises(CatalogError, match=f"field {field}"):
        read_value(field, text)


@pytest.mark.parametrize("text", ["(not assigned)", "[unknown]", "-", "?", "...", ""])
def test_placeholders_say_nothing_in_any_field(text: str) -> None:
    assert all(says_nothing(field, text) for field in FIELDS)


@pytest.mark.parametrize("text", ["unknown", "n/a", "None"])
def test_a_film_may_be_called_unknown_but_no_gauge_is(text: str) -> None:
    assert says_nothing("gauge", text)
    assert not says_nothing("title", text)


@pytest.mark.parametrize("field", TERMS)
def test_every_term_of_ours_is_read_as_itself(field: str) -> None:
    terms = TERMS[field]
    assert [read_value(field, term.upper()) for term in terms] == [(t, False) for t in terms]


def test_a_note_without_a_value_gives_none() -> None:
    assert [find_value(field, "Stored in vault 3") for field in INSIDE] == [None, None, None]


def test_a_note_that_speaks_of_two_gauges_gives_none() -> None:
    assert find_value("gauge", "blow-up from 16mm to 35mm") is None


@given(st.sampled_from(FIELDS), st.text(max_size=400))
def test_no_text_does_more_than_give_a_value_or_a_catalog_error(field: str, text: str) -> None:
    try:
        value, in_doubt = read_value(field, text)
    except CatalogError as error:
        assert "field" in str(error)
    else:
        assert value is not None
        assert isinstance(in_doubt, bool)


@given(st.integers(1, 9999), st.integers(1, 9999))
def test_reels_come_back_as_they_were_written(number: int, count: int) -> None:
    if number <= count:
        assert read_value("reel", f"{number} of {count}") == ((number, count), False)
    else:
        with pytest.raises(CatalogError):
            read_value("reel", f"{number} of {count}")


@given(
    st.integers(0, 99), st.integers(0, 59), st.integers(0, 59),
)  # fmt: skip
def test_durations_come_back_as_they_were_written(hours: int, minutes: int, seconds: int) -> None:
    total = 3600 * hours + 60 * minutes + seconds
    text = f"{hours}:{minutes:02}:{seconds:02}"
    if total:
        assert read_value("duration", text) == (total, False)


@given(st.text(max_size=30))
def test_a_title_keeps_all_its_letters(title: str) -> None:
    letters = sorted(c for c in title if c.isalnum())
    assert sorted(c for c in plain_title(title) if c.isalnum()) == letters
