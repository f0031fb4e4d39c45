"""Reels N of M: what is incomplete, doubled or contradictory is held, and said in full."""

from collections.abc import Callable
from pathlib import Path

import pytest

from catalogs.catalog import Catalog, read_catalog

HEAD = "identifier,title,reel,path,colour"

Read = Callable[..., Catalog]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads reels `identifier reel [colour]` as a catalog whose paths are the lines."""

    def read_reels(*rows: str, incomplete_sets: str = "hold") -> Catalog:
        profile = tmp_path / "p.toml"
        profile.write_text(f'base = "csv"\nincomplete_sets = "{incomplete_sets}"\n')
        lines = [HEAD]
        for row in rows:
            identifier, reel, *colour = row.split(":")
            path = "same.mkv" if "same" in colour else f"{len(lines)}.mkv"
            tint = "tinted" if "tinted" in colour else ""
            lines.append(f"{identifier},T,{reel},{path},{tint or ('mauve' * ('bad' in colour))}")
        catalog = tmp_path / "c.csv"
        catalog.write_text("\n".join(lines) + "\n")
        return read_catalog(catalog, str(profile))

    return read_reels


def reels(catalog: Catalog) -> list[str]:
    return [f"{reel.identifier}:{reel.reel_number}/{reel.reel_count}" for reel in catalog.reels]


def test_a_whole_set_is_read(read: Read) -> None:
    catalog = read("A:2 of 2", "A:1 of 2", "B:1 of 1")
    assert reels(catalog) == ["A:2/2", "A:1/2", "B:1/1"]
    assert catalog.held == ()


def test_an_incomplete_set_is_held_with_the_list_of_what_is_missing(read: Read) -> None:
    catalog = read("A:1 of 5", "B:1 of 1", "A:4 of 5")
    assert reels(catalog) == ["B:1/1"]
    assert [held.line for held in catalog.held] == [2, 4]
    assert all("A: reels 2, 3, 5 of 5 are missing" in held.reason for held in catalog.held)
    conflicting = [e.record for e in catalog.mapping if e.status == "conflicting"]
    assert conflicting == ["line 2", "line 4"]


def test_an_incomplete_set_may_be_allowed_and_is_remarked(read: Read) -> None:
    catalog = read("A:1 of 3", "A:3 of 3", incomplete_sets="allow")
    assert reels(catalog) == ["A:1/3", "A:3/3"]
    assert catalog.remarks == ("A: reel 2 of 3 is missing; the others are used",)


@pytest.mark.parametrize("incomplete_sets", ["hold", "allow"])
def test_reels_that_contradict_each_other_are_held(read: Read, incomplete_sets: str) -> None:
    catalog = read("A:1 of 2", "A:2 of 3", "A:3 of 3", incomplete_sets=incomplete_sets)
    assert reels(catalog) == []
    assert {held.line for held in catalog.held} == {2, 3, 4}
    assert all(
        "1 of 2 (line 2), 2 of 3 (line 3), 3 of 3 (line 4)" in held.reason for held in catalog.held
    )


def test_a_number_beyond_the_count_of_the_others_is_a_contradiction(read: Read) -> None:
    catalog = read("A:1 of 1", "A:Part 2")
    assert reels(catalog) == []
    assert "contradict" in catalog.held[0].reason


def test_two_facts_of_one_reel_are_held_and_named(read: Read) -> None:
    catalog = read("A:1 of 1:same", "A:1 of 1:same:tinted")
    assert reels(catalog) == []
    for held in catalog.held:
        assert "line 2 has colour nothing; line 3 has colour tinted" in held.reason


def test_one_reel_said_twice_alike_is_read_once(read: Read) -> None:
    catalog = read("A:1 of 1:same", "A:1 of 1:same")
    assert reels(catalog) == ["A:1/1"]
    assert catalog.remarks == ("line 3 repeats line 2 (A reel 1); read once",)


def test_one_reel_said_twice_and_once_otherwise_is_held(read: Read) -> None:
    catalog = read("A:1 of 1:same", "A:1 of 1:same", "A:1 of 1:same:tinted")
    assert reels(catalog) == []


def test_a_reel_that_is_held_for_itself_leaves_its_set_whole(read: Read) -> None:
    """A fault stays small: the reel is listed, so nothing is missing."""
    catalog = read("A:1 of 2", "A:2 of 2:bad")
    assert reels(catalog) == ["A:1/2"]
    assert ["colour" in held.reason for held in catalog.held] == [True]


def test_where_no_count_is_given_it_is_the_largest_number_and_doubted(read: Read) -> None:
    catalog = read("A:Part 1", "A:Part 2")
    assert reels(catalog) == ["A:1/2", "A:2/2"]
    assert [reel.uncertain for reel in catalog.reels] == [("reel_number", "reel_count")] * 2


def test_a_gap_is_seen_without_a_count_too(read: Read) -> None:
    catalog = read("A:Part 1", "A:Part 3")
    assert "reel 2 of 3 is missing" in catalog.held[0].reason


def test_two_works_of_one_title_are_two(read: Read) -> None:
    assert reels(read("A:1 of 1", "B:1 of 1")) == ["A:1/1", "B:1/1"]


def test_a_set_with_thousands_missing_is_told_in_short(read: Read) -> None:
    (held,) = read("A:9999 of 9999").held
    assert "and 9978 more of 9999 are missing" in held.reason
    assert len(held.reason) < 300


def test_two_reels_of_one_item_in_one_file_are_held(read: Read) -> None:
    """A row was copied and its path forgotten: the second reel would be the first again."""
    catalog = read("A:1 of 2:same", "A:2 of 2:same", "B:1 of 1:same")
    assert reels(catalog) == ["B:1/1"]  # a file may well hold two items
    said = "A: reels 1, 2 name one file, same.mkv; correct the path"
    assert [said in held.reason for held in catalog.held] == [True, True]


def test_different_titles_in_one_set_are_remarked(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text(f"{HEAD}\nA,The Kid,1 of 2,a.mkv,\nA,The Kin,2 of 2,b.mkv,\n")
    catalog = read_catalog(path)
    assert len(catalog.reels) == 2
    assert "A: its reels have different titles: The Kid, The Kin" in catalog.remarks
