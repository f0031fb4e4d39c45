"""The faces of a stretch, gathered while its frames go by.

A face is found on the source and looked for again at the same place of the restored picture.
Of each frame the `MOST` largest faces are kept; a crowd's others are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from catalogs.picture import PictureFormat
from catalogs.source import ColourTags
from models.faces.chip import chip_transform
from models.faces.face import Face
from models.faces.reader import FaceReader
from tasks.metrics.chips import chipped, on_chip
from tasks.metrics.colour import Plane, placed_rgb
from tasks.metrics.pair import FacePair
from tasks.metrics.windows import Box, Window, face_side

MOST = 4  # faces of a frame
SHORTEST = 5  # frames; what is seen for less is left out


@dataclass(frozen=True)
class Sight:
    """One face on one frame of both sides."""

    frame: int
    face: Face
    again: Face
    to_chip: Plane
    chip: Plane
    restored_chip: Plane
    colour: Tensor | None
    restored_colour: Tensor | None


@dataclass
class _Track:
    window: Window
    sights: list[Sight] = field(default_factory=list)


class Finder(Protocol):
    """Finds the faces of a stretch, frame by frame, as `models.faces.finder.FaceFinder` does."""

    def take(self, picture: Tensor) -> tuple[Face, ...]:
        """The faces of the next frame, luma float32 `[H, W]`."""


class FaceGatherer:
    """Follows the faces of one stretch.

    Args:
        form: of the frames.
        tags: how their code values are meant.
        finder: finds the faces of the source.

    Raises:
        VerificationError: the models are not installed.
    """

    def __init__(self, form: PictureFormat, tags: ColourTags, finder: Finder) -> None:
        self._form, self._tags = form, tags
        self._finder, self._reader = finder, FaceReader()
        self._tracks: dict[int, _Track] = {}
        self.boxes: list[Box] = []

    def take(
        self, number: int, lumas: tuple[Plane, Plane], colours: Sequence[tuple[Plane, ...]]
    ) -> None:
        """Take one frame of the source and of the restored picture.

        Args:
            number: of the frame in the stretch.
            lumas: of both sides, float32 `[H, W]`, 0..1.
            colours: planes of both sides (`tasks.metrics.colour.planes_of`); empty for monochrome.
        """
        before, after = lumas
        faces = self._finder.take(torch.from_numpy(before))
        self.boxes = [_box(face) for face in faces]
        kept = sorted(faces, key=lambda face: -face.eye_distance)[:MOST]
        for face in kept:
            again = face if after is before else self._reader.read(torch.from_numpy(after), face)
            self._keep(number, face, again, lumas, colours)

    def _keep(
        self,
        number: int,
        face: Face,
        again: Face,
        lumas: tuple[Plane, Plane],
        colours: Sequence[tuple[Plane, ...]],
    ) -> None:
        before, after = lumas
        to_chip = np.asarray(chip_transform(face.landmarks).numpy(), np.float32)
        chip = chipped(before, to_chip)
        track = self._tracks.get(face.track)
        if track is None:
            track = self._tracks[face.track] = _Track(Window(face_side(face.eye_distance, before)))
        drawn = [self._colour_chip(planes, to_chip) for planes in colours]
        track.sights.append(
            Sight(
                number,
                face,
                again,
                to_chip,
                chip,
                chip if after is before else chipped(after, to_chip),
                drawn[0] if drawn else None,
                drawn[1] if drawn else None,
            )
        )
        centre = face.landmarks[:, :2].mean(0)
        side = track.window.side
        corner = (round(float(centre[1]) - side[0] / 2), round(float(centre[0]) - side[1] / 2))
        track.window.take(number, corner, before, after)

    def _colour_chip(self, planes: tuple[Plane, ...], to_chip: Plane) -> Tensor:
        rgb = placed_rgb(planes, self._form, self._tags, on_chip(to_chip))
        return torch.from_numpy((rgb.clip(0, 1) * 255 + 0.5).astype(np.uint8))

    def pairs(self) -> tuple[FacePair, ...]:
        """All faces that were seen for `SHORTEST` frames or more, the longest seen first."""
        long = [(n, t) for n, t in self._tracks.items() if len(t.sights) >= SHORTEST]
        long.sort(key=lambda item: (-len(item[1].sights), item[0]))
        return tuple(_pair(number, track) for number, track in long)


def _pair(number: int, track: _Track) -> FacePair:
    sights = track.sights
    return FacePair(
        track=number,
        frames=torch.tensor([sight.frame for sight in sights], dtype=torch.int64),
        landmarks=torch.stack([sight.face.landmarks[:, :2] for sight in sights]),
        restored_landmarks=torch.stack([sight.again.landmarks[:, :2] for sight in sights]),
        presence=torch.tensor([sight.face.presence for sight in sights]),
        yaw=torch.tensor([sight.face.yaw for sight in sights]),
        eye_distance=torch.tensor([sight.face.eye_distance for sight in sights]),
        blendshapes=_stacked([sight.face.blendshapes for sight in sights]),
        restored_blendshapes=_stacked([sight.again.blendshapes for sight in sights]),
        to_chip=torch.from_numpy(np.stack([sight.to_chip for sight in sights])),
        chips=torch.from_numpy(np.stack([sight.chip for sight in sights])),
        restored_chips=torch.from_numpy(np.stack([sight.restored_chip for sight in sights])),
        colour=_stacked([sight.colour for sight in sights]),
        restored_colour=_stacked([sight.restored_colour for sight in sights]),
        tile=track.window.pair(),
    )


def _stacked(parts: list[Tensor | None]) -> Tensor | None:
    known = [part for part in parts if part is not None]
    return torch.stack(known) if len(known) == len(parts) else None


def _box(face: Face) -> Box:
    low, high = face.landmarks[:, :2].amin(0), face.landmarks[:, :2].amax(0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
