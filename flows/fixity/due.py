"""What a round of fixity checks has to read, from the ledger: the longest unseen first."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from catalogs.errors import StoreError
from catalogs.ledger import Ledger
from catalogs.publications import Publication, proved_copies
from catalogs.records import Reel
from catalogs.rows import known_reels
from catalogs.store import Store
from tasks.fixity import find_derivatives

FIXITY_CHECK = "fixity check"
_LOOKS = (FIXITY_CHECK, "ingestion", "assembly")  # events that read every byte
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Asked:
    """What a round is to look at.

    Attributes:
        reels: reel_ids or identifiers; every reel that was ever ingested when empty.
        older_than_days: leave out what was found well since; None leaves out nothing.
        published: whether copies in object storage are read.
    """

    reels: tuple[str, ...] = ()
    sources: bool = True
    outputs: bool = True
    older_than_days: int | None = None
    published: bool = False


@dataclass(frozen=True)
class LastWord:
    """Where a reel stands in the ledger.

    Attributes:
        derivative_id: of the newest version that was restored from the reel as it is now;
            empty when there is none.
    """

    status: str
    reason: str
    treatment_id: str | None
    recipe: str | None
    derivative_id: str


@dataclass(frozen=True)
class Due:
    """What is to be read of one reel.

    Attributes:
        derivatives: folders of restored versions; the last one also where it is gone.
        copies: URLs of copies in object storage.
        looked_at: when the longest unseen of these was last looked at, well or not.
    """

    reel: Reel
    last: LastWord
    source: bool
    derivatives: tuple[Path, ...]
    shots: bool
    copies: tuple[str, ...]
    looked_at: datetime


@dataclass(frozen=True)
class Looks:
    """When a thing was last found well, and last looked at, by its name in the events."""

    well: dict[str, datetime]
    any: dict[str, datetime]

    @staticmethod
    def of(ledger: Ledger) -> "Looks":
        """Of everything in the ledger."""
        events = ledger.read("events")
        events = events[events["event"].isin(_LOOKS)]
        well = events[events["outcome"] == "success"]
        return Looks(*(e.groupby("object")["recorded_at"].max().to_dict() for e in (well, events)))


def shots_name(reel_id: str) -> str:
    """What events call the restored shots of a reel: their folder in the store."""
    return f"shots/{reel_id}"


def derivative_name(reel_id: str, folder: Path) -> str:
    """What events call a restored reel: its identifier, which its folder's name tells."""
    return f"{reel_id}.{folder.name}"


def unknown_reels(store: Store, names: Collection[str]) -> list[str]:
    """Names that are neither reel_id nor identifier of a reel that was ingested."""
    reels = known_reels(store.ledger()).values()
    known = {name for reel in reels for name in (reel.reel_id, reel.catalog.identifier)}
    return [name for name in names if name not in known]


def due_reels(store: Store, asked: Asked) -> list[Due]:
    """Reels of which anything is due, the longest unseen first.

    Raises:
        StoreError: a reel that was asked for was never ingested.
    """
    if unknown := unknown_reels(store, asked.reels):
        raise StoreError(f"no reel {', '.join(unknown)} was ever ingested; see `wetgate status`")
    ledger = store.ledger()
    looks = Looks.of(ledger)
    due = [
        found
        for reel in known_reels(ledger).values()
        if not asked.reels or {reel.reel_id, reel.catalog.identifier} & set(asked.reels)
        if (found := _due(store, reel, looks, asked))
    ]
    return sorted(due, key=lambda reel: (reel.looked_at, reel.reel.reel_id))


def _due(store: Store, reel: Reel, looks: Looks, asked: Asked) -> Due | None:
    last = _last_word(store.ledger(), reel)
    folders = {derivative_name(reel.reel_id, f): f for f in _folders(store, reel, last)}
    names = list(_names(store, reel, folders, asked))
    if asked.older_than_days is not None:
        cutoff = datetime.now(UTC) - timedelta(days=asked.older_than_days)
        names = [n for n in names if _seen(n, looks.well, reel, folders) < cutoff]
    if not names:
        return None
    return Due(
        reel=reel,
        last=last,
        source=reel.reel_id in names,
        derivatives=tuple(folder for name, folder in folders.items() if name in names),
        shots=shots_name(reel.reel_id) in names,
        copies=tuple(copy.url for copy in _copies(store, reel, asked) if copy.url in names),
        looked_at=min(_seen(name, looks.any, reel, folders) for name in names),
    )


def _names(store: Store, reel: Reel, folders: dict[str, Path], asked: Asked) -> Iterator[str]:
    if asked.sources:
        yield reel.reel_id
    if asked.outputs:
        yield from folders
        if (store.tables / "restorations" / reel.reel_id).is_dir():
            yield shots_name(reel.reel_id)
    yield from (copy.url for copy in _copies(store, reel, asked))


def _copies(store: Store, reel: Reel, asked: Asked) -> tuple[Publication, ...]:
    return proved_copies(store.ledger(), reel.reel_id) if asked.published else ()


def _folders(store: Store, reel: Reel, last: LastWord) -> list[Path]:
    """Restored versions that stand in the store, and the last one wherever it went."""
    folders = list(find_derivatives(store, reel.reel_id))
    if last.derivative_id:
        label = last.derivative_id.removeprefix(f"{reel.reel_id}.")
        expected = store.reel_folder(reel.reel_id, label)
        folders += [expected] if expected not in folders else []
    return folders


def _seen(name: str, looks: dict[str, datetime], reel: Reel, folders: dict[str, Path]) -> datetime:
    """Shots that were never checked themselves were last read when they were joined."""
    if name in looks or name != shots_name(reel.reel_id):
        return looks.get(name, _NEVER)
    return min((looks.get(n, _NEVER) for n in folders), default=looks.get(reel.reel_id, _NEVER))


def _last_word(ledger: Ledger, reel: Reel) -> LastWord:
    rows = ledger.read("reels", reel.reel_id)
    newest = rows.iloc[-1]
    facts = rows[rows["facts_json"].notna()].iloc[-1]
    made = rows[(rows["reel_digest"] == reel.digest) & (rows["derivative_id"].fillna("") != "")]
    row = made.iloc[-1] if len(made) else facts
    return LastWord(
        status=str(newest["status"]),
        reason=_text(newest["reason"]) or "",
        treatment_id=_text(row["treatment_id"]),
        recipe=_text(row["recipe"]),
        derivative_id=_text(row["derivative_id"]) or "",
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
