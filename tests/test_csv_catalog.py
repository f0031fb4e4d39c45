"""A CSV catalog: every usable row is read, every other row is held with line, field and remedy."""

import os
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogs.catalog import Catalog, read_catalog
from catalogs.errors import CatalogError
from catalogs.records import CatalogReel
from catalogs.vocabulary import parse_frame_rate

HEAD = "identifier,title,reel,path"
GOOD = "AFA-1,A Trip Down Market Street,1 of 1,market.mkv"

ReadCatalog = Callable[[str | bytes], Catalog]


@pytest.fixture
def read(tmp_path: Path) -> ReadCatalog:
    """Reads text or bytes as a catalog."""

    def read_written(written: str | bytes) -> Catalog:
        path = tmp_path / "catalog.csv"
        path.write_bytes(written if isinstance(written, bytes) else written.encode())
        return read_catalog(path)

    return read_written


def titles(catalog: Catalog) -> list[str]:
    return [reel.title for reel in catalog.reels]


def test_a_full_row_is_read_field_by_field(read: ReadCatalog) -> None:
    digest = "d41d8cd98f00b204e9800998ecf8427e"
    catalog = read(
        f"{HEAD},frame_rate,gauge,colour,sound,checksum\n"
        f"AFA-1,Market Street,1 of 1,reels/market 2.mkv,18,35 mm,Tinted,silent,MD5:{digest}\n"
    )
    expected = CatalogReel(
        "AFA-1", "Market Street", 1, 1, "reels/market 2.mkv", 2, Fraction(18), "35mm", "tinted",
        "silent", checksum=("md5", digest),
    )  # fmt: skip
    assert (expected,) == catalog.reels
    assert catalog.held == ()
    assert catalog.remarks == ()


def test_a_collection_is_a_name_and_not_a_doubt(read: ReadCatalog) -> None:
    rows = [
        f"AFA-{number},T,1 of 1,{number}.mkv,{name}"
        for number, name in enumerate(("Nitrate  news", "[Smith]", "ca. 1920?", "-", ""))
    ]
    catalog = read("\n".join([f"{HEAD},collection", *rows]))
    found = [(reel.collection, reel.uncertain) for reel in catalog.reels]
    names = ["Nitrate news", "[Smith]", "ca. 1920?", None, None]
    assert found == [(name, ()) for name in names]


def test_two_rows_of_one_reel_in_different_collections_are_held(read: ReadCatalog) -> None:
    catalog = read(f"{HEAD},collection\n{GOOD},News\n{GOOD},Ads\n")
    assert [held.line for held in catalog.held] == [2, 3]
    assert "line 2 has collection News; line 3 has collection Ads" in catalog.held[0].reason


