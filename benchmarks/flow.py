"""What the search for motion costs and what it is worth, by preset of DIS and lines of the guide.

    python benchmarks/flow.py [--data ../shared/data] [--clips 12] [--frames 24]
                              [--lines 360 480 720 1080] [--guides 240 270 360 480]

Clean clips, scaled to so many lines; each frame's next neighbour is drawn in place:

    error     mean difference of luma to the frame, code values of 8 bit, over all clips
    worst     the same of the worst clip
    fps       pairs a second of processor time, guide and search; nothing else
    F1        of step `dirt` on the same clips at 360..480 lines with simulated dirt, see
              benchmarks/dirt.py; only with `--dirt`, half an hour
    worst F1  of the worst clip

The guide is never larger than the picture.
"""

from __future__ import annotations

import argparse
import itertools
import time
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np

from benchmarks.clips import CLIPS, nothing, on_one_core, read_clip, real_textures, run_steps
from benchmarks.peers.raw import Frames, Peer
from benchmarks.scores import repair_row
from models.degrade import Dirt as DirtDamage
from models.degrade import damaged
from models.dirt.step import Dirt
from models.motion import Motion, warp

PRESETS = {
    "ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
    "fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
    "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
}
PAIRS = 8  # of each clip, spread over its frames


def misfit(frames: Frames) -> tuple[float, float]:
    """Mean difference of frames to their next, drawn in place, and seconds a pair."""
    shape = frames[0].format.plane_shapes[0]
    errors, spent = [], 0.0
    for at in range(0, len(frames) - 1, max(1, (len(frames) - 1) // PAIRS)):
        here, there = (frame.luma() for frame in frames[at : at + 2])
        start = time.process_time()
        motion = Motion()
        motion.see(0, here)
        motion.see(1, there)
        motion.searched(0, 1)
        spent += time.process_time() - start
        place = warp(there, motion.flow(0, 1, shape))
        errors.append(255 * float((place - here).abs().mean()))
    return float(np.mean(errors)), spent / len(errors)


def f1_of_dirt(truth: Frames, seed: int, data: Path) -> float:
    """How well dirt is found, with the motion as it is now."""
    kinds = (DirtDamage(seed=seed, textures=real_textures(data)),)
    pairs = list(damaged(truth, kinds))
    repaired = run_steps([Dirt()])([frame for frame, _ in pairs])
    known: Peer = lambda frames: nothing(frames) if frames is truth else repaired  # noqa: E731
    spoilt, masks = [f for f, _ in pairs], [m["dirt"].numpy() for _, m in pairs]
    return repair_row(known, truth, spoilt, masks)["F1"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--lines", type=int, nargs="*", default=[360, 480, 720, 1080])
    parser.add_argument("--guides", type=int, nargs="+", default=[240, 270, 360, 480])
    parser.add_argument("--dirt", action="store_true", help="F1 of the step as well")
    options = parser.parse_args()
    on_one_core()
    names = CLIPS[: options.clips]
    choices = list(itertools.product(PRESETS, options.guides))
    print(f"{'preset':12}{'guide':>6}{'lines':>7}{'error':>9}{'worst':>9}{'fps':>8}")
    for lines in options.lines:
        clips = [read_clip(options.data / "clean" / c, options.frames, lines) for c in names]
        for preset, guide in choices:
            if guide > lines:
                continue
            with patch.multiple("models.motion", PRESET=PRESETS[preset], GUIDE_LINES=guide):
                found = [misfit(frames) for frames in clips]
            errors, seconds = (np.array(part) for part in zip(*found, strict=True))
            means = f"{errors.mean():9.3f}{errors.max():9.3f}{1 / seconds.mean():8.1f}"
            print(f"{preset:12}{guide:6}{lines:7}{means}", flush=True)
    if not options.dirt:
        return
    clips = [read_clip(options.data / "clean" / c, options.frames) for c in names]
    print(f"{'preset':12}{'guide':>6}{'F1':>9}{'worst F1':>10}")
    for preset, guide in choices:
        with patch.multiple("models.motion", PRESET=PRESETS[preset], GUIDE_LINES=guide):
            scores = [f1_of_dirt(frames, n, options.data) for n, frames in enumerate(clips)]
        print(f"{preset:12}{guide:6}{np.mean(scores):9.4f}{min(scores):10.4f}", flush=True)


if __name__ == "__main__":
    main()
