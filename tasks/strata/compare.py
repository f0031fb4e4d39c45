"""Compare: everything that is recorded of some shots, joined, and what is found in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from catalogs.store import Store
from tasks.metrics.calibration import Calibration
from tasks.strata.code import code_version
from tasks.strata.disparity import find_disparities
from tasks.strata.join import Joined, as_rows, join
from tasks.strata.measured import Chosen, MeasuredShot
from tasks.strata.observe import GATED, observation_key
from tasks.strata.records import harmless_values, readings
from tasks.strata.report import Findings, counted, variables
from tasks.strata.rules import metric_rules
from tasks.strata.subjects import Subject, subjects
from tasks.strata.tags import TagFile
from tasks.strata.treatments import mixture


@dataclass(frozen=True)
class Compared:
    """What was compared, and what was found."""

    subjects: tuple[Subject, ...]
    findings: Findings


def unread_shots(store: Store, chosen: Chosen, calibration: Calibration) -> Iterator[MeasuredShot]:
    """Shots of which nothing is recorded by this code and this calibration."""
    ledger, code = store.ledger(), code_version()
    wanted = {metric.identifier for metric in GATED}
    for reel_id, shots in chosen.reels.items():
        values = harmless_values(ledger, reel_id, code, calibration.calibration_id)
        known = {key for key, rows in values.groupby("key") if wanted <= set(rows["metric"])}
        known &= set(readings(ledger, reel_id, code))
        yield from (s for s in shots if observation_key(s.reel, s.shot) not in known)


def compare(
    store: Store,
    chosen: Chosen,
    tags: TagFile,
    calibration: Calibration,
    remarks: Sequence[str] = (),
) -> Compared:
    """Compare the strata of the shots that were read.

    Args:
        store: whose tables.
        chosen: the shots.
        tags: of the archivist.
        calibration: what the verdicts of the harmless copies rest on.
        remarks: what else limits the run.
    """
    found, joined = _joined(store, chosen, tags, calibration)
    names = variables(found)
    rows = as_rows([value for part in joined for value in part.values], names)
    findings = Findings(
        shots=len({subject.shot.restored_key for subject in found}),
        reels=len({subject.shot.reel.reel_id for subject in found}),
        people=len({subject.person for subject in found} - {""}),
        comparisons=find_disparities(rows, metric_rules(GATED, calibration), names),
        remarks=(*remarks, *_remarks(chosen, found, joined), *tags.problems),
    )
    return Compared(tuple(found), findings)


def _joined(
    store: Store, chosen: Chosen, tags: TagFile, calibration: Calibration
) -> tuple[list[Subject], list[Joined]]:
    ledger, code = store.ledger(), code_version()
    found: list[Subject] = []
    joined: list[Joined] = []
    for reel_id, shots in chosen.reels.items():
        values = harmless_values(ledger, reel_id, code, calibration.calibration_id)
        complete = set(values["key"])
        seen = {k: s for k, s in readings(ledger, reel_id, code).items() if k in complete}
        own = list(subjects(shots[0].reel, shots, seen, tags))
        joined.append(join(own, ledger.newest("measurements", reel_id), values, GATED))
        found += own
    return found, joined


def _remarks(chosen: Chosen, found: Sequence[Subject], joined: Sequence[Joined]) -> Iterator[str]:
    treatments = {subject.shot.restored_key: subject.shot.treatment for subject in found}
    if mixed := mixture(treatments.values()):
        yield mixed
    for why, count in chosen.left_out.items():
        yield f"{counted(count, 'shot')} left out: {why}."
    if anew := sum(part.judged_anew for part in joined):
        yield (
            f"{counted(anew, 'shot')} measured under another calibration: judged anew by the "
            "thresholds of this one."
        )
