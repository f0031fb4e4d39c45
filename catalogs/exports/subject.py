"""What an export is about: one restored reel, as its manifest and the ledger know it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from catalogs.recipe import Treatment
from catalogs.records import Reel, ShotStatus, StepOutcome

FileRole = Literal["restored master", "access copy", "change map", "signal report"]


@dataclass(frozen=True)
class ExportedFile:
    """A file of the restored reel, as its manifest states it."""

    role: FileRole
    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class ListedShot:
    """`[start_frame, stop_frame)` of a reel and what became of it.

    Attributes:
        status: None for a shot that was never restored, as in a list made before the night.
    """

    start_frame: int
    stop_frame: int
    status: ShotStatus | None = None
    changed_share: float = 0.0
    reason: str = ""

    @property
    def frame_count(self) -> int:
        """Frames in the shot."""
        return self.stop_frame - self.start_frame

    def shot_id(self, reel_id: str) -> str:
        """The shot's name in the ledger."""
        return f"{reel_id}/{self.start_frame:07d}-{self.stop_frame:07d}"


@dataclass(frozen=True)
class ShotRecord:
    """A shot of the restored reel and how it was made.

    Attributes:
        record_id: of the ledger's row.
        software: versions of what computed it, in one line.
    """

    shot: ListedShot
    record_id: str
    restored_at: datetime
    software: str
    device: str
    steps: tuple[StepOutcome, ...]


@dataclass(frozen=True)
class RecordedEvent:
    """A row of the ledger's events."""

    record_id: str
    recorded_at: datetime
    event: str
    subject: str
    outcome: str
    detail: str
    agent: str


@dataclass(frozen=True)
class RestoredReel:
    """Everything an export states.

    Attributes:
        treatment: what was done, with every step's version, parameters and weights.
        shots: in order, covering the reel once.
        events: of the reel, its derivative and its shots, oldest first; the outcome of each
            shot is in `shots`.
        written_at: when the reel was assembled, ISO 8601.
        verified: what was compared with the plan after writing.
        inventing_steps: names of steps that invent picture (generative), of those known.
        software: versions of what exports, in one line.
        checked_at: when the files' hashes were last compared with the manifest.
    """

    reel: Reel
    derivative_id: str
    treatment: Treatment
    files: tuple[ExportedFile, ...]
    shots: tuple[ShotRecord, ...]
    events: tuple[RecordedEvent, ...]
    written_at: str
    verified: tuple[str, ...]
    inventing_steps: frozenset[str]
    software: str
    checked_at: datetime
    batch_id: str = ""

    def file(self, role: FileRole) -> ExportedFile:
        """The file of a role."""
        return next(file for file in self.files if file.role == role)

    @property
    def assembled(self) -> RecordedEvent | None:
        """The event of the reel's last assembly."""
        return next((e for e in reversed(self.events) if e.event == "assembly"), None)

    @property
    def assembled_by(self) -> str:
        """Versions of what assembled the reel, in one line."""
        return self.assembled.agent if self.assembled else self.software

    @property
    def listed_shots(self) -> tuple[ListedShot, ...]:
        """The shots without how they were made."""
        return tuple(record.shot for record in self.shots)

    @property
    def changed_share(self) -> float:
        """Samples that differ from the source over all samples of the reel, 0..1."""
        return mean_changed_share(self.listed_shots)


def mean_changed_share(shots: Sequence[ListedShot]) -> float:
    """Changed share over all frames of the shots."""
    frames = sum(shot.frame_count for shot in shots)
    return sum(shot.changed_share * shot.frame_count for shot in shots) / frames if frames else 0.0


def utc(moment: datetime) -> str:
    """A moment as PREMIS and EDTF want it: `2026-11-24T03:36:48Z`; `moment` is in UTC."""
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
