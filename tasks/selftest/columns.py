"""The suite's table: one row an output of a restoration, harmless or faulty.

Columns:

    clip, person, half      which footage; half is "A" or "B", a clip is in one only
    stratum:<name>          what the clip is like, for instance stratum:luminance
    grain, luminance, rate  the facts of its source (`tasks.metrics.source_class`)
    kind                    "harmless" or "fault"
    name, severity          of the output; severity 0, 1, 2 of a fault, -1 of a harmless output
    base                    the harmless output that the fault was put into
    <metric>                value; NaN where it is not measurable
    <metric>:coverage       share of the frames it rests on
    <metric>:note           why there is no value
    E_warp, tOF, PSNR       the usual measures, for comparison

None of them is an index; rows are in the order of clip, kind, name and severity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from tasks.metrics.metric import Metric
from tasks.metrics.source_class import Levels, SourceFacts, class_name
from tasks.metrics.verdict import sign_of

Reals = npt.NDArray[np.float64]

HARMLESS, FAULT = "harmless", "fault"
SEVERITIES = ("below visibility", "mild", "strong")
BELOW, MILD, STRONG = 0, 1, 2
STRATUM = "stratum:"
BASELINES = {"E_warp": 1, "tOF": 1, "PSNR": -1}  # 1 where higher is worse, -1 where lower is


@dataclass(frozen=True)
class Designation:
    """What the suite demands of one fault.

    Attributes:
        fault: its name.
        metric: identifier of the metric that has to see it.
        allowed: identifiers of the other metrics that may be flagged by it.
    """

    fault: str
    metric: str
    allowed: frozenset[str] = frozenset()


def bad(table: pd.DataFrame, metric: Metric) -> Reals:
    """A metric's values, turned so that higher is worse; NaN where not measurable."""
    return np.asarray(sign_of(metric) * table[metric.identifier], np.float64)


def harmless(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of harmless outputs."""
    return table[table["kind"] == HARMLESS]


def faulty(table: pd.DataFrame, fault: str, severity: int) -> pd.DataFrame:
    """Rows of one fault at one severity."""
    return table[
        (table["kind"] == FAULT) & (table["name"] == fault) & (table["severity"] == severity)
    ]


def strata(table: pd.DataFrame) -> Sequence[str]:
    """Columns that say what a clip is like."""
    return [name for name in table.columns if name.startswith(STRATUM)]


def class_names(table: pd.DataFrame, levels: Mapping[str, Levels]) -> list[str]:
    """The class of each row's source."""
    facts = zip(table["grain"], table["luminance"], table["rate"], strict=True)
    return [class_name(SourceFacts(*map(float, fact)), levels) for fact in facts]
