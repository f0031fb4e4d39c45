"""The faces of a source, found once: every trial of a clip has the same source."""

from __future__ import annotations

from torch import Tensor

from models.faces.face import Face
from models.faces.finder import FaceFinder
from tasks.metrics.face_track import Finder


class RememberedFaces:
    """Makes the finders of a clip's stretches, for `Look.finder`.

    The first trial searches; the others are told what it found, which holds as long as all of
    them show the same frames of the source in the same order.
    """

    def __init__(self) -> None:
        self._stretches: list[_Remembering] = []
        self._next = 0

    def begin(self) -> None:
        """A trial begins."""
        self._next = 0

    def __call__(self) -> Finder:
        """The finder of the next stretch."""
        if self._next == len(self._stretches):
            self._stretches.append(_Remembering())
        self._next += 1
        finder = self._stretches[self._next - 1]
        finder.begin()
        return finder


class _Remembering:
    def __init__(self) -> None:
        self._finder = FaceFinder()
        self._found: list[tuple[Face, ...]] = []
        self._frame = 0

    def begin(self) -> None:
        self._frame = 0

    def take(self, picture: Tensor) -> tuple[Face, ...]:
        if self._frame == len(self._found):
            self._found.append(self._finder.take(picture))
        self._frame += 1
        return self._found[self._frame - 1]
