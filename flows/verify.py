"""Fixity: `wetgate verify`, and the weekly deployment of `prefect.yaml`.

A changed source holds its reel and with it all that was made from it; a damaged restored
reel is marked, and the next night builds it again.
"""

from dataclasses import dataclass
from pathlib import Path

from prefect import State, flow
from prefect.states import Completed

from catalogs.store import Store, existing_store
from catalogs.store_lock import hold_store
from flows.fixity.copies import check_copies
from flows.fixity.due import Asked, due_reels
from flows.fixity.reading import TimeIsUp, reading_progress
from flows.fixity.round import Problem, Round


@dataclass(frozen=True)
class FixitySummary:
    """How a round of checks ended.

    Attributes:
        reels: of which everything due was read.
        reels_left: not read, or not wholly, because the time was up.
        notes: restored reels of which the sidecar alone is not as recorded; all is well with them.
        decisions: lines of the log of decisions that are as they were written.
        torn: lines of that log that a crash left unfinished, which are put aside in files.
    """

    batch_id: str
    reels: int
    reels_left: int
    files: int
    bytes: int
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...] = ()
    decisions: int = 0
    torn: int = 0

    @property
    def all_well(self) -> bool:
        """True when all that was read is as recorded."""
        return not self.problems


@flow(name="fixity", persist_result=False, validate_parameters=True)
def fixity(
    store: str,
    reels: list[str] | None = None,
    sources: bool = True,
    outputs: bool = True,
    older_than_days: int | None = None,
    at_most_hours: float | None = None,
    published: bool = False,
) -> FixitySummary | State[FixitySummary]:
    """Read sources and outputs again and compare them with what was recorded.

    Args:
        store: folder of the store.
        reels: reel_ids or identifiers; every reel that was ever ingested when not given.
        sources: whether sources are read.
        outputs: whether restored reels and restored shots are read.
        older_than_days: leave out what was found well within these days.
        at_most_hours: stop in time, also in the midst of a file.
        published: whether copies of finished reels in object storage are read.

    Returns:
        What was found; for Prefect the state is named NeedsAttention unless all is well.

    Raises:
        StoreError: no store, a night is running in it, or no such reel.
    """
    asked = Asked(tuple(reels or ()), sources, outputs, older_than_days, published)
    summary = verify_store(existing_store(Path(store)), asked, at_most_hours)
    if summary.all_well:
        return summary
    return Completed(name="NeedsAttention", message=summary_line(summary), data=summary)


def verify_store(store: Store, asked: Asked, at_most_hours: float | None = None) -> FixitySummary:
    """One round of checks, without Prefect.

    Raises:
        StoreError: a night is running in the store, or a reel was never ingested.
    """
    with hold_store(store), reading_progress(at_most_hours) as reading:
        due = due_reels(store, asked)
        work = Round(store, reading.on_bytes)
        log = work.check_decisions()
        done = 0
        try:
            for reel in due:
                reading.begin(store, reel, f"{done + 1}/{len(due)} reels")
                work.check(reel)
                if reel.copies:
                    ledger, name = store.ledger(work.batch_id), reel.reel.reel_id
                    work.add(*check_copies(ledger, name, reel.copies, reading.on_bytes))
                done += 1
        except TimeIsUp:
            pass
        store.ledger().compact("events", work.batch_id)
    return FixitySummary(
        work.batch_id, done, len(due) - done, work.files, reading.bytes,
        tuple(work.problems), tuple(work.notes), log.decisions, len(log.torn),
    )  # fmt: skip


def summary_line(summary: FixitySummary) -> str:
    """How a round ended, in words."""
    some = summary.decisions
    decided = f" {some} decision{'' if some == 1 else 's'}," if some else ""
    text = f"{summary.reels} reels checked, {summary.files} files,{decided}"
    text += f" {summary.bytes / 1e9:.1f} GB: "
    count = len(summary.problems)
    text += f"{count} not as recorded" if count else "all as recorded"
    if notes := len(summary.notes):
        text += f", but for {notes} QCTools sidecar{'' if notes == 1 else 's'}"
    text += "".join(f"; {problem.detail}" for problem in summary.problems if not problem.reel_id)
    if summary.torn:
        text += f"; {summary.torn} unfinished lines of the decision log are put aside beside it"
    if summary.reels_left:
        text += f"; the time was up, {summary.reels_left} reels are left and come first next time"
    return text
