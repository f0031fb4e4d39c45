"""Stores with many small shots, and a cluster that is played by the test."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from catalogs.catalog import Catalog
from catalogs.fixity import sha256_file
from catalogs.mixtures import read_restored_reel_shots
from catalogs.model_version import OF_STEPS, ModelVersion
from catalogs.picture import PictureFormat
from catalogs.policy import Policy
from catalogs.recipe import RecipeStep, Treatment
from catalogs.records import CatalogReel, Reel, RestoredShot, Shot, StepOutcome
from catalogs.rows import known_reels, reel_row, restored_row, shot_rows
from catalogs.source import Content
from catalogs.store import Store
from flows.decisions.prepared import record_plan
from flows.night import take_up as take_up_module
from flows.night.jobs import Job
from flows.night.loop import Night
from flows.night.order import Order, ShotDone
from flows.night.progress import NightProgress
from flows.night.recorded import record_restored
from flows.night.tally import Tally
from flows.reprocess import Asked, prepare, reprocess_order
from tasks.manifest import assembled_files, write_manifest
from tasks.split import DETECTOR
from tasks.treat import resolve_recipe, resolved_steps

FRAMES = 4  # of a shot


def dust(number: int, threshold: float) -> ModelVersion:
    """A version of a model of steps."""
    steps = (RecipeStep("dirt", {"threshold": threshold}),)
    return ModelVersion(
        "dust", number, OF_STEPS, f"{number}", steps, "MIT", "by eye", False, "dust.toml", "",
        "", "A. Owner", "2026-11-01",
    )  # fmt: skip


def by_model(version: ModelVersion) -> Treatment:
    """Deflicker, then the model."""
    from catalogs.model_version import ModelReference
    from catalogs.recipe import Recipe

    steps = (RecipeStep("deflicker", {}), RecipeStep("model", {"model": version.reference}))
    reference = ModelReference(version.name, version.version)
    return resolve_recipe(Recipe("dusted", "", steps), {reference: version})


ONE, TWO = dust(1, 0.1), dust(2, 0.2)
assert len(resolved_steps(ONE)) == 1


class Answer:
    """A future that is done already."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.state = self
        try:
            self._value: Any = make()
            self._failed = False
        except Exception as error:
            self._value, self._failed = error, True

    def is_completed(self) -> bool:
        return not self._failed

    def wait(self) -> None:
        pass

    def result(self, raise_on_failure: bool = True) -> Any:
        return self._value

    def add_done_callback(self, note: Callable[["Answer"], None]) -> None:
        note(self)


def outcome(store: Store, shot: Shot, treatment: Treatment) -> RestoredShot:
    """A restored shot whose files are there, whatever they hold."""
    key = shot.key(treatment.treatment_id)
    names = [f"shots/{shot.reel_id}/{key}{suffix}" for suffix in (".mkv", ".change.mkv")]
    for name in names:
        (store.root / name).parent.mkdir(parents=True, exist_ok=True)
        (store.root / name).write_bytes(name.encode())
    hashes = [sha256_file(store.root / name) for name in names]
    steps = tuple(StepOutcome(s.name, s.version, "damage", 0.1) for s in treatment.steps)
    return RestoredShot(
        shot, treatment.treatment_id, "restored", "", names[0], hashes[0], names[1], hashes[1],
        (), 0.1, steps, 3.6, "cpu",
    )  # fmt: skip


Archive = Callable[..., Store]


