"""A CSV catalog: every usable row is read, every other row is held with line, field and remedy."""

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogs.csv_catalog import Catalog, parse_frame_rate, read_csv_catalog
from catalogs.errors import CatalogError
from catalogs.records import CatalogReel

HEAD = "identifier,title,reel,path"
GOOD = "AFA-1,A Trip Down Market Street,1 of 1,market.mkv"

ReadCatalog = Callable[[str | bytes], Catalog]


@pytest.fixture
def read(tmp_path: Path) -> ReadCatalog:
    """Reads text or bytes as a catalog."""

    def read_written(written: str | bytes) -> Catalog:
        path = tmp_path / "catalog.csv"
        path.write_bytes(written if isinstance(written, bytes) else written.encode())
        return read_csv_catalog(path)

    return read_written


def titles(catalog: Catalog) -> list[str]:
    return [reel.title for reel in catalog.reels]


def test_a_full_row_is_read_field_by_field(read: ReadCatalog) -> None:
    digest = "d41d8cd98f00b204e9800998ecf8427e"
    catalog = read(
        f"{HEAD},frame_rate,gauge,colour,sound,checksum\n"
        f"AFA-1,Market Street,2 of 3,reels/market 2.mkv,18,35 mm,Tinted,silent,MD5:{digest}\n"
    )
    expected = CatalogReel(
        "AFA-1", "Market Street", 2, 3, "reels/market 2.mkv", 2, Fraction(18), "35mm", "tinted",
        "silent", ("md5", digest),
    )  # fmt: skip
    assert (expected,) == catalog.reels
    assert catalog.held == ()
    assert catalog.remarks == ()


@pytest.mark.parametrize("delimiter", [",", ";"], ids=["comma", "semicolon"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["unix", "windows"])
def test_encodings_delimiters_and_line_ends_are_told_apart(
    read: ReadCatalog, delimiter: str, encoding: str, newline: str
) -> None:
    rows = [["identifier", "title", "reel", "path"], ["É-1", "Die Büchse, 2; Teil", "1/2", "ü.mkv"]]
    text = "".join(delimiter.join(f'"{cell}"' for cell in row) + newline for row in rows)
    catalog = read(text.encode(encoding))
    assert titles(catalog) == ["Die Büchse, 2; Teil"]
    assert [reel.identifier for reel in catalog.reels] == ["É-1"]
    assert (("read as latin-1",) if encoding == "latin-1" else ()) == catalog.remarks


def test_column_names_may_be_in_any_order_case_and_spacing(read: ReadCatalog) -> None:
    catalog = read("PATH, Reel ,Title,IDENTIFIER\nm.mkv,1 of 1,Market,A-1\n")
    assert [(reel.identifier, reel.path) for reel in catalog.reels] == [("A-1", "m.mkv")]


def test_unknown_columns_are_reported_and_the_rows_are_used(read: ReadCatalog) -> None:
    catalog = read(f"{HEAD},Shelf\n{GOOD},B 7\n")
    assert len(catalog.reels) == 1
    assert catalog.remarks == ("column 'shelf' is not known and was not used",)


def test_a_column_that_stands_twice_is_refused(read: ReadCatalog) -> None:
    """Which of the two paths is meant cannot be known."""
    with pytest.raises(CatalogError, match="path"):
        read(f"{HEAD},path\n{GOOD},other.mkv\n")


@pytest.mark.parametrize("name", HEAD.split(","))
def test_a_missing_column_is_named(read: ReadCatalog, name: str) -> None:
    with pytest.raises(CatalogError, match=rf"no column {name};"):
        read(",".join(column for column in HEAD.split(",") if column != name) + "\na,b,c\n")


@pytest.mark.parametrize("written", [b"", b"\n", b"\xef\xbb\xbf", b"\r\n\r\n", b"\0\0\0"])
def test_an_empty_catalog_is_refused(read: ReadCatalog, written: bytes) -> None:
    with pytest.raises(CatalogError, match="no column identifier"):
        read(written)


def test_a_missing_catalog_is_refused_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"absent\.csv: cannot be read"):
        read_csv_catalog(tmp_path / "absent.csv")


