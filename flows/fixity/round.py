"""One round of fixity checks: what was found is recorded and said, one thing after another.

Each source, restored reel and folder of shots is recorded as soon as it was read: a round
that is cut short loses only what it was reading.
"""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from catalogs.fixity import OnBytes
from catalogs.recipe import Treatment
from catalogs.records import Reel, ReelStatus
from catalogs.rows import event_row, read_frame_index, read_restored, reel_row
from catalogs.store import Store
from flows.fixity.due import FIXITY_CHECK, Due, derivative_name, shots_name
from flows.night.progress import NightProgress
from flows.night.software import software
from tasks.decisions.fixity import LOG_NAME, LogFixity, check_decisions
from tasks.fixity import (
    DerivativeFixity,
    SourceFixity,
    check_derivative,
    check_shots,
    check_source,
    find_derivatives,
    mark_damaged,
    mark_whole,
    name_differences,
)
from tasks.manifest import MANIFEST, digest_of


@dataclass(frozen=True)
class Problem:
    """Something that is not as it was recorded: a source, a restored reel, a shot, the decisions.

    Of a restored reel it is a note and no problem where its sidecar alone differs.
    """

    reel_id: str
    subject: str
    detail: str


class Round:
    """One round of checks: reads, records, and says what it found."""

    def __init__(self, store: Store, on_bytes: OnBytes) -> None:
        self.batch_id = f"fixity-{datetime.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}"
        self.problems: list[Problem] = []
        self.notes: list[Problem] = []
        self.files = 0
        self._store = store
        self._ledger = store.ledger(self.batch_id)
        self._on_bytes = on_bytes
        self._say = NightProgress(store, None).say

    def check(self, due: Due) -> None:
        """Read what is due of one reel."""
        well: list[str] = []
        held = due.last.status == "held"
        if due.source:
            found = check_source(
                due.reel, read_frame_index(self._ledger, due.reel.digest), self._on_bytes
            )
            held |= found.outcome == "changed"
            well += self._settle_source(due, found)
        for folder in due.derivatives:
            well += self._settle_derivative(due, check_derivative(folder, self._on_bytes), held)
        if due.shots:
            well += self._settle_shots(due.reel)
        if well:
            self._say(due.reel.reel_id, "as recorded: " + "; ".join(well))

    def check_decisions(self) -> LogFixity:
        """Read the log of decisions; one that does not hold is a problem of no reel."""
        found = check_decisions(self._store)
        if found.fault:
            self._record(LOG_NAME, "failure", found.fault)
            self.problems.append(Problem("", LOG_NAME, found.fault))
        elif found.decisions:
            self.files += 1
            self._record(LOG_NAME, "success", _count(found.decisions, "decision"))
        return found

    def add(self, problems: Iterable[Problem], files: int) -> None:
        """What was found, and recorded, elsewhere in the round."""
        for problem in problems:
            self.problems.append(problem)
            self._say(problem.reel_id, problem.detail)
        self.files += files

    def _settle_source(self, due: Due, found: SourceFixity) -> Iterator[str]:
        self.files += found.file_count
        reel = due.reel
        if found.outcome == "unchanged":
            self._record(reel.reel_id, "success", f"sha256 {found.found}")
            again = ", held until a night has run again" if due.last.status == "held" else ""
            yield f"source ({_count(found.file_count)}{again})"
            return
        detail = _source_detail(found)
        if found.outcome == "changed":
            detail = _held_reason(detail, found, reel, self._made_from(reel))
            self._stand(due, "held", detail)
        self._report(reel.reel_id, reel.reel_id, detail)

    def _made_from(self, reel: Reel) -> list[str]:
        """The restored versions that stand in the store and were made from a reel as it was."""
        return [
            derivative_name(reel.reel_id, folder)
            for folder in find_derivatives(self._store, reel.reel_id)
            if digest_of(folder) == reel.digest
        ]

    def _settle_derivative(self, due: Due, found: DerivativeFixity, held: bool) -> Iterator[str]:
        self.files += found.file_count
        reel, name = due.reel, derivative_name(due.reel.reel_id, found.folder)
        if found.films_are_whole and found.marked:
            mark_whole(found.folder)
        if not found.differing:
            self._record(name, "success", f"{found.file_count} files as in {MANIFEST}")
            again = ", put right again: run a night to have it so recorded" if found.marked else ""
            yield f"{name} ({_count(found.file_count)}{again})"
            return
        if found.films_are_whole:
            again = ", put right again: run a night to have it so recorded" if found.marked else ""
            self._note(reel.reel_id, name, f"{name}: {_sidecar_detail(found)}{again}")
            return
        newest = name == due.last.derivative_id
        ours = found.made_from == reel.digest or (newest and not found.made_from)
        detail = f"{name} is damaged: {name_differences(found.file_count, found.differing)}; "
        detail += _DERIVATIVE_REMEDY[ours]
        if ours and (found.folder / MANIFEST).exists():
            mark_damaged(found.folder)
        if newest and not held:  # a held reel stays held: its source is read anew
            self._stand(due, "failed", detail)
        self._report(reel.reel_id, name, detail)

    def _settle_shots(self, reel: Reel) -> Iterator[str]:
        rows = self._ledger.newest("restorations", reel.reel_id)
        treatments = rows[rows["reel_digest"] == reel.digest]["treatment_id"].unique()
        files = damaged = 0
        for treatment in treatments:
            restored = read_restored(self._ledger, reel, str(treatment)).values()
            for shot in check_shots(restored, self._store, self._on_bytes):
                files += shot.file_count
                if shot.differing:
                    damaged += 1
                    detail = name_differences(shot.file_count, shot.differing) + _SHOT_REMEDY
                    self._report(reel.reel_id, shot.shot_id, f"shot {shot.shot_id}: {detail}")
        self.files += files
        if damaged:
            detail = f"{damaged} shots are damaged"
            self._record(shots_name(reel.reel_id), "failure", detail)
        else:
            self._record(shots_name(reel.reel_id), "success", _count(files))
            yield f"restored shots ({_count(files)})"

    def _note(self, reel_id: str, subject: str, detail: str) -> None:
        self._record(subject, "success", detail)
        self.notes.append(Problem(reel_id, subject, detail))
        self._say(reel_id, f"note: {detail}")

    def _report(self, reel_id: str, subject: str, detail: str) -> None:
        self._record(subject, "failure", detail)
        self.problems.append(Problem(reel_id, subject, detail))
        self._say(reel_id, detail)

    def _record(self, subject: str, outcome: str, detail: str) -> None:
        row = event_row(FIXITY_CHECK, subject, outcome, detail, software())
        self._ledger.append("events", self.batch_id, [row])

    def _stand(self, due: Due, status: ReelStatus, reason: str) -> None:
        """Say where a reel stands now, keeping what is known of it."""
        last = due.last
        if (last.status, last.reason) == (status, reason):
            return
        row = reel_row(due.reel, status, Treatment("", ()), reason, last.derivative_id)
        row |= {"treatment_id": last.treatment_id, "recipe": last.recipe}
        self._ledger.append("reels", due.reel.reel_id, [row])


