"""Copies of finished reels in object storage, read again beside a round of fixity checks."""

from catalogs.errors import StorageError
from catalogs.ledger import Ledger
from catalogs.publications import (
    Publication,
    PublicationStatus,
    read_publications,
    record_publication,
)
from catalogs.rows import event_row
from flows.due import FIXITY_CHECK
from flows.fixity_round import Problem
from flows.software import software
from tasks.publish import check_published

_REMEDY = "; run the night again with --publish, which sends what is not as its manifest says"


def check_copies(ledger: Ledger, reel_id: str) -> tuple[list[Problem], int]:
    """Read every copy of a reel to its last byte, and record what was found.

    Returns:
        What is not as it was published, and how many objects were looked at.
    """
    problems: list[Problem] = []
    objects = 0
    for copy in read_publications(ledger, reel_id):
        if not copy.manifest_sha256:
            continue  # it was never whole there, which status and report say
        objects += copy.object_count
        detail = _look(ledger, copy)
        outcome = "failure" if detail else "success"
        said = detail or f"{copy.object_count} objects as in their manifest"
        row = event_row(FIXITY_CHECK, copy.url, outcome, said, software())
        ledger.append("events", ledger.batch_id, [row])
        if detail:
            problems.append(Problem(reel_id, copy.url, f"{copy.url}: {detail}"))
    return problems, objects


def _look(ledger: Ledger, copy: Publication) -> str:
    """What is wrong with a copy; empty when nothing is."""
    try:
        found = "; ".join(check_published(copy))
    except StorageError as error:
        return f"the copy cannot be read, which is no verdict on it: {error}; check it again"
    status: PublicationStatus = "differs" if found else "published"
    reason = found + _REMEDY if found else ""
    if (copy.status, copy.reason) != (status, reason):
        record_publication(ledger, copy.found(status, reason))
    return reason
