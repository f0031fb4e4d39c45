"""Measure shot detection against labels made by eye, beside PySceneDetect and TransNetV2.

    python benchmarks/shots.py [--data ../shared/data] [--quick]

    hard cuts     precision, recall and F1; a cut is found within one frame, once. A
                  detection inside a gradual transition counts neither way
    gradual       how many of the fades, dissolves and dips hold a detection, three frames of
                  grace at either end and the more that a label's note allows
    traps         detections on what only looks like a boundary; they also cost precision
    fps           frames per second of one core at 854x480 H.264, decoding included, from
                  processor time: `steady` is a film of four shots, `dense` a trailer with
                  a cut or fade every two seconds
    left out      every threshold chosen on the other clips only, tested on this one, summed;
                  once aiming at F1 and gradual transitions together, once at F1 first and
                  then at three quarters of the gradual ones, which is what is asked for
    single shots  boundaries found in unlabelled clips of one shot each (seen by eye)

PySceneDetect runs its content, adaptive and hash detectors as they come. TransNetV2 alone is
our network over every frame, with the authors' threshold of 0.5 and their windows.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import resource
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from statistics import median_low

import cv2
import ffmpeg
import numpy as np
import torch
from numpy.typing import NDArray
from scenedetect import AdaptiveDetector, ContentDetector, HashDetector, detect

from models.shots.cues import Cue, find_cues
from models.shots.decision import decide_boundaries
from models.shots.evidence import BLOCK, MARGIN, Chances
from models.shots.rules import Rules
from models.shots.signature import describe_all
from tasks.media.program import run
from tasks.media.thumbnails import stream_thumbnails
from tasks.split import detect_boundaries, judge_frames

# Values that each threshold may take when it is chosen without the clip it is tested on.
CHOICES: dict[str, tuple[float, ...]] = {
    "clear_jump": (0.15, 0.2, 0.25, 0.3, 0.35, 0.4),
    "weak_jump": (0.05, 0.1, 0.15, 0.2),
    "support": (0.2, 0.3, 0.4, 0.5, 0.6, 0.7),
    "flat_texture": (0.005, 0.01, 0.015, 0.02),
    "flat_frames": (3, 5, 7, 9, 12),
    "blend_residual": (0.03, 0.05, 0.08, 0.12, 0.16),
    "blend_change": (0.3, 0.4, 0.5, 0.6),
    "blend_frames": (2, 3, 5, 8),
    "within": (0.3, 0.4, 0.5, 0.6, 0.7),
}

Detector = Callable[[Path], Iterable[int]]
Aim = Callable[["Score"], tuple[float, ...]]


@dataclass(frozen=True)
class Label:
    """One row of the labels, frames inclusive, grace already added at either end."""

    kind: str
    start: int
    end: int

    def holds(self, index: int) -> bool:
        """True for a frame within the label."""
        return self.start <= index <= self.end


@dataclass(frozen=True)
class Score:
    """Counts over one or more clips; they add up."""

    hits: int = 0
    misses: int = 0
    false: int = 0
    gradual: int = 0
    gradual_found: int = 0
    traps: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(*(a + b for a, b in zip(self.counts(), other.counts(), strict=True)))

    def counts(self) -> tuple[int, ...]:
        """All counts, in order."""
        fields = (self.hits, self.misses, self.false, self.gradual, self.gradual_found)
        return (*fields, self.traps)

    @property
    def precision(self) -> float:
        """Share of detections outside gradual transitions that are hard cuts."""
        return self.hits / max(self.hits + self.false, 1)

    @property
    def recall(self) -> float:
        """Share of hard cuts that were found."""
        return self.hits / max(self.hits + self.misses, 1)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.hits / max(2 * self.hits + self.false + self.misses, 1)

    def row(self) -> str:
        """The figures as a line of the table."""
        return (
            f"{self.precision:9.3f} {self.recall:7.3f} {self.f1:6.3f}"
            f" {self.gradual_found:5d}/{self.gradual} {self.traps:6d}"
        )


def read_labels(data: Path) -> dict[Path, tuple[Label, ...]]:
    """Labels by clip; clips are found by name anywhere under `data`."""
    labels: dict[Path, tuple[Label, ...]] = {}
    with (data / "labels" / "cuts.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            clip = next(data.glob(f"*/{row['clip']}"))
            kind = "ambiguous" if "do not score" in row["note"] else row["type"]
            grace = {"trap": 0, "ambiguous": 1}.get(kind, 1 if "cut" in kind else 3)
            before = after = grace
            if note := re.search(r"(start|end) \+-(\d+)", row["note"]):
                before = int(note[2]) if note[1] == "start" else before
                after = int(note[2]) if note[1] == "end" else after
            label = Label(kind, int(row["start"]) - before, int(row["end"]) + after)
            labels[clip] = (*labels.get(clip, ()), label)
    return labels


def score(found: Iterable[int], labels: tuple[Label, ...]) -> Score:
    """Compare boundaries with labels, one to one for hard cuts."""
    left = sorted(found)
    cuts = [label for label in labels if "cut" in label.kind]
    traps = [label for label in labels if label.kind == "trap"]
    others = [label for label in labels if label not in cuts and label not in traps]
    gradual = [label for label in others if label.kind != "ambiguous"]
    reached = sum(any(label.holds(index) for index in left) for label in gradual)
    hits = 0
    for cut in cuts:
        if near := [index for index in left if cut.holds(index)]:
            left.remove(min(near, key=lambda index: abs(index - (cut.start + 1))))
            hits += 1
    false = [index for index in left if not any(label.holds(index) for label in others)]
    trapped = sum(any(trap.holds(index) for trap in traps) for index in false)
    return Score(hits, len(cuts) - hits, len(false), len(gradual), reached, trapped)


def scenedetect(make: Callable[[], object]) -> Detector:
    """A detector of PySceneDetect as it comes."""

    def boundaries(clip: Path) -> list[int]:
        scenes = detect(str(clip), make())
        return [start.frame_num for start, _ in scenes[1:]]

    return boundaries


def transnet_everywhere(clip: Path) -> Iterator[int]:
    """TransNetV2 over every frame: windows of 100 by steps of 50, threshold 0.5."""
    frames = np.stack([signature.thumbnail for signature in describe_all(stream_thumbnails(clip))])
    count = len(frames)
    reach = np.arange(-MARGIN, -(-count // BLOCK) * BLOCK + MARGIN).clip(0, count - 1)
    padded = frames[reach]
    starts = range(0, len(padded) - BLOCK - 2 * MARGIN + 1, BLOCK)
    looks = [judge_frames(padded[s : s + BLOCK + 2 * MARGIN])[0][MARGIN:-MARGIN] for s in starts]
    changing = np.concatenate(looks)[:count] > 0.5
    return (int(i) for i in np.flatnonzero(changing[:-1] & ~changing[1:]) + 1)


def ours(clip: Path) -> Iterator[int]:
    """Wetgate's detector, from the file."""
    return detect_boundaries(stream_thumbnails(clip))


