"""How often the disparity test finds a planted disparity, and how often it invents one.

Nights are simulated: people of four shots each, correlation .3 between the shots of a person,
8 % of restored shots flagged (2.5 % in the harmless run), two stratum variables of four strata,
three metrics. A value is threshold * exp(0.5 * (z - quantile)), z normal; a disparity moves z of
one stratum in one metric until so many points more of its shots are flagged.

    python benchmarks/disparity.py                   # 20 nights a line, half a minute
    python benchmarks/disparity.py --nights 200      # the figures of docs/strata.md
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from tasks.strata.disparity import LEVEL, Comparison, find_disparities
from tasks.strata.verdicts import MetricRule

SHOTS = 4  # a person
CORRELATION = 0.3
BASE, HARMLESS = 0.08, 0.025  # flagged
SCATTER = 0.5  # of the logarithm of a value
AGREEMENT = 0.5  # correlation of a shot's value with that of its harmless run
STRATA = ("one", "two", "three", "four")
VARIABLES = ("scene luminance", "decade")
RULES = tuple(MetricRule(name, "%", 1.0) for name in ("EYE", "BOIL", "JIT"))


@dataclass(frozen=True)
class Night:
    """What is simulated; the disparity is in the first stratum, variable and metric."""

    people: int
    points: float = 0.0
    strata: Sequence[str] = STRATA
    variables: Sequence[str] = VARIABLES
    rules: Sequence[MetricRule] = RULES

    def rows(self, seed: int) -> pd.DataFrame:
        """Every metric's rows of a night, as `find_disparities` takes them."""
        chance = np.random.default_rng(seed)
        count = self.people * len(self.strata)
        even = np.repeat(np.array(self.strata), self.people)
        groups = {name: even if n == 0 else chance.permutation(even)
                  for n, name in enumerate(self.variables)}  # fmt: skip
        table = {name: np.repeat(group, SHOTS) for name, group in groups.items()}
        table["cluster"] = np.repeat(np.arange(count), SHOTS)
        night = [self._metric(chance, table, n == 0).assign(metric=rule.metric)
                 for n, rule in enumerate(self.rules)]  # fmt: skip
        return pd.concat(night, ignore_index=True)

    def _metric(
        self, chance: np.random.Generator, table: dict[str, np.ndarray], struck: bool
    ) -> pd.DataFrame:
        count = self.people * len(self.strata)

        def alike() -> np.ndarray:
            person = np.repeat(chance.standard_normal(count), SHOTS)
            shot = chance.standard_normal(count * SHOTS)
            return np.sqrt(CORRELATION) * person + np.sqrt(1 - CORRELATION) * shot

        common, own, harmless_own = alike(), alike(), alike()
        latent, harmless = (
            np.sqrt(AGREEMENT) * common + np.sqrt(1 - AGREEMENT) * part
            for part in (own, harmless_own)
        )
        if struck:
            here = table[self.variables[0]] == self.strata[0]
            latent[here] += stats.norm.isf(BASE) - stats.norm.isf(BASE + self.points / 100)
        value = np.exp(SCATTER * (latent - stats.norm.isf(BASE)))
        without = np.exp(SCATTER * (harmless - stats.norm.isf(HARMLESS)))
        return pd.DataFrame({**table, "value": value, "harmless": without,
                             "flagged": value > 1, "harmless_flagged": without > 1})  # fmt: skip

    def compare(self, seed: int) -> tuple[Comparison, ...]:
        """The report of one night."""
        return find_disparities(self.rows(seed), self.rules, self.variables, seed=seed)

    def planted(self, comparison: Comparison) -> bool:
        """Whether a comparison is of the variable and metric that hold the disparity."""
        place = (self.rules[0].metric, self.variables[0])
        return self.points > 0 and (comparison.metric, comparison.variable) == place


def nights(night: Night, count: int, first: int = 0) -> Counter[str]:
    """In how many nights what happened."""
    seen: Counter[str] = Counter()
    for seed in range(first, first + count):
        comparisons = night.compare(seed)
        finds = [c for c in comparisons if c.verdict == "disparity found"]
        right = {c.statistic for c in finds
                 if night.planted(c) and c.stratum == night.strata[0]}  # fmt: skip
        seen["found"] += bool(right)
        seen.update(right)
        seen["invented"] += any(not night.planted(c) for c in finds)
        seen["possible"] += any(c.verdict == "possible" for c in comparisons)
    return seen


def share(times: int, count: int) -> str:
    """A rate and its exact 95 % interval (Clopper and Pearson)."""
    low = stats.beta.ppf(0.025, times, count - times + 1) if times else 0.0
    high = stats.beta.ppf(0.975, times + 1, count - times) if times < count else 1.0
    return f"{times:4} of {count}  {times / count:.2f} [{low:.2f}, {high:.2f}]"


def show_nights(count: int) -> None:
    shape = f"{len(RULES)} metrics, {len(VARIABLES)} variables, {len(STRATA)} strata"
    print(f"{shape}; {count} nights a line; a family's level is {LEVEL}\n")
    for people in (40, 80):
        for points in (0, 10, 20):
            seen = nights(Night(people, points), count)
            print(f"{people} people a stratum, {points} points planted")
            for what in ("found", "mean", "flag rate") if points else ():
                print(f"  {what:24}{share(seen[what], count)}")
            print(f"  {'invented':24}{share(seen['invented'], count)}", flush=True)


def show_power(count: int) -> None:
    """One metric, one variable of four strata, as in a study that asks one question."""
    print("\none metric, one variable: half-width of the plain 95 % interval of the flag rates'")
    print("difference, shares of nights with 'disparity found' (or 'possible' under 40 people)\n")
    print(f"{'people (shots)':18}{'half-width':>12}{'+10 points':>12}{'+20 points':>12}")
    for people in (5, 10, 20, 40, 80):
        cells, width = [], "-"
        for points in (10, 20):
            night = Night(people, points, STRATA, VARIABLES[:1], RULES[:1])
            results = [night.compare(seed) for seed in range(count)]
            strict = [any(c.stratum == STRATA[0] and c.verdict in ("disparity found", "possible")
                          for c in result) for result in results]  # fmt: skip
            cells.append(f"{np.mean(strict):.2f}")
            errors = [
                c.error
                for result in results
                for c in result
                if c.stratum == STRATA[0] and c.statistic == "flag rate" and c.error
            ]
            if points == 10 and errors:
                width = f"{100 * 1.96 * np.mean(errors):.1f}"
        print(
            f"{f'{people} ({people * SHOTS})':18}{width:>12}{cells[0]:>12}{cells[1]:>12}",
            flush=True,
        )


def show_detectable(count: int) -> None:
    """Whether what is called detectable is found as often as is said."""
    print("\nthe detectable difference of flag rates, planted: how often its verdict is found\n")
    for people in (40, 80):
        plain = [Night(people).compare(seed) for seed in range(5)]
        stated = np.mean([c.detectable for night in plain for c in night
                          if c.statistic == "flag rate"])  # fmt: skip
        seen = nights(Night(people, 100 * float(stated)), count, first=1000)
        print(
            f"{people} people: {100 * stated:.1f} points stated   "
            f"flag rate alone {share(seen['flag rate'], count)}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)  # fmt: skip
    parser.add_argument("--nights", type=int, default=20)
    count = parser.parse_args().nights
    show_nights(count)
    show_power(count)
    show_detectable(count)


if __name__ == "__main__":
    main()
