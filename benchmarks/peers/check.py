"""Run peers on short damaged clips: PSNR of luma before and after, speed, a picture to look at.

    python -m benchmarks.peers.check [--data ../shared/data] [--only NAME] [--pictures FOLDER]

`dirt` is `models.degrade.Dirt`; `scratch` two vertical lines, one white, one black, that lean and
wander; `noise` Gaussian of 10 code values; `flicker` is `models.degrade.Flicker`; `weave` shifts
every frame by a sample or so. Nothing is said here about which peer is best: too few frames.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.clips import read_clip
from benchmarks.peers import available_peers
from benchmarks.peers.raw import Frames
from benchmarks.scores import luma, psnr, timed
from models.contract import Frame
from models.degrade import Dirt, Flicker, damaged


def with_dirt(frames: Frames) -> Frames:
    return [frame for frame, _ in damaged(frames, (Dirt(seed=7),))]


def with_flicker(frames: Frames) -> Frames:
    return [frame for frame, _ in damaged(frames, (Flicker(seed=7),))]


def with_scratch(frames: Frames) -> Frames:
    """Two lines over the whole height, 2 samples wide, soft at the sides."""
    result = []
    for index, frame in enumerate(frames):
        luma = frame.planes[0].numpy().astype(np.float32)
        rows = np.arange(luma.shape[0])[:, None]
        for share, colour in ((0.35, 235), (0.65, 16)):
            centre = share * luma.shape[1] + np.sin(0.7 * index) + 0.005 * rows
            distance = np.abs(np.arange(luma.shape[1])[None] - centre)
            luma += (colour - luma) * 0.8 * np.clip(1.6 - distance, 0, 1)
        result.append(_with_luma(frame, luma))
    return result


def with_noise(frames: Frames) -> Frames:
    chance = np.random.default_rng(7)
    return [
        _with_luma(f, f.planes[0].numpy() + chance.normal(0, 10, f.planes[0].shape)) for f in frames
    ]


def with_weave(frames: Frames) -> Frames:
    chance, result = np.random.default_rng(7), []
    for frame in frames:
        across, down = chance.normal(0, (0.8, 1.2))
        planes = []
        for plane in frame.planes:
            part = plane.shape[0] / frame.planes[0].shape[0]
            motion = np.array([[1, 0, across * part], [0, 1, down * part]])
            size = (plane.shape[1], plane.shape[0])
            moved = cv2.warpAffine(
                plane.numpy(), motion, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
            )
            planes.append(torch.from_numpy(moved))
        result.append(Frame(tuple(planes), frame.format))
    return result


def _with_luma(frame: Frame, luma: np.ndarray) -> Frame:
    plane = torch.from_numpy(np.clip(np.rint(luma), 0, 255).astype(np.uint8))
    return Frame((plane, *frame.planes[1:]), frame.format)


DAMAGES: dict[str, Callable[[Frames], Frames]] = {
    "dirt": with_dirt,
    "scratch": with_scratch,
    "noise": with_noise,
    "flicker": with_flicker,
    "weave": with_weave,
}


def clip_psnr(frames: Frames, truth: Frames) -> float:
    """PSNR of luma over all frames, 12 samples at each border left out."""
    errors = [
        np.mean((luma(a) - luma(b))[12:-12, 12:-12] ** 2)
        for a, b in zip(frames, truth, strict=True)
    ]
    return psnr(float(np.mean(errors)))


def save_picture(path: Path, frames: list[Frame]) -> None:
    """Frames side by side as a PNG."""
    stacked = [np.concatenate([p.numpy().ravel() for p in f.planes]) for f in frames]
    shape = (frames[0].format.height * 3 // 2, frames[0].format.width)
    sides = [cv2.cvtColor(s.reshape(shape), cv2.COLOR_YUV2BGR_I420) for s in stacked]
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.hstack(sides))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--clip", default="clean_dog_eating.mp4")
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--only", default="", help="only peers whose name contains this")
    parser.add_argument("--damage", default=",".join(DAMAGES), help="kinds, by comma")
    parser.add_argument("--pictures", type=Path, help="write one PNG per peer and damage there")
    options = parser.parse_args()
    torch.set_num_threads(1)
    truth = read_clip(options.data / "clean" / options.clip, options.frames)
    spoilt = {kind: DAMAGES[kind](truth) for kind in options.damage.split(",")}
    for name, peer in available_peers().items():
        if options.only not in name:
            continue
        cells = []
        for kind, frames in spoilt.items():
            after, speed = timed(peer, frames)
            before_db, after_db = clip_psnr(frames, truth), clip_psnr(after, truth)
            cells.append(f"{kind} {before_db:5.2f} {after_db - before_db:+6.2f}")
            if options.pictures:
                file = f"{name}_{kind}.png".replace(" ", "_").replace(",", "")
                save_picture(options.pictures / file, [frames[6], after[6]])
        print(f"{name:32s} {'   '.join(cells)}   {speed:7.1f} fps", flush=True)


if __name__ == "__main__":
    main()
