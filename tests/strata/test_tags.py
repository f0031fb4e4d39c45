"""The side file of tags: what it says, and what it says when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs.errors import CatalogError
from tasks.strata.tag_file import read_tags
from tasks.strata.tags import Place, TagFile

HEAD = "reel_id,identifier,shot,start_frame,stop_frame,tag,value\n"
PLACE = Place("NFA-1023.r1", "NFA-1023", shot=3, start_frame=100, stop_frame=200)


def written(folder: Path, text: str) -> TagFile:
    path = folder / "tags.csv"
    path.write_text(text, encoding="utf-8")
    return read_tags(path)


@pytest.mark.parametrize(
    "row",
    ["NFA-1023.r1,,,,,genre,newsreel", ",NFA-1023,,,,genre,newsreel",
     ",NFA-1023,3,,,genre,newsreel", ",NFA-1023,,100,151,genre,newsreel",
     "NFA-1023.r1,NFA-1023,,0,1000,genre,  newsreel "],
)  # fmt: skip
def test_a_tag_reaches_its_shot(tmp_path: Path, row: str) -> None:
    file = written(tmp_path, HEAD + row)
    assert file.problems == ()
    assert file.strata(PLACE) == {"tag: genre": "newsreel"}


@pytest.mark.parametrize(
    "row",
    ["NFA-1023.r2,,,,,genre,newsreel", ",NFA-1024,,,,genre,newsreel",
     ",NFA-1023,4,,,genre,newsreel", ",NFA-1023,,100,150,genre,newsreel",
     ",NFA-1023,,200,300,genre,newsreel"],
    ids=["other reel", "other item", "other shot", "half of it", "next to it"],
)  # fmt: skip
def test_a_tag_reaches_no_other(tmp_path: Path, row: str) -> None:
    assert written(tmp_path, HEAD + row).strata(PLACE) == {}


def test_the_nearest_tag_counts_and_equals_that_differ_are_uncertain(tmp_path: Path) -> None:
    rows = [",NFA-1023,,,,genre,play", "NFA-1023.r1,,,,,genre,newsreel"]
    assert written(tmp_path, HEAD + "\n".join(rows)).strata(PLACE)["tag: genre"] == "newsreel"
    rows += [",NFA-1023,3,,,genre,title", ",NFA-1023,,90,210,genre,trick"]
    assert written(tmp_path, HEAD + "\n".join(rows)).strata(PLACE)["tag: genre"] == "uncertain"


@pytest.mark.parametrize(
    ("row", "field", "remedy"),
    [
        (",,,,,genre,newsreel", "identifier", "name the reel_id or the identifier"),
        (",A,,,,,newsreel", "tag", "write one"),
        (",A,,,,genre,", "value", "write one"),
        (",A,0,,,genre,x", "shot", "from 1"),
        (",A,two,,,genre,x", "shot", "for instance 12"),
        (",A,,-3,7,genre,x", "start_frame", "for instance 12"),
        (",A,,3,,genre,x", "stop_frame", "give both"),
        (",A,,,3,genre,x", "start_frame", "give both"),
        (",A,,9,9,genre,x", "stop_frame", "first frame after"),
        (",A,1,3,9,genre,x", "shot", "the shot or the frames"),
        (f",A,,,,genre,{'x' * 61}", "value", "at most 60"),
        (",A,,,,genre,x,more", "", "quote fields"),
        (',A,,,,genre,"x', "", "close quotes"),
        (",GOOD,,,,genre,other", "value", "keep one"),
    ],
)
def test_a_bad_row_names_file_line_field_and_remedy(
    tmp_path: Path, row: str, field: str, remedy: str
) -> None:
    """And it costs itself only."""
    file = written(tmp_path, f"{HEAD},GOOD,,,,genre,play\n{row}\n,ALSO,,,,genre,play\n")
    (problem,) = file.problems
    assert problem.startswith(f"{tmp_path / 'tags.csv'}: line 3: ")
    assert not field or f"field {field}: " in problem
    assert remedy in problem
    assert [tag.identifier for tag in file.tags] == ["GOOD", "ALSO"]


def test_semicolons_and_what_a_spreadsheet_leaves(tmp_path: Path) -> None:
    text = "\ufeffIdentifier;Tag;Value\r\nNFA-1023;genre;'=play\r\n;;\r\n\r\n"
    file = written(tmp_path, text)
    assert (file.problems, file.strata(PLACE)) == ((), {"tag: genre": "=play"})


@pytest.mark.parametrize(
    "text", ["", "identifier,tag\nA,b", "tag,value\na,b", "identifier,tag,tag,value\nA,b,c,d"]
)
def test_a_file_without_its_columns_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(CatalogError, match=r"tags.csv: line 1: .*columns of reel_id, identifier"):
        written(tmp_path, text)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="cannot be read"):
        read_tags(tmp_path / "tags.csv")


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(st.text(max_size=60), max_size=8))
def test_no_row_raises(tmp_path_factory: pytest.TempPathFactory, rows: list[str]) -> None:
    body = "\n".join(row.replace("\udcff", "") for row in rows)
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes((HEAD + body).encode("utf-8", "replace"))
    file = read_tags(path)
    assert all(": line " in problem for problem in file.problems)
