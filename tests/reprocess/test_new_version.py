"""A reel that was reprocessed in part, with real pictures: what stays is the very same."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalogs.exports.recorded import recorded_treatment
from catalogs.fixity import sha256_file
from catalogs.recipe import Treatment
from catalogs.records import CatalogReel
from catalogs.store import Store
from flows import work
from flows.jobs import Job
from tasks.gather import read_restored_reel
from tasks.manifest import read_manifest
from tasks.media.read import read_picture
from tasks.sidecar import LEFT_OFF, is_sidecar

MakeReel = Callable[..., tuple[Path, list[bytes]]]
Reprocess = Callable[..., Any]

CUTS = (0, 4, 8, 12)
UNTOUCHED = Treatment("untouched", ())
GRAIN = "grain.toml"
NOTICE = "For study only"


def real(order: work.Order, job: Job) -> Any:
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
    order = work.Order(store, path.parent, UNTOUCHED, "first", notice=NOTICE, sidecar=False)
    catalog = CatalogReel("A", "T", 1, 1, path.name, 2)
    monkeypatch.setattr(work.ShotFinder, "ranges", lambda *_: list(itertools.pairwise(CUTS)))
    reel, shots = work.ingest(order, catalog)
    assert len(shots) == 3
    order.ledger.append("batches", "first", [{
        "recipe": "untouched", "treatment_id": UNTOUCHED.treatment_id, "steps_json": "[]",
    }])  # fmt: skip
    for shot in shots:
        work.restore(order, reel, shot, 300)
    work.assemble(order, reel)
    return store


def frames(store: Store, folder: Path) -> list[bytes]:
    from catalogs.rows import known_reels

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
    from tasks.report import write_report
    from tasks.report.night import read_night

    batch, _ = reprocess(first, real, recipe="conservative", where="start_frame = 0")
    (reel,) = read_night(first, batch).reels
    assert [shot["start_frame"] for shot in reel.shots] == [0, 4, 8]
    assert reel.missing_files == ()
    assert write_report(first, batch).is_file()


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
