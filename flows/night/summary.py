"""How a batch of work ended, and who is told of it: Prefect where it can be, we in any case."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import typer
from prefect import State
from prefect.exceptions import CancelledRun, Pause, UnfinishedRun
from prefect.states import Cancelled, Completed

from catalogs.errors import StoreError


@dataclass(frozen=True)
class NightSummary:
    """How a night ended.

    Attributes:
        waiting: reels that wait for a storage under maintenance.
        cancelled: True when its flow run was cancelled in Prefect.
        decisions_open: decisions of reviewers that could not be carried out, and must be looked at.
        unpublished: finished reels whose copies in object storage are not whole.
    """

    batch_id: str
    report: str
    restored: int
    held: int
    failed: int
    shots_computed: int
    shots_original_kept: int
    stopped: bool
    decisions_open: int = 0
    unpublished: int = 0
    waiting: int = 0
    cancelled: bool = False

    @property
    def all_well(self) -> bool:
        """True when every reel is restored and published, and every decision carried out."""
        left = self.decisions_open or self.waiting or self.unpublished
        return not (self.held or self.failed or self.stopped or left)


_kept: list[NightSummary] = []  # of the last batch of this process


def keep_summary(summary: NightSummary) -> None:
    """Keep a summary for the case that Prefect does not hand it on."""
    _kept.append(summary)


def told_by_us(flow: Callable[[], Any]) -> Any:
    """Run a flow; how its batch ended holds although Prefect could not be told of it.

    Raises:
        StoreError: Prefect does not answer, and the batch did not come to its end.
    """
    _kept.clear()
    try:
        return flow()
    except (Pause, CancelledRun, UnfinishedRun):  # by people there; the night ended as if drained
        if not _kept:
            raise StoreError("the run was stopped in Prefect; run it again") from None
        return _kept[-1]
    except httpx.HTTPError as error:
        if not _kept:
            raise StoreError(
                f"Prefect does not answer ({error}); look at its server, then run it again"
            ) from error
        typer.echo(f"Prefect was not told of the end ({error}); the ledger has it.", err=True)
        return _kept[-1]


def ended(summary: NightSummary) -> NightSummary | State[NightSummary]:
    """What a flow returns: for Prefect its state is named NeedsAttention unless all is well."""
    if summary.cancelled:
        return Cancelled(message=_counts(summary))  # without a result, or Prefect raises it
    if summary.all_well:
        return summary
    return Completed(name="NeedsAttention", message=_counts(summary), data=summary)


def _counts(summary: NightSummary) -> str:
    stopped = ", stopped before the end" if summary.stopped else ""
    waiting = f", {summary.waiting} waiting" if summary.waiting else ""
    if summary.unpublished:
        stopped = f", {summary.unpublished} not published{stopped}"
    return (
        f"reels: {summary.restored} restored, {summary.held} held, {summary.failed} failed"
        f"{waiting}{stopped}"
    )