DETECTORS: dict[str, Detector] = {
    "PySceneDetect content": scenedetect(ContentDetector),
    "PySceneDetect adaptive": scenedetect(AdaptiveDetector),
    "PySceneDetect hash": scenedetect(HashDetector),
    "TransNetV2 alone": transnet_everywhere,
    "Wetgate": ours,
}


class Bench:
    """Cues of every labelled clip and answers of the network, kept for many trials."""

    def __init__(self, labels: dict[Path, tuple[Label, ...]]) -> None:
        self.labels = labels
        self.cues: dict[Path, list[Cue]] = {
            clip: list(find_cues(describe_all(stream_thumbnails(clip)))) for clip in labels
        }
        self._answers: dict[bytes, Chances] = {}
        self._scores: dict[tuple[Rules, Path], Score] = {}

    def _judge(self, thumbnails: NDArray[np.uint8]) -> Chances:
        key = thumbnails.tobytes()
        if key not in self._answers:
            self._answers[key] = judge_frames(thumbnails)
        return self._answers[key]

    def score(self, rules: Rules, clip: Path) -> Score:
        """Score one clip under other rules."""
        if (rules, clip) not in self._scores:
            found = decide_boundaries(self.cues[clip], self._judge, rules)
            self._scores[rules, clip] = score(found, self.labels[clip])
        return self._scores[rules, clip]

    def choose(self, clips: list[Path], aim: Aim) -> Rules:
        """Choose every threshold on these clips: two rounds, one threshold at a time.

        The start is the middle of each list of choices; among equally good values the
        middle one is taken.
        """
        rules = Rules(**{name: median_low(values) for name, values in CHOICES.items()})
        for name, values in chain(CHOICES.items(), CHOICES.items()):
            worth = {}
            for value in values:
                trial = replace(rules, **{name: value})
                worth[value] = aim(sum((self.score(trial, clip) for clip in clips), Score()))
            best = max(worth.values())
            rules = replace(rules, **{name: median_low(v for v in values if worth[v] == best)})
        return rules


