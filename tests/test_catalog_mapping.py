"""The mapping report: every field of every record, and nothing that runs in a spreadsheet."""

import csv
import io
from pathlib import Path

import pytest

from catalogs.catalog import Catalog, read_catalog
from catalogs.mapping_report import mapping_summary, write_mapping_report

SAMPLES = Path(__file__).parent / "catalogs"
EVERY = [("plain.csv", "csv"), ("regional.xml", "regional-film"), ("parts.xml", "pbcore"),
         ("efg.xml", "kinemathek"), ("forward.xml", "finna"), ("ami.json", "ami")]  # fmt: skip


@pytest.fixture
def small(tmp_path: Path) -> Catalog:
    path = tmp_path / "c.csv"
    path.write_text(
        "identifier,title,reel,path,gauge,colour,shelf\n"
        "A,=1+1,1 of 1,a.mkv,16mm?,mauve,B 7\n"
        "B,T, or not,1 of 1,b.mkv,,,,\n"
    )
    return read_catalog(path)


def test_every_field_ends_in_one_of_five_ways(small: Catalog) -> None:
    *fields, broken = small.mapping
    assert (broken.record, broken.status) == ("line 3", "conflicting")
    assert "more fields than columns" in broken.found
    found = [(e.record, e.field, e.status, e.found, e.value) for e in fields]
    assert found == [
        ("line 2", "identifier", "mapped", "A", "A"),
        ("line 2", "title", "mapped", "=1+1", "=1+1"),
        ("line 2", "reel", "mapped", "1 of 1", "1 of 1"),
        ("line 2", "path", "mapped", "a.mkv", "a.mkv"),
        ("line 2", "gauge", "uncertain", "16mm?", "16mm"),
        ("line 2", "colour", "conflicting", "mauve", ""),
        ("line 2", "", "unmapped", "B 7", ""),
    ]


def test_the_summary_counts_in_words(small: Catalog) -> None:
    assert mapping_summary(small.mapping) == (
        "8 fields of 2 records: 4 mapped, 0 defaulted, 1 uncertain (gauge 1), 1 unmapped, "
        "2 conflicting (colour 1, record 1)."
    )


def test_the_report_is_a_table_that_no_spreadsheet_runs(small: Catalog, tmp_path: Path) -> None:
    target = tmp_path / "night" / "mapping.csv"
    write_mapping_report(small.mapping, target)
    rows = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8-sig"))))
    assert [row["status"] for row in rows] == [entry.status for entry in small.mapping]
    assert rows[1]["found"] == "'=1+1"
    assert [file.name for file in target.parent.iterdir()] == ["mapping.csv"]


@pytest.mark.parametrize(("sample", "profile"), EVERY)
def test_no_value_comes_from_nowhere(sample: str, profile: str) -> None:
    """Every value of every reel is in the report, with what it was made of."""
    catalog = read_catalog(SAMPLES / sample, profile)
    assert catalog.reels
    for reel in catalog.reels:
        entries = {
            e.field: e for e in catalog.mapping
            if e.identifier == reel.identifier and e.value and e.status != "unmapped"
        }  # fmt: skip
        known = {name for name in ("gauge", "colour", "sound", "date", "frame_rate")
                 if getattr(reel, name) is not None}  # fmt: skip
        assert known - entries.keys() == set()
        doubted = {name for name in known if name in reel.uncertain}
        assert {name for name in doubted if entries[name].status != "uncertain"} == set()
