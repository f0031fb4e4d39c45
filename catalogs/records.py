"""The nouns that stages hand to each other.

    CatalogReel -> Reel -> Shot -> RestoredShot -> Measurement -> AssembledReel

Each is frozen and small. Ranges are half-open, `[start_frame, stop_frame)`. What a source
claims and holds is in `catalogs.source`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

from catalogs.origin import Origin
from catalogs.sequence import Runs
from catalogs.source import Content, Header

ReelStatus = Literal["held", "ingested", "restored", "failed"]
ShotStatus = Literal["restored", "original kept"]
RateSource = Literal["catalog", "header", "operator"]
Scan = Literal["progressive", "deinterlace"]


@dataclass(frozen=True)
class CatalogReel:
    """What the catalog says of one reel; None where it says nothing.

    Attributes:
        identifier: the archive's own identifier of the item.
        reel_number: N of "reel N of M".
        reel_count: M of "reel N of M".
        path: the source, relative to the archive root.
        line: line of the catalog file, for messages.
        date: of the work or item, EDTF (ISO 8601-2), for instance "1906" or "1950?".
        duration_seconds: running time; compared with what decodes, never trusted.
        checksum: (algorithm, hexadecimal digest), for instance ("md5", "9e10...").
        scan: what to do where the header says interlaced: take the frames as they are
            ("progressive", for film on a video tape) or "deinterlace" them.
        sound_path: a sound file beside a picture without sound, relative to the archive root.
        missing_frames: file numbers of an image sequence that are known to be missing.
        collection: of the archive, whose policy the reel is under, see `catalogs.policy`.
        uncertain: names of the fields above whose value the catalog doubts.
        operator_rate: frame rate by `--fps`, which overrides catalog and header.
    """

    identifier: str
    title: str
    reel_number: int
    reel_count: int
    path: str
    line: int = field(compare=False)  # a row that moved is still the same row
    frame_rate: Fraction | None = None
    gauge: str | None = None
    colour: str | None = None
    sound: str | None = None
    date: str | None = None
    duration_seconds: Fraction | None = None
    checksum: tuple[str, str] | None = None
    scan: Scan | None = None
    missing_frames: Runs = ()
    sound_path: str | None = None
    uncertain: tuple[str, ...] = ()
    operator_rate: Fraction | None = None
    collection: str | None = None

    @property
    def reel_id(self) -> str:
        """A name for the reel that is safe as a folder name and unique in a catalog."""
        plain = re.sub(r"[^A-Za-z0-9._-]+", "_", self.identifier).strip("._-")[:80] or "reel"
        if plain != self.identifier:
            plain += "-" + hashlib.sha256(self.identifier.encode()).hexdigest()[:6]
        return f"{plain}.r{self.reel_number}"


@dataclass(frozen=True)
class HeldRow:
    """A row of a catalog, or a reel, that goes no further, and why.

    Attributes:
        by_policy: True when only the recipe is in the way: nothing is said of the source.
    """

    identifier: str
    reel_id: str
    line: int
    reason: str
    title: str | None = None
    reel_number: int | None = None
    reel_count: int | None = None
    by_policy: bool = False

    @staticmethod
    def of(reel: CatalogReel, reason: str) -> HeldRow:
        """A reel that was read from the catalog and is held now."""
        return HeldRow(
            reel.identifier,
            reel.reel_id,
            reel.line,
            reason,
            reel.title,
            reel.reel_number,
            reel.reel_count,
        )


@dataclass(frozen=True)
class Reel:
    """One reel, ingested: found, decoded to the end, and in agreement with its catalog.

    Attributes:
        source: the file, or the folder of an image sequence; opened read-only.
        sound_source: the file of its sound, where that lies beside the picture.
        disclosures: choices and doubts that a reader of the report must know.
        origin: where the source lies in object storage; None where it is a file here. `source` and
            `sound_source` are then to be had by staging alone, see `tasks.storage.stage`.
    """

    catalog: CatalogReel
    source: Path
    header: Header
    content: Content
    frame_rate: Fraction
    frame_rate_source: RateSource
    disclosures: tuple[str, ...] = ()
    sound_source: Path | None = None
    origin: Origin | None = None

    @property
    def reel_id(self) -> str:
        """The catalog's name for the reel."""
        return self.catalog.reel_id

    @property
    def place(self) -> str:
        """Where the source lies, for people: a path, or a URL."""
        return self.origin.url if self.origin else str(self.source)

    @property
    def digest(self) -> str:
        """Identity of the frames that reading yields: the source's SHA-256, and the reading."""
        if not self.header.deinterlaced:
            return self.content.sha256
        return hashlib.sha256(f"{self.content.sha256}:deinterlaced".encode()).hexdigest()


