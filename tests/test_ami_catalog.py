"""NYPL AMI film records: the published form is read, every deviation is held or said."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from catalogs.catalog import Catalog, read_catalog
from catalogs.errors import CatalogError

SAMPLE = Path(__file__).parent / "catalogs" / "ami.json"
RECORD = (
    '{"asset": {"referenceFilename": "a_pm.mkv", "fileRole": "pm"},'
    ' "bibliographic": {"primaryID": "7", "title": "T"},'
    ' "source": {"object": {"type": "film", "format": "16mm film, silent", "volumeNumber": 1}}}'
)

Read = Callable[[str | bytes], Catalog]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads text or bytes as a JSON catalog."""

    def read_written(written: str | bytes) -> Catalog:
        path = tmp_path / "records.json"
        path.write_bytes(written if isinstance(written, bytes) else written.encode())
        return read_catalog(path)

    return read_written


def test_a_film_record_is_read_field_by_field() -> None:
    reel = read_catalog(SAMPLE).reels[0]
    assert (reel.identifier, reel.title, reel.path) == ("301", "Dance film", "xyz_301_v01_pm.mkv")
    assert (reel.gauge, reel.colour, reel.sound) == ("16mm", "tinted", "sound")
    assert (reel.frame_rate, reel.duration_seconds) == (Fraction(24), Fraction(1321, 2))
    assert (reel.date, reel.reel_number, reel.reel_count) == ("197X", 1, 1)
    assert reel.uncertain == ("date", "reel_count")


def test_the_collection_is_the_catalog_s_number_of_it(read: Read) -> None:
    (reel,) = read(RECORD.replace('"primaryID"', '"cmsCollectionID": 24, "primaryID"')).reels
    assert reel.collection == "24"


def test_service_copies_are_left_out_and_a_second_volume_misses_its_first() -> None:
    catalog = read_catalog(SAMPLE)
    assert catalog.remarks == ("left out, as the profile asks: 1 records of another kind",)
    assert catalog.held[0].reason.startswith("ami.json record 3: 302: reel 1 of 2 is missing")


def test_keys_that_stand_twice_with_different_values_are_held_by_name() -> None:
    held = read_catalog(SAMPLE).held[1]
    assert "key primaryID, colorBW stands twice with different values" in held.reason
    assert held.identifier == "303"


def test_a_key_that_stands_twice_alike_is_read(read: Read) -> None:
    catalog = read(RECORD.replace('"title": "T"', '"title": "T", "title": "T"'))
    assert [reel.title for reel in catalog.reels] == ["T"]


@pytest.mark.parametrize(
    "written",
    [RECORD, f"[{RECORD}]", f"{RECORD}\n", RECORD.encode("utf-16"), RECORD.encode("utf-8-sig")],
    ids=["object", "list", "line", "utf-16", "bom"],
)  # fmt: skip
def test_one_record_may_be_written_in_several_ways(read: Read, written: str | bytes) -> None:
    (reel,) = read(written).reels
    assert (reel.identifier, reel.gauge, reel.sound) == ("7", "16mm", "silent")


def test_of_records_a_line_a_broken_one_costs_itself_only(read: Read) -> None:
    catalog = read(f'{RECORD}\n{{"asset": \n[]\n{RECORD.replace("7", "8")}\n')
    assert [reel.identifier for reel in catalog.reels] == ["7", "8"]
    assert [held.reel_id for held in catalog.held] == ["record-2", "record-3"]


@pytest.mark.parametrize("rate", ["NaN", "Infinity", "1e999999999", "-24", "9" * 5000, "[24, 18]"])
def test_numbers_that_are_no_rate_are_held(read: Read, rate: str) -> None:
    odd = f'"contentSpecifications": {{"frameRate": {rate}}}, "object"'
    catalog = read(RECORD.replace('"object"', odd))
    assert catalog.reels == ()
    assert "frame_rate" in catalog.held[0].reason


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("", "not JSON"),
        ("[]", "no record in it"),
        ("{", "not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
    ],
    ids=["empty", "no record", "cut off", "deep list", "deep object"],
)
def test_what_is_no_catalog_is_refused_with_its_file(read: Read, written: str, says: str) -> None:
    with pytest.raises(CatalogError, match=says) as caught:
        read(written)
    assert "records.json" in str(caught.value)


@pytest.mark.parametrize("where", ["7", "T", "title"])
def test_half_a_character_is_held(read: Read, where: str) -> None:
    """JSON can write what no file name, no report and no hash can hold."""
    (held,) = read(RECORD.replace(f'"{where}"', f'"{where}\\ud800"')).held
    assert "half a character" in held.reason


def test_a_record_nested_deeper_than_any_is_held(read: Read) -> None:
    (held,) = read('{"a":' * 200 + "1" + "}" * 200).held
    assert "nested more than 60 deep" in held.reason
