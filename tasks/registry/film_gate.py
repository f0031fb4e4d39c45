"""Film gate: a challenger beside the champion on the film set, where the truth is known.

What `tasks.compare.treatments` asks of a store's shots is asked of the set's clips, clips of one
person being resampled together, and in every stratum of the set (luminance, colour, skin, grain) of
at least `LEAST_CLIPS`. Two things more are asked: likeness to the truth, which no night can know,

    PSNR  of luma against the truth, dB, its mean difference over the set with a 95 % interval,

must be known on every clip and must not have become worse, and on no clip may the challenger be
less like the truth than the damaged source was, unless the champion was too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from catalogs.recipe import Treatment
from tasks.compare.resample import bootstrap_means, interval
from tasks.compare.treatments import Compared, Cut, compare_pairs
from tasks.metrics.calibration import Calibration
from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import OF_GRAIN, Declared
from tasks.metrics.registry import METRICS
from tasks.metrics.verdict import verdict
from tasks.selftest.columns import STRATUM, Reals, class_names, strata

LEAST_CLIPS = 4  # of a stratum
LEAST_PEOPLE = 3
GRAIN = "grain"
LIKENESS = "PSNR"
OF_SOURCE = "PSNR of source"
MOST_LIKE = 60.0  # dB, a quarter of a code value at 8 bit; equal pictures have no end

_NOT_COMPARED = "not measurable"


def compare_films(before: pd.DataFrame, after: pd.DataFrame, calibration: Calibration) -> Compared:
    """Compare two tables of the film set.

    Args:
        before: one row a clip under the champion, from `tasks.selftest.film_set.film_table`, with
            `OF_SOURCE`, the likeness of the damaged source.
        after: the same clips under the challenger.
        calibration: whose thresholds say what is flagged.

    Raises:
        ValueError: they are not of the same clips.
    """
    if list(before["clip"]) != list(after["clip"]):
        raise ValueError("the two tables are not of the same clips")
    pairs = film_pairs(before, after, calibration)
    cut = Cut((*map(_stratum, strata(before)), GRAIN), LEAST_CLIPS, LEAST_PEOPLE)
    differ = not np.array_equal(psnr(before), psnr(after), equal_nan=True)
    found = compare_pairs(pairs, cut, differ)
    return replace(found, reasons=(*found.reasons, *_less_like_the_truth(before, after)))


def judged_by(before: Treatment, after: Treatment) -> frozenset[str]:
    """What both are judged by, as changed by nature: neither escapes by what it declares.

    Dirt and scratches that are left count for both where either takes them out; grain that is
    gone is excused where both say that they touch it.
    """
    declared = before.declared | after.declared
    excused = all(Declared(one.declared).touches_grain for one in (before, after))
    return declared if excused else declared - OF_GRAIN


def film_pairs(before: pd.DataFrame, after: pd.DataFrame, calibration: Calibration) -> pd.DataFrame:
    """One row a clip and metric, as `compare_pairs` takes it; people are reels."""
    known = before[["clip", "person", *strata(before)]].rename(
        columns={"clip": "shot", "person": "reel_id"} | {s: _stratum(s) for s in strata(before)}
    )
    known[GRAIN] = [calibration.levels[GRAIN].of(grain) for grain in before[GRAIN]]
    parts = []
    for metric in METRICS:
        part = known.copy()
        for side, table in (("before", before), ("after", after)):
            part[side] = table[metric.identifier].to_numpy(np.float64)
            part[f"verdict_{side}"] = _verdicts(table, metric, calibration)
        parts.append(part.assign(metric=metric.identifier))
    return pd.concat(parts, ignore_index=True)


def psnr(table: pd.DataFrame, of: str = LIKENESS) -> Reals:
    """Likeness to the truth of each clip, dB, at most `MOST_LIKE`; NaN where it is not known."""
    return np.asarray(table[of].clip(upper=MOST_LIKE), np.float64)


def likeness(before: pd.DataFrame, after: pd.DataFrame) -> tuple[float, float, float]:
    """Mean difference of likeness to the truth, dB, and its 95 % interval: (mean, low, high)."""
    difference = psnr(after) - psnr(before)
    people = pd.factorize(before["person"])[0].astype(np.int64)
    means, mean = bootstrap_means(difference, people), float(difference.mean())
    low, high = interval(means, mean, int(people.max()) + 1, 0.05)
    return mean, float(low), float(high)


def _less_like_the_truth(before: pd.DataFrame, after: pd.DataFrame) -> Iterator[str]:
    source, theirs, mine = psnr(after, OF_SOURCE), psnr(before), psnr(after)
    if unknown := sorted(after["clip"][np.isnan(source + theirs + mine)]):
        yield f"likeness to the truth is not known on {len(unknown)} clips, {unknown[0]} among them"
        return
    mean, low, high = likeness(before, after)
    if not high >= 0:
        yield f"likeness to the truth fell by {-mean:.2f} dB ({low:+.2f} to {high:+.2f}, 95 %)"
    for clip in after["clip"][(mine < source) & (theirs >= source)]:
        yield f"{clip}: less like the truth than the damaged source, which the champion was not"


def _stratum(column: str) -> str:
    return column.removeprefix(STRATUM)


def _verdicts(table: pd.DataFrame, metric: Metric, calibration: Calibration) -> Sequence[str]:
    if not metric.gated:
        return [_NOT_COMPARED] * len(table)
    classes = class_names(table, calibration.levels)
    values = zip(table[metric.identifier], classes, strict=True)
    return [verdict(metric, Value(value), name, calibration).status for value, name in values]
