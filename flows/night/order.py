"""What all the work of one night has in common, and the short answer about a shot."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from catalogs.ledger import Ledger
from catalogs.origin import RemoteRoot
from catalogs.policy import Policy
from catalogs.recipe import Treatment
from catalogs.records import Reel, Shot
from catalogs.rows import event_row
from catalogs.store import Store
from flows.night.object_storage import ObjectStorage
from flows.night.software import software
from tasks.storage.scratch import Scratch


@dataclass(frozen=True)
class Order:
    """What all the work of one night has in common.

    Attributes:
        treatment: of every reel that has none of its own.
        notice: for access copies; what the version before has when None.
        sidecar: whether masters get one; as the version before when None.
        treatments: of reels that have one of their own, by reel_id: those that are reprocessed,
            and those that a night finds reprocessed and goes on with; see `for_reel`.
        bases: what the versions of such reels come from; see `catalogs.mixtures`.
        base: of the one reel that an order is for.
        storage: room for copies of sources in object storage, and where finished reels go.
    """

    store: Store
    archive: Path | RemoteRoot
    treatment: Treatment
    batch_id: str
    truth: Path | None = None
    notice: str | None = None
    sidecar: bool | None = True
    policy: Policy = field(default_factory=Policy)
    treatments: dict[str, Treatment] = field(default_factory=dict)
    bases: dict[str, str] = field(default_factory=dict)
    base: str = ""
    storage: ObjectStorage = field(default_factory=ObjectStorage)

    @property
    def scratch(self) -> Scratch:
        """Where copies of sources in object storage go."""
        return self.storage.room(self.store)

    @property
    def ledger(self) -> Ledger:
        """The ledger, writing for this night."""
        return self.store.ledger(self.batch_id)

    def for_reel(self, reel_id: str) -> "Order":
        """The order for one reel, with its own treatment and nobody else's."""
        if not self.treatments:
            return self
        own = self.treatments.get(reel_id, self.treatment)
        base = self.bases.get(reel_id, "")
        return replace(self, treatment=own, base=base, treatments={}, bases={})

    def record(
        self, event: str, subject: str, outcome: str, detail: str = "", agent: str = ""
    ) -> None:
        """Write an event, of this software unless a person is its agent."""
        row = event_row(event, subject, outcome, detail, agent or software())
        self.ledger.append("events", self.batch_id, [row])

    def named(self, label: str) -> str:
        """What a piece of work of this night is called in the logs of workers."""
        return f"{self.batch_id} {label}"

    @property
    def has_networks(self) -> bool:
        """Whether a treatment has a network, which a GPU would speed up."""
        treatments = (self.treatment, *self.treatments.values())
        return any(step.weights_sha256 for t in treatments for step in t.steps)

    def record_policy(self) -> None:
        """Say under which policy the work is done."""
        if self.policy.path:
            self.record("policy", str(self.policy.path), "success", f"sha256 {self.policy.sha256}")


class Ingested(NamedTuple):
    """The answer about one reel that was ingested.

    Attributes:
        seconds: that its worker took to copy, check and record it, without its waiting for room.
    """

    reel: Reel
    shots: tuple[Shot, ...]
    seconds: float


@dataclass(frozen=True)
class ShotDone:
    """The short answer about one shot.

    Attributes:
        seconds: that its worker took, restoring, measuring and recording; where it died before
            its answer, the seconds of restoring alone.
    """

    shot: Shot
    status: str
    reason: str
    seconds: float
