"""Observe: the strata of one shot's source, and what every metric says of its harmless copy.

    source frames ──┬───────────────────> pairs, a stretch at a time ──> readings of the source
                    └─> harmless copy ──┘                          └──> metrics ──> verdicts

The source is opened for reading only and every frame is proved by its hash. Memory holds one
stretch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import cv2
import numpy as np
import torch

from catalogs.records import Measurement, Reel, Shot
from catalogs.source import FrameIndex
from models.faces.embedding import embedding
from tasks.judge import Judged, judge_stretch, measurement_of
from tasks.media.read import read_frames
from tasks.metrics.calibration import Calibration
from tasks.metrics.gather import Look, paired, stretches
from tasks.metrics.metric import Metric
from tasks.metrics.pair import CHIP_EYE_DISTANCE, FacePair, Pair
from tasks.metrics.registry import METRICS
from tasks.metrics.worst_face import usable
from tasks.samples import frames_from
from tasks.strata.colour import Floats
from tasks.strata.harmless import HARMLESS, harmless_copy
from tasks.strata.people import track_embedding
from tasks.strata.readings import FaceReading, SceneReading, read_face, read_scene

GATED: tuple[Metric, ...] = tuple(metric for metric in METRICS if metric.gated)
POINTS = 5  # frames of a track from which its embedding comes
BLUR = 0.8  # native samples, as for ID: grain moves an embedding, most of all a small face's


@dataclass(frozen=True)
class FaceSeen:
    """One face in one stretch.

    Attributes:
        track: its number, of this stretch only.
        frames: of the shot, on which it is seen.
        reading: its numbers.
        embedding: `[128]`, of length 1; None where no frame shows it large and frontal enough.
    """

    track: int
    frames: tuple[int, ...]
    reading: FaceReading
    embedding: Floats | None


@dataclass(frozen=True)
class StretchSeen:
    """One stretch: where it starts in the shot, its numbers, its faces (longest seen first)."""

    start: int
    scene: SceneReading
    faces: tuple[FaceSeen, ...]


@dataclass(frozen=True)
class Observation:
    """What is recorded of one shot.

    Attributes:
        stretches: in order.
        harmless: every metric that judges, of the harmless copy.
    """

    stretches: tuple[StretchSeen, ...]
    harmless: tuple[Measurement, ...]


def observation_key(reel: Reel, shot: Shot) -> str:
    """Identity of what is observed: the source's frames, how they are meant, and the copy."""
    return shot.key(f"{HARMLESS} at {reel.frame_rate}, {astuple(reel.header.colour)}")


def observe_shot(
    reel: Reel,
    index: FrameIndex,
    shot: Shot,
    calibration: Calibration,
    metrics: Sequence[Metric] = GATED,
) -> Observation:
    """Read the strata of a shot and measure its harmless copy.

    Args:
        reel: the reel the shot is of.
        index: its frames.
        shot: which frames.
        calibration: what the verdicts rest on.
        metrics: what is measured.

    Raises:
        SourceError: the source is not what was ingested, or is not there.
        MediaError: the source cannot be decoded.
    """
    picture = reel.header.picture
    raw = read_frames(reel.source, reel.header, index, shot.start_frame, shot.stop_frame)
    sides = ((frame, harmless_copy(frame)) for frame in frames_from(raw, picture, "cpu"))
    look = Look(picture, reel.header.colour, float(reel.frame_rate))
    seen: list[StretchSeen] = []
    judged: list[dict[str, Judged]] = []
    pairs = paired(look, sides, shot.frame_count)
    for (start, _), pair in zip(stretches(shot.frame_count), pairs, strict=True):
        seen.append(_stretch(start, pair))
        judged.append(judge_stretch(pair, start, metrics, calibration))
    next(sides, None)  # the range is read to its end, where a missing frame is noticed
    of_shot = [measurement_of(metric, [j[metric.identifier] for j in judged]) for metric in metrics]
    return Observation(tuple(seen), tuple(of_shot))


def face_embedding(face: FacePair) -> Floats | None:
    """Who a face is like, from `POINTS` frames of the source, in luma."""
    places = torch.nonzero(usable(face)).flatten()
    if not len(places):
        return None
    chosen = places[torch.linspace(0, len(places) - 1, min(POINTS, len(places))).round().long()]
    codes = []
    for place in chosen.tolist():
        around = face.chips[max(0, place - 1) : place + 2].mean(0).numpy()
        distance = max(float(face.eye_distance[place]), 1.0)
        blur = max(1.0, BLUR * CHIP_EYE_DISTANCE / distance)
        codes.append(cv2.GaussianBlur(around, (0, 0), blur))
    samples = (np.stack(codes).clip(0, 1) * 255 + 0.5).astype(np.uint8)
    chips = torch.from_numpy(np.repeat(samples[..., None], 3, axis=-1))
    return track_embedding(embedding(chips).numpy().astype(np.float64))


def _stretch(start: int, pair: Pair) -> StretchSeen:
    faces = tuple(
        FaceSeen(
            face.track,
            tuple(start + frame for frame in face.frames.tolist()),
            read_face(pair, face),
            face_embedding(face),
        )
        for face in pair.faces
    )
    return StretchSeen(start, read_scene(pair), faces)
