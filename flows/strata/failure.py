"""What is said of a shot that could not be read for its strata: why, and what to do about it."""

from __future__ import annotations

from catalogs.errors import MediaError, SourceError, StoreError, VerificationError

AGAIN = "then run `wetgate strata` again"
DIED = (
    "its process was ended: it took too long (a worker's log is then in STORE/logs), or the memory "
    "did not suffice; run `wetgate strata --workers 1`, which has no time limit, with more memory "
    "free"
)


def failure(error: Exception, reel_id: str) -> str:
    """A sentence: the first line of what the error says, and the remedy for its kind."""
    said = str(error).partition("\n")[0] or type(error).__name__
    return f"{said}; {_remedy(error, reel_id)}"


def _remedy(error: Exception, reel_id: str) -> str:
    look = f"look at the source with `wetgate verify {reel_id} --no-outputs`"
    if isinstance(error, SourceError):
        return f"{look}, {AGAIN}"
    if isinstance(error, MediaError):
        return (
            f"{look}, and if it is as recorded at the installation with `wetgate doctor`, {AGAIN}"
        )
    if isinstance(error, StoreError | VerificationError):  # these say themselves what to do
        return AGAIN
    if isinstance(error, MemoryError):
        return "run `wetgate strata` again with fewer --workers"
    if isinstance(error, OSError):
        return f"free or mend that disk, {AGAIN}"
    return f"this is a fault of Wetgate ({type(error).__name__}); please report it"
