"""The strata of a shot and of a face, by their exact names.

    strata = shot_strata([read_scene(pair) for pair in stretches], facts)
    strata |= face_strata([read_face(pair, face) for pair, face in seen])
    strata[ITA] = person_ita([face_ita(scene, face) of each shot of the person]).stratum

A shot is measured in stretches; what counts for the shot is the median over them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from tasks.metrics.pair import FacePair, Pair
from tasks.strata.classes import (
    COLOUR,
    DECADE,
    FACE_SIZE,
    FRAME_RATE,
    GRAIN,
    MOTION,
    RELATIVE_LUMINANCE,
    RESOLUTION,
    SCENE_LUMINANCE,
    UNKNOWN,
)
from tasks.strata.decade import decade_of
from tasks.strata.readings import FaceReading, SceneReading, read_face, read_scene
from tasks.strata.skin import ShotIta, read_ita

_WITHOUT_HUES = {"black and white", "tinted", "toned", "tinted and toned"}


@dataclass(frozen=True)
class Facts:
    """What the catalog and the side file say of a shot.

    Attributes:
        colour: the catalog's term, None where it says nothing.
        date: EDTF, None where it says nothing.
        tags: strata of `tasks.strata.tags.TagFile.strata`.
    """

    colour: str | None = None
    date: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


def shot_strata(stretches: Sequence[SceneReading], facts: Facts) -> dict[str, str]:
    """The strata of a shot, by their exact names."""
    numbers = {
        SCENE_LUMINANCE: _median([r.luminance for r in stretches]),
        MOTION: _median([r.motion for r in stretches]),
        GRAIN: _median([r.grain for r in stretches]),
        FRAME_RATE: _median([r.rate for r in stretches]),
        RESOLUTION: _median([r.lines for r in stretches]),
    }
    return {
        **{classes.name: classes.of(value) for classes, value in numbers.items()},
        COLOUR: _colour_stratum(stretches, facts.colour),
        DECADE: decade_of(facts.date),
        **facts.tags,
    }


def face_strata(stretches: Sequence[FaceReading]) -> dict[str, str]:
    """The strata of a face over the stretches of a shot; its ITA is the person's."""
    ratio = _median([r.relative_luminance for r in stretches])
    size = _median([r.eye_distance for r in stretches])
    return {
        RELATIVE_LUMINANCE.name: RELATIVE_LUMINANCE.of(ratio), FACE_SIZE.name: FACE_SIZE.of(size),
    }  # fmt: skip


def strata_of(pair: Pair, facts: Facts, face: FacePair | None = None) -> dict[str, str]:
    """The strata of a shot that is one stretch, with those of a face where one is given."""
    strata = shot_strata([read_scene(pair)], facts)
    return strata if face is None else strata | face_strata([read_face(pair, face)])


def face_ita(scenes: Sequence[SceneReading], faces: Sequence[FaceReading], facts: Facts) -> ShotIta:
    """ITA of a face in a shot, from the stretches that show it.

    Args:
        scenes: of those stretches.
        faces: the face in each of them.
        facts: of the shot; what the catalog calls monochrome has no ITA.
    """
    if _colour_stratum(scenes, facts.colour) != "colour":
        return ShotIta(None, "monochrome")
    cheeks = [face.cheeks for face in faces if face.cheeks is not None]
    cast = _median([scene.cast for scene in scenes])
    return read_ita(np.concatenate(cheeks) if cheeks else np.empty((0, 3)), cast)


def _colour_stratum(stretches: Sequence[SceneReading], said: str | None) -> str:
    """The catalog's word counts before the picture's."""
    if said in _WITHOUT_HUES:
        return "monochrome"
    if said is not None and said != "colour and black and white":
        return "colour"
    if not stretches:
        return UNKNOWN
    hues = sum(bool(r.coloured) for r in stretches)
    return "colour" if 2 * hues > len(stretches) else "monochrome"


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(median(known)) if known else None
