"""What benchmarks compute of frames whose truth is known, and how they print it.

`core_seconds` is the processor time of this process and of the programs it ran, so that a means
that uses two cores gains nothing by it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from benchmarks.peers.raw import Frames, Peer
from models.contract import Frame

VISIBLE = 0.03  # share of full range by which visible damage differs from the truth
PERFECT = 60.0  # dB; a frame that is right to the bit counts as this


def core_seconds() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def timed(means: Peer, frames: Frames) -> tuple[Frames, float]:
    """What a means makes of frames, and frames per second of one core.

    Raises:
        ValueError: frames came back in another number or form.
    """
    start = core_seconds()
    after = means(frames)
    speed = len(frames) / max(core_seconds() - start, 0.01)
    if [f.format for f in after] != [f.format for f in frames]:
        raise ValueError("frames came back in another number or form")
    return after, speed


def luma(frame: Frame) -> np.ndarray:
    """Code values as float32 `[H, W]`, a copy."""
    return frame.planes[0].numpy().astype(np.float32)


def psnr(squares: float, count: float = 1) -> float:
    """PSNR of 8 bit samples in dB of a sum of squared errors over so many samples."""
    mean = squares / max(count, 1) / 255**2
    return float(-10 * np.log10(max(mean, 10 ** (-PERFECT / 10))))


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """SSIM of two 8 bit pictures, float32 `[H, W]`.

    Z. Wang, A. Bovik, H. Sheikh, E. Simoncelli, "Image quality assessment: from error visibility
    to structural similarity", IEEE Transactions on Image Processing 13(4), 2004, with its own
    Gaussian of 11 samples and deviation 1.5, where the window lies inside the picture.
    """

    def blurred(picture: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(picture, (11, 11), 1.5)[5:-5, 5:-5]

    # about mid-grey, so that single precision holds the squares
    shifted = a - 128, b - 128
    means = [blurred(s) for s in shifted]
    spread_a, spread_b = (blurred(s * s) - m * m for s, m in zip(shifted, means, strict=True))
    common = blurred(shifted[0] * shifted[1]) - means[0] * means[1]
    mean_a, mean_b = (m + 128 for m in means)
    first, second = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    likeness = (2 * mean_a * mean_b + first) * (2 * common + second)
    return float(
        np.mean(likeness / ((mean_a**2 + mean_b**2 + first) * (spread_a + spread_b + second)))
    )


def changed(before: Frame, after: Frame) -> np.ndarray:
    """Where luma, or the chroma sample over it, is another."""
    height, width = before.planes[0].shape
    mask = (before.planes[0] != after.planes[0]).numpy()
    for a, b in zip(before.planes[1:], after.planes[1:], strict=True):
        mask = mask | (a != b).numpy().repeat(2, 0).repeat(2, 1)[:height, :width]
    return mask


def changed_percent(before: Frames, after: Frames) -> float:
    pairs = zip(before, after, strict=True)
    return 100 * float(np.mean([changed(a, b).mean() for a, b in pairs]))


def grown(mask: np.ndarray, by: int) -> np.ndarray:
    kernel = np.ones((2 * by + 1, 2 * by + 1), np.uint8)
    return cv2.dilate(mask.astype(np.uint8), kernel) > 0


@dataclass
class Repair:
    """How well damage was found and repaired, over the frames of a clip."""

    hit: float = 0
    detected: float = 0
    found: float = 0
    visible: float = 0
    outside: float = 0
    samples: float = 0
    inside: float = 0
    before: float = 0
    after: float = 0

    def count(self, truth: Frame, spoilt: Frame, repaired: Frame, mask: np.ndarray) -> None:
        """Add a frame; a sample that was changed counts as detected."""
        true, was, now = luma(truth), luma(spoilt), luma(repaired)
        touched, near = changed(spoilt, repaired), grown(mask, 2)
        seen = mask & (np.abs(was - true) >= VISIBLE * truth.peak)
        self.detected += touched.sum()
        self.hit += (touched & near).sum()
        self.visible += seen.sum()
        self.found += (seen & grown(touched, 1)).sum()
        self.outside += (touched & ~near).sum()
        self.samples += mask.size
        self.inside += mask.sum()
        self.before += float(((was - true)[mask] ** 2).sum())
        self.after += float(((now - true)[mask] ** 2).sum())

    def row(self) -> dict[str, float]:
        """The columns that dirt and scratches share."""
        precision = self.hit / max(self.detected, 1)
        recall = self.found / max(self.visible, 1)
        before, after = psnr(self.before, self.inside), psnr(self.after, self.inside)
        return {
            "precision": precision,
            "recall": recall,
            "F1": 2 * precision * recall / max(precision + recall, 1e-9),
            "in before": before,
            "in after": after,
            "gain dB": after - before,
            "outside": 100 * self.outside / self.samples,
        }


def repair_row(
    means: Peer, truth: Frames, spoilt: Frames, masks: Sequence[np.ndarray]
) -> dict[str, float]:
    """Run a means on a damaged clip and on the undamaged one."""
    repaired, speed = timed(means, spoilt)
    repair = Repair()
    for four in zip(truth, spoilt, repaired, masks, strict=True):
        repair.count(*four)
    harm = changed_percent(truth, means(truth))
    return {**repair.row(), "harm": harm, "fps": speed}


DIGITS = {"precision": 3, "recall": 3, "F1": 3, "SSIM": 4, "al. SSIM": 4, "outside": 4, "harm": 4,
          "fps": 1}  # fmt: skip


@dataclass
class Table:
    """Rows by clip and by means, printed as they come."""

    columns: tuple[str, ...]
    rows: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)

    def head(self) -> None:
        """Print the names of the columns."""
        print(f"{'':42}" + "".join(f"{name:>10}" for name in self.columns), flush=True)

    def add(self, clip: str, name: str, row: Mapping[str, float]) -> None:
        """Keep and print a row."""
        self.rows.setdefault(name, {})[clip] = dict(row)
        self._print(short(clip), name, row)

    def means(self) -> None:
        """The mean of every means over its clips."""
        for name, clips in self.rows.items():
            mean = {c: _mean([row[c] for row in clips.values()]) for c in self.columns}
            self._print("MEAN", name, mean)

    def wins(self, ours: Iterable[str], columns: Iterable[str], apart: Iterable[str] = ()) -> None:
        """On how many clips each of ours is above every other, those `apart` left out."""
        ours = [name for name in ours if name in self.rows]
        peers = [name for name in self.rows if name not in {*ours, *apart}]
        if not peers:
            return
        for name in ours:
            cells = []
            for column in columns:
                won = [
                    row[column] > max(self.rows[peer][clip][column] for peer in peers)
                    for clip, row in self.rows[name].items()
                ]
                cells.append(f"{column} best on {sum(won)} of {len(won)} clips")
            print(f"{name:24}{', '.join(cells)}", flush=True)

    def _print(self, clip: str, name: str, row: Mapping[str, float]) -> None:
        cells = "".join(f"{row[c]:10.{DIGITS.get(c, 2)}f}" for c in self.columns)
        print(f"{clip:14}{name:28}{cells}", flush=True)


def _mean(values: Sequence[float]) -> float:
    """Mean of those that are numbers: a clip without damage has no score inside it."""
    there = [value for value in values if not np.isnan(value)]
    return float(np.mean(there)) if there else float("nan")


def short(clip: str) -> str:
    """A clip's name, short enough for a column."""
    return clip.removeprefix("clean_").removeprefix("oldfilm_").rsplit(".", 1)[0][:13]