def both_together(total: Score) -> tuple[float, ...]:
    """F1 and half of the share of gradual transitions that were found."""
    return (round(total.f1 + 0.5 * total.gradual_found / max(total.gradual, 1), 6),)


def cuts_first(total: Score) -> tuple[float, ...]:
    """F1, then the share of gradual transitions found as far as three quarters."""
    return (total.f1, min(total.gradual_found / max(total.gradual, 1), 0.75))


def leave_one_out(labels: dict[Path, tuple[Label, ...]]) -> None:
    bench = Bench(labels)
    for aim in (both_together, cuts_first):
        print(f"\nleft out, thresholds chosen for {aim.__name__}; those that differ from ours")
        total = Score()
        for clip in labels:
            rules = bench.choose([other for other in labels if other != clip], aim)
            result = bench.score(rules, clip)
            total += result
            changed = {n: v for n in CHOICES if (v := getattr(rules, n)) != getattr(Rules(), n)}
            print(f"  {clip.name:34s} {result.row()}  {changed}", flush=True)
        print(f"{'left out, summed':36s} {total.row()}", flush=True)


def measure_speed(detector: Detector, clip: Path, count: int) -> float:
    """Frames per second of processor time, this process and the decoders it starts."""
    before = _processor_seconds()
    for _ in detector(clip):
        pass
    return count / (_processor_seconds() - before)


def _processor_seconds() -> float:
    """Seconds of processor time used so far, by us and by the children that ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def scale_to_480(clip: Path, folder: Path) -> Path:
    """A copy of a clip at 854x480, H.264."""
    target = folder / f"{clip.stem}_480.mp4"
    video = ffmpeg.input(str(clip))["v:0"].filter("scale", 854, 480)
    options = {"c:v": "libx264", "preset": "fast", "crf": 18, "fps_mode": "passthrough"}
    run(video.output(str(target), **options))
    return target


def compare(labels: dict[Path, tuple[Label, ...]], speeds: dict[str, Path]) -> None:
    print(f"{'detector':24s} precision  recall     F1  gradual  traps", end="")
    print("".join(f"  {name + ' fps':>10s}" for name in speeds))
    for name, detector in DETECTORS.items():
        total = sum((score(detector(clip), labels[clip]) for clip in labels), Score())
        rates = [
            measure_speed(detector, clip, sum(1 for _ in stream_thumbnails(clip)))
            for clip in speeds.values()
        ]
        print(f"{name:24s} {total.row()}", "".join(f" {rate:11.0f}" for rate in rates), flush=True)


def check_single_shots(data: Path, labels: dict[Path, tuple[Label, ...]]) -> None:
    """Count boundaries where there are none."""
    clips = [
        clip
        for folder in ("clean", "faces", "oldfilm")
        for clip in sorted(data.glob(f"{folder}/*"))
    ]
    found = frames = 0
    clips = [clip for clip in clips if clip not in labels]
    for clip in clips:
        thumbnails = list(stream_thumbnails(clip))
        frames += len(thumbnails)
        if boundaries := list(detect_boundaries(thumbnails)):
            print(f"  {clip.name}: {boundaries}")
            found += len(boundaries)
    print(f"single shots: {found} false boundaries in {len(clips)} clips, {frames} frames")


def main() -> None:
    here = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=here.parent / "shared" / "data")
    parser.add_argument("--quick", action="store_true", help="the table only")
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # one core, for decoders too
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    started = time.monotonic()
    labels = read_labels(options.data)
    multishot = options.data / "multishot"
    with tempfile.TemporaryDirectory() as folder:
        steady = scale_to_480(multishot / "oldfilm_steamboat_willie_1928.mp4", Path(folder))
        dense = scale_to_480(multishot / "sintel_trailer_720p.mp4", Path(folder))
        compare(labels, {"steady": steady, "dense": dense})
    if not options.quick:
        leave_one_out(labels)
        check_single_shots(options.data, labels)
    print(f"{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
