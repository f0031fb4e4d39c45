"""Every error Wetgate raises on purpose.

    WetgateError
    ├── CatalogError        a row of a catalog: file, line, field, remedy
    ├── SourceError         a source cannot be trusted: its reel is held
    │   └── NoAnswerError       its storage did not answer: no verdict on it
    ├── RecipeError         a recipe or a policy does not hold together
    ├── MediaError          a media program failed: carries its whole stderr
    ├── VerificationError   what was written is not what was planned
    ├── StoreError          the store cannot be used
    │   └── UnknownModelError   the registry that was asked has no such model
    ├── StorageError        object storage does not answer or refuses, or scratch is full
    ├── NoRoomYetError      others still need the room that a copy is to take: no verdict on it
    ├── DecisionError       a reviewer's decision cannot be taken: unfinished, stale or locked
    └── ClusterError        a cluster cannot do a night's work
        └── ProfileError        the file that describes it does not hold together

Each message says what was found, where, and what to do about it.
"""


class WetgateError(Exception):
    """Base of all; the command line prints its message without a traceback."""


class CatalogError(WetgateError):
    """A catalog, or one row of it, cannot be used."""


class SourceError(WetgateError):
    """A source is missing, damaged or contradicts the catalog; its reel is held."""


class NoAnswerError(SourceError):
    """The storage of a source did not answer, or refused: nothing is known of what lies there."""


class RecipeError(WetgateError):
    """A recipe or a policy names an unknown step, or says what does not hold together."""


class MediaError(WetgateError):
    """A media program failed, or said on stderr that what it read was damaged."""


class VerificationError(WetgateError):
    """A file was written, read back, and differs from the plan."""


class StoreError(WetgateError):
    """The store is in use, of another version, full or read-only."""


class UnknownModelError(StoreError):
    """The registry that was asked does not know a model, or has no such version of it."""


class StorageError(WetgateError):
    """Object storage cannot be reached, refuses, or changed; or scratch has no room for a copy."""


class NoRoomYetError(WetgateError):
    """A copy of a source found no room beside others and what they write; later there may be."""


class DecisionError(WetgateError):
    """A decision is unfinished, of an output that stands no more, or of a locked reel."""


class ClusterError(WetgateError):
    """A cluster does not answer, or lacks what is needed to start it."""


class ProfileError(ClusterError):
    """A cluster profile cannot be read: file, field, remedy."""
