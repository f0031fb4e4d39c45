"""`wetgate export` and `wetgate shots`: what they say and with which status they end."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from catalogs.errors import CatalogError
from catalogs.records import Reel
from catalogs.store import Store
from flows.commands.exports import export_app
from flows.commands.shot_list import shots_app

FinishReel = Callable[..., Reel]
MakeRecord = Callable[..., Reel]

APP = typer.Typer()
APP.add_typer(export_app, name="export")
APP.add_typer(shots_app, name="shots")


def call(store: Store, *words: str) -> Result:
    return CliRunner().invoke(APP, [*words, "--store", str(store.root)])


def exported(store: Store) -> set[str]:
    return {path.name for path in (store.root / "exports").glob("*/*")}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("premis", "premis.xml"),
        ("otio", "shots.otio"),
        ("edl", "shots.edl"),
        ("csv", "catalog.csv"),
    ],
)
def test_every_restored_reel_goes_out_and_again(
    store: Store, finish_reel: FinishReel, make_record: MakeRecord, kind: str, name: str
) -> None:
    finish_reel(make_record("A"))
    finish_reel(make_record("B"))
    finish_reel(make_record("C"), finished=False)
    for _ in range(2):
        result = call(store, "export", kind)
        assert result.exit_code == 0, result.output
    paths = sorted((store.root / "exports").glob(f"*/{name}"))
    assert [path.parent.name.partition(".")[0] for path in paths] == ["A", "B"]
    assert (store.root / "exports" / "catalog.csv").exists() == (kind == "csv")


def test_bags_go_out_and_are_left_when_valid(store: Store, finish_reel: FinishReel) -> None:
    finish_reel()
    assert call(store, "export", "bagit").exit_code == 0
    result = call(store, "export", "bagit", "A-1")
    assert result.exit_code == 0
    assert "is there and valid; --force replaces it" in result.output


def test_an_identifier_means_its_reels_and_a_folder_can_be_named(
    store: Store, finish_reel: FinishReel, make_record: MakeRecord, tmp_path: Path
) -> None:
    finish_reel(make_record("Bande 7/b"))
    result = call(store, "export", "otio", "Bande 7/b", "--to", str(tmp_path / "out"))
    assert result.exit_code == 0
    assert len(list((tmp_path / "out").glob("*/shots.otio"))) == 1


def test_with_nothing_restored_an_export_says_so(store: Store) -> None:
    result = call(store, "export", "premis")
    assert result.exit_code == 1
    assert "no reel is restored yet" in result.output


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("X", "no reel 'X'; the store holds: A.r1, C.r1"),
        ("C", "C.r1 is ingested; restored reels are: A.r1"),
    ],
)
def test_unknown_and_unfinished_reels_are_named_and_the_others_go_out(
    store: Store, finish_reel: FinishReel, make_record: MakeRecord, name: str, said: str
) -> None:
    finish_reel(make_record("A"))
    finish_reel(make_record("C"), finished=False)
    result = call(store, "export", "premis", name, "A")
    assert result.exit_code == 1
    assert said in result.output
    assert exported(store) == {"premis.xml"}


def test_nothing_unverified_goes_out_and_the_others_do(
    store: Store, finish_reel: FinishReel, make_record: MakeRecord
) -> None:
    finish_reel(make_record("A"))
    finish_reel(make_record("B"))
    film = next(store.root.glob("reels/A.r1/*/*.access.mp4"))
    content = bytearray(film.read_bytes())
    content[7] ^= 1
    film.write_bytes(content)
    result = call(store, "export", "premis")
    assert result.exit_code == 1
    assert f"{film}: sha256 planned" in result.output
    found = {path.parent.name for path in (store.root / "exports").glob("*/premis.xml")}
    assert {name.partition(".")[0] for name in found} == {"B"}


def test_a_reel_without_edl_is_said_and_ends_in_one(
    store: Store, finish_reel: FinishReel, make_record: MakeRecord
) -> None:
    finish_reel(make_record("A", Fraction(18)))
    result = call(store, "export", "edl")
    assert result.exit_code == 1
    assert "no 18 frames a second" in result.output
    assert exported(store) == set()
    result = call(store, "export", "edl", "A", "--approved-by", "A. Curator")
    assert result.exit_code == 1
    events = store.ledger().read("events")
    assert "approval" not in set(events["event"])  # what did not go out is not approved


def test_an_approval_goes_into_premis(store: Store, finish_reel: FinishReel) -> None:
    finish_reel()
    assert call(store, "export", "premis", "--approved-by", "A. Curator").exit_code == 2
    assert call(store, "export", "premis", "A-1", "--approved-by", "A. Curator").exit_code == 0
    assert call(store, "export", "premis").exit_code == 0
    text = next((store.root / "exports").glob("*/premis.xml")).read_text()
    assert text.count("<eventType>approval</eventType>") == 1
    assert "<agentName>A. Curator</agentName>" in text


def test_a_list_goes_out_and_a_correction_comes_in(
    store: Store, finish_reel: FinishReel, tmp_path: Path
) -> None:
    finish_reel()
    path = tmp_path / "list.csv"
    assert call(store, "shots", "export", "A-1", "--to", str(path)).exit_code == 0
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], "1,0,40,,,", "2,40,900,,,", "3,900,1841,,,", lines[3]]))
    result = call(store, "shots", "correct", "A-1", str(path), "--by", "B. Ob")
    assert result.exit_code == 0
    assert "2 shots are new" in result.output
    result = call(store, "shots", "correct", "A-1", str(path), "--by", "B. Ob")
    assert "nothing recorded" in result.output
    path.write_text("start_frame,stop_frame\n0,40\n")
    result = call(store, "shots", "correct", "A-1", str(path), "--by", "B. Ob")
    assert isinstance(result.exception, CatalogError)
    assert "frames 40 to 1999 are in no shot" in str(result.exception)


@pytest.mark.parametrize(
    "words",
    [
        ("shots", "export", "A-1", "--to", "list.txt"),
        ("shots", "correct", "A-1", "absent.csv", "--by", "B"),
        ("shots", "correct", "A-1"),
        ("export", "sculpture"),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_in_two(
    store: Store, finish_reel: FinishReel, words: tuple[str, ...]
) -> None:
    finish_reel()
    assert call(store, *words).exit_code == 2
