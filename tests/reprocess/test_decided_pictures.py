"""A decision carried out on real pictures: exactly the shot that it is of is other than before."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalogs.catalog import Catalog
from catalogs.decisions.decision import Draft
from catalogs.picture import PictureFormat
from catalogs.policy import Policy
from catalogs.recipe import Recipe, RecipeStep, steps_json
from catalogs.records import CatalogReel
from catalogs.rows import known_reels
from catalogs.shot_list import record_correction
from catalogs.store import Store
from flows.decisions.decided import for_tonight, prepare_decided
from flows.decisions.prepared import record_plan
from flows.night import work
from flows.night.jobs import Job
from flows.night.loop import Night
from flows.night.order import Order
from flows.night.progress import NightProgress
from flows.nightly import run_night
from tasks.decisions.decide import decide, standing_outputs
from tasks.manifest import read_manifest
from tasks.media.check import index_frames
from tasks.media.probe import probe
from tasks.media.write import ffv1_writer
from tasks.split import DETECTOR
from tasks.treat import resolve_recipe

from .conftest import Answer

FRAMES, CUT = 16, 8
FORM = PictureFormat(64, 48, "gray")
TREATMENT = resolve_recipe(Recipe("still", "", (RecipeStep("deflicker", {}),)))


@pytest.fixture
def archive_root(tmp_path: Path, make_header: Callable[..., Any]) -> Path:
    """A reel that flickers."""
    generator = np.random.default_rng(5)
    ground = np.kron(generator.random((12, 16)), np.ones((4, 4))) * 120 + 60
    header = make_header(FORM)
    (tmp_path / "archive").mkdir()
    with ffv1_writer(tmp_path / "archive" / "a.mkv", header, header.frame_rate) as writer:
        for gain in 1 + 0.15 * generator.standard_normal(FRAMES):
            writer.write(np.clip(ground * gain, 0, 255).round().astype(np.uint8).tobytes())
    return tmp_path / "archive"


def work_on(order: Order, job: Job) -> Any:
    """What a worker does, in this process."""
    own = order.for_reel(job.catalog.reel_id)
    if job.kind == "ingest":
        return work.ingest(own, job.catalog)
    assert job.reel is not None
    if job.kind == "assemble":
        return work.assemble(own, job.reel)
    assert job.shot is not None
    return work.restore(own, job.reel, job.shot, 120)


def night(store: Store, root: Path, batch: str) -> set[str]:
    entry = CatalogReel("A", "Flickering", 1, 1, "a.mkv", 2)
    catalog = Catalog(Path("c.csv"), (entry,), (), ())
    order = Order(store, root, TREATMENT, batch)
    prepared = for_tonight(prepare_decided(store, Policy(), ask=False), store, catalog, TREATMENT)
    row = {"recipe": TREATMENT.recipe_name, "treatment_id": TREATMENT.treatment_id}
    row |= {"steps_json": steps_json(TREATMENT.steps), "status": "finished"}
    order.ledger.append("batches", batch, [row])
    record_plan(order, prepared)
    loop = Night(
        order, lambda job: Answer(lambda: work_on(order, job)),  # type: ignore[arg-type, return-value]
        1, NightProgress(store, None), lambda: False,
    )  # fmt: skip
    tally = run_night(order, loop, prepared, catalog)
    assert (tally.restored, tally.failed, tally.held) == ({"A.r1"}, set(), set())
    rows = store.ledger().read("restorations")
    return set(rows[rows["batch_id"] == batch]["start_frame"])


def frames(store: Store) -> tuple[list[str], Path]:
    """MD5 of each frame of the master that stands, and its folder."""
    label = store.ledger().newest("reels").iloc[0]["derivative_id"].removeprefix("A.r1.")
    folder = store.reel_folder("A.r1", label)
    (master,) = (name for name in read_manifest(folder)["files"]
                 if name.endswith(".mkv") and not name.endswith(".change.mkv"))  # fmt: skip
    return list(index_frames(folder / master, probe(folder / master)).md5), folder


def test_keep_original_gives_the_source_back_and_leaves_the_other_shot(
    store: Store, archive_root: Path
) -> None:
    night(store, archive_root, "first")
    reel = known_reels(store.ledger())["A.r1"]
    record_correction(
        store.ledger("hand"), reel, ((0, CUT), (CUT, FRAMES)), "A. Cutter", "", DETECTOR
    )
    assert night(store, archive_root, "second") == {0, CUT}
    before, _ = frames(store)
    source = list(index_frames(reel.source, probe(reel.source)).md5)
    assert all(was != is_now for was, is_now in zip(source, before, strict=True))
    place = ("A.r1", 0, CUT)
    output = standing_outputs(store)[place]
    draft = Draft(
        person="A. Reviewer", verb="keep original", reel_id="A.r1", start_frame=0, stop_frame=CUT,
        treatment_id=output.treatment_id, output_sha256=output.sha256, frame=3,
        codes=("RESTORATION/FLICKER",),
    )  # fmt: skip
    decide(store, store.decisions, draft)
    assert night(store, archive_root, "third") == {0}
    after, folder = frames(store)
    assert after[:CUT] == source[:CUT]
    assert after[CUT:] == before[CUT:]
    shots = read_manifest(folder)["shots"]
    assert shots[0]["changed_share"] == 0
    assert shots[1]["treatment"] == TREATMENT.treatment_id
    assert night(store, archive_root, "fourth") == set()
    assert frames(store)[0] == after
