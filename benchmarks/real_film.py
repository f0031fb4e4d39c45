"""What the engine and the restorer change on real film, frame by frame, with pictures to look at.

    python benchmarks/real_film.py --weights restorer.safetensors --film oldfilm/NAME --out FOLDER
                                   [--frames N] [--tasks TASK,...] [--box TOP,LEFT,BOTTOM,RIGHT]

There is no truth: what is printed is how much was changed, and a person must look. For every frame
FOLDER gets before, after and the change of luma times 8 around grey, of both means.

    changed     samples of luma that are another than before, %
    largest     largest change of luma, code values of 8 bit
    in box      likewise within the box, for instance an upright edge that must stay
    shading     how brightness over a dozen samples around changes from one frame to the next, mean,
                code values: flicker, and shade that comes and goes; first of the film as it is
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from benchmarks.clips import common_options, nothing, on_one_core, read_clip, run_steps
from benchmarks.network import network
from benchmarks.peers.raw import Frames
from benchmarks.scores import Table, luma
from models.restorer.config import tasks_of
from models.restorer.engine import steps_for

COLUMNS = ("changed", "largest", "in box", "shading")
AROUND = 12  # samples; deviation
GAIN = 8  # of the change that is drawn


def drawn(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Before, after and the change side by side, uint8."""
    change = np.clip(128 + GAIN * (after - before), 0, 255)
    return np.hstack((before, after, change)).round().astype(np.uint8)


def row(source: Frames, result: Frames, box: tuple[slice, slice]) -> dict[str, float]:
    """The figures of one means."""
    change = np.stack([luma(b) - luma(a) for a, b in zip(source, result, strict=True)])
    boxed = change[:, *box]
    return {
        "changed": 100 * float((change != 0).mean()),
        "largest": float(np.abs(change).max()),
        "in box": float(np.abs(boxed).max()) if boxed.size else float("nan"),
        "shading": shading(result),
    }


def shading(frames: Frames) -> float:
    """See above."""
    around = np.stack([cv2.GaussianBlur(luma(frame), (0, 0), AROUND) for frame in frames])
    return float(np.abs(np.diff(around, axis=0)).mean())


def main() -> None:
    parser = common_options(__doc__, clips=1, frames=12)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--film", required=True, help="below the folder of footage")
    parser.add_argument("--out", type=Path, required=True, help="folder for pictures")
    parser.add_argument("--tasks", default="", help="by comma; all unless told")
    parser.add_argument("--box", default="0,0,0,0", help="TOP,LEFT,BOTTOM,RIGHT in samples")
    options = parser.parse_args()
    on_one_core()
    top, left, bottom, right = (int(n) for n in options.box.split(","))
    box = (slice(top, bottom), slice(left, right))
    tasks = tasks_of(options.tasks)
    source = read_clip(options.data / options.film, options.frames)
    means = {
        "nothing": nothing,
        "engine": run_steps(steps_for(tasks)),
        "network": run_steps([network(options.weights, *tasks)]),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    table = Table(COLUMNS)
    table.head()
    for name, run in means.items():
        result = run(source)
        table.add(options.film.rsplit("/", 1)[-1], f"{name}: {', '.join(tasks)}"[:27],
                  row(source, result, box))  # fmt: skip
        for number, (before, after) in enumerate(zip(source, result, strict=True)):
            path = options.out / f"{name}_{number:03}.png"
            cv2.imwrite(str(path), drawn(luma(before), luma(after)))


if __name__ == "__main__":
    main()
