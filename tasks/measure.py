"""Measure: the metrics of one restored shot, from the files as they lie on disk.

Both sides are read back and proved by their frame hashes, so a measurement is also the
check that the restored file holds what restoration computed.
"""

import hashlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from catalogs.errors import VerificationError
from catalogs.records import Measurement, Reel, RestoredShot
from catalogs.source import FrameIndex, Header
from catalogs.store import Store
from tasks.media.read import read_frames, read_picture
from tasks.metrics.fidelity import psnr_of, squared_error, ssim
from tasks.metrics.flicker import SHORTEST, flicker_percent
from tasks.metrics.specks import Neighbours
from tasks.restore import frames_from

Truth = tuple[Path, Header, FrameIndex]  # an undamaged reel, where damage was simulated

DIRT_FRAMES = 12  # frames of a shot on which specks are counted; motion costs the most


def measure_shot(
    reel: Reel,
    index: FrameIndex,
    restored: RestoredShot,
    store: Store,
    truth: Truth | None = None,
) -> tuple[Measurement, ...]:
    """Measure one restored shot.

    Args:
        reel: the reel the shot is of.
        index: its frames.
        restored: what restoration recorded.
        store: where the restored frames lie.
        truth: the undamaged reel and its frames, where damage was simulated.

    Raises:
        VerificationError: the restored file does not hold the frames recorded.
        SourceError: the source is no longer what was ingested.
    """
    shot = restored.shot
    source = read_frames(reel.source, reel.header, index, shot.start_frame, shot.stop_frame)
    pairs = zip(
        frames_from(source, reel.header.picture, "cpu"),
        frames_from(_restored(reel, restored, store), reel.header.picture, "cpu"),
        strict=True,
    )
    traces = _Traces(wanted=_spread(shot.frame_count, DIRT_FRAMES))
    clean = _truth_frames(reel, restored, truth)
    for before, after in pairs:
        traces.take(before.luma(), after.luma(), next(clean, None))
    return (
        _flicker(traces),
        _dirt(traces, shot.frame_count),
        Measurement("changed", None, 100 * restored.changed_share, "% of samples"),
        Measurement("speed", None, shot.frame_count / restored.seconds, "frames/s"),
        *_fidelity(traces),
    )


@dataclass
class _Traces:
    """What is kept of a shot while its frames go by."""

    wanted: frozenset[int]
    means: list[tuple[float, float]] = field(default_factory=list)
    specks: list[tuple[int, int]] = field(default_factory=list)
    errors: list[tuple[float, float]] = field(default_factory=list)
    likeness: list[tuple[float, float]] = field(default_factory=list)
    recent: deque[tuple[Tensor, Tensor]] = field(default_factory=lambda: deque(maxlen=3))

    def take(self, before: Tensor, after: Tensor, truth: Tensor | None) -> None:
        """Take one frame's luma of the source, the restored shot and perhaps the truth."""
        self.means.append((float(before.mean()), float(after.mean())))
        self.recent.append((before, after))
        if len(self.means) - 2 in self.wanted and len(self.recent) == 3:
            sources, restoreds = zip(*self.recent, strict=True)
            motion = Neighbours(*restoreds)
            self.specks.append((motion.count_specks(*sources), motion.count_specks(*restoreds)))
        if truth is not None:
            self.errors.append((_mean_square(before, truth), _mean_square(after, truth)))
            self.likeness.append((ssim(truth, before, 1.0), ssim(truth, after, 1.0)))


def _restored(reel: Reel, restored: RestoredShot, store: Store) -> Iterator[bytes]:
    path = store.root / restored.picture_file
    count = 0
    for frame in read_picture(path, reel.header.picture):
        digest = hashlib.md5(frame, usedforsecurity=False).hexdigest()
        if count >= len(restored.frame_md5) or digest != restored.frame_md5[count]:
            raise VerificationError(f"{path.name}: frame {count} is not the one that was restored")
        count += 1
        yield frame
    if count != len(restored.frame_md5):
        raise VerificationError(f"{path.name}: {count} of {len(restored.frame_md5)} frames")


def _truth_frames(reel: Reel, restored: RestoredShot, truth: Truth | None) -> Iterator[Tensor]:
    if truth is None:
        return
    path, header, index = truth
    shot = restored.shot
    raw = read_frames(path, header, index, shot.start_frame, shot.stop_frame)
    for frame in frames_from(raw, reel.header.picture, "cpu"):
        yield frame.luma()


def _spread(count: int, wanted: int) -> frozenset[int]:
    """At most `wanted` frames that have both neighbours, evenly over the shot."""
    inner = count - 2
    if inner < 1:
        return frozenset()
    number = min(inner, wanted)
    return frozenset(1 + (2 * n + 1) * inner // (2 * number) for n in range(number))


def _flicker(traces: _Traces) -> Measurement:
    before, after = (
        flicker_percent(torch.tensor(trace, dtype=torch.float64))
        for trace in zip(*traces.means, strict=True)
    )
    if before is None or after is None:
        note = f"needs {SHORTEST} frames that are not black"
        return Measurement("flicker", None, None, "%", False, 0.0, note)
    return Measurement("flicker", before, after, "%")


def _dirt(traces: _Traces, frame_count: int) -> Measurement:
    if not traces.specks:
        note = "needs a frame with a neighbour on either side"
        return Measurement("dirt", None, None, "specks/frame", False, 0.0, note)
    before, after = _means([(float(b), float(a)) for b, a in traces.specks])
    coverage = len(traces.specks) / frame_count
    return Measurement("dirt", before, after, "specks/frame", coverage=coverage)


def _fidelity(traces: _Traces) -> tuple[Measurement, ...]:
    """PSNR of the shot as a whole and mean SSIM, of luma, where the truth is known."""
    if not traces.errors:
        return ()
    errors, likeness = _means(traces.errors), _means(traces.likeness)
    return (
        Measurement("PSNR", psnr_of(errors[0], 1.0), psnr_of(errors[1], 1.0), "dB"),
        Measurement("SSIM", likeness[0], likeness[1], "0..1"),
    )


def _mean_square(picture: Tensor, truth: Tensor) -> float:
    return squared_error(truth, picture) / truth.numel()


def _means(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    before, after = zip(*pairs, strict=True)
    return sum(before) / len(pairs), sum(after) / len(pairs)
