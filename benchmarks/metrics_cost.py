"""What measuring costs, per stage and metric, in milliseconds of processor time a frame.

One face clip and one without faces are brought to 1920x1080, the restored side is the source
with other grain, so that nothing is saved by equal frames. One core; a shot in a night has the
same cost on each of its cores.

    python benchmarks/metrics_cost.py --frames 60
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch

from benchmarks.clips import common_options, on_one_core, read_clip
from catalogs.source import ColourTags
from models.contract import Frame
from tasks.metrics.evaluate import evaluate
from tasks.metrics.gather import Look, paired
from tasks.metrics.pair import Pair
from tasks.metrics.registry import METRICS
from tasks.metrics.source_class import source_facts

CLIPS = ("faces/face_pexels_wolfgang_langer.mp4", "clean/clean_golden_gate.mp4")
BUDGET = 150.0  # milliseconds a frame on two cores, 1080 lines
CORES = 2
GRAIN = 2.0  # code values of 8 bit

T = TypeVar("T")


def main() -> None:
    parser = common_options(__doc__, len(CLIPS), 60)
    parser.add_argument("--lines", type=int, default=1080)
    options = parser.parse_args()
    on_one_core()
    for clip in CLIPS[: options.clips]:
        report(options.data / clip, options.frames, options.lines)


def report(path: Path, frames: int, lines: int) -> None:
    source = read_clip(path, frames, lines)
    restored = [regrained(frame, number) for number, frame in enumerate(source)]
    form = source[0].format
    look = Look(form, ColourTags(), 25.0)
    print(f"\n{path.name}, {form.width}x{form.height}, {len(source)} frames")
    sides = zip(source, restored, strict=True)
    total, pairs = timed(lambda: list(paired(look, sides, len(source))))
    total /= len(source)
    print(f"  {'gather, faces included':34}{total:8.1f}")
    for name, ask in SHARED.items():
        spent, _ = timed(lambda ask=ask: [ask(pair) for pair in pairs])
        total += spent / len(source)
        print(f"  {name:34}{spent / len(source):8.1f}")
    answers = [evaluate(pair, 0, METRICS) for pair in pairs]
    for metric in METRICS:
        spent = 1000 * sum(a[metric.identifier].seconds for a in answers) / len(source)
        total += spent
        value = answers[0][metric.identifier].value
        said = f"{value.value:.3g} {metric.unit}" if value.value is not None else value.note
        print(f"  {metric.identifier:34}{spent:8.1f}   {said}")
    print(
        f"  {'everything, ms of one core a frame':34}{total:8.1f}\n"
        f"  {f'on {CORES} cores':34}{total / CORES:8.1f}   "
        f"{total / CORES / BUDGET:.2f} of the {BUDGET:.0f} ms that are allowed"
    )


SHARED: dict[str, Callable[[Pair], object]] = {
    "flow": lambda pair: pair.flow,
    "proxy": lambda pair: pair.proxy,
    "residual": lambda pair: pair.residual,
    "class of source": source_facts,
}


def regrained(frame: Frame, seed: int) -> Frame:
    generator = torch.Generator().manual_seed(seed)
    luma = frame.planes[0].float()
    luma = luma + GRAIN * torch.randn(luma.shape, generator=generator)
    return Frame((luma.round().clamp(0, 255).to(torch.uint8), *frame.planes[1:]), frame.format)


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Milliseconds of processor time, and what came of it."""
    begun = time.process_time()
    result = work()
    return 1000 * (time.process_time() - begun), result


if __name__ == "__main__":
    main()
