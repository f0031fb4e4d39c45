"""The tables of the view, and the SQL that fills them from rows of the ledger."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa

from catalogs.recipe import Treatment
from catalogs.tables import KEYS
from dashboard.view_work import COMPUTED, OUTCOME

LAYOUT = """
CREATE SEQUENCE shot_ids;
CREATE TABLE shot (
    shot_id BIGINT, name VARCHAR, reel_id VARCHAR, identifier VARCHAR, title VARCHAR,
    collection VARCHAR, gauge VARCHAR, colour VARCHAR, reel_number BIGINT, width BIGINT,
    height BIGINT,
    frame_rate VARCHAR, timecode VARCHAR, derivative_id VARCHAR, version_id VARCHAR,
    reel_digest VARCHAR, shot_index BIGINT, start_frame BIGINT, stop_frame BIGINT, frames BIGINT,
    key VARCHAR, treatment_id VARCHAR, recipe VARCHAR, models VARCHAR[], status VARCHAR,
    reason VARCHAR, changed_share DOUBLE, seconds DOUBLE, device VARCHAR, picture_sha256 VARCHAR,
    batch_id VARCHAR, flagged VARCHAR[], looked VARCHAR[], light VARCHAR,
    beyond DOUBLE
);
CREATE TABLE value (
    shot_id BIGINT, metric VARCHAR, before DOUBLE, after DOUBLE, verdict VARCHAR,
    threshold DOUBLE, worst_frame BIGINT
);
CREATE TABLE reel_row (
    reel_id VARCHAR, identifier VARCHAR, title VARCHAR, reel_number BIGINT, reel_count BIGINT,
    collection VARCHAR, gauge VARCHAR, colour VARCHAR, sound VARCHAR, source VARCHAR,
    source_sha256 VARCHAR, reel_digest VARCHAR, source_bytes BIGINT, container VARCHAR,
    codec VARCHAR, pixel_format VARCHAR, width BIGINT, height BIGINT, frame_count BIGINT,
    frame_rate VARCHAR, frame_rate_source VARCHAR, timecode VARCHAR, treatment_id VARCHAR,
    recipe VARCHAR, derivative_id VARCHAR, status VARCHAR, reason VARCHAR, batch_id VARCHAR,
    recorded_at TIMESTAMPTZ, facts_json VARCHAR, place BIGINT
);
CREATE VIEW reel AS SELECT * FROM reel_row
    QUALIFY row_number() OVER (PARTITION BY reel_id ORDER BY recorded_at DESC, place DESC) = 1;
