"""What the gate of a promotion sees, and how often chance alone closes it.

    python benchmarks/gate.py [--table selftest.parquet]

Seen: shots of 2, 5, 10, 20 and 40 reels, four or more a reel, on which a challenger is worse by so
many deviations of one metric (as its difference varies from reel to reel, and from shot to shot as
much again). Share of trials in which the gate says that it became worse. In a stratum the gate asks
as if for four strata. At 0 it is chance.

Chance, where the table of `wetgate selftest` is given: two harmless outputs of every clip,
and neither is the better, for it is drawn person by person which of them is called the
challenger's. Share of trials in which the gate does not pass, by what it says.
"""

from __future__ import annotations

import argparse
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd

from tasks.compare.difference import Asked, difference_of
from tasks.compare.treatments import LEAST_SHOTS
from tasks.measure import shipped_calibration
from tasks.metrics.registry import METRICS
from tasks.registry.film_gate import OF_SOURCE, compare_films
from tasks.selftest.columns import harmless, strata

REELS = (2, 5, 10, 20, 40)
WORSE = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
TRIALS = 200
GRAIN = ("GRAIN", "REGRAIN")  # not measured on every output: the suite declares what each does


def shots(reels: int, worse: float, chance: np.random.Generator) -> pd.DataFrame:
    """One metric on shots of so many reels."""
    each = max(4, -(-LEAST_SHOTS // reels))
    reel = np.repeat(np.arange(reels), each)
    before = chance.standard_normal(len(reel))
    own = chance.standard_normal(reels)[reel] + chance.standard_normal(len(reel))
    return pd.DataFrame({
        "shot": np.arange(len(reel)).astype(str), "reel_id": reel.astype(str), "metric": "BOIL",
        "before": before, "after": before + worse + own,
        "verdict_before": "ok", "verdict_after": "ok",
        "collection": None, "gauge": None, "colour": None,
    })  # fmt: skip


def seen(reels: int, worse: float, strata_of_it: int) -> float:
    """Share of trials in which a metric that is worse is refused."""
    metric = next(metric for metric in METRICS if metric.identifier == "BOIL")
    asked = Asked(LEAST_SHOTS, strata_of_it, 1)
    refused = 0
    for trial in range(TRIALS):
        rows = shots(reels, worse, np.random.default_rng(trial))
        refused += difference_of("", metric, rows, asked).worsened
    return refused / TRIALS


def print_seen() -> None:
    """The table of what is seen."""
    for name, number in (("all shots", 1), ("a stratum, one of four", 4)):
        print(f"{name}; share of trials refused, by how much worse (deviations of a reel)")
        print("reels  " + "".join(f"{worse:>7}" for worse in WORSE))
        for reels in REELS:
            print(f"{reels:5}  " + "".join(f"{seen(reels, w, number):7.2f}" for w in WORSE))


def print_chance(table: pd.DataFrame) -> None:
    """How often a challenger that is no worse does not pass."""
    rows = harmless(table)
    absent = {m.identifier: np.nan for m in METRICS if m.identifier not in rows}
    rows = rows.assign(**absent, **dict.fromkeys(GRAIN, np.nan), **{OF_SOURCE: -np.inf})
    outputs = {
        name: part.sort_values("clip").reset_index(drop=True) for name, part in rows.groupby("name")
    }
    words = ("became worse", "flags", "measurable", "likeness")
    found: dict[str, int] = dict.fromkeys((*words, "any"), 0)
    trials = 0
    chance = np.random.default_rng(0)
    for one, other in permutations(outputs.values(), 2):
        people = one["person"].unique()
        swapped = one["person"].isin(people[chance.random(len(people)) < 0.5])
        before, after = one.where(~swapped, other), other.where(~swapped, one)
        facts = ["clip", "person", "grain", "luminance", "rate", *strata(one)]
        after[facts] = before[facts] = one[facts]
        said = compare_films(before, after, shipped_calibration()).reasons
        trials += 1
        found["any"] += bool(said)
        for word in words:
            found[word] += any(word in reason for reason in said)
    print(f"equal challengers that do not pass, of {trials}: ")
    for word, number in found.items():
        print(f"  {word:14} {number / trials:.2f}")


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--table", type=Path)
    asked = parser.parse_args()
    print_seen()
    if asked.table:
        print_chance(pd.read_parquet(asked.table))


if __name__ == "__main__":
    main()
