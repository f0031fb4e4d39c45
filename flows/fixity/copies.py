"""Copies of finished reels in object storage, read again beside a round of fixity checks."""

from collections.abc import Collection

from catalogs.errors import StorageError
from catalogs.fixity import OnBytes
from catalogs.ledger import Ledger
from catalogs.publications import (
    Publication,
    PublicationStatus,
    proved_copies,
    record_publication,
)
from catalogs.rows import event_row
from flows.fixity.due import FIXITY_CHECK
from flows.fixity.round import Problem
from flows.night.software import software
from tasks.storage.publish import check_published

_REMEDY = "; run the night again with --publish, which sends what is not as its manifest says"


def check_copies(
    ledger: Ledger, reel_id: str, urls: Collection[str], on_bytes: OnBytes | None = None
) -> tuple[list[Problem], int]:
    """Read copies of a reel to their last byte, and record what was found.

    Args:
        ledger: of the round.
        reel_id: whose copies.
        urls: which of them.
        on_bytes: told of each piece that was read; what it raises ends the round there.

    Returns:
        What is not as it was published, and how many objects were looked at.
    """
    problems: list[Problem] = []
    objects = 0
    for copy in proved_copies(ledger, reel_id):
        if copy.url not in urls:
            continue
        objects += copy.object_count
        detail = _look(ledger, copy, on_bytes)
        outcome = "failure" if detail else "success"
        said = detail or f"{copy.object_count} objects as in their manifest"
        row = event_row(FIXITY_CHECK, copy.url, outcome, said, software())
        ledger.append("events", ledger.batch_id, [row])
        if detail:
            problems.append(Problem(reel_id, copy.url, f"{copy.url}: {detail}"))
    return problems, objects


def _look(ledger: Ledger, copy: Publication, on_bytes: OnBytes | None) -> str:
    """What is wrong with a copy; empty when nothing is."""
    try:
        found = "; ".join(check_published(copy, on_bytes))
    except StorageError as error:
        return f"the copy cannot be read, which is no verdict on it: {error}; check it again"
    status: PublicationStatus = "differs" if found else "published"
    reason = found + _REMEDY if found else ""
    if (copy.status, copy.reason) != (status, reason):
        record_publication(ledger, copy.found(status, reason))
    return reason