CREATE TABLE batch (
    record_id VARCHAR, batch_id VARCHAR, recorded_at TIMESTAMPTZ, catalog VARCHAR, recipe VARCHAR,
    treatment_id VARCHAR, status VARCHAR, reels_restored BIGINT, reels_held BIGINT,
    reels_failed BIGINT, shots_restored BIGINT, shots_computed BIGINT, shots_original_kept BIGINT,
    frames_computed BIGINT, seconds DOUBLE, software VARCHAR
);
CREATE TABLE event (
    record_id VARCHAR, batch_id VARCHAR, recorded_at TIMESTAMPTZ, event VARCHAR, object VARCHAR,
    outcome VARCHAR, detail VARCHAR, agent VARCHAR
);
CREATE TABLE decision (
    sequence BIGINT, decided_at VARCHAR, person VARCHAR, verb VARCHAR, reel_id VARCHAR,
    start_frame BIGINT, stop_frame BIGINT, output_sha256 VARCHAR, codes VARCHAR[],
    comment VARCHAR, frame BIGINT, recipe VARCHAR, model VARCHAR, batch_id VARCHAR, sha256 VARCHAR
);
CREATE TABLE computed (
    reel_id VARCHAR, name VARCHAR, batch_id VARCHAR, treatment_id VARCHAR, seconds DOUBLE
);
CREATE TABLE treatment (treatment_id VARCHAR, recipe VARCHAR, models VARCHAR[]);
CREATE TABLE stratum (shot_id BIGINT, variable VARCHAR, stratum VARCHAR);
"""
LAYOUT += OUTCOME

BATCH_COLUMNS = (
    "record_id", "batch_id", "recorded_at", "catalog", "recipe", "treatment_id", "status",
    "reels_restored", "reels_held", "reels_failed", "shots_restored", "shots_computed",
    "shots_original_kept", "frames_computed", "seconds", "software",
)  # fmt: skip
EVENT_COLUMNS = (
    "record_id", "batch_id", "recorded_at", "event", "object", "outcome", "detail", "agent",
)  # fmt: skip
BATCHES = """INSERT INTO batch SELECT DISTINCT ON (record_id) * EXCLUDE place FROM rows
    WHERE record_id NOT IN (SELECT record_id FROM batch)"""
EVENTS = """INSERT INTO event SELECT DISTINCT ON (record_id) * EXCLUDE place FROM rows
    WHERE record_id NOT IN (SELECT record_id FROM event)"""

SHOT_KEY = ["reel_id", "reel_digest", "detector", "start_frame"]

COLUMNS: Mapping[str, Sequence[str]] = {
    "reels": (
        "reel_id", "identifier", "title", "reel_number", "reel_count", "collection", "gauge",
        "colour", "sound", "source", "source_sha256", "reel_digest", "source_bytes", "container",
        "codec", "pixel_format", "width", "height", "frame_count", "frame_rate",
        "frame_rate_source", "timecode", "treatment_id", "recipe", "derivative_id", "status",
        "reason", "batch_id", "recorded_at", "facts_json",
    ),
    "shots": (*SHOT_KEY, "stop_frame", "recorded_at"),
    "mixtures": (
        "reel_id", "reel_digest", "treatment_id", "start_frame", "stop_frame",
        "part_treatment_id", "recorded_at",
    ),
    "restorations": (
        "key", "reel_id", "reel_digest", "shot_index", "start_frame", "stop_frame",
        "treatment_id", "status", "reason", "picture_sha256", "changed_share", "seconds",
        "device", "batch_id", "recorded_at",
    ),
    "measurements": (
        "key", "reel_id", "metric", "before", "after", "measurable", "verdict", "threshold",
        "worst_frame", "seconds", "batch_id", "recorded_at",
    ),
}  # fmt: skip


def _newest(table: str, *key: str) -> str:
    return (
        f"SELECT * FROM {table} QUALIFY row_number() OVER "
        f"(PARTITION BY {', '.join(key)} ORDER BY recorded_at DESC, place DESC) = 1"
    )


DERIVE: tuple[str, ...] = (
    """DELETE FROM value WHERE shot_id IN (
        SELECT shot_id FROM shot SEMI JOIN changed USING (reel_id)
    )""",
    "DELETE FROM shot WHERE reel_id IN (SELECT reel_id FROM changed)",
    "DELETE FROM treatment",
    "INSERT INTO treatment SELECT * FROM treatments",
    "DELETE FROM reel_row WHERE reel_id IN (SELECT reel_id FROM changed)",
    "INSERT INTO reel_row SELECT * FROM reels",
    "DELETE FROM computed WHERE reel_id IN (SELECT reel_id FROM changed)",
    COMPUTED,
    f"""
    CREATE OR REPLACE TEMP TABLE standing AS
    WITH restored AS (SELECT * FROM reels WHERE status = 'restored'),
    version AS ({_newest("restored", "reel_id")}),
    outcome AS ({_newest("restorations", "reel_id", "key")}),
    part AS ({_newest("mixtures", *KEYS["mixtures"])}),
    every AS (
        SELECT outcome.*, treatment_id AS version_id FROM outcome
        UNION ALL
        SELECT outcome.*, part.treatment_id AS version_id FROM outcome JOIN part
        ON outcome.reel_id = part.reel_id AND outcome.reel_digest = part.reel_digest
        AND outcome.start_frame = part.start_frame AND outcome.stop_frame = part.stop_frame
        AND outcome.treatment_id = part.part_treatment_id
    )
    SELECT nextval('shot_ids') AS shot_id, printf('%s/%07d-%07d', v.reel_id, e.start_frame,
            e.stop_frame) AS name, v.reel_id, v.identifier, v.title, v.collection,
        v.gauge, v.colour, v.reel_number, v.width, v.height, v.frame_rate, v.timecode,
        v.derivative_id, v.treatment_id AS version_id, v.reel_digest, e.shot_index,
        e.start_frame, e.stop_frame, e.stop_frame - e.start_frame AS frames, e.key,
        e.treatment_id, t.recipe, t.models, e.status, e.reason, e.changed_share, e.seconds,
        e.device, e.picture_sha256, e.batch_id
    FROM version v
    JOIN every e ON e.reel_id = v.reel_id AND e.reel_digest = v.reel_digest
        AND e.version_id = v.treatment_id
    SEMI JOIN shots s ON s.reel_id = e.reel_id AND s.reel_digest = e.reel_digest
        AND s.start_frame = e.start_frame AND s.stop_frame = e.stop_frame
    LEFT JOIN treatments t ON t.treatment_id = e.treatment_id
    """,
    f"""
    CREATE OR REPLACE TEMP TABLE measured AS
    SELECT s.shot_id, m.metric, m.before, CASE WHEN m.measurable THEN m.after END AS after,
        coalesce(m.verdict, '') AS verdict, m.threshold, m.worst_frame, m.seconds
    FROM standing s JOIN ({_newest("measurements", "reel_id", "key", "metric")}) m
    USING (reel_id, key)
    """,
    "INSERT INTO value SELECT * EXCLUDE seconds FROM measured",
    """
    INSERT INTO shot
    WITH said AS (
        SELECT shot_id, sum(seconds) AS seconds,
            list_sort(coalesce(list(metric) FILTER (verdict = 'flag'), [])) AS flagged,
            list_sort(coalesce(list(metric) FILTER (verdict = 'look'), [])) AS looked,
            count(*) FILTER (verdict = 'ok') AS good,
            coalesce(max(CASE WHEN threshold = 0 THEN 'infinity'::DOUBLE
                ELSE abs(after - threshold) / abs(threshold) END)
                FILTER (verdict = 'flag'), 0) AS beyond
        FROM measured GROUP BY shot_id
    )
    SELECT s.* REPLACE (
            s.seconds + coalesce(said.seconds, 0) AS seconds,
            coalesce(s.models, []) AS models, coalesce(s.recipe, '') AS recipe
        ),
        coalesce(said.flagged, []), coalesce(said.looked, []),
        CASE WHEN s.status = 'original kept' THEN 'kept'
             WHEN len(said.flagged) > 0 THEN 'flag' WHEN len(said.looked) > 0 THEN 'look'
             WHEN said.good > 0 THEN 'ok' ELSE 'none' END,
        coalesce(said.beyond, 0)
    FROM standing s LEFT JOIN said USING (shot_id)
    """,
)


@contextmanager
def given(memory: duckdb.DuckDBPyConnection, **tables: Any) -> Iterator[None]:
    """Tables of Arrow or pandas that statements can name for a while."""
    for name, rows in tables.items():
        memory.register(name, rows)
    try:
        yield
    finally:
        for name in tables:
            memory.unregister(name)


def names_table(names: Sequence[str]) -> pa.Table:
    """Reels that changed."""
    return pa.table({"reel_id": pa.array(names, type=pa.string())})


def treatments_table(treatments: Mapping[str, Treatment]) -> pa.Table:
    """Treatments with their recipe's name and their registered models."""
    models = [sorted({s.model for s in t.steps if s.model}) for t in treatments.values()]
    return pa.table(
        {
            "treatment_id": pa.array(list(treatments), type=pa.string()),
            "recipe": pa.array([t.recipe_name for t in treatments.values()], type=pa.string()),
            "models": pa.array(models, type=pa.list_(pa.string())),
        }
    )