@pytest.mark.parametrize("delimiter", [",", ";"], ids=["comma", "semicolon"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["unix", "windows"])
def test_encodings_delimiters_and_line_ends_are_told_apart(
    read: ReadCatalog, delimiter: str, encoding: str, newline: str
) -> None:
    rows = [["identifier", "title", "reel", "path"], ["É-1", "Die Büchse, 2; Teil", "1/1", "ü.mkv"]]
    text = "".join(delimiter.join(f'"{cell}"' for cell in row) + newline for row in rows)
    catalog = read(text.encode(encoding))
    assert titles(catalog) == ["Die Büchse, 2; Teil"]
    assert [reel.identifier for reel in catalog.reels] == ["É-1"]
    assert (("read as cp1252",) if encoding == "latin-1" else ()) == catalog.remarks


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
        read_catalog(tmp_path / "absent.csv")


BAD_ROWS = {
    "no identifier": (",T,1 of 1,a.mkv,,,,,", "identifier", "fill it in"),
    "no title": ("A,,1 of 1,a.mkv,,,,,", "title", "fill it in"),
    "no path": ("A,T,1 of 1, ,,,,,", "path", "fill it in"),
    "no reel": ("A,T,,a.mkv,,,,,", "reel", "fill it in"),
    "reel in words": ("A,T,the first,a.mkv,,,,,", "reel", "1 of 3"),
    "reel beyond the count": ("A,T,4 of 3,a.mkv,,,,,", "reel", "1 of 3"),
    "reel zero": ("A,T,0 of 3,a.mkv,,,,,", "reel", "1 of 3"),
    "rate in words": ("A,T,1 of 1,a.mkv,slow,,,,", "frame_rate", "18 or 24000/1001"),
    "rate of zero": ("A,T,1 of 1,a.mkv,0,,,,", "frame_rate", "18 or 24000/1001"),
    "rate over zero": ("A,T,1 of 1,a.mkv,24/0,,,,", "frame_rate", "18 or 24000/1001"),
    "unknown gauge": ("A,T,1 of 1,a.mkv,,36mm,,,", "gauge", "16mm"),
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
    assert titles(catalog) == ["Two lines"]
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


SAMPLE = Path(__file__).parent / "catalogs" / "stadtarchiv.csv"


@pytest.fixture
def city(tmp_path: Path) -> Catalog:
    """A municipal archive's export: semicolons, cp1252, and what years of hands have left."""
    path = tmp_path / "export.csv"
    path.write_bytes(SAMPLE.read_text(encoding="utf-8").encode("cp1252"))
    return read_catalog(path, "stadtarchiv")


def test_two_works_of_one_title_stay_two(city: Catalog) -> None:
    """Object numbers with spaces, inverted articles, tinting, a doubted rate."""
    streets = [reel for reel in city.reels if reel.title == "Die Straße"]
    assert [(r.identifier, r.reel_number, r.colour) for r in streets] == [
        ("2004 117 a", 1, "tinted"), ("2004 117 a", 2, "tinted"), ("2004 118", 1, "black and white")
    ]  # fmt: skip
    assert streets[0].path == "2004_117_a/2004_117_a_R01.mkv"
    assert streets[0].uncertain == ("frame_rate",)
    assert streets[0].frame_rate == 18


def test_doubted_values_are_values_with_a_mark(city: Catalog) -> None:
    (reel,) = [reel for reel in city.reels if reel.identifier == "2004 118"]
    assert (reel.date, reel.gauge, reel.duration_seconds) == ("1950?", "16mm", 1800)
    assert reel.uncertain == ("reel_number", "gauge", "date", "duration_seconds")


def test_reel_and_gauge_are_found_in_a_note(city: Catalog) -> None:
    (reel,) = [reel for reel in city.reels if reel.identifier == "2004 120"]
    assert (reel.reel_number, reel.reel_count, reel.gauge) == (1, 1, "16mm")
    assert reel.uncertain == ("reel_number", "gauge", "reel_count")


def test_what_is_not_assigned_says_nothing_and_is_reported(city: Catalog) -> None:
    (reel,) = [reel for reel in city.reels if reel.identifier == "2004 120"]
    assert reel.sound is None
    found = [e for e in city.mapping if e.record == "line 6" and e.found == "(not assigned)"]
    assert {(e.field, e.status) for e in found} == {("gauge", "unmapped"), ("sound", "unmapped")}


def test_what_cannot_be_used_is_held_with_its_reason(city: Catalog) -> None:
    reasons = {held.line: held.reason for held in city.held}
    assert sorted(reasons) == [5, 7, 8, 9, 10, 11]
    assert "field reel is empty" in reasons[5]
    assert "reel 2 of 3 is missing" in reasons[7]
    assert "field colour (Farbe) 'Sepia' is not known" in reasons[9]
    assert "line 11 has colour hand-coloured" in reasons[10]
    assert "line 13 repeats line 12 (2004 124 reel 1); read once" in city.remarks


def test_cp1252_comes_before_latin_1(read: ReadCatalog) -> None:
    """The euro sign and the dash are what tells them apart; Latin-1 has neither."""
    catalog = read(f"{HEAD}\nA,Straße – 5 €,1/1,a.mkv\n".encode("cp1252"))
    assert titles(catalog) == ["Straße – 5 €"]
    assert catalog.remarks == ("read as cp1252",)


def test_what_cp1252_does_not_know_is_read_as_latin_1(read: ReadCatalog) -> None:
    catalog = read(f"{HEAD}\nA,Caf".encode() + b"\xe9 \x81,1/1,a.mkv\n")
    assert titles(catalog) == ["Café \x81"]
    assert catalog.remarks == ("read as latin-1",)


def test_new_columns_are_read(read: ReadCatalog) -> None:
    catalog = read(
        f'{HEAD},date,duration,scan,missing_frames\n{GOOD},1906?,0:12:30,progressive,"3-4, 9"\n'
    )
    (reel,) = catalog.reels
    assert (reel.date, reel.duration_seconds, reel.scan) == ("1906?", 750, "progressive")
    assert reel.missing_frames == ((3, 4), (9, 9))
    assert reel.uncertain == ("date",)


def test_a_date_that_cannot_be_read_is_reported_and_holds_nothing(read: ReadCatalog) -> None:
    """It steers nothing; but it is never lost silently."""
    catalog = read(f"{HEAD},date\n{GOOD},between the wars\n")
    assert [reel.date for reel in catalog.reels] == [None]
    (entry,) = [e for e in catalog.mapping if e.field == "date"]
    assert (entry.status, entry.found, entry.value) == ("unmapped", "between the wars", "")


@pytest.mark.parametrize("kind", ["folder", "pipe", "nul"])
def test_only_a_plain_file_is_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "catalog.csv"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path = tmp_path / "a\0b.csv"
    with pytest.raises(CatalogError, match=r"csv: (not a plain file|cannot be read)"):
        read_catalog(path)


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


def test_a_file_that_is_far_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "catalog.csv"
    with path.open("wb") as stream:
        stream.truncate((64 << 20) + 1)  # a hole: takes no disk
    with pytest.raises(CatalogError, match=r"catalog\.csv: 67,108,865 bytes, and .* split it"):
        read_catalog(path)


def test_one_wrong_byte_in_utf8_is_named_and_not_read_as_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "catalog.csv"
    rows = ["identifier,title,reel,path", "A,Straße,1 of 1,a.mkv", "B,Über Städte,1 of 1,b.mkv"]
    path.write_bytes("\n".join(rows).encode() + b"\nC,Caf\xe9,1 of 1,c.mkv\n")
    with pytest.raises(CatalogError, match="line 4 has a byte that is not UTF-8, as the rest is"):
        read_catalog(path)


def test_a_profile_that_leaves_out_every_record_is_an_error(tmp_path: Path) -> None:
    path, profile = tmp_path / "catalog.csv", tmp_path / "p.toml"
    path.write_text("identifier,title,reel,path,kind\nA,T,1 of 1,a.mkv,Photo\n")
    profile.write_text('base = "csv"\n[only]\n"kind" = ["Film"]\n')
    with pytest.raises(CatalogError, match=r"\[only\] of profile p leaves out all 1 records"):
        read_catalog(path, str(profile))


def test_a_running_time_that_cannot_be_read_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "catalog.csv"
    path.write_text("identifier,title,reel,path,duration\nA,T,1 of 1,a.mkv,300 m\n")
    catalog = read_catalog(path)
    assert [reel.duration_seconds for reel in catalog.reels] == [None]
    assert [e.status for e in catalog.mapping if e.field == "duration"] == ["unmapped"]
