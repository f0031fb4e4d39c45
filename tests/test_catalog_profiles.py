"""Profiles: what an archivist writes is read as meant, and every mistake is named."""

from pathlib import Path

import pytest

from catalogs.catalog import read_catalog
from catalogs.errors import CatalogError
from catalogs.profile import FORMATS
from catalogs.profile_file import read_profile, shipped_profiles

HEAD = "identifier,title,reel,path"


def write(folder: Path, text: str) -> str:
    path = folder / "ours.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", shipped_profiles())
def test_every_shipped_profile_is_sound(name: str) -> None:
    assert read_profile(name).name == name


def test_every_format_has_a_profile_of_its_name() -> None:
    assert {name: read_profile(name).format for name in FORMATS} == {n: n for n in FORMATS}


def test_every_shipped_profile_is_documented() -> None:
    text = (Path(__file__).parent.parent / "docs" / "catalog.md").read_text(encoding="utf-8")
    assert [name for name in shipped_profiles() if f"`{name}`" not in text] == []


MISTAKES = {
    "no format": ("", "format is not given"),
    "not TOML": ("format = csv", "not TOML"),
    "far too deep": ("format = " + "[" * 20_000, "not TOML"),
    "unknown key": ('format = "csv"\ndelimeter = ";"', "unknown field delimeter; use: base"),
    "unknown format": ('format = "excel"', "format 'excel' is not known"),
    "unknown encoding": ('format = "csv"\nencoding = "zip"', "encoding 'zip' is not known"),
    "long delimiter": ('format = "csv"\ndelimiter = ";;"', "delimiter ';;' is not known"),
    "unknown rule": ('format = "csv"\nincomplete_sets = "maybe"', "incomplete_sets 'maybe'"),
    "unknown base": ('base = "dublin core"', "base 'dublin core' is not shipped"),
    "unknown field": ('format = "csv"\n[fields]\nguage = "x"', "unknown field guage in .fields."),
    "note for a field that has none": ('format = "csv"\n[notes]\ntitle = "x"', "in .notes."),
    "unknown vocabulary": ('format = "csv"\n[vocabulary.title]\na = "b"', "title in .vocabulary."),
    "unknown term": ('format = "csv"\n[vocabulary.colour]\nvert = "green"', "'vert' = 'green'"),
    "term that is no text": ('format = "csv"\n[vocabulary.colour]\nvert = 3', "must be a text"),
    "bad default": ('format = "csv"\n[defaults]\nreel = "first"', "field reel 'first' is not"),
    "no table": ('format = "csv"\nfields = "x"', r"fields is not a table; write \[fields\]"),
    "no vocabulary table": ('format = "csv"\n[vocabulary]\ncolour = "x"', r"\[vocabulary.colour\]"),
    "no vocabulary table, upon another": ('base = "csv"\n[vocabulary]\ngauge = "x"',
                                          r"write \[vocabulary.gauge\]"),
    "empty source": ('format = "csv"\n[fields]\ntitle = []', "title must be a text or a list"),
    "number as source": ('format = "csv"\n[fields]\ntitle = 3', "title must be a text or a list"),
    "bad selector": ('format = "csv"\n[fields]\ntitle = "a[b"', "names no field"),
    "path without blanks": ('format = "csv"\npath = "all.mkv"', "has no proper blanks"),
    "path with half a blank": ('format = "csv"\npath = "{title}_{reel.mkv"', "no proper blanks"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_in_a_profile_is_named_with_its_file(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(CatalogError, match=message) as caught:
        read_profile(write(tmp_path, text))
    assert "ours.toml" in str(caught.value)


def test_an_unknown_profile_is_told_with_those_that_are_shipped() -> None:
    with pytest.raises(CatalogError, match="no profile 'nowhere'; name a file or one of: ami, csv"):
        read_profile("nowhere")


def test_a_profile_built_upon_another_changes_only_what_it_says(tmp_path: Path) -> None:
    base = read_profile("pbcore")
    ours = read_profile(write(tmp_path, 'base = "pbcore"\n[fields]\ntitle = "pbcoreTitle"\n'))
    assert [s.written for s in ours.fields["title"]] == ["pbcoreTitle"]
    assert ours.fields["gauge"] == base.fields["gauge"]
    assert ours.format == "pbcore"


def test_a_default_fills_what_the_catalog_leaves_empty_and_is_reported(tmp_path: Path) -> None:
    profile = write(tmp_path, 'base = "csv"\n[defaults]\nreel = "1 of 1"\nsound = "silent"\n')
    catalog_file = tmp_path / "c.csv"
    catalog_file.write_text("identifier,title,path\nA,T,a.mkv\n")
    catalog = read_catalog(catalog_file, profile)
    (reel,) = catalog.reels
    assert (reel.reel_number, reel.reel_count, reel.sound) == (1, 1, "silent")
    defaulted = {e.field: e.value for e in catalog.mapping if e.status == "defaulted"}
    assert defaulted == {"reel": "1 of 1", "sound": "silent"}
    assert reel.uncertain == ()


def test_of_several_sources_the_first_that_says_something_is_taken(tmp_path: Path) -> None:
    profile = write(tmp_path, 'base = "csv"\n[fields]\ntitle = ["main", "working"]\n')
    catalog_file = tmp_path / "c.csv"
    catalog_file.write_text(
        "identifier,main,working,reel,path\nA,Main,W,1/1,a\nB,(not assigned),Work,1/1,b\n"
    )
    assert [reel.title for reel in read_catalog(catalog_file, profile).reels] == ["Main", "Work"]


def test_a_path_is_built_from_fields_of_either_side(tmp_path: Path) -> None:
    profile = write(
        tmp_path,
        'base = "csv"\npath = "{Shelf}/{identifier}_{reel:02}of{reels}.mkv"\npath_spaces = "-"\n',
    )
    catalog_file = tmp_path / "c.csv"
    catalog_file.write_text("identifier,title,reel,shelf\nOBJ 7 a,T,1 of 1,B 3\nC,T,1/1,\n")
    catalog = read_catalog(catalog_file, profile)
    assert [reel.path for reel in catalog.reels] == ["B-3/OBJ-7-a_01of1.mkv"]
    assert [held.reason for held in catalog.held] == [
        "c.csv line 3: field path needs shelf, which is empty; fill it in"
    ]
    assert catalog.remarks == ()


def test_a_term_that_says_nothing_by_the_profile_is_not_held(tmp_path: Path) -> None:
    profile = write(tmp_path, 'base = "csv"\n[vocabulary.gauge]\n"Film" = ""\n')
    catalog_file = tmp_path / "c.csv"
    catalog_file.write_text(f"{HEAD},gauge\nA,T,1/1,a.mkv,film\n")
    catalog = read_catalog(catalog_file, profile)
    assert [reel.gauge for reel in catalog.reels] == [None]
    assert [e.status for e in catalog.mapping if e.field == "gauge"] == ["unmapped"]


def test_records_of_another_kind_are_left_out_and_counted(tmp_path: Path) -> None:
    profile = write(tmp_path, 'base = "csv"\n[only]\nkind = ["Film", "Video"]\n')
    catalog_file = tmp_path / "c.csv"
    catalog_file.write_text(f"{HEAD},kind\nA,T,1/1,a,FILM\nB,T,1/1,b,poster\nC,T,1/1,c,\n")
    catalog = read_catalog(catalog_file, profile)
    assert [reel.identifier for reel in catalog.reels] == ["A", "C"]
    assert catalog.remarks == ("left out, as the profile asks: 1 records of another kind",)


def test_a_catalog_in_another_encoding_than_the_profile_says_is_refused(tmp_path: Path) -> None:
    profile = write(tmp_path, 'base = "csv"\nencoding = "utf-8"\n')
    catalog_file = tmp_path / "c.csv"
    catalog_file.write_bytes(f"{HEAD}\nA,Straße,1/1,a\n".encode("cp1252"))
    with pytest.raises(CatalogError, match=r"c\.csv: not utf-8 \(byte"):
        read_catalog(catalog_file, profile)
