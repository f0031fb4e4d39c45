"""Object storage: an archive root there, and where a reel's source lies below it.

A URL is data from outside: it names a place and nothing else. Keys, tokens and end points belong
into the environment or the profile of the storage's own tools, never into a URL that is recorded.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from catalogs.errors import CatalogError

_URL = re.compile(r"([a-z][a-z0-9+.-]*)://([^/]+)(/.*)?", re.DOTALL)
_MARKS = re.compile(r"[?#*\[\]]")


@dataclass(frozen=True)
class RemoteRoot:
    """A folder in object storage, `s3://bucket/prefix`: an archive root, or where reels go.

    Raises:
        CatalogError: not a URL of a bucket, or one that holds credentials or parameters.
    """

    url: str

    def __post_init__(self) -> None:
        parts = _URL.fullmatch(self.url)
        if parts is None or not self.url.isprintable():
            raise CatalogError("not a URL of a folder in object storage; write s3://bucket/prefix")
        if "@" in parts[2] or ":" in parts[2]:
            raise CatalogError(
                f"the URL of {parts[1]} storage holds credentials or an end point; leave them out "
                "and set them in the environment, docs/storage.md says how"
            )
        plain, *more = _MARKS.split(self.url)  # keys may follow the first
        if more or ".." in plain.split("/"):
            raise CatalogError(f"{plain} holds '..' or one of ?#*[]; write s3://bucket/prefix")
        object.__setattr__(self, "url", self.url.rstrip("/"))

    @property
    def protocol(self) -> str:
        """What comes before the colon, for instance "s3"."""
        return self.url.partition("://")[0]

    @property
    def bucket(self) -> str:
        """The bucket alone."""
        return self.url.partition("://")[2].partition("/")[0]

    def overlaps(self, other: "RemoteRoot") -> bool:
        """True when both are one folder, or one lies below the other."""
        ours, theirs = f"{self.url}/", f"{other.url}/"
        return ours.startswith(theirs) or theirs.startswith(ours)

    def below(self, relative: str) -> str:
        """URL of something in the folder."""
        return f"{self.url}/{relative}"


@dataclass(frozen=True)
class Origin:
    """Where a source lies in object storage, and as what it was listed when it was ingested.

    Attributes:
        root: URL of the archive root.
        path: the file or folder of the picture, relative to the root.
        sound_path: the file of its sound beside the picture, likewise.
        listing: SHA-256 of names, sizes, entity tags and times of its objects. It tells that
            nothing was written there; what the objects hold, their SHA-256 alone tells.
    """

    root: str
    path: str
    sound_path: str | None
    listing: str

    @property
    def url(self) -> str:
        """Of the picture."""
        return f"{self.root}/{self.path}"


def archive_root(archive: str | None, catalog: Path) -> Path | RemoteRoot:
    """The archive root that is named: a folder, or a URL; the catalog's folder if none is.

    Raises:
        CatalogError: the URL is none that can be used.
    """
    if archive is None:
        return catalog.parent
    return RemoteRoot(archive) if "://" in archive else Path(archive)
