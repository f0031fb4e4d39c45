"""A small table whose truth is known, and metrics that exist in tests only."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from tasks.metrics.metric import Metric, Value, Worse
from tasks.metrics.pair import Pair
from tasks.selftest.columns import Designation

HARMLESS = ("truth", "denoised", "regrained", "graded")


def unmeasured(pair: Pair) -> Value:
    return Value.none(f"a test of {pair.count} frames does not measure")


def make_metric(
    identifier: str, worse: Worse = "higher", floor: float = 0.0, gated: bool = True
) -> Metric:
    return Metric(
        identifier, f"{identifier} of a test", "%", worse, floor, "x = y", "own", "much",
        unmeasured, gated,
    )  # fmt: skip


@dataclass(frozen=True)
class Suite:
    """A table with the metrics and designations that go with it."""

    table: pd.DataFrame
    metrics: tuple[Metric, ...]
    designations: tuple[Designation, ...]


def make_suite(clips: int = 20, seed: int = 5) -> Suite:
    """EYE sees `eye flicker`, TEX (lower is worse) sees `blur`; E_warp sees neither."""
    chance = np.random.default_rng(seed)
    rows = []
    for number in range(clips):
        own = chance.normal(0, 0.1)
        for kind, name, severity in (
            *(("harmless", name, -1) for name in HARMLESS),
            *(("fault", name, s) for name in ("eye flicker", "blur") for s in range(3)),
        ):
            eye = 0.4 * (severity + 1) * (name == "eye flicker")
            blur = 0.15 * (severity + 1) * (name == "blur")
            rows.append({
                "clip": f"clip {number:02}", "person": f"person {number // 2}",
                "half": "AB"[number % 2], "stratum:luminance": ("dark", "bright")[number // 2 % 2],
                "grain": 0.5 + number % 2, "luminance": 0.2, "rate": 25.0,
                "kind": kind, "name": name, "severity": severity,
                "EYE": 0.4 + own + eye + chance.normal(0, 0.05),
                "TEX": 1.0 + own / 4 - blur + chance.normal(0, 0.02),
                "E_warp": 1.0 + own + chance.normal(0, 0.1) - blur,
                "tOF": 1.0 + chance.normal(0, 0.1), "PSNR": 35 + chance.normal(0, 2),
            })  # fmt: skip
    metrics = (make_metric("EYE", floor=0.5), make_metric("TEX", "lower", floor=0.9))
    designations = (Designation("eye flicker", "EYE"), Designation("blur", "TEX"))
    return Suite(pd.DataFrame(rows), metrics, designations)


@pytest.fixture
def suite() -> Suite:
    return make_suite()


@pytest.fixture
def metric() -> Callable[..., Metric]:
    """`make_metric`, for tests."""
    return make_metric
