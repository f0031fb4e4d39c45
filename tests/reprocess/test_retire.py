"""Versions that no longer stand give their files back; what stands, and the record, stay."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalogs.errors import VerificationError
from catalogs.mixtures import read_restored_reel_shots
from catalogs.records import Reel, Shot
from catalogs.rows import known_reels, restored_row
from catalogs.store import Store
from catalogs.sweep import sweep
from flows.cli import app
from flows.night.tally import Tally
from tasks.compare.paired import differing, find_side
from tasks.fixity import check_shots
from tasks.reprocess import retire as retire_module
from tasks.reprocess.renew import with_version
from tasks.reprocess.retire import plan_retiring, retire

from .conftest import ONE, TWO, by_model, dust, outcome
from .test_reprocess import planned

Archive = Callable[..., Store]
Reprocess = Callable[..., tuple[str, Tally]]

FIRST = "shot_index < 3"


@pytest.fixture
def reprocessed(archive: Archive, reprocess: Reprocess) -> Store:
    """A reel that stood as dust@1 and now has dust@2 in three of its ten shots."""
    store = archive([by_model(ONE)])
    reprocess(store, model="dust@2")
    reprocess(store, model="dust@1")
    reprocess(store, model="dust@2", where=FIRST)
    return store


def the_reel(store: Store) -> Reel:
    return known_reels(store.ledger())["R00.r1"]


def films(store: Store) -> set[Path]:
    return {file for file in (store.root / "shots").rglob("*.mkv")}


def test_what_stands_keeps_every_file_and_the_others_go(reprocessed: Store) -> None:
    reel, ledger = the_reel(reprocessed), reprocessed.ledger("b")
    what = plan_retiring(reprocessed, reel)
    assert (len(what.versions), len(what.shots)) == (2, 10)
    before = films(reprocessed)
    retire(reprocessed, ledger, what)
    assert [f.name for f in what.stays.parent.iterdir()] == [what.stays.name]
    assert len(films(reprocessed)) == len(before) - 20 == 20
    assert plan_retiring(reprocessed, reel).is_nothing
    one, two = by_model(ONE), by_model(TWO)
    kept = read_restored_reel_shots(ledger, reel, one) | read_restored_reel_shots(ledger, reel, two)
    assert len(kept) == 10
    assert all(not shot.differing for shot in check_shots(kept.values(), reprocessed))


def test_the_size_is_that_of_the_files_that_go(reprocessed: Store) -> None:
    def size() -> int:
        everything = (reprocessed.root / folder for folder in ("shots", "reels"))
        return sum(f.stat().st_size for top in everything for f in top.rglob("*") if f.is_file())

    what, before = plan_retiring(reprocessed, the_reel(reprocessed)), size()
    retire(reprocessed, reprocessed.ledger("b"), what)
    assert before - size() == what.byte_count > 0


def test_a_retired_shot_is_computed_again_when_it_is_wanted(
    reprocessed: Store, reprocess: Reprocess
) -> None:
    assert not planned(reprocessed, model="dust@1").to_compute
    what = plan_retiring(reprocessed, the_reel(reprocessed))
    retire(reprocessed, reprocessed.ledger("b"), what)
    assert len(planned(reprocessed, model="dust@1").to_compute) == 3
    _, tally = reprocess(reprocessed, model="dust@1")
    assert tally.shots_computed == 3
    assert not planned(reprocessed, model="dust@1").chosen


def test_what_was_measured_can_still_be_compared(reprocessed: Store) -> None:
    ledger = reprocessed.ledger("b")
    names = by_model(ONE).label, by_model(TWO).label
    retire(reprocessed, ledger, plan_retiring(reprocessed, the_reel(reprocessed)))
    found = differing(*(find_side(ledger, name) for name in names))
    one, two = found.before, found.after
    assert len(one.shots) == len(two.shots) == 10


def test_work_of_a_night_that_is_not_finished_stays(reprocessed: Store) -> None:
    reel, ledger = the_reel(reprocessed), reprocessed.ledger("b")
    fresh = with_version(by_model(ONE), dust(3, 0.3))
    new = outcome(reprocessed, Shot(reel.reel_id, reel.digest, 0, 0, 4), fresh)
    ledger.append("restorations", reel.reel_id, [restored_row(new, "test")])
    retire(reprocessed, ledger, plan_retiring(reprocessed, reel))
    assert (reprocessed.root / new.picture_file).is_file()


def test_nothing_goes_while_the_version_that_stays_is_damaged(reprocessed: Store) -> None:
    what, before = plan_retiring(reprocessed, the_reel(reprocessed)), films(reprocessed)
    next(what.stays.glob("*.mkv")).write_bytes(b"flipped")
    with pytest.raises(VerificationError, match=r"would stay is damaged: .*nothing was retired"):
        retire(reprocessed, reprocessed.ledger("b"), what)
    assert films(reprocessed) == before and all(folder.is_dir() for folder in what.versions)


def test_a_reel_without_a_version_is_left_alone(reprocessed: Store) -> None:
    (plan_retiring(reprocessed, the_reel(reprocessed)).stays / "manifest.json").unlink()
    with pytest.raises(VerificationError, match=r"no whole version .*run the night first"):
        plan_retiring(reprocessed, the_reel(reprocessed))


def test_one_that_was_cut_off_is_finished_by_the_next(
    reprocessed: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    reel, ledger = the_reel(reprocessed), reprocessed.ledger("b")

    def cut(folder: Path) -> None:
        next(folder.glob("*.mkv")).unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(retire_module.shutil, "rmtree", cut)
        with pytest.raises(KeyboardInterrupt):
            retire(reprocessed, ledger, plan_retiring(reprocessed, reel))
    assert len(plan_retiring(reprocessed, reel).versions) == 1
    retire(reprocessed, ledger, plan_retiring(reprocessed, reel))
    sweep(reprocessed.root)
    assert len(films(reprocessed)) == 20
    assert len(list((reprocessed.root / "reels" / reel.reel_id).iterdir())) == 1


def test_a_dry_run_removes_nothing_and_the_rest_wants_a_name(reprocessed: Store) -> None:
    before, runner = films(reprocessed), CliRunner()
    command = ["retire", "--store", str(reprocessed.root)]
    assert runner.invoke(app, command).exit_code == 2
    said = runner.invoke(app, [*command, "--dry-run"])
    assert said.exit_code == 0 and "2 versions, 10 shots" in said.output
    assert films(reprocessed) == before
    assert runner.invoke(app, [*command, "--by", "D. Keeper", "R00"]).exit_code == 0
    assert len(films(reprocessed)) == 20
    events = reprocessed.ledger().read("events")
    (event,) = events[events["event"] == "retirement"].to_dict("records")
    assert (event["object"], event["agent"]) == ("R00.r1", "D. Keeper")
