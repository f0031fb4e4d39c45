"""The ledger's tables: one flat schema each, units in the column names.

Every row carries `record_id` (unique), `recorded_at`, `schema_version` and `batch_id`.
Tables are append-only; the current state of a thing is its newest row by `KEYS`.

Rows of an earlier version are read as they are: a column that they lack is null. The version is
raised when a table or a column is added to what was released, and a column never changes its
meaning, type or name: then every earlier store can be read, and none is taken for what it is not.
"""

import pyarrow as pa

SCHEMA_VERSION = 3

_TEXT = pa.string()
_COUNT = pa.int64()
_REAL = pa.float64()
_TIME = pa.timestamp("us", tz="UTC")


def _schema(**columns: pa.DataType) -> pa.Schema:
    always = {
        "record_id": _TEXT,
        "recorded_at": _TIME,
        "schema_version": pa.int32(),
        "batch_id": _TEXT,
    }
    return pa.schema([pa.field(name, kind) for name, kind in {**always, **columns}.items()])


_STEP = pa.struct(
    [("name", _TEXT), ("version", pa.int32()), ("touches", _TEXT), ("changed_share", _REAL)]
)
_STEP_PARAMETER = pa.struct([("step", _TEXT), ("name", _TEXT), ("values", pa.list_(_REAL))])

SHOT_PLACE = ["reel_id", "reel_digest", "start_frame", "stop_frame"]  # frames of one source

TABLES: dict[str, pa.Schema] = {
    "reels": _schema(
        reel_id=_TEXT, identifier=_TEXT, title=_TEXT, reel_number=_COUNT, reel_count=_COUNT,
        collection=_TEXT, gauge=_TEXT, colour=_TEXT, sound=_TEXT, catalog_line=_COUNT,
        source=_TEXT, source_sha256=_TEXT, reel_digest=_TEXT, source_bytes=_COUNT,
        source_modified_ns=_COUNT,
        container=_TEXT, codec=_TEXT, pixel_format=_TEXT, width=_COUNT, height=_COUNT,
        frame_count=_COUNT, frame_rate=_TEXT, frame_rate_source=_TEXT, timecode=_TEXT,
        facts_json=_TEXT, treatment_id=_TEXT, recipe=_TEXT, base_treatment_id=_TEXT,
        derivative_id=_TEXT, status=_TEXT, reason=_TEXT,
    ),
    "frames": _schema(
        reel_digest=_TEXT, frame=_COUNT, pts=_COUNT, md5=_TEXT, crc32=_COUNT, file_sha256=_TEXT,
    ),
    "shots": _schema(
        reel_id=_TEXT, reel_digest=_TEXT, shot_index=_COUNT, start_frame=_COUNT,
        stop_frame=_COUNT, detector=_TEXT,
    ),
    "restorations": _schema(
        key=_TEXT, reel_id=_TEXT, reel_digest=_TEXT, shot_index=_COUNT, start_frame=_COUNT,
        stop_frame=_COUNT, treatment_id=_TEXT, status=_TEXT, reason=_TEXT,
        picture_file=_TEXT, picture_sha256=_TEXT, change_file=_TEXT, change_sha256=_TEXT,
        frame_md5=pa.list_(_TEXT), changed_share=_REAL, steps=pa.list_(_STEP),
        step_parameters=pa.list_(_STEP_PARAMETER), seconds=_REAL, device=_TEXT, software=_TEXT,
    ),
    "retirements": _schema(reel_id=_TEXT, key=_TEXT, treatment_id=_TEXT),
    "mixtures": _schema(
        reel_id=_TEXT, reel_digest=_TEXT, treatment_id=_TEXT, start_frame=_COUNT,
        stop_frame=_COUNT, part_treatment_id=_TEXT,
    ),
    "measurements": _schema(
        key=_TEXT, reel_id=_TEXT, shot_index=_COUNT, treatment_id=_TEXT, metric=_TEXT,
        before=_REAL, after=_REAL, unit=_TEXT, measurable=pa.bool_(), coverage=_REAL, note=_TEXT,
        verdict=_TEXT, threshold=_REAL, calibration_id=_TEXT, worst_frame=_COUNT, seconds=_REAL,
    ),
    "readings": _schema(
        key=_TEXT, reel_id=_TEXT, reel_digest=_TEXT, start_frame=_COUNT, stop_frame=_COUNT,
        code_version=_TEXT, stretch=_COUNT, subject=_TEXT,
        luminance=_REAL, motion_percent_per_second=_REAL, grain_percent=_REAL, rate_fps=_REAL,
        lines=_COUNT, coloured=pa.bool_(), cast_degrees=_REAL,
        frames=pa.list_(_COUNT), relative_luminance=_REAL, eye_distance_px=_REAL,
        cheeks=pa.list_(pa.float32()), embedding=pa.list_(pa.float32()),
    ),
    "harmless": _schema(
        key=_TEXT, reel_id=_TEXT, code_version=_TEXT, metric=_TEXT, value=_REAL, unit=_TEXT,
        measurable=pa.bool_(), coverage=_REAL, note=_TEXT, verdict=_TEXT, threshold=_REAL,
        calibration_id=_TEXT, worst_frame=_COUNT, seconds=_REAL,
    ),
    "events": _schema(
        event=_TEXT, object=_TEXT, outcome=_TEXT, detail=_TEXT, agent=_TEXT,
    ),
    "publications": _schema(
        reel_id=_TEXT, derivative_id=_TEXT, url=_TEXT, manifest_sha256=_TEXT, status=_TEXT,
        reason=_TEXT, object_count=_COUNT, sent_count=_COUNT, bytes=_COUNT,
    ),
    "decisions": _schema(
        sequence=_COUNT, decided_at=_TEXT, person=_TEXT, verb=_TEXT, reel_id=_TEXT,
        start_frame=_COUNT, stop_frame=_COUNT, treatment_id=_TEXT, output_sha256=_TEXT,
        codes=pa.list_(_TEXT), comment=_TEXT, frame=_COUNT, recipe=_TEXT, model=_TEXT,
        before=_TEXT, sha256=_TEXT,
    ),
    "durations": _schema(
        kind=_TEXT, treatment_id=_TEXT, reel_id=_TEXT, object=_TEXT, size=_REAL, seconds=_REAL,
    ),
    "batches": _schema(
        catalog=_TEXT, recipe=_TEXT, treatment_id=_TEXT, steps_json=_TEXT, status=_TEXT,
        reels_restored=_COUNT,
        reels_held=_COUNT, reels_failed=_COUNT, shots_restored=_COUNT, shots_computed=_COUNT,
        shots_original_kept=_COUNT, frames_computed=_COUNT, seconds=_REAL, software=_TEXT,
    ),
}  # fmt: skip

KEYS: dict[str, tuple[str, ...]] = {
    "reels": ("reel_id",),
    "frames": ("reel_digest", "frame"),
    "shots": ("reel_id", "reel_digest", "detector", "start_frame"),
    "restorations": ("reel_id", "key"),
    "retirements": ("reel_id", "key"),
    "mixtures": ("reel_id", "reel_digest", "treatment_id", "start_frame"),
    "measurements": ("reel_id", "key", "metric"),
    "readings": ("reel_id", "key", "stretch", "subject"),
    "harmless": ("reel_id", "key", "metric"),
    "events": ("record_id",),
    "publications": ("derivative_id", "url"),
    "decisions": ("sequence",),
    "durations": ("record_id",),
    "batches": ("batch_id",),
}
