"""Train the restorer on clean clips that are damaged by `models.degrade`.

    python -m models.train --data ../shared/data --out restorer --steps N [--size small]
                           [--minutes M] [--device cuda] [--mlflow http://host:5000]

The clips are those of `models/restorer/training/clips.json`; those of the benchmarks and of the
selftest are never trained on. A run that was stopped goes on from its newest checkpoint when the
same command is given again. The result is `restorer.safetensors`; its metadata names the clips
with their licences, the seed and the steps.

How fast learning slows down is ruled by `--steps`, so a run that is stopped, by `--minutes` too, is
to go on with the same number. On two cores `--size small` takes about a second a step; `--size
large` is for a GPU.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch

from models.restorer.config import SIZES
from models.restorer.training.checkpoint import (
    RESULT,
    Training,
    begin_with,
    checkpoints,
    load_training,
    save_training,
)
from models.restorer.training.clips import (
    MOST_LINES,
    SPLIT,
    Clip,
    Run,
    decode_runs,
    on_device,
    training_clips,
)
from models.restorer.training.crops import Crops, Cut
from models.restorer.training.draws import draw
from models.restorer.training.loop import Report, Rules, new_training, train
from models.restorer.training.pool import Maker, Plan, Pool
from models.restorer.training.tracking import Lines, MLflowRun
from models.restorer.weights import notes_of as weights_notes
from models.restorer.weights import sha256_of

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command's options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the footage")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--split", type=Path, default=SPLIT, help="which clips, as clips.json")
    parser.add_argument("--start", type=Path, help="weights to begin with, else chance")
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="of this call")
    parser.add_argument("--steps", type=int, required=True, help="of the run, all calls")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--crop", type=int, default=96, help="side in samples, a multiple of 8")
    parser.add_argument("--frames", type=int, default=5, help="of a crop, at most 12")
    parser.add_argument("--crops", type=int, default=20, help="of each draw")
    parser.add_argument("--across", type=int, default=320, help="samples a line that are damaged")
    parser.add_argument("--batch", type=int, default=6, help="crops of a step")
    parser.add_argument("--held", type=int, default=8, help="draws that batches are chosen from")
    parser.add_argument("--steps-a-draw", type=int, default=8)
    parser.add_argument("--runs", type=int, default=8, help="of each clip, 12 frames each")
    parser.add_argument("--lines", type=int, default=MOST_LINES, help="most lines of a clip")
    parser.add_argument("--workers", type=int, default=1, help="threads that make draws")
    parser.add_argument("--threads", type=int, default=1, help="of the steps, on a CPU")
    parser.add_argument("--rate", type=float, default=2e-3, help="of learning")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--draws-on", default="", help="device that damages; else the same")
    parser.add_argument("--precision", choices=PRECISIONS, default="bfloat16")
    parser.add_argument("--every", type=int, default=250, help="steps between checkpoints")
    parser.add_argument("--report", type=int, default=25, help="steps between reports")
    parser.add_argument("--mlflow", default="", help="address of an MLflow server")
    return parser.parse_args(arguments)


def maker(runs: Sequence[Run], options: argparse.Namespace) -> Maker:
    """What makes draw after draw from the decoded clips."""
    device = torch.device(options.device)
    place = torch.device(options.draws_on or options.device)

    def make(number: int) -> Crops:
        seed = options.seed * 1_000_003 + number
        run = runs[random.Random(f"run {seed}").randrange(len(runs))]
        frames = on_device(run, place)
        side = min(
            options.crop,
            options.across // 8 * 8,
            *(n // 8 * 8 for n in frames[0].format.plane_shapes[0]),
        )
        cut = Cut(side, options.frames, options.crops, options.across)
        return draw(frames, seed, cut).on(device)

    return make


def notes_of(clips: Sequence[Clip], options: argparse.Namespace) -> dict[str, str]:
    """What a model card needs, for the metadata of the weights."""
    kept = ("size", "seed", "crop", "frames", "crops", "across", "batch", "held", "steps_a_draw",
            "runs", "lines", "steps", "rate", "precision")  # fmt: skip
    notes = {
        "clips": json.dumps([[clip.path, clip.licence] for clip in clips], ensure_ascii=False),
        "recipe": json.dumps({name: getattr(options, name) for name in kept}),
    }
    if options.start:
        before = weights_notes(options.start)
        told = {name: before[name] for name in ("recipe", "steps", "start") if name in before}
        notes["start"] = json.dumps({"sha256": sha256_of(options.start), **told})
    return notes


def run_training(
    training: Training,
    pool: Pool,
    options: argparse.Namespace,
    notes: Mapping[str, str],
    reports: Sequence[Report],
) -> None:
    """Train for as long as asked, with reports and checkpoints."""
    rules = Rules(options.seed, options.rate, options.steps, PRECISIONS[options.precision])
    ends = time.monotonic() + 60 * options.minutes
    noted: list[dict[str, float]] = []
    steps: Iterator[dict[str, float]] = train(training, pool.batch, rules)
    while training.step < options.steps and time.monotonic() < ends:
        noted.append(next(steps))
        if training.step % options.report == 0:
            _tell(training.step, noted, reports)
            noted = []
        if training.step % options.every == 0:
            save_training(training, options.out, notes)
    save_training(training, options.out, notes)


def _tell(step: int, noted: Sequence[Mapping[str, float]], reports: Sequence[Report]) -> None:
    """Report the means of the figures since the last report."""
    names = sorted({name for figures in noted for name in figures})
    means = {}
    for name in names:
        values = [figures[name] for figures in noted if name in figures]
        means[name] = sum(values) / len(values)
    for report in reports:
        try:
            report(step, means)
        except OSError as error:  # a server that is down must not end a training
            print(f"step {step} was not reported: {error}", file=sys.stderr, flush=True)


def print_line(step: int, figures: Mapping[str, float]) -> None:
    """Print a line for a person."""
    names = ("loss", "before", "after", "masks", "alarm", "seconds")
    cells = (f"{name} {figures[name]:.4g}" for name in names if name in figures)
    print(f"step {step:6}  {'  '.join(cells)}", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, or go on training."""
    options = options_of(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    clips = training_clips(options.split)
    runs = decode_runs(options.data, clips, options.runs, options.lines)
    rules = Rules(options.seed, options.rate, options.steps)
    training = new_training(SIZES[options.size], rules, torch.device(options.device))
    if options.start:
        begin_with(options.start, training)
    if found := checkpoints(options.out):
        load_training(found[-1], training)
    count = training.restorer.parameter_count
    print(f"{len(runs)} runs of {len(clips)} clips; {count:,} parameters; step {training.step}")
    notes = notes_of(clips, options)
    reports: list[Report] = [Lines(options.out / "figures.jsonl"), print_line]
    tracked = MLflowRun(options.mlflow, options.out.name, notes) if options.mlflow else None
    plan = Plan(options.seed, options.batch, options.held, options.steps_a_draw)
    with Pool(plan, maker(runs, options), options.workers) as pool:
        reports += [tracked] if tracked else []
        run_training(training, pool, options, notes, reports)
    if tracked:
        tracked.end()
    print(f"{options.out / RESULT}: {training.step} steps")


if __name__ == "__main__":
    main()