BAD_ROWS = {
    "no identifier": (",T,1 of 1,a.mkv,,,,,", "identifier", "fill it in"),
    "no title": ("A,,1 of 1,a.mkv,,,,,", "title", "fill it in"),
    "no path": ("A,T,1 of 1, ,,,,,", "path", "fill it in"),
    "no reel": ("A,T,,a.mkv,,,,,", "reel", "fill it in"),
    "reel in words": ("A,T,Part 1,a.mkv,,,,,", "reel", "1 of 3"),
    "reel beyond the count": ("A,T,4 of 3,a.mkv,,,,,", "reel", "1 of 3"),
    "reel zero": ("A,T,0 of 3,a.mkv,,,,,", "reel", "1 of 3"),
    "rate in words": ("A,T,1 of 1,a.mkv,slow,,,,", "frame_rate", "18 or 24000/1001"),
    "rate of zero": ("A,T,1 of 1,a.mkv,0,,,,", "frame_rate", "18 or 24000/1001"),
    "rate over zero": ("A,T,1 of 1,a.mkv,24/0,,,,", "frame_rate", "18 or 24000/1001"),
    "uncertain gauge": ("A,T,1 of 1,a.mkv,,35mm?,,,", "gauge", "16mm"),
    "unknown colour": ("A,T,1 of 1,a.mkv,,,sepia,,", "colour", "tinted"),
    "unknown sound": ("A,T,1 of 1,a.mkv,,,,mono,", "sound", "silent, sound"),
    "checksum not hexadecimal": ("A,T,1 of 1,a.mkv,,,,,xyz", "checksum", "sha256"),
    "checksum of another length": ("A,T,1 of 1,a.mkv,,,,,abcd", "checksum", "sha256"),
    "checksum misnamed": (f"A,T,1 of 1,a.mkv,,,,,sha256:{'a' * 32}", "checksum", "sha256"),
    "surplus fields": ("A,T, or not,1 of 1,a.mkv,,,,,", "more fields", "quote fields"),
    "too few fields": ("A,T", "reel", "fill it in"),
    "a field that is far too long": (f"A,{'T' * 200_000},1 of 1,a.mkv", "line 3", "field"),
}


@pytest.mark.parametrize(("row", "field", "remedy"), BAD_ROWS.values(), ids=BAD_ROWS.keys())
def test_a_bad_row_is_held_with_line_field_and_remedy_and_stops_no_other(
    read: ReadCatalog, row: str, field: str, remedy: str
) -> None:
    head = f"{HEAD},frame_rate,gauge,colour,sound,checksum"
    catalog = read(f"{head}\n{GOOD},,,,,\n{row}\nZ-9,Last,1 of 1,last.mkv,,,,,\n")
    assert titles(catalog) == ["A Trip Down Market Street", "Last"]
    assert [held.line for held in catalog.held] == [3]
    reason = catalog.held[0].reason
    assert reason.startswith("catalog.csv line 3: ")
    assert field in reason
    assert remedy in reason


def test_reels_listed_twice_are_all_held(read: ReadCatalog) -> None:
    """Two rows of one key with different facts contradict each other: neither is believed."""
    again = GOOD.replace("market", "other")
    catalog = read(f"{HEAD}\n{GOOD}\nB,T,1 of 1,b.mkv\n{again}\n")
    assert titles(catalog) == ["T"]
    assert [held.line for held in catalog.held] == [2, 4]
    assert all("listed 2 times; keep one row" in held.reason for held in catalog.held)


def test_reels_that_differ_in_case_only_are_held(read: ReadCatalog) -> None:
    """On many shares their folders would be one."""
    catalog = read(f"{HEAD}\nAFA-1,T,1 of 1,a.mkv\nafa-1,T,1 of 1,b.mkv\n")
    assert titles(catalog) == []
    assert [held.line for held in catalog.held] == [2, 3]


