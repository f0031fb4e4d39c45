"""A reel that was reprocessed in part, with real pictures: what stays is the very same."""

import itertools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalogs.catalog import Catalog
from catalogs.exports.recorded import recorded_treatment
from catalogs.fixity import sha256_file
from catalogs.recipe import Treatment
from catalogs.records import CatalogReel
from catalogs.rows import known_reels
from catalogs.store import Store
from flows.night import work
from flows.night.jobs import Job
from flows.night.order import Order
from flows.plan import plan_night
from flows.reprocess import Asked, prepare
from flows.words import plan_text
from tasks.export.gather import read_restored_reel
from tasks.manifest import read_manifest
from tasks.media.read import read_picture
from tasks.sidecar import LEFT_OFF, is_sidecar

MakeReel = Callable[..., tuple[Path, list[bytes]]]
Reprocess = Callable[..., Any]

CUTS = (0, 4, 8, 12)
UNTOUCHED = Treatment("untouched", ())
GRAIN = "grain.toml"
NOTICE = "For study only"


def real(order: Order, job: Job) -> Any:
    """What a worker does."""
    own = order.for_reel(job.catalog.reel_id)
    assert job.reel is not None
    if job.kind == "assemble":
        return work.assemble(own, job.reel)
    assert job.shot is not None
    return work.restore(own, job.reel, job.shot, 300)