_DERIVATIVE_REMEDY = {
    True: "run the night with its recipe again, which builds it from its shots, or put its "
    "files back from a copy",
    False: "it was made from an earlier source; put its files back from a copy",
}
_SIDECAR = {
    "changed": "its QCTools sidecar was rewritten by another program",
    "missing": "its QCTools sidecar is gone",
    "unreadable": "its QCTools sidecar cannot be read",
}
_SHOT_REMEDY = "; it is computed again when its reel is next put together"


def _sidecar_detail(found: DerivativeFixity) -> str:
    """A sidecar is derived from the master: nothing is lost with it."""
    (sidecar,) = found.differing
    return (
        f"the films are as recorded; {_SIDECAR[sidecar.outcome]}: {sidecar}; nothing need be done, "
        "docs/operators.md says how it is written again"
    )


def _source_detail(found: SourceFixity) -> str:
    differing = name_differences(found.file_count, found.differing)
    if found.outcome == "changed" and found.found == found.expected:
        return f"the source differs from what was ingested: {differing}"
    if found.outcome == "changed":
        now = found.found or "not known, for not every file can be read"
        which = f"; {differing}" if found.file_count > 1 else ""
        return (
            f"the source differs from what was ingested: sha256 was {found.expected}, is {now}"
            f"{which}"
        )
    return (
        f"the source is {found.outcome}: {differing}; this is no verdict on it and the reel keeps "
        "its status: bring its storage back and check again, or restore it from a copy"
    )


def _held_reason(detail: str, found: SourceFixity, reel: Reel, made_from: list[str]) -> str:
    held = ""
    if made_from:
        held = f"{_count(len(made_from), 'derivative')} made from it held: {', '.join(made_from)}; "
    accept = ""
    # A catalog has one checksum, of a picture in one file.
    if reel.header.sequence is None and found.found != found.expected:
        accept = ", or write the new checksum into the catalog to accept the new file"
    return f"{detail}; {held}restore it from a copy and run again{accept}"


def _count(number: int, noun: str = "file") -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