def test_two_reels_of_one_item_are_two_reels(read: ReadCatalog) -> None:
    catalog = read(f"{HEAD}\nA,T,1 of 2,a.mkv\nA,T,2 of 2,b.mkv\n")
    assert [reel.reel_id for reel in catalog.reels] == ["A.r1", "A.r2"]


def test_a_quoted_field_may_hold_a_line_end_and_lines_stay_right(read: ReadCatalog) -> None:
    """A row is named by the line it starts on, as an editor shows it."""
    catalog = read(f'{HEAD}\nA,"Two\nlines",1 of 1,a.mkv\n\nB,T,bad,b.mkv\nC,"x\ny",bad,c.mkv\n')
    assert titles(catalog) == ["Two\nlines"]
    assert [reel.line for reel in catalog.reels] == [2]
    assert [held.line for held in catalog.held] == [5, 6]


def test_a_quote_that_is_never_closed_is_reported_where_it_opens(read: ReadCatalog) -> None:
    """It costs its own row; else every further row would vanish into one field."""
    catalog = read(f'{HEAD}\n{GOOD}\nB,"Title,1 of 1,b.mkv\nC,T,1 of 1,c.mkv\n')
    assert titles(catalog) == ["A Trip Down Market Street", "T"]
    assert [held.line for held in catalog.held] == [3]
    assert "quote" in catalog.held[0].reason


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("18", Fraction(18)),
        ("16 fps", Fraction(16)),
        ("16.5", Fraction(33, 2)),
        ("24000/1001", Fraction(24000, 1001)),
        ("23.976", Fraction(24000, 1001)),
        ("23.98", Fraction(24000, 1001)),
        ("29.97", Fraction(30000, 1001)),
        ("59.94", Fraction(60000, 1001)),
    ],
)
def test_frame_rates_are_rational(written: str, expected: Fraction) -> None:
    assert expected == parse_frame_rate(written)


@given(st.text(max_size=20) | st.from_regex(r"[0-9]{1,7}([./][0-9]{0,7})?( ?fps)?", fullmatch=True))
def test_no_text_makes_a_frame_rate_out_of_range(text: str) -> None:
    try:
        rate = parse_frame_rate(text)
    except CatalogError as error:
        assert "frame_rate" in str(error)
    else:
        assert 1 <= rate <= 240


def reel_id(identifier: str, number: int = 1) -> str:
    return CatalogReel(identifier, "T", number, 9, "a.mkv", 2).reel_id


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=200), st.integers(1, 9999))
def test_a_reel_id_is_always_safe_as_a_folder_name(identifier: str, number: int) -> None:
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", reel_id(identifier, number))


@given(
    st.lists(st.text("aA1. _-/\\äß", min_size=1, max_size=6), unique=True, min_size=2, max_size=30)
)
def test_reel_ids_differ_where_identifiers_differ(identifiers: list[str]) -> None:
    ids = {reel_id(identifier) for identifier in identifiers}
    assert len(identifiers) == len(ids)


@pytest.mark.parametrize("identifier", ["..", ".", "-rf", "a/../../b", "~", "NUL\0", "con:x"])
def test_identifiers_that_mean_something_to_a_file_system_are_made_plain(identifier: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*(_[A-Za-z0-9.-]+)*\.r1", reel_id(identifier))


HEADED = st.binary(max_size=120).map(lambda tail: HEAD.encode() + b"\n" + tail)
ROWED = st.text('a,;"\n\r\0 1of/é', max_size=80).map(lambda t: f"{HEAD}\n{t}".encode())


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=200) | HEADED | ROWED)
def test_whatever_the_bytes_a_catalog_is_read_or_refused(read: ReadCatalog, data: bytes) -> None:
    """Never anything but CatalogError; every held row tells its line."""
    try:
        catalog = read(data)
    except CatalogError:
        return
    assert all(f"line {held.line}: " in held.reason for held in catalog.held)
    assert all(reel.identifier and reel.path for reel in catalog.reels)