@pytest.fixture
def first(store: Store, make_reel: MakeReel, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store with one reel of three shots, restored without steps by a night."""
    monkeypatch.setattr(work, "measure_shot", lambda *_: [])
    path, _ = make_reel(frames=CUTS[-1])
    order = Order(store, path.parent, UNTOUCHED, "first", notice=NOTICE, sidecar=False)
    catalog = CatalogReel("A", "T", 1, 1, path.name, 2)
    monkeypatch.setattr(work.ShotFinder, "ranges", lambda *_: list(itertools.pairwise(CUTS)))
    reel, shots, _ = work.ingest(order, catalog)
    assert len(shots) == 3
    order.ledger.append("batches", "first", [{
        "recipe": "untouched", "treatment_id": UNTOUCHED.treatment_id, "steps_json": "[]",
    }])  # fmt: skip
    for shot in shots:
        work.restore(order, reel, shot, 300)
    work.assemble(order, reel)
    return store


def frames(store: Store, folder: Path) -> list[bytes]:
    (reel,) = known_reels(store.ledger()).values()
    (master,) = [p for p in folder.glob("*.mkv") if not p.name.endswith(".change.mkv")]
    return list(read_picture(master, reel.header.picture))


def test_the_new_version_differs_where_it_was_reprocessed_and_nowhere_else(
    first: Store, reprocess: Reprocess, tmp_path: Path
) -> None:
    recipe = tmp_path / GRAIN
    recipe.write_text('name = "grainy"\n[[step]]\nname = "grain"\nstrength = 0.05\n')
    policy = first.root / "policy.toml"
    policy.write_text('[[collection]]\nname = "*"\nallow = ["grain"]\nallowed_by = "A. Curator"\n')
    (old,) = (first.root / "reels" / "A.r1").iterdir()
    kept = {p.name: sha256_file(p) for p in sorted(old.iterdir())}
    _batch, tally = reprocess(first, real, recipe=str(recipe), where="shot_index = 1")
    assert (tally.shots_computed, tally.restored) == (1, {"A.r1"})
    assert {p.name: sha256_file(p) for p in sorted(old.iterdir())} == kept
    (new,) = [p for p in (first.root / "reels" / "A.r1").iterdir() if p != old]
    assert new.name.startswith("grainy-")
    before, after = frames(first, old), frames(first, new)
    changed = [n for n, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    assert changed == list(range(4, 8))
    manifest = read_manifest(new)
    treatments = [shot["treatment"] for shot in manifest["shots"]]
    assert treatments[0] == treatments[2] == UNTOUCHED.treatment_id != treatments[1]
    found = recorded_treatment(first.ledger(), manifest)
    assert found.treatment_id == manifest["treatment"]
    assert [part.treatment.treatment_id for part in found.parts] == treatments
    gathered = read_restored_reel(first, "A.r1", "test")
    assert gathered.derivative_id == f"A.r1.{new.name}"
    assert [len(record.steps) for record in gathered.shots] == [0, 1, 0]
    assert "A. Curator" in " ".join(manifest["disclosures"])
    assert json.dumps(manifest).count("grain") >= 2


def test_the_report_of_a_reprocessing_counts_every_shot_of_the_reel(
    first: Store, reprocess: Reprocess
) -> None:
    from tasks.report.night import read_night
    from tasks.report.write import write_report

    batch, _ = reprocess(first, real, recipe="conservative", where="start_frame = 0")
    (reel,) = read_night(first, batch).reels
    assert [shot["start_frame"] for shot in reel.shots] == [0, 4, 8]
    assert reel.missing_files == ()
    assert write_report(first, batch).is_file()


@pytest.mark.parametrize("asked", [{"where": "start_frame = 0"}, {}])
def test_the_report_of_a_night_that_leaves_a_reprocessed_reel_says_so(
    first: Store, reprocess: Reprocess, night: Reprocess, asked: dict[str, str]
) -> None:
    from tasks.report.write import write_report

    reprocess(first, real, recipe="conservative", **asked)
    batch, tally = night(first, UNTOUCHED)
    assert (tally.restored, tally.shots_computed) == ({"A.r1"}, 0)
    first.ledger(batch).append("batches", batch, [{
        "recipe": "untouched", "treatment_id": UNTOUCHED.treatment_id, "steps_json": "[]",
        "status": "finished", "reels_restored": 1, "reels_held": 0, "reels_failed": 0,
    }])  # fmt: skip
    text = write_report(first, batch).read_text()
    assert "1 of 1 reel restored, 0 held, 0 failed." in text
    assert "restored, stands as it was reprocessed" in text
    assert "not finished" not in text


@pytest.mark.parametrize("asked", [{"where": "start_frame = 0"}, {}])
def test_a_plan_knows_that_a_night_leaves_a_reprocessed_reel(
    first: Store, reprocess: Reprocess, asked: dict[str, str]
) -> None:
    """Also where the version of before is gone; it is not restored anew, and needs no disk."""
    (old,) = (first.root / "reels" / "A.r1").iterdir()
    reprocess(first, real, recipe="conservative", **asked)
    shutil.rmtree(old)
    reel = known_reels(first.ledger())["A.r1"]
    catalog = Catalog(Path("c.csv"), (reel.catalog,), (), ())
    planned = plan_night(catalog, reel.source.parent, UNTOUCHED, first, first.root)
    assert [(r.finished, r.reprocessed) for r in planned.reels] == [(True, True)]
    assert planned.disk_bytes == 0
    assert plan_text(planned).startswith("A.r1  stands as it was reprocessed, 12 frames")
    (new,) = (first.root / "reels" / "A.r1").iterdir()
    shutil.rmtree(new)
    planned = plan_night(catalog, reel.source.parent, UNTOUCHED, first, first.root)
    assert plan_text(planned).startswith("A.r1  to be restored, 12 frames")


def test_a_reel_whose_source_is_gone_stays_and_is_named(first: Store, reprocess: Reprocess) -> None:
    """It fails before anything is begun; going back to a version that stands needs no source."""
    reprocess(first, real, recipe="conservative")
    source = known_reels(first.ledger())["A.r1"].source
    away = source.rename(source.with_suffix(".away"))
    for asked in (Asked(recipe="stabilised"), Asked(recipe="stabilised", where="start_frame = 0")):
        plan = prepare(first, asked, ask=False).plan
        assert plan.reels == ()
        said = f"its source {source} is not there as it was ingested; bring it back"
        assert plan.refused["A.r1"].startswith(said)
    _, tally = reprocess(first, real, recipe="untouched")
    assert (tally.restored, tally.shots_computed) == ({"A.r1"}, 0)
    away.rename(source)
    assert prepare(first, Asked(recipe="stabilised"), ask=False).plan.refused == {}


def test_a_new_version_keeps_the_notice_and_whether_there_is_a_sidecar(
    first: Store, reprocess: Reprocess
) -> None:
    (old,) = (first.root / "reels" / "A.r1").iterdir()
    reprocess(first, real, recipe="conservative")
    (new,) = [p for p in old.parent.iterdir() if p != old]
    for folder in (old, new):
        manifest = read_manifest(folder)
        assert (manifest["notice"], manifest["sidecar"]) == (NOTICE, LEFT_OFF)
        assert not any(map(is_sidecar, manifest["files"]))
