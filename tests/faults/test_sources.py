"""Sources that are bad, and sources that go bad while a night works on them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.faults.nights import Frames, Site, label, write_catalog
from tests.faults.sources import FAULTS, KINDS, make_source, spoil

pytestmark = pytest.mark.timeout(1500)

BAD = [(kind, fault) for kind in KINDS for fault in FAULTS]


@pytest.fixture(scope="module")
def site(catalog: Path, prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A night over bad sources, one that changes, one that disappears, and a good one."""
    site = Site(tmp_path_factory.mktemp("sources"), catalog)
    site.own_archive()
    paths = {name: f"{name}.mkv" for name in "ABC"}
    for kind, fault in BAD:
        source = make_source(kind, site.archive / f"{kind}-{fault}")
        spoil(source, fault)
        paths[f"{kind}-{fault}"] = str(source.relative_to(site.archive))
    sequence = make_source("TIFF", site.archive / "LATE")
    paths["LATE"] = "LATE"
    site.catalog = write_catalog(site.archive, paths)
    site.plan({
        label("A", 2): [["change", str(site.archive / "A.mkv")]],
        label("B", 1): [["remove", str(site.archive / "B.mkv")]],
        "LATE.r1/0000000-0000012": [["remove", str(sorted(sequence.iterdir())[3])]],
    })  # fmt: skip
    assert site.night().reels == (1, len(BAD) + 3, 0)
    return site


@pytest.mark.parametrize(("kind", "fault"), BAD, ids=map("-".join, BAD))
def test_a_bad_source_is_held_by_name(site: Site, kind: str, fault: str) -> None:
    """The reason names the file, or the folder of a sequence and the frame."""
    status, reason = site.reels()[f"{kind}-{fault}"]
    assert status == "held"
    named = ["scan_0007.", f"{kind}-{fault}"] if "%" in KINDS[kind][0] else ["reel."]
    assert any(name in reason for name in named)
    assert "Traceback" not in reason


def test_a_source_that_changes_during_the_night_is_held_at_the_frame(site: Site) -> None:
    status, reason = site.reels()["A"]
    assert status == "held"
    assert "A.mkv: frame " in reason
    assert "the source has changed" in reason


def test_a_source_that_disappears_during_the_night_is_held(site: Site) -> None:
    status, reason = site.reels()["B"]
    assert (status, "B.mkv" in reason) == ("held", True)
    status, reason = site.reels()["LATE"]
    assert (status, "LATE" in reason) == ("held", True)


def test_what_was_finished_before_is_kept_and_the_good_reel_is_as_ever(
    site: Site, undisturbed: Frames
) -> None:
    rows = site.table("restorations")
    finished = rows[rows["reel_id"] == "A.r1"]
    assert set(finished["status"]) == {"restored"}
    assert all((site.store / name).is_file() for name in finished["picture_file"])
    assert site.masters() == {"C": undisturbed["C"]}


def test_the_report_has_every_reason(site: Site) -> None:
    report = site.report()
    assert f"{len(BAD) + 3} reels held" in report
    for name in ("A.mkv", "B.mkv", "reel.mkv", "reel.mp4", "reel.mov"):
        assert name in report


@pytest.mark.slow
def test_when_the_sources_are_put_back_the_same_command_restores_them(
    site: Site, catalog: Path, undisturbed: Frames
) -> None:
    """Shots that were finished before the source went bad are not computed again."""
    recorded = site.table("restorations")
    finished = set(recorded[recorded["reel_id"].isin(["A.r1", "B.r1"])]["key"])
    for name in "AB":
        shutil.copy2(catalog.parent / f"{name}.mkv", site.archive / f"{name}.mkv")
    site.catalog = write_catalog(site.archive, {name: f"{name}.mkv" for name in "ABC"})
    site.plan({})
    done = site.night()
    assert done.reels == (3, 0, 0)
    assert done.summary["shots_computed"] == 5 - len(finished)
    assert site.masters() == undisturbed
