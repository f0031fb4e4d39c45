"""Rows of the suite's table: the outputs of one clip, measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import torch
from torch import Tensor

from models.contract import Frame
from tasks.metrics.gather import paired
from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair
from tasks.metrics.source_class import SourceFacts, source_facts
from tasks.metrics.timing import TIME, compare
from tasks.metrics.verdict import sign_of
from tasks.selftest.baselines import (
    Motion,
    motion_error,
    truth_motion,
    truth_psnr,
    warping_error,
)
from tasks.selftest.columns import BASELINES, STRATUM
from tasks.selftest.contract import Clip, Subject, Trial
from tasks.selftest.remembered import RememberedFaces

Cell = str | int | float
OF_THE_FILE = "a fault of the file, not of the picture"


class ClipMeasure:
    """Measures trials of one clip; what they share is computed once.

    Args:
        clip: which.
        subject: its frames.
        metrics: what is measured.
    """

    def __init__(self, clip: Clip, subject: Subject, metrics: Sequence[Metric]) -> None:
        self._clip, self._subject, self._metrics = clip, subject, metrics
        self._shared: list[Pair] = []
        self._faces = RememberedFaces()
        self._facts: SourceFacts | None = None
        self._truth: Tensor | None = None
        self._motion: list[Motion] = []

    def row(self, trial: Trial) -> dict[str, Cell]:
        """The row of one trial.

        Raises:
            ValueError: it has another number of frames than the source, or is the first and has
                no pictures, from which the scene's class is read.
        """
        if trial.timing and not self._shared:
            raise ValueError(f"{self._clip.name}, {trial.name}: the first trial has no pictures")
        pairs = [] if trial.timing else self._pairs(trial)
        facts = self._facts = self._facts or source_facts(self._shared[0])
        return {
            "clip": self._clip.name,
            "person": self._clip.person,
            "half": self._clip.half,
            **{STRATUM + name: level for name, level in self._subject.strata.items()},
            "grain": facts.grain,
            "luminance": facts.luminance,
            "rate": facts.rate,
            "kind": trial.kind,
            "name": trial.name,
            "severity": trial.severity,
            "base": trial.base or trial.name,
            **(self._usual(pairs) if pairs else dict.fromkeys(BASELINES, math.nan)),
            **dict(self._cells(trial, pairs)),
        }

    def _pairs(self, trial: Trial) -> list[Pair]:
        subject = self._subject
        if len(trial.frames) != len(subject.source):
            raise ValueError(f"{self._clip.name}, {trial.name}: {len(trial.frames)} frames of "
                             f"{len(subject.source)}")  # fmt: skip
        look = replace(subject.look, declared=trial.declared, finder=self._faces)
        self._faces.begin()
        frames = zip(subject.source, trial.frames, strict=True)
        pairs = list(paired(look, iter(frames), len(trial.frames)))
        if not self._shared:
            self._shared = pairs
        for pair, known in zip(pairs, self._shared, strict=True):
            if pair is not known and torch.equal(pair.source, known.source):
                pair.__dict__.update(flow=known.flow, proxy=known.proxy)  # both cached properties
        return pairs

    def _cells(self, trial: Trial, pairs: list[Pair]) -> Iterator[tuple[str, Cell]]:
        for metric in self._metrics:
            if trial.timing:
                timed = metric.identifier == TIME
                value = compare(*trial.timing) if timed else Value.none(OF_THE_FILE)
            else:
                value = worst_value(metric, [metric.measure(pair) for pair in pairs])
            yield metric.identifier, math.nan if value.value is None else value.value
            yield f"{metric.identifier}:coverage", value.coverage
            yield f"{metric.identifier}:note", value.note

    def _usual(self, pairs: list[Pair]) -> dict[str, Cell]:
        restored = torch.cat([pair.restored for pair in pairs])
        if self._truth is None:
            self._truth = _lumas(self._subject.truth, restored)
            self._motion = truth_motion(self._truth)
        errors = [found for pair in pairs if (found := warping_error(pair)) is not None]
        motion = motion_error(restored, self._motion)
        return {
            "E_warp": float(np.mean(errors)) if errors else math.nan,
            "tOF": math.nan if motion is None else motion,
            "PSNR": truth_psnr(restored, self._truth),
        }


def worst_value(metric: Metric, values: Sequence[Value]) -> Value:
    """The value of a shot: that of its worst stretch, of those that have one.

    Args:
        metric: whose values they are.
        values: one or more, a stretch each.
    """
    known = [v for v in values if v.value is not None and not math.isnan(v.value)]
    if not known:
        return values[0]
    return max(known, key=lambda found: sign_of(metric) * (found.value or 0.0))


def clip_table(
    clip: Clip, subject: Subject, trials: Iterator[Trial], metrics: Sequence[Metric],
    on_output: Callable[[str], None] = lambda name: None,
) -> pd.DataFrame:  # fmt: skip
    """Measure all trials of a clip.

    Args:
        clip: which.
        subject: its frames.
        trials: a harmless one first.
        metrics: what is measured.
        on_output: called with the clip's name after each trial.
    """
    measure = ClipMeasure(clip, subject, metrics)
    rows = []
    for trial in trials:
        rows.append(measure.row(trial))
        on_output(clip.name)
    return pd.DataFrame(rows)


def _lumas(frames: Sequence[Frame], like: Tensor) -> Tensor:
    """Luma of frames at the size of a proxy, float32 `[T, h, w]`."""
    size = (int(like.shape[2]), int(like.shape[1]))
    lumas = [frame.luma().numpy() for frame in frames]
    small = [cv2.resize(luma, size, interpolation=cv2.INTER_AREA) for luma in lumas]
    return torch.from_numpy(np.stack(small))
