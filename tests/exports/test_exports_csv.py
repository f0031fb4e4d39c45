"""The row for the catalog system, and the term that says what was changed."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace

import pytest

from catalogs.exports.catalog_csv import HEADER, catalog_csv
from catalogs.exports.shot_csv import csv_text, guarded, plain
from catalogs.exports.source_type import VOCABULARY, digital_source_type, source_type_of
from catalogs.exports.subject import RestoredReel
from catalogs.records import Reel

FinishReel = Callable[..., Reel]
Gather = Callable[[Reel], RestoredReel]
MakeRecord = Callable[..., Reel]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_row_holds_what_the_manifest_and_the_catalog_say(
    finish_reel: FinishReel, gather: Gather
) -> None:
    subject = gather(finish_reel())
    (row,) = rows(catalog_csv([subject]))
    master = subject.file("restored master")
    expected = {
        "identifier": "A-1",
        "title": "Rue & <gare>",
        "reel_number": "1",
        "reel_count": "2",
        "relation_type": "Is Derivative Of",
        "source_path": "box/a.mkv",
        "source_sha256": subject.reel.content.sha256,
        "derivative_id": subject.derivative_id,
        "master_file": master.name,
        "master_sha256": master.sha256,
        "master_bytes": str(master.size_bytes),
        "pixel_format": "gray10le",
        "frame_rate": "25",
        "frame_count": "2000",
        "duration_seconds": "80.000000",
        "audio": "pcm_s16le 48000 Hz 2 ch, 480000 samples",
        "digital_source_type": VOCABULARY + "algorithmicallyEnhanced",
        "changed_share": "0.024875",
        "shots_original_kept": "1",
        "colour_primaries": "",
    }
    assert {name: row[name] for name in expected} == expected


def test_one_header_and_one_row_a_derivative(
    finish_reel: FinishReel, gather: Gather, make_record: MakeRecord
) -> None:
    text = catalog_csv([gather(finish_reel(make_record(name))) for name in ("A", "B")])
    assert text.split("\r\n")[0] == ",".join(HEADER)
    assert text.count("\r\n") == 3
    assert [row["identifier"] for row in rows(text)] == ["A", "B"]


@pytest.mark.parametrize("title", ['=cmd|"/c calc"!A1', "+1", "-1", "@SUM(A1)", "\tx", "\r=1"])
def test_no_cell_is_a_formula(
    finish_reel: FinishReel, gather: Gather, make_record: MakeRecord, title: str
) -> None:
    (row,) = rows(catalog_csv([gather(finish_reel(make_record(title=title)))]))
    assert row["title"] == "'" + title
    assert plain(row["title"]) == title


def test_other_text_stays_as_it_is() -> None:
    for text in ("A-1", "'tis", "a=b", "", 'x "y", z\nw'):
        assert guarded(text) == text
        assert plain(text) == text
        assert rows(csv_text(["a", "b"], [{"a": text, "b": 1}]))[0]["a"] == text


def test_a_column_that_the_header_lacks_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="b"):
        csv_text(["a"], [{"b": 1}])


@pytest.mark.parametrize(
    ("altering", "inventing", "element", "term"),
    [
        ({"dirt"}, set(), None, "algorithmicallyEnhanced"),
        ({"dirt", "faces"}, {"faces"}, None, "compositeWithTrainedAlgorithmicMedia"),
        ({"dirt"}, {"faces"}, None, "algorithmicallyEnhanced"),
        (set(), {"faces"}, "negative", "negativeFilm"),
        (set(), set(), "positive", "positiveFilm"),
    ],
)
def test_the_term_says_what_altered_the_picture(
    altering: set[str], inventing: set[str], element: None, term: str
) -> None:
    assert digital_source_type(altering, inventing, element).uri == VOCABULARY + term


def test_of_an_unaltered_reel_nothing_is_claimed(finish_reel: FinishReel, gather: Gather) -> None:
    """Neither that it was enhanced, nor that a camera captured it."""
    assert digital_source_type((), ()).uri == ""
    subject = gather(finish_reel(share=0.0))
    assert source_type_of(subject).change == "unaltered"
    (row,) = rows(catalog_csv([subject]))
    assert (row["digital_source_type"], row["change"]) == ("", "unaltered")


def test_a_step_that_only_ran_on_a_kept_shot_altered_nothing(
    finish_reel: FinishReel, gather: Gather
) -> None:
    subject = gather(finish_reel())
    kept = replace(subject.shots[1], steps=subject.shots[0].steps)
    assert source_type_of(replace(subject, shots=(kept,))).change == "unaltered"