@dataclass(frozen=True)
class Shot:
    """`[start_frame, stop_frame)` of a reel."""

    reel_id: str
    reel_digest: str
    index: int
    start_frame: int
    stop_frame: int

    def __post_init__(self) -> None:
        if not 0 <= self.start_frame < self.stop_frame:
            raise ValueError(f"shot [{self.start_frame}, {self.stop_frame}) holds no frame")

    @property
    def frame_count(self) -> int:
        """Frames in the shot."""
        return self.stop_frame - self.start_frame

    @property
    def shot_id(self) -> str:
        """Readable and unique within a store."""
        return f"{self.reel_id}/{self.start_frame:07d}-{self.stop_frame:07d}"

    def key(self, treatment_id: str) -> str:
        """Identity of the shot under a treatment: equal keys mean equal pixels."""
        parts = (self.reel_digest, self.start_frame, self.stop_frame, treatment_id)
        return hashlib.sha256(":".join(map(str, parts)).encode()).hexdigest()


@dataclass(frozen=True)
class StepOutcome:
    """What one step did to one shot.

    Attributes:
        changed_share: samples whose value the step changed, over all samples, 0..1.
        parameters: per frame (in the shot) what the step decided, units in the names.
    """

    name: str
    version: int
    touches: str
    changed_share: float
    parameters: tuple[Mapping[str, float], ...] = ()


@dataclass(frozen=True)
class RestoredShot:
    """The outcome of one shot under one treatment.

    Attributes:
        picture_file: restored frames, relative to the store; None when the original was
            kept because restoration failed.
        change_file: the change map: every sample as `(restored - source + half) mod
            2**depth` with `half = 2**(depth - 1)`, so mid-grey means untouched and the
            source can be computed back exactly.
        frame_md5: hash of each output frame's samples.
        changed_share: samples that differ from the source over all samples, 0..1.
        reason: why the original was kept; empty when restored.
    """

    shot: Shot
    treatment_id: str
    status: ShotStatus
    reason: str
    picture_file: str
    picture_sha256: str
    change_file: str
    change_sha256: str
    frame_md5: tuple[str, ...]
    changed_share: float
    steps: tuple[StepOutcome, ...]
    seconds: float
    device: str

    @property
    def key(self) -> str:
        """The restored shot's identity."""
        return self.shot.key(self.treatment_id)


@dataclass(frozen=True)
class Measurement:
    """One metric of one restored shot.

    Attributes:
        before: value on the source, None where the metric has no such value.
        after: value on the restored shot, None when not measurable.
        unit: of both values.
        measurable: False when the shot does not allow the metric; `note` says why.
        coverage: share of frames the value rests on, 0..1.
        verdict: "ok", "look", "flag" or "not measurable"; empty for what is shown and not judged.
        threshold: value beyond which the shot is flagged.
        calibration_id: SHA-256 of the calibration that the threshold is of.
        worst_frame: frame of the shot, from 0, at which the value is worst, if one is.
        seconds: processor time that the metric took.
    """

    metric: str
    before: float | None
    after: float | None
    unit: str
    measurable: bool = True
    coverage: float = 1.0
    note: str = ""
    verdict: str = ""
    threshold: float | None = None
    calibration_id: str = ""
    worst_frame: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class AssembledReel:
    """The restored reel as verified on disk; a derivative, never the master."""

    reel_id: str
    derivative_id: str
    treatment_id: str
    folder: Path
    master: Path
    access_copy: Path
    change_map: Path
    frame_count: int
    checks: tuple[str, ...] = field(default=())
