"""The people of a reel and the strata of each of its shots: one row a shot and person.

    for subject in subjects(reel, shots, seen, tags): ...

The first subject of a shot is the one that is seen longest, of those the one with the largest
face. A face of which no frame is large and frontal enough to tell who it is has no person.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from catalogs.records import Reel
from tasks.strata.classes import FACE_SIZE, FACIAL_LUMINANCE, ITA, UNKNOWN
from tasks.strata.measured import MeasuredShot
from tasks.strata.naming import Facts, face_ita, face_strata, shot_strata
from tasks.strata.observe import FaceSeen, StretchSeen, observation_key
from tasks.strata.people import link_people
from tasks.strata.skin import PersonIta, ShotIta, person_ita
from tasks.strata.tags import Place, TagFile

Seen = Mapping[str, tuple[StretchSeen, ...]]  # stretches of a reel's shots, by observation key
FaceId = tuple[str, int, int]  # observation key, start of the stretch, track


@dataclass(frozen=True)
class Subject:
    """One person in one shot, or a shot without a face.

    Attributes:
        shot: which.
        person: its name within the store, "" where there is no face or nobody can tell.
        faces: (start of the stretch, track) of its faces.
        frames: on how many it is seen.
        strata: of the shot and of the person, by their exact names.
        ita: of the person; None where there is no face.
    """

    shot: MeasuredShot
    person: str
    faces: frozenset[tuple[int, int]]
    frames: int
    strata: Mapping[str, str]
    ita: PersonIta | None = None

    @property
    def cluster(self) -> str:
        """What is resampled: the person, or the reel where it is unknown."""
        return self.person or self.shot.reel.reel_id


def link_faces(reel_id: str, seen: Seen) -> dict[FaceId, str]:
    """The person of each face of a reel that can be told."""
    faces = [
        ((key, stretch.start, face.track), face)
        for key, stretches in seen.items()
        for stretch in stretches
        for face in stretch.faces
        if face.embedding is not None
    ]
    if not faces:
        return {}
    tracks = np.stack([face.embedding for _, face in faces if face.embedding is not None])
    numbers = link_people(tracks, _together(faces))
    return {
        place: f"{reel_id} person {number + 1}"
        for (place, _), number in zip(faces, numbers, strict=True)
    }


def subjects(
    reel: Reel, shots: Sequence[MeasuredShot], seen: Seen, tags: TagFile
) -> Iterator[Subject]:
    """Every shot of a reel that was read, with its people, the first one first."""
    shots = [shot for shot in shots if observation_key(reel, shot.shot) in seen]
    chosen = {key: seen[key] for key in (observation_key(reel, s.shot) for s in shots)}
    people = link_faces(reel.reel_id, chosen)
    told = set(people.values())
    facts = {shot.shot: _facts(shot, tags) for shot in shots}
    appearances = [
        (shot, name, faces)
        for shot in shots
        for name, faces in _appearances(observation_key(reel, shot.shot), chosen, people)
    ]
    of_shots: dict[str, list[ShotIta]] = {}
    for shot, name, faces in appearances:
        if faces:
            of_shots.setdefault(name, []).append(_ita(faces, facts[shot.shot]))
    for shot, name, faces in appearances:
        stretches = chosen[observation_key(reel, shot.shot)]
        strata = shot_strata([stretch.scene for stretch in stretches], facts[shot.shot])
        if not faces:
            unknown = dict.fromkeys((FACIAL_LUMINANCE, FACE_SIZE.name, ITA), UNKNOWN)
            yield Subject(shot, "", frozenset(), 0, strata | unknown)
            continue
        ita = person_ita(of_shots[name])
        strata |= face_strata([face.reading for _, face in faces]) | {ITA: ita.stratum}
        places = frozenset((stretch.start, face.track) for stretch, face in faces)
        person = name if name in told else ""
        yield Subject(shot, person, places, _frames(faces), strata, ita)


Faces = list[tuple[StretchSeen, FaceSeen]]


def _appearances(key: str, seen: Seen, people: Mapping[FaceId, str]) -> list[tuple[str, Faces]]:
    """The people of a shot with their faces, the first subject first; one without faces if none."""
    found: dict[str, Faces] = {}
    for stretch in seen[key]:
        for face in stretch.faces:
            own = f"{key} {stretch.start} {face.track}"  # who cannot be told is alone
            name = people.get((key, stretch.start, face.track), own)
            found.setdefault(name, []).append((stretch, face))

    def prominence(item: tuple[str, Faces]) -> tuple[int, float]:
        return _frames(item[1]), median(face.reading.eye_distance for _, face in item[1])

    return sorted(found.items(), key=prominence, reverse=True) or [("", [])]


def _together(faces: Sequence[tuple[FaceId, FaceSeen]]) -> Iterator[tuple[int, int]]:
    """Pairs of faces that are seen on one frame."""
    by_shot: dict[str, list[int]] = {}
    for number, (place, _) in enumerate(faces):
        by_shot.setdefault(place[0], []).append(number)
    for numbers in by_shot.values():
        for first, second in itertools.combinations(numbers, 2):
            if set(faces[first][1].frames) & set(faces[second][1].frames):
                yield first, second


def _facts(measured: MeasuredShot, tags: TagFile) -> Facts:
    catalog, shot = measured.reel.catalog, measured.shot
    place = Place(
        shot.reel_id, catalog.identifier, shot.index + 1, shot.start_frame, shot.stop_frame
    )
    return Facts(catalog.colour, catalog.date, tags.strata(place))


def _ita(faces: Faces, facts: Facts) -> ShotIta:
    return face_ita([stretch.scene for stretch, _ in faces], [face.reading for _, face in faces],
                    facts)  # fmt: skip


def _frames(faces: Faces) -> int:
    return len({frame for _, face in faces for frame in face.frames})
