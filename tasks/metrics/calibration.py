"""Calibration: which values harmless restorations have, so that what is rare can be flagged.

`calibration.json` holds, per metric, quantiles of the values that harmless outputs had in the
injection suite (`wetgate selftest --calibrate FILE`): the 90th per cent ("look") and the 97.5th
("flag"), on the metric's bad side, per class of source and over all classes. A class with fewer
than `fewest_clips` clips is not believed; there the quantiles over all classes hold.

`calibration_id` is the SHA-256 of everything else in the file in canonical JSON (sorted keys, no
blanks). It goes with every verdict, so that a verdict can be traced to what it rests on.

Limits: a calibration is as good as the footage it was made on; the file names how many clips
and runs that was.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from catalogs.durable import write_whole
from catalogs.errors import VerificationError
from tasks.metrics.calibration_check import REMEDY, check_metrics, check_order, wrong
from tasks.metrics.canonical import canonical, plain
from tasks.metrics.metric import Metric, Worse
from tasks.metrics.source_class import Levels, SourceFacts, class_name

FORMAT = 1
SHIPPED = Path(__file__).with_name("calibration.json")


def _number(value: float) -> float:
    if math.isnan(value):
        raise ValueError("is not a number")
    return value


def _known_facts(levels: dict[str, Levels]) -> dict[str, Levels]:
    if unknown := set(levels) - {field.name for field in fields(SourceFacts)}:
        raise ValueError(f"nothing measures {', '.join(sorted(unknown))}")
    return levels


_Real = Annotated[float, AfterValidator(_number)]  # infinite is allowed, written as "inf"


class Quantiles(BaseModel):
    """Quantiles of harmless values, towards the metric's bad side.

    Attributes:
        clips: how many clips had a value.
        runs: how many outputs had a value.
        median: of the values.
        look: the 90th per cent.
        flag: the 97.5th per cent.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    clips: int = Field(ge=1)
    runs: int = Field(ge=1)
    median: _Real
    look: _Real
    flag: _Real


class MetricCalibration(BaseModel):
    """What is known of one metric.

    Attributes:
        worse: the side on which its values were taken to be worse.
        unit: the unit they were in.
        pooled: over all classes; None when no harmless output had a value.
        classes: by class of source.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    worse: Worse
    unit: str
    pooled: Quantiles | None
    classes: dict[str, Quantiles]


class Calibration(BaseModel):
    """A whole calibration.

    Attributes:
        format: of the file.
        version: counts up with each refit that is shipped.
        date: of the fit, ISO 8601.
        suite: what the injection suite was run on, in words.
        look_quantile, flag_quantile: shares of harmless outputs that are not beyond.
        fewest_clips: below, a class is not believed.
        levels: how sources are cut into classes.
        metrics: by identifier.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    format: int
    version: int = Field(ge=1)
    date: str
    suite: str
    look_quantile: float = Field(gt=0, lt=1)
    flag_quantile: float = Field(gt=0, lt=1)
    fewest_clips: int = Field(ge=1)
    levels: Annotated[dict[str, Levels], AfterValidator(_known_facts)]
    metrics: dict[str, MetricCalibration]

    @cached_property
    def calibration_id(self) -> str:
        """SHA-256 of the content, hexadecimal."""
        return hashlib.sha256(canonical(self.model_dump(mode="python")).encode()).hexdigest()

    def class_of(self, facts: SourceFacts) -> str:
        """The class of a source."""
        return class_name(facts, self.levels)

    def quantiles(self, identifier: str, source_class: str) -> tuple[Quantiles | None, str]:
        """What holds for a metric on a class of source, and what it was fitted on, in words."""
        known = self.metrics.get(identifier)
        if known is None or known.pooled is None:
            return None, "no harmless output had a value"
        own = known.classes.get(source_class)
        if own is not None and own.clips >= self.fewest_clips:
            return own, source_class
        return known.pooled, "all classes"


def write_calibration(calibration: Calibration, path: Path) -> None:
    """Write a calibration file, whole or not at all."""
    content = plain(calibration.model_dump(mode="python"))
    content["calibration_id"] = calibration.calibration_id
    write_whole(path, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())


def read_calibration(path: Path = SHIPPED, metrics: Iterable[Metric] = ()) -> Calibration:
    """Read a calibration file and make sure that it is whole and fits the metrics.

    Args:
        path: the shipped file if not given.
        metrics: what will be judged with it; every gated one must be in the file.

    Raises:
        VerificationError: there is no such file, it is damaged, of another format, or was
            made for other metrics. The message names file, field and remedy.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise VerificationError(f"{path}: no calibration can be read: {error}; {REMEDY}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise wrong(path, "format", f"is not {FORMAT}")
    claimed = content.pop("calibration_id", None)
    try:
        calibration = Calibration.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise wrong(path, ".".join(map(str, first["loc"])), first["msg"]) from error
    if claimed != calibration.calibration_id:
        raise wrong(path, "calibration_id", "is not the hash of the content: it was changed")
    check_order(path, calibration)
    check_metrics(path, calibration, metrics)
    return calibration