@pytest.fixture
def archive(store: Store, make_header: Callable[..., Any]) -> Archive:
    """A function that fills a store: reels of ten shots each, restored under a treatment each."""

    def fill(treatments: list[Treatment], shots_each: int = 10, digest: str = "") -> Store:
        for version in (ONE, TWO):
            store.shelf.put(version, None, None)
        ledger = store.ledger("first")
        for distinct in {t.treatment_id: t for t in treatments}.values():
            steps = json.dumps([asdict(step) for step in distinct.steps])
            ledger.append("batches", "first", [{
                "recipe": distinct.recipe_name, "treatment_id": distinct.treatment_id,
                "steps_json": steps, "status": "finished",
            }])  # fmt: skip
        source = store.root / "archive" / "a.mkv"
        source.parent.mkdir()
        source.write_bytes(b"a")
        for number, treatment in enumerate(treatments):
            catalog = CatalogReel(f"R{number:02d}", "T", 1, 1, "a.mkv", number + 2,
                                  collection="News" if number % 2 else "Home")  # fmt: skip
            modified, frames = source.stat().st_mtime_ns, FRAMES * shots_each
            content = Content(digest or f"digest-{number}", 1, modified, frames, ())
            header = make_header(PictureFormat(64, 48, "gray"))
            reel = Reel(catalog, source, header, content, Fraction(18), "header")
            shots = [Shot(reel.reel_id, reel.digest, n, FRAMES * n, FRAMES * (n + 1))
                     for n in range(shots_each)]  # fmt: skip
            ledger.append("shots", reel.reel_id, shot_rows(shots, DETECTOR))
            rows = [restored_row(outcome(store, shot, treatment), "test") for shot in shots]
            ledger.append("restorations", reel.reel_id, rows)
            derivative = f"{reel.reel_id}.{treatment.label}"
            row = reel_row(reel, "restored", treatment, derivative=derivative)
            ledger.append("reels", reel.reel_id, [row])
        return store

    return fill


def stand(order: Order, reel: Reel) -> None:
    """Put an assembled reel in its folder, whatever its films hold."""
    treatment = order.treatment
    built = assembled_files(reel, treatment, order.store.reel_folder(reel.reel_id, treatment.label))
    built.folder.mkdir(parents=True, exist_ok=True)
    for film in (built.master, built.access_copy, built.change_map):
        film.write_bytes(film.name.encode())
    known = read_restored_reel_shots(order.ledger, reel, treatment).values()
    restored = sorted(known, key=lambda one: one.shot.start_frame)
    write_manifest(reel, restored, treatment, built, ())


def played(order: Order, job: Job) -> Any:
    """What a worker would do, without pictures; the records are as a worker writes them."""
    own = order.for_reel(job.catalog.reel_id)
    assert job.reel is not None
    if job.kind == "assemble":
        stand(own, job.reel)
        record_restored(own, job.reel)
        return job.label
    assert job.shot is not None
    restored = outcome(own.store, job.shot, own.treatment.of(job.shot.start_frame))
    own.ledger.append("restorations", job.shot.reel_id, [restored_row(restored, "test")])
    return ShotDone(job.shot, "restored", "", 1.0)


@pytest.fixture
def reprocess() -> Callable[..., tuple[str, Tally]]:
    """A function that reprocesses a store; answers with the batch's name and what it came to."""

    def run(
        store: Store, worker: Callable[[Order, Job], Any] = played, **asked: Any
    ) -> tuple[str, Tally]:
        prepared = prepare(store, Asked(**asked), ask=False)
        order = replace(reprocess_order(store, prepared))
        record_plan(order, prepared)

        def submit(job: Job) -> Any:
            return Answer(lambda: worker(order, job))

        night = Night(order, submit, 2, NightProgress(store, None), lambda: False)
        reels = ((reel.reel, reel.shots) for reel in prepared.plan.reels)
        tally = night.run_again(reels)
        steps = json.dumps([asdict(step) for step in order.treatment.steps])
        order.ledger.append("batches", order.batch_id, [{
            "recipe": order.treatment.recipe_name, "treatment_id": order.treatment.treatment_id,
            "steps_json": steps, "status": "finished",
        }])  # fmt: skip
        return order.batch_id, tally

    return run


@pytest.fixture
def night(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[str, Tally]]:
    """A function that runs a night over all reels of a store, whose sources are as they were."""
    monkeypatch.setattr(take_up_module, "is_unchanged", lambda *_: True)

    def run(
        store: Store, treatment: Treatment, batch: str = "later", policy: Policy | None = None
    ) -> tuple[str, Tally]:
        order = Order(store, Path(), treatment, batch, policy=policy or Policy())

        def submit(job: Job) -> Any:
            return Answer(lambda: played(order, job))

        loop = Night(order, submit, 2, NightProgress(store, None), lambda: False)
        entries = tuple(reel.catalog for reel in known_reels(store.ledger()).values())
        return batch, loop.run(Catalog(Path("c.csv"), entries, (), ()))

    return run
