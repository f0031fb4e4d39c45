"""What of a store was copied to object storage, as the ledger has it."""

from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from catalogs.ledger import Ledger
from catalogs.tables import KEYS

PublicationStatus = Literal["published", "failed", "differs"]


@dataclass(frozen=True)
class Publication:
    """The last word on a finished reel's copy in object storage.

    Attributes:
        url: of the folder.
        manifest_sha256: of the manifest that stands there, written last; empty where none does.
        status: "published": every object was read back; "failed": it is not whole there;
            "differs": it was, and a check found that it is not any more.
        reason: why it is not published.
        object_count: with the manifest.
        sent_count: of these, how many were copied this time.
        bytes: of all of them.
    """

    reel_id: str
    derivative_id: str
    url: str
    manifest_sha256: str
    status: PublicationStatus
    reason: str = ""
    object_count: int = 0
    sent_count: int = 0
    bytes: int = 0

    def found(self, status: PublicationStatus, reason: str) -> "Publication":
        """The same copy, as a check found it."""
        return replace(self, status=status, reason=reason)

    def __str__(self) -> str:
        if self.status == "published":
            return f"published, {self.object_count} objects read back: {self.url}"
        if self.status == "differs":
            return f"no longer as it was published: {self.url}: {self.reason}"
        return f"not published to {self.url}: {self.reason}"


def record_publication(ledger: Ledger, publication: Publication) -> None:
    """Write the last word on a copy."""
    ledger.append("publications", publication.reel_id, [vars(publication)])


def was_published(ledger: Ledger, copy: Publication) -> bool:
    """True when a copy of the same manifest was read back, and no check found it to differ since.

    A night on which the storage could not be reached says nothing of what lies there.
    """
    rows = ledger.read("publications", copy.reel_id)
    rows = rows[(rows["url"] == copy.url) & rows["status"].isin(("published", "differs"))]
    if rows.empty:
        return False
    last = rows.iloc[-1]
    return bool(last["status"] == "published" and last["manifest_sha256"] == copy.manifest_sha256)


def standing_copies(ledger: Ledger, reel_id: str) -> set[str]:
    """Derivatives of a reel whose last word is that they are published."""
    found = read_publications(ledger, reel_id)
    return {one.derivative_id for one in found if one.status == "published"}


def proved_copies(ledger: Ledger, reel_id: str) -> tuple[Publication, ...]:
    """Each copy of a reel that was ever whole, as it was when a manifest stood there last."""
    rows = ledger.read("publications", reel_id)
    rows = rows[rows["manifest_sha256"].fillna("") != ""]
    return _copies(rows.drop_duplicates(list(KEYS["publications"]), keep="last"))


def read_publications(ledger: Ledger, reel_id: str | None = None) -> tuple[Publication, ...]:
    """The last word on every copy, or on one reel's."""
    return _copies(ledger.newest("publications", reel_id))


def _copies(rows: pd.DataFrame) -> tuple[Publication, ...]:
    names = Publication.__dataclass_fields__
    return tuple(
        Publication(**{name: row[name] for name in names}) for row in rows.to_dict("records")
    )
