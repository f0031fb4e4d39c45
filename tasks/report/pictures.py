"""Before, after and change of a shot, where it was flagged or else where it changed most.

The frame before comes from the source and the frame after from the restored shot, each
proved by the hash that the ledger has for it; one that cannot be proved is not shown.
Cost: two frames and at most `changes.MOST_CHANGE_FRAMES` of the change map are decoded a shot.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from catalogs.errors import WetgateError
from catalogs.picture import PictureFormat
from catalogs.records import Reel
from catalogs.rows import read_frame_index, restored_of
from catalogs.source import ColourTags, FrameIndex
from catalogs.store import Store
from tasks.media.probe import probe
from tasks.media.read import read_frames
from tasks.media.still import Region, still_png
from tasks.report.changes import busiest, change_at, most_changed, shown_change
from tasks.report.choose import ChosenShot
from tasks.report.per_frame import with_hashes
from tasks.report.rows import Row
from tasks.source_frames import source_frames

WIDEST = 480  # samples of a PNG

_REEL = TypeAdapter(Reel)

T = TypeVar("T")


@dataclass(frozen=True)
class Picture:
    """A PNG with its name and caption; without PNG the caption says why."""

    name: str
    caption: str
    png: bytes | None


@dataclass(frozen=True)
class ShotPictures:
    """The pictures of one shot.

    Attributes:
        frame: frame of the reel that is shown.
        whole: before, after, change.
        detail: the same where most changed, enlarged; empty when nothing changed.
    """

    frame: int
    whole: tuple[Picture, ...]
    detail: tuple[Picture, ...]


@dataclass(frozen=True)
class _Raw:
    """Raw frames of one moment; None with a reason where one is not to be had."""

    names: tuple[str, ...]
    frames: tuple[bytes | None, ...]
    reasons: tuple[str, ...]


def picture_shot(store: Store, chosen: ChosenShot) -> ShotPictures:
    """Make the pictures of a shot. Never fails: what cannot be shown says why."""
    shot = chosen.shot
    start = int(shot["start_frame"])
    try:
        reel = _REEL.validate_json(chosen.reel.row["facts_json"] or "")
    except ValidationError:
        missing = Picture(
            "none", "Not shown: the ledger does not have the facts of this reel.", None
        )
        return ShotPictures(start, (missing,), ())
    picture = reel.header.picture
    offset, change, no_change = _where(store, chosen, picture)
    before, no_before = _attempt(lambda: _source_frame(store, reel, shot, offset))
    after, no_after = _attempt(lambda: _restored_frame(store, shot, reel.frame_rate, offset))
    raw = _Raw(
        names=("before", "after", "change"),
        frames=(before, after, shown_change(before, after, change, picture)),
        reasons=(no_before, no_after, no_change),
    )
    region = busiest(change, picture) if change else None
    return ShotPictures(
        frame=start + offset,
        whole=tuple(_stills(raw, reel, None)),
        detail=tuple(_stills(raw, reel, region)) if region else (),
    )


def _where(
    store: Store, chosen: ChosenShot, picture: PictureFormat
) -> tuple[int, bytes | None, str]:
    """The frame of a shot that is shown, its change map, and why there is none."""
    name, frame = chosen.shot["change_file"], chosen.frame
    if frame is not None:
        change, reason = _attempt(lambda: change_at(store, name, picture, frame))
        return frame, change, reason
    found, reason = _attempt(lambda: most_changed(store, name, picture))
    return (*(found or (0, None)), reason)


def _stills(raw: _Raw, reel: Reel, region: Region | None) -> Iterator[Picture]:
    header = reel.header
    for name, frame, reason in zip(raw.names, raw.frames, raw.reasons, strict=True):
        label = f"{name}, detail" if region else name
        file_name = f"{name}-detail" if region else name
        if frame is None:
            yield Picture(file_name, f"{label}: not shown: {reason}", None)
            continue
        colour = ColourTags("pc", "smpte170m") if name == "change" else header.colour
        aspect = float(header.sample_aspect or 1)
        yield Picture(
            file_name,
            f"{label}, computed from the two ({reason})" if reason else label,
            still_png(frame, header.picture, colour, widest=WIDEST, aspect=aspect, region=region),
        )


def _attempt(make: Callable[[], T]) -> tuple[T | None, str]:
    """What is made, or why it could not be."""
    try:
        return make(), ""
    except (OSError, ValueError, WetgateError) as error:
        return None, str(error).splitlines()[0] if str(error) else type(error).__name__


def _source_frame(store: Store, reel: Reel, shot: Row, offset: int) -> bytes:
    index = read_frame_index(store.ledger(), reel.digest)
    if index is None:
        raise ValueError("the ledger does not have the frames of the source")
    if reel.origin is None and not reel.source.exists():
        raise ValueError(f"the source is not at {reel.source}")
    restored = restored_of(with_hashes(store, shot))
    return next(source_frames(store, reel, index, restored, offset, offset + 1))


def _restored_frame(store: Store, shot: Row, rate: Fraction, offset: int) -> bytes:
    """One frame of a shot's file; Wetgate writes them at an even rate in milliseconds."""
    name, md5 = shot["picture_file"], with_hashes(store, shot)["frame_md5"] or ()
    if not name or not (store.root / name).is_file():
        raise ValueError(f"the restored shot is not at {name}" if name else "no file is recorded")
    header = probe(store.root / name)
    times = tuple(round(n / rate / header.time_base) for n in range(len(md5)))
    index = FrameIndex(times, tuple(md5))
    return next(read_frames(store.root / name, header, index, offset, offset + 1))
