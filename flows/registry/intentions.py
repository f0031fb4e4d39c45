"""Changes of the registry that are recorded before they are made, and after.

MLflow and the ledger cannot be written at once. What is to be done is an event first, outcome
`intended`; then it is done; then it is an event again, outcome `success`, or `failure` where it was
refused. Where only the first is there somebody was cut off in between: what was done stands without
a record of who did it, until the same command is given again and completes it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from catalogs.errors import WetgateError
from catalogs.rows import event_row
from catalogs.store import Store

EVENTS = "models"  # partition of the ledger's events
REGISTRATION, PROMOTION, ROLLBACK = "model registration", "model promotion", "model rollback"
ALIASES = (PROMOTION, ROLLBACK)

_INTENDED = "intended"


@dataclass(frozen=True)
class Change:
    """What somebody does to the registry.

    Attributes:
        event: `REGISTRATION`, `PROMOTION` or `ROLLBACK`.
        subject: `NAME@VERSION`; the name alone before the registry gave it a version.
        detail: what, and why, in words.
        person: who.
    """

    event: str
    subject: str
    detail: str
    person: str


@contextmanager
def recorded(store: Store, change: Change) -> Iterator[Callable[[str], None]]:
    """Record a change that the block makes; cut off, the intention is left.

    Yields:
        A function that takes the subject where it is known only when the change was made.
    """
    subject = change.subject

    def named(reference: str) -> None:
        nonlocal subject
        subject = reference

    record(store, change, _INTENDED)
    try:
        yield named
    except WetgateError as error:
        record(store, replace(change, detail=f"{change.detail}; not done: {error}"), "failure")
        raise
    record(store, replace(change, subject=subject))


def record(store: Store, change: Change, outcome: str = "success") -> None:
    """Record what became of a change."""
    row = event_row(change.event, change.subject, outcome, change.detail, change.person)
    store.ledger().append("events", EVENTS, [row])


def cut_off(store: Store, name: str, *events: str) -> Change | None:
    """The last change of some kinds to a model, if nothing is recorded of how it ended."""
    rows = store.ledger().read("events", EVENTS)
    rows = rows[(rows["object"].str.split("@").str[0] == name) & rows["event"].isin(events)]
    if rows.empty or rows["outcome"].iloc[-1] != _INTENDED:
        return None
    last = rows.iloc[-1]
    return Change(last["event"], last["object"], last["detail"], last["agent"])


def completed(store: Store, change: Change) -> None:
    """Record that a change which was cut off is found done."""
    detail = f"{change.detail}; cut off before it was recorded, and found done"
    record(store, replace(change, detail=detail))
