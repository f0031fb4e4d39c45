"""Observations as rows of the ledger's tables `readings` and `harmless`, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from catalogs.ledger import Ledger
from catalogs.records import Reel, Shot
from tasks.strata.observe import FaceSeen, Observation, StretchSeen, observation_key
from tasks.strata.readings import FaceReading, SceneReading

Row = dict[str, Any]

_SCENE = "scene"
_FACE = "face "  # before the number of the track, as in the notes of the metrics


def reading_rows(reel: Reel, shot: Shot, seen: Observation, code: str) -> Iterator[Row]:
    """One row a stretch, and one a face in it."""
    key = observation_key(reel, shot)
    for stretch in seen.stretches:
        common = {
            "key": key, "reel_id": shot.reel_id, "reel_digest": shot.reel_digest,
            "start_frame": shot.start_frame, "stop_frame": shot.stop_frame,
            "code_version": code, "stretch": stretch.start,
        }  # fmt: skip
        scene = stretch.scene
        yield {
            **common, "subject": _SCENE, "luminance": scene.luminance,
            "motion_percent_per_second": scene.motion, "grain_percent": scene.grain,
            "rate_fps": scene.rate, "lines": scene.lines, "coloured": scene.coloured,
            "cast_degrees": scene.cast,
        }  # fmt: skip
        for face in stretch.faces:
            yield {
                **common, "subject": f"{_FACE}{face.track}", "frames": list(face.frames),
                "relative_luminance": face.reading.relative_luminance,
                "eye_distance_px": face.reading.eye_distance,
                "cheeks": _listed(face.reading.cheeks), "embedding": _listed(face.embedding),
            }  # fmt: skip


def harmless_rows(reel: Reel, shot: Shot, seen: Observation, code: str) -> Iterator[Row]:
    """One row a metric."""
    for found in seen.harmless:
        yield {
            "key": observation_key(reel, shot), "reel_id": shot.reel_id, "code_version": code,
            "metric": found.metric, "value": found.after, "unit": found.unit,
            "measurable": found.measurable, "coverage": found.coverage, "note": found.note,
            "verdict": found.verdict, "threshold": found.threshold,
            "calibration_id": found.calibration_id, "worst_frame": found.worst_frame,
            "seconds": found.seconds,
        }  # fmt: skip


def harmless_values(ledger: Ledger, reel_id: str, code: str, calibration: str) -> pd.DataFrame:
    """What holds now of a reel's harmless copies: a row a shot (`key`) and metric."""
    rows = ledger.newest("harmless", reel_id)
    return rows[(rows["code_version"] == code) & (rows["calibration_id"] == calibration)]


def readings(ledger: Ledger, reel_id: str, code: str) -> dict[str, tuple[StretchSeen, ...]]:
    """What holds now of a reel's readings: the stretches of each shot, by its key."""
    rows = ledger.newest("readings", reel_id)
    rows = rows[rows["code_version"] == code].sort_values("stretch", kind="stable")
    found: dict[str, dict[int, list[Row]]] = {}
    for row in rows.to_dict("records"):
        found.setdefault(row["key"], {}).setdefault(int(row["stretch"]), []).append(row)
    return {
        key: tuple(_stretch(start, part) for start, part in sorted(parts.items()))
        for key, parts in found.items()
        if all(any(row["subject"] == _SCENE for row in part) for part in parts.values())
    }


def _stretch(start: int, rows: list[Row]) -> StretchSeen:
    scene = next(row for row in rows if row["subject"] == _SCENE)
    faces = [_face(row) for row in rows if row["subject"] != _SCENE]
    faces.sort(key=lambda face: (-len(face.frames), face.track))
    return StretchSeen(start, _scene(scene), tuple(faces))


def _scene(row: Mapping[str, Any]) -> SceneReading:
    coloured = row["coloured"]
    return SceneReading(
        float(row["luminance"]), _number(row["motion_percent_per_second"]),
        float(row["grain_percent"]), float(row["rate_fps"]), int(row["lines"]),
        None if coloured is None or pd.isna(coloured) else bool(coloured),
        _number(row["cast_degrees"]),
    )  # fmt: skip


def _face(row: Mapping[str, Any]) -> FaceSeen:
    cheeks, embedding = row["cheeks"], row["embedding"]
    reading = FaceReading(
        _number(row["relative_luminance"]),
        float(row["eye_distance_px"]),
        None if cheeks is None else np.asarray(cheeks, np.float64).reshape(-1, 3),
    )
    return FaceSeen(
        int(row["subject"].removeprefix(_FACE)),
        tuple(int(frame) for frame in row["frames"]),
        reading,
        None if embedding is None else np.asarray(embedding, np.float64),
    )


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def _listed(values: Any) -> list[float] | None:
    return None if values is None else np.asarray(values, np.float64).ravel().tolist()
