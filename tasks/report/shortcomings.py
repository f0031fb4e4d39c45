"""What kept a night from its work, or people from knowing, by its events."""

from collections.abc import Iterable, Iterator

from tasks.report.rows import Row

_OF_THE_NIGHT = (
    "clock",
    "cluster",
    "time",
    "space",
    "storage",
    "systematic fault",
    "notification",
    "log",
)
_PUBLICATION = "publication"


def shortcomings(events: Iterable[Row]) -> Iterator[str]:
    """What kept a night from its work, and what of it reached nobody; without a full stop."""
    for event in events:
        if event["outcome"] == "success":
            continue
        if event["event"] in _OF_THE_NIGHT:
            yield str(event["detail"])
        elif event["event"] == _PUBLICATION:
            yield f"{event['object']} was not published: {event['detail']}"
