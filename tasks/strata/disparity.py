"""Whether restoration serves some strata worse than others.

Per metric and stratum variable, each stratum is compared with the pooled rest:

    mean        of  d = value of the restored shot - value of a harmless run of the same shot
    flag rate   of  flagged - flagged in the harmless run

Infinite values are flagged or not as others are; they have no part in means.

A metric's own level varies with light, size and tone (an A/A control measures that); only what
restoration adds is compared. The harmless run is the source against a copy that is known to do no
harm (`tasks.strata.harmless`).

    comparisons = find_disparities(rows, rules, ["scene luminance", "ITA", "tag: role"])
    as_table(comparisons)

People are resampled, not shots; where people are unknown, reels (`tasks.strata.resampling`). All
comparisons of one call, of every metric, variable, stratum and statistic, are one family: Holm's
correction holds the chance that a night without any disparity invents one at `LEVEL`.
`tasks.strata.verdicts` has the words, the margins and the least numbers of people.

Blind to: a disparity between two groups that no stratum separates; one that all strata share;
faults that no metric sees. People are linked within a reel only: an actor of ten reels counts as
ten, which makes intervals too narrow. A stratum may differ from the rest in more than its name
(dark shots may also be the old ones): a disparity found is a question, not a cause.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from tasks.strata.cells import Analysis, Cell
from tasks.strata.classes import UNCERTAIN, UNKNOWN
from tasks.strata.comparison import Comparison, judged
from tasks.strata.evidence import holm_levels
from tasks.strata.resampling import Floats, Resamples, Sums
from tasks.strata.verdicts import MetricRule, Statistic

# Chance that a night without any disparity invents one. The test runs every night: at the usual
# 0.05 an archive would be told of something that is not there every third week.
LEVEL = 0.01
COLUMNS = ("metric", "cluster", "value", "harmless", "flagged", "harmless_flagged")
NOT_COMPARED = frozenset({"", UNKNOWN, UNCERTAIN})  # neither a stratum nor part of a rest


def find_disparities(
    rows: pd.DataFrame,
    rules: Sequence[MetricRule],
    variables: Sequence[str],
    *,
    seed: int = 0,
    level: float = LEVEL,
) -> tuple[Comparison, ...]:
    """Compare every stratum with its rest, in every metric.

    Args:
        rows: one row a metric, shot and person, with `COLUMNS` (cluster: the person, or the reel
            where people are unknown; value and harmless: NaN where not measurable, infinite
            where the metric is; flagged and harmless_flagged: bool) and a text column for each
            variable.
        rules: the metrics.
        variables: names of the stratum columns.
        seed: of the resampling.
        level: of the whole family.

    Returns:
        By metric, variable, stratum and statistic. Of a variable with two strata only the smaller
        is compared: the other's difference is the same.

    Raises:
        ValueError: a column is missing.
    """
    missing = [name for name in (*COLUMNS, *variables) if name not in rows.columns]
    if missing:
        raise ValueError(f"no column {', '.join(missing)}; a row is a metric, shot and person")
    clusters, names = pd.factorize(rows["cluster"])
    if (clusters < 0).any():
        raise ValueError("a row has no cluster; give the reel where the person is unknown")
    rows = rows.assign(_cluster=clusters)
    resamples = Resamples(len(names), seed) if len(names) else None
    cells: list[Cell] = []
    for rule in rules:
        own = rows[rows["metric"] == rule.metric]
        for variable in variables:
            cells += _cells(own, rule, variable, len(names), resamples)
    tested = [n for n, cell in enumerate(cells) if cell.evidence is not None]
    levels = np.full(len(cells), np.nan)
    found = [e.probability() for cell in cells if (e := cell.evidence) is not None]
    levels[tested] = holm_levels(np.array(found), level)
    return tuple(judged(*pair) for pair in zip(cells, levels.tolist(), strict=True))


def as_table(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """One row a comparison, columns as the attributes of `Comparison`."""
    names = list(Comparison.__dataclass_fields__)
    return pd.DataFrame([asdict(comparison) for comparison in comparisons], columns=names)


def _cells(
    rows: pd.DataFrame, rule: MetricRule, variable: str, clusters: int, resamples: Resamples | None
) -> Iterator[Cell]:
    """The comparisons of one metric and one variable."""
    text = rows[variable].fillna("").astype(str).str.strip()
    rows = rows.assign(_stratum=text)[~text.isin(NOT_COMPARED)]
    asked = rows["_stratum"].value_counts()
    rows = rows[rows["value"].notna() & rows["harmless"].notna()]
    codes, strata = pd.factorize(rows["_stratum"], sort=True)
    owners = rows["_cluster"].to_numpy(np.int64)
    shape = (clusters, len(strata))
    flags = Sums.of(rows["flagged"].to_numpy(float), owners, codes, shape)
    for statistic, values in _added(rows).items():
        finite = np.isfinite(values)
        sums = Sums.of(values[finite], owners[finite], codes[finite], shape)
        analysis = Analysis(sums, flags, resamples)
        for k in analysis.compared():
            unmeasured = int(asked[strata[k]] - sums.counts[:, k].sum())
            yield analysis.cell(k, rule, variable, str(strata[k]), statistic, unmeasured)


def _added(rows: pd.DataFrame) -> dict[Statistic, Floats]:
    """What restoration added to each row; not finite where a mean cannot hold it."""
    flags = (rows[name].to_numpy(float) for name in ("flagged", "harmless_flagged"))
    return {
        "mean": (rows["value"] - rows["harmless"]).to_numpy(float),
        "flag rate": np.subtract(*flags),
    }
