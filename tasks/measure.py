"""Measure: the metrics of one restored shot, from the files as they lie on disk.

    source frames   ──┬──> pairs, a stretch at a time ──> every metric ──> verdicts
    restored frames ──┘

Both sides are read back and proved by their frame hashes, so a measurement is also the
check that the restored file holds what restoration computed. Memory holds one stretch.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from catalogs.records import Measurement, Reel, RestoredShot
from catalogs.source import FrameIndex, Header
from catalogs.store import Store
from models.contract import Frame
from tasks.judge import Judged, judge_stretch, measurement_of
from tasks.media.read import read_frames
from tasks.metrics.calibration import Calibration, read_calibration
from tasks.metrics.gather import Look, moved_source, paired, stretches
from tasks.metrics.pair import Declared
from tasks.metrics.registry import METRICS
from tasks.metrics.truth import AgainstTruth
from tasks.read_back import read_back
from tasks.samples import frames_from
from tasks.source_faces import SourceFaces, source_key

Truth = tuple[Path, Header, FrameIndex]  # an undamaged reel, where damage was simulated
Sides = Iterator[tuple[Frame, Frame]]


def measure_shot(
    reel: Reel,
    index: FrameIndex,
    restored: RestoredShot,
    store: Store,
    truth: Truth | None = None,
    declared: frozenset[str] = frozenset(),
) -> tuple[Measurement, ...]:
    """Measure one restored shot.

    Args:
        reel: the reel the shot is of.
        index: its frames.
        restored: what restoration recorded.
        store: where the restored frames lie.
        truth: the undamaged reel and its frames, where damage was simulated.
        declared: what its treatment says that it changes by nature, beside the steps that ran.

    Raises:
        VerificationError: a file of the shot does not hold the frames recorded, or the
            calibration is damaged.
        SourceError: the source is no longer what was ingested.
    """
    shot = restored.shot
    against = AgainstTruth() if truth is not None else None
    frames = shot.start_frame, shot.stop_frame
    key = source_key(index, *frames, reel.header)
    faces = SourceFaces(store.features_file(shot.reel_id, *frames, key))
    look, moved = look_of(reel, restored, declared), _shifts(restored)
    if not moved:  # else the source is another one than the key says
        look = replace(look, finder=faces)
    with closing(read_back(reel, index, restored, store)) as read:
        sides: Sides = read
        if truth is not None and against is not None:
            sides = against.watched(sides, _truth_frames(reel, restored, truth))
        judged = _judged(look, _on_each_other(sides, moved), shot.frame_count)
        next(sides, None)  # the restored file is read to its end, and its frames are counted
    faces.keep()
    return (
        *(measurement_of(metric, [j[metric.identifier] for j in judged]) for metric in METRICS),
        Measurement("changed", None, 100 * restored.changed_share, "% of samples"),
        Measurement("speed", None, shot.frame_count / restored.seconds, "frames/s"),
        *(against.measurements() if against else ()),
    )


@lru_cache(maxsize=1)
def shipped_calibration() -> Calibration:
    """The calibration that came with this version, read once a process."""
    return read_calibration(metrics=METRICS)


def look_of(reel: Reel, restored: RestoredShot, declared: frozenset[str] = frozenset()) -> Look:
    """How the frames of a reel are to be read, and what was declared to change."""
    steps = frozenset(step.name for step in restored.steps)
    meant = Declared(steps | declared if steps else steps)  # where the original was kept, nothing
    return Look(reel.header.picture, reel.header.colour, float(reel.frame_rate), meant)


def _judged(look: Look, sides: Sides, frames: int) -> list[dict[str, Judged]]:
    """What every metric says of each stretch of a shot."""
    calibration = shipped_calibration()
    return [
        judge_stretch(pair, start, METRICS, calibration)
        for (start, _), pair in zip(stretches(frames), paired(look, sides, frames), strict=True)
    ]


def _shifts(restored: RestoredShot) -> list[tuple[float, float]]:
    """How far the recipe moved each frame (x, y); empty where it moved none."""
    return [
        (frame.get("shift_x_px", 0.0), frame.get("shift_y_px", 0.0))
        for step in restored.steps
        if step.name == "stabilise"
        for frame in step.parameters
    ]


def _on_each_other(sides: Sides, shifts: Sequence[tuple[float, float]]) -> Sides:
    """The source moved as the recipe moved it, where it did."""
    for number, (before, after) in enumerate(sides):
        yield (moved_source(before, *shifts[number]) if shifts else before), after


def _truth_frames(reel: Reel, restored: RestoredShot, truth: Truth) -> Iterator[Frame]:
    path, header, index = truth
    shot = restored.shot
    raw = read_frames(path, header, index, shot.start_frame, shot.stop_frame)
    return frames_from(raw, reel.header.picture, "cpu")
