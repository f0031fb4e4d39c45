"""`wetgate strata`: does restoration serve every kind of shot and every face alike?

shots that were measured ──> those not read yet are read ──> tables `readings`, `harmless`
restored beside harmless, by stratum ──> strata.csv, disparity.csv, disparity.md
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from catalogs.durable import partial_path, write_whole
from catalogs.errors import CatalogError, StoreError
from catalogs.store import Store
from catalogs.store_lock import hold_readings
from flows.night.object_storage import ObjectStorage
from flows.strata.progress import strata_progress
from flows.strata.work import Job, run_jobs
from tasks.measure import shipped_calibration
from tasks.strata.compare import Compared, compare, unread_shots
from tasks.strata.measured import Chosen, measured_shots
from tasks.strata.report import Findings, counted, disparity_csv, disparity_text, strata_csv
from tasks.strata.tag_file import read_tags
from tasks.strata.tags import TagFile

TABLES = ("readings", "harmless")
TAGS = "tags.csv"


@dataclass(frozen=True)
class Wish:
    """What the operator asks for.

    Attributes:
        tags: the side file of tags; STORE/tags.csv, if it is there, when None.
        reel_ids: only these reels; all when None.
        batch: only shots that this night restored.
        treatment_id: only shots under this treatment; the newest of any when None.
        out: where the three files go; STORE/strata when None.
        workers: processes; one a core when None.
    """

    tags: Path | None = None
    reel_ids: frozenset[str] | None = None
    batch: str | None = None
    treatment_id: str | None = None
    out: Path | None = None
    workers: int | None = None


@dataclass(frozen=True)
class StrataSummary:
    """What came of it.

    Attributes:
        findings: in words and numbers.
        computed: shots that were read now.
        failed: shots that could not be read, each with the reason and what to do.
        files: what was written.
    """

    findings: Findings
    computed: int
    failed: tuple[str, ...]
    files: tuple[Path, ...]


def run_strata(store: Store, wish: Wish) -> StrataSummary:
    """Read what was not read yet, compare, and write what was found.

    Raises:
        StoreError: no shot was measured yet, or the files cannot be written.
        VerificationError: the shipped calibration is damaged.
    """
    calibration = shipped_calibration()
    chosen = measured_shots(store, wish.reel_ids, wish.batch, wish.treatment_id)
    if not chosen.shots:
        raise StoreError(_nothing(store, wish, chosen))
    out = wish.out or store.root / "strata"
    _check_writable(out)
    tags = _tags(store, wish)
    jobs = [Job(store, s.reel, s.shot) for s in unread_shots(store, chosen, calibration)]
    failed = _read(store, jobs, wish.workers or os.cpu_count() or 1)
    count = f"{len(failed)} of {len(chosen.shots)} shots"
    remarks = [f"{count} could not be read and are left out."] if failed else []
    compared = compare(store, chosen, tags, calibration, remarks)
    files = _write(out, compared)
    return StrataSummary(compared.findings, len(jobs) - len(failed), failed, files)


def _nothing(store: Store, wish: Wish, chosen: Chosen) -> str:
    asked = " of this night" if wish.batch else " of this reel" if wish.reel_ids else ""
    asked += " under this treatment" if wish.treatment_id else ""
    others = "".join(
        f"; {counted(n, 'shot')} left out: {why}" for why, n in chosen.left_out.items()
    )
    return (
        f"{store.root}: no shot{asked} was restored and measured yet{others}; "
        "run `wetgate run CATALOG` with this --store first"
    )


def _tags(store: Store, wish: Wish) -> TagFile:
    """The side file; one that cannot be read is told of and costs only its strata."""
    path = wish.tags or store.root / TAGS
    if wish.tags is None and not path.is_file():
        return TagFile((), ())
    try:
        return read_tags(path)
    except CatalogError as error:
        return TagFile((), (f"{error}; no tag is compared",))


def _read(store: Store, jobs: Sequence[Job], workers: int) -> tuple[str, ...]:
    """Read shots; those that failed, each in a sentence that says what to do."""
    failed: list[str] = []
    with strata_progress(len(jobs)) as progress:

        def done(job: Job, reason: str) -> None:
            if reason:
                failed.append(f"{job.shot.shot_id}: {reason}")
            progress.done(job.shot.shot_id, job.shot.frame_count, reason)

        run_jobs(jobs, workers, done)
        if any(job.reel.origin for job in jobs):
            ObjectStorage.of_environment().room(store).sweep()
        if why := _compact(store, {job.reel.reel_id for job in jobs}):
            progress.say(why)
    return tuple(sorted(failed))


def _compact(store: Store, reel_ids: set[str]) -> str:
    """Few files instead of two a shot; why not, if not.

    No night has to wait: it writes to other tables.
    """
    try:
        with hold_readings(store):
            for reel_id in sorted(reel_ids):
                for table in TABLES:
                    store.ledger().compact(table, reel_id)
    except (StoreError, OSError) as error:
        return f"what was read is kept in many files until the next run: {error}"
    return ""


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be written ({error.strerror}); free or mend it, or name another "
            "folder with --out; what was read is kept"
        ) from error


def _check_writable(folder: Path) -> None:
    """Before hours of work."""
    with _writing(folder):
        probe = partial_path(folder / "disparity.md")
        probe.touch()
        probe.unlink()


def _write(folder: Path, compared: Compared) -> tuple[Path, ...]:
    texts = {
        "strata.csv": strata_csv(compared.subjects),
        "disparity.csv": disparity_csv(compared.findings),
        "disparity.md": disparity_text(compared.findings),
    }
    with _writing(folder):
        for name, text in texts.items():
            write_whole(folder / name, text.encode())
    return tuple(folder / name for name in texts)
