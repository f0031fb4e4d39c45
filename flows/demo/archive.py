"""Builds the demo archive: damaged reels and a catalog, the truth beside them.

    archive/catalog.csv         what the archivist knows
    archive/*.mkv               the damaged reels, FFV1; one is cut off on purpose
    truth/<reel_id>.mkv         the same frames without damage
    truth/<reel_id>.mask.mkv    gray: 255 where dirt changed a sample, 0 elsewhere

The same seed gives the same samples. Flicker touches every sample and is in no mask.
"""

import csv
import io
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import torch
from torch import Tensor

from catalogs.durable import write_whole
from catalogs.fixity import sha256_file
from catalogs.picture import PictureFormat
from catalogs.source import ColourTags, Header
from flows.demo.footage import clip_frames, find_clip, one_thread
from flows.demo.reels import REELS, DemoReel
from models.contract import Frame
from models.degrade import Damage, damaged
from tasks.media.join import Carried, join_shots
from tasks.media.write import ffv1_writer
from tasks.samples import frame_bytes

COLUMNS = ("identifier", "title", "reel", "path", "frame_rate", "gauge", "colour", "sound",
           "checksum")  # fmt: skip


@dataclass(frozen=True)
class DemoArchive:
    """Where the demo lies.

    Attributes:
        catalog: the CSV catalog.
        root: the archive's folder, to which the catalog's paths are relative.
        truth: undamaged reels and masks, by reel_id.
    """

    catalog: Path
    root: Path
    truth: Path

    def source(self, reel: DemoReel) -> Path:
        """The damaged reel."""
        return self.root / reel.file_name

    def truth_of(self, reel: DemoReel) -> Path:
        """The undamaged reel."""
        return self.truth / f"{reel.reel_id}.mkv"

    def mask_of(self, reel: DemoReel) -> Path:
        """The damage mask."""
        return self.truth / f"{reel.reel_id}.mask.mkv"


def build_demo_archive(folder: Path, seed: int = 1) -> DemoArchive:
    """Write the archive below `folder`, replacing what an earlier call wrote there.

    Args:
        folder: made when missing.
        seed: where the chance of the damage starts.

    Raises:
        SourceError: the footage is missing or not the known one.
        MediaError: ffmpeg failed.
    """
    archive = DemoArchive(folder / "archive" / "catalog.csv", folder / "archive", folder / "truth")
    for name in sorted({reel.clip for reel in REELS}):
        find_clip(name)
    rows = []
    for number, reel in enumerate(REELS):
        with one_thread():
            _write_reel(archive, reel, 1000 * seed + 10 * number)
        _finish_source(archive.source(reel), reel)
        rows.append(_catalog_row(archive.source(reel), reel))
    write_whole(archive.catalog, _catalog_text(rows).encode())
    return archive


def _write_reel(archive: DemoArchive, reel: DemoReel, seed: int) -> None:
    """Truth, damaged picture and mask, in one pass."""
    masks = PictureFormat(reel.picture.width, reel.picture.height, "gray")
    header = _header(reel, reel.picture, reel.colour)
    with ExitStack() as files:
        truth, source, mask = (
            files.enter_context(ffv1_writer(path, written, reel.rate))
            for path, written in (
                (archive.truth_of(reel), header),
                (archive.source(reel), header),
                (archive.mask_of(reel), _header(reel, masks, ColourTags(range="pc"))),
            )
        )
        for clean, dirty, dirt in damaged_frames(reel, seed):
            truth.write(frame_bytes(clean))
            source.write(frame_bytes(dirty))
            mask.write((dirt.to(torch.uint8) * 255).numpy().tobytes())


def damaged_frames(reel: DemoReel, seed: int) -> Iterator[tuple[Frame, Frame, Tensor]]:
    """The frames of a reel as (truth, damaged, mask of the dirt), the same for one seed."""
    kept: list[Frame] = []

    def noted() -> Iterator[Frame]:
        for frame in clip_frames(reel.clip, reel.picture, reel.start_frame, reel.stop_frame):
            kept.append(frame)
            yield frame

    damages = tuple(_seeded(damage, seed + n) for n, damage in enumerate(reel.damages))
    for frame, masks in damaged(noted(), damages):
        yield kept.pop(0), frame, masks["dirt"]


def _seeded(damage: Damage, seed: int) -> Damage:
    return replace(damage, seed=seed)  # type: ignore[type-var]


def _finish_source(source: Path, reel: DemoReel) -> None:
    """Add sound and timecode by stream copy; cut the file off where that is asked for."""
    if reel.sound_from_clip or reel.timecode:
        picture = source.with_suffix(".picture.mkv")
        source.rename(picture)
        sound = find_clip(reel.clip) if reel.sound_from_clip else None
        join_shots(
            [picture],
            source,
            reel.rate,
            carried=Carried(sound) if sound else None,
            colour_range=reel.colour.range,
            picture_tags={"timecode": reel.timecode} if reel.timecode else {},
            tags={"title": reel.title},
        )
        picture.unlink()
    if reel.kept_share < 1:
        data = source.read_bytes()
        source.write_bytes(data[: int(len(data) * reel.kept_share)])


def _header(reel: DemoReel, picture: PictureFormat, colour: ColourTags) -> Header:
    return Header(
        container="matroska", codec="ffv1", picture=picture, frame_rate=reel.rate,
        time_base=Fraction(1, 1000), start_seconds=Fraction(0),
        sample_aspect=reel.sample_aspect, field_order="progressive", colour=colour, timecode=None,
        audio=(),
        claimed_frames=None,
    )  # fmt: skip


def _catalog_row(source: Path, reel: DemoReel) -> tuple[str, ...]:
    checksum = f"sha256:{sha256_file(source)}" if reel.checksum else ""
    number = f"{reel.reel_number} of {reel.reel_count}"
    return (reel.identifier, reel.title, number, source.name, reel.catalog_rate, reel.gauge,
            reel.catalog_colour, reel.sound, checksum)  # fmt: skip


def _catalog_text(rows: list[tuple[str, ...]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *rows])
    return text.getvalue()
