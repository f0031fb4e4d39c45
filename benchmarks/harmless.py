"""Is film that is not damaged left alone? What each step of a recipe changes, clip by clip.

    python benchmarks/harmless.py [--data ../shared/data] [--frames 150] [--only NAME,...]
                                  [--recipe conservative]

Every clean and face clip and His Girl Friday, each cut into its shots first, at its own size:

    <step>      samples that the step changed, % of all; steps work on what the one before left
    all         samples that the recipe changed, %; all of it is harm, 0.01 is what we allow
    flicker     frames that `deflicker` changed, of how many, and FLK of every shot before and
                after, %

Chaplin and the films of 1906 follow. They have real damage, so what is changed may be right; but
Chaplin does not flicker.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import torch

from benchmarks.clips import common_options, on_one_core, recipe_steps
from catalogs.errors import WetgateError
from models.contract import Frame, Step, apply_step
from models.motion import Motion
from tasks.media.probe import probe
from tasks.media.read import read_picture
from tasks.media.thumbnails import stream_thumbnails
from tasks.metrics.flicker import flicker_percent
from tasks.samples import frames_from
from tasks.split import detect_boundaries

FOLDERS = ("clean", "faces", "oldfilm")
UNDAMAGED_FILM = "oldfilm_his_girl_friday_1940.mp4"
ALLOWED = 0.01  # % of samples


@dataclass
class Harm:
    """What the steps did to the shots of one clip."""

    frames: int = 0
    samples: int = 0
    deflickered: int = 0
    changed: Counter[str] = field(default_factory=Counter)
    flicker: list[str] = field(default_factory=list)

    @property
    def percent(self) -> float:
        """Samples that the recipe changed."""
        return 100 * self.changed["all"] / max(self.samples, 1)

    def add_shot(self, steps: tuple[Step, ...], shot: list[Frame]) -> None:
        """Run the steps over a shot and count."""
        stream, motion, levels = shot, Motion(), [_levels(shot)]
        for step in steps:
            before = stream
            stream = [after for _, after, _ in apply_step(step, before, motion)]
            motion = Motion() if step.moves else motion
            self.changed[step.name] += _changed(before, stream)
            if step.name == "deflicker":
                self.deflickered += sum(a is not b for a, b in zip(before, stream, strict=True))
                levels.append(_levels(stream))
        self.changed["all"] += _changed(shot, stream)
        self.frames += len(shot)
        self.samples += sum(frame.format.frame_samples for frame in shot)
        values = [flicker_percent(level) for level in levels]
        self.flicker.append(" -> ".join("-" if v is None else f"{v:.2f}" for v in values))


def _changed(before: list[Frame], after: list[Frame]) -> int:
    return sum(
        int(torch.count_nonzero(old != new))
        for a, b in zip(before, after, strict=True)
        if a is not b
        for old, new in zip(a.planes, b.planes, strict=True)
    )


def _levels(frames: list[Frame]) -> torch.Tensor:
    return torch.tensor([float(frame.luma().mean()) for frame in frames])


def shots(path: Path, frames: int) -> list[tuple[int, int]]:
    """Shots of the first `frames` frames."""
    thumbnails = list(itertools.islice(stream_thumbnails(path), frames))
    starts = [0, *detect_boundaries(thumbnails)]
    return list(zip(starts, [*starts[1:], len(thumbnails)], strict=True))


def measure(path: Path, frames: int, steps: tuple[Step, ...]) -> Harm:
    """What the steps do to the first frames of a file."""
    picture, harm = probe(path).picture, Harm()
    source = frames_from(itertools.islice(read_picture(path, picture), frames), picture, "cpu")
    for start, stop in shots(path, frames):
        harm.add_shot(steps, list(itertools.islice(source, stop - start)))
    return harm


def main() -> None:
    parser = common_options(__doc__, clips=1000, frames=150)
    parser.add_argument("--recipe", default="conservative")
    options = parser.parse_args()
    on_one_core()
    steps = recipe_steps(options.recipe)
    columns, undamaged = [*(step.name for step in steps), "all"], []
    print(f"{'':36}" + "".join(f"{name:>12}" for name in columns) + "   flicker")
    paths = [p for folder in FOLDERS for p in sorted((options.data / folder).iterdir())]
    for path in [p for p in paths if any(n in p.name for n in options.only.split(","))]:
        try:
            harm = measure(path, options.frames, steps)
        except WetgateError as error:
            print(f"{path.name:36}not read: {error}", flush=True)
            continue
        shares = [100 * harm.changed[name] / max(harm.samples, 1) for name in columns]
        cells = "".join(f"{share:12.4f}" for share in shares)
        flicker = f"{harm.deflickered:5} of {harm.frames:4}  {', '.join(harm.flicker)}"
        print(f"{path.name:36}{cells}{flicker}", flush=True)
        if "oldfilm" not in path.parts or path.name == UNDAMAGED_FILM:
            undamaged.append(harm.percent)
    if undamaged:
        kept = sum(share < ALLOWED for share in undamaged)
        print(f"under {ALLOWED} % on {kept} of {len(undamaged)} undamaged clips, "
              f"at most {max(undamaged):.4f} %")  # fmt: skip


if __name__ == "__main__":
    main()
