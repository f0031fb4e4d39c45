"""SQL of what nights did, whether it still stands or not: shots computed, decisions taken up."""

# `catalogs.decisions.outcomes` reads the same sentence.
_SAID = r"(?s)decision (\d+), .*?: (.*)"

OUTCOME = f"""
CREATE VIEW outcome AS
    SELECT regexp_extract(detail, '{_SAID}', 1)::BIGINT AS sequence,
        arg_max(outcome, recorded_at) AS outcome, arg_max(batch_id, recorded_at) AS batch_id,
        arg_max(regexp_extract(detail, '{_SAID}', 2), recorded_at) AS detail
    FROM event WHERE event = 'decision' AND regexp_full_match(detail, '{_SAID}') GROUP BY 1;
"""

# Seconds are those of restoring and of measuring, as the night itself spent them.
COMPUTED = """
INSERT INTO computed
WITH own AS (
    SELECT * FROM restorations QUALIFY row_number() OVER
        (PARTITION BY reel_id, key, batch_id ORDER BY recorded_at DESC, place DESC) = 1
), measuring AS (
    SELECT reel_id, key, batch_id, sum(seconds) AS seconds FROM (
        SELECT * FROM measurements QUALIFY row_number() OVER
            (PARTITION BY reel_id, key, metric, batch_id ORDER BY recorded_at DESC, place DESC) = 1
    ) GROUP BY ALL
)
SELECT own.reel_id, printf('%s/%07d-%07d', own.reel_id, own.start_frame, own.stop_frame),
    own.batch_id, own.treatment_id,
    sum(coalesce(own.seconds, 0) + coalesce(measuring.seconds, 0)) AS seconds
FROM own LEFT JOIN measuring USING (reel_id, key, batch_id) GROUP BY ALL
"""
