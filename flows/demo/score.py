"""Restored reels of the demo against the truth.

PSNR is over all luma samples of the reel (one mean squared error, not a mean of dB); SSIM is
the mean over its frames, on luma. "Changed outside" is the share of samples, outside the
dirt mask widened by 2 samples, whose restored value is not the damaged source's value.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from catalogs.errors import VerificationError
from flows.demo.archive import DemoArchive
from flows.demo.footage import one_thread
from flows.demo.reels import REELS, DemoReel
from models.contract import Frame
from models.planes import reduced
from tasks.media.probe import probe
from tasks.media.read import read_picture
from tasks.metrics.fidelity import psnr_of, squared_error, ssim
from tasks.samples import frames_from

WIDENED = 2  # samples around the mask in which a repair may blend
NOT_APPLICABLE = "not applicable: flicker touches every sample"


@dataclass(frozen=True)
class ReelScore:
    """One reel: before is the damaged source, after the restored master, both against truth.

    Attributes:
        frames: frames compared.
        damage_psnr_before, damage_psnr_after: dB, luma inside the dirt mask.
        psnr_before, psnr_after: dB, all luma.
        ssim_before, ssim_after: mean over the frames, luma.
        changed_outside_luma_percent: of luma samples; None when flicker touches every sample.
        changed_outside_percent: of the samples of all planes; None likewise.
        note: why something is None; empty otherwise.
    """

    reel_id: str
    frames: int
    damage_psnr_before: float
    damage_psnr_after: float
    psnr_before: float
    psnr_after: float
    ssim_before: float
    ssim_after: float
    changed_outside_luma_percent: float | None
    changed_outside_percent: float | None
    note: str = ""


def score_demo(archive: DemoArchive, masters: Mapping[str, Path]) -> tuple[ReelScore, ...]:
    """Score every reel that has a restored master.

    Args:
        archive: what `build_demo_archive` returned.
        masters: restored master by reel_id; reels of the demo that are missing are left out.

    Raises:
        VerificationError: a master has another picture or frame count than its truth.
    """
    return tuple(
        _score_reel(archive, reel, masters[reel.reel_id])
        for reel in REELS
        if reel.reel_id in masters
    )


def format_scores(scores: tuple[ReelScore, ...]) -> str:
    """A plain text table, one reel a line."""
    lines = [
        f"{'reel':<14} {'frames':>6}  {'PSNR in damage, dB':<19} {'PSNR, dB':<15} "
        f"{'SSIM':<16} changed outside the damage"
    ]
    for s in scores:
        if s.changed_outside_percent is None or s.changed_outside_luma_percent is None:
            outside = s.note
        else:
            outside = (f"{s.changed_outside_percent:.4f} % "
                       f"(luma {s.changed_outside_luma_percent:.4f} %)")  # fmt: skip
        lines.append(
            f"{s.reel_id:<14} {s.frames:>6}  "
            f"{f'{s.damage_psnr_before:.2f} -> {s.damage_psnr_after:.2f}':<19} "
            f"{f'{s.psnr_before:.2f} -> {s.psnr_after:.2f}':<15} "
            f"{f'{s.ssim_before:.4f} -> {s.ssim_after:.4f}':<16} {outside}"
        )
    return "\n".join(lines)


@dataclass
class _Tally:
    """Sums over the frames of a reel; `before` and `after` in pairs."""

    frames: int = 0
    samples: int = 0
    damaged: int = 0
    error: list[float] = field(default_factory=lambda: [0.0, 0.0])
    damage_error: list[float] = field(default_factory=lambda: [0.0, 0.0])
    similarity: list[float] = field(default_factory=lambda: [0.0, 0.0])
    outside: list[int] = field(default_factory=lambda: [0, 0])  # luma, all planes
    changed: list[int] = field(default_factory=lambda: [0, 0])

    def add(self, truth: Frame, source: Frame, restored: Frame, mask: Tensor) -> None:
        """Count one frame."""
        self.frames += 1
        self.samples += mask.numel()
        self.damaged += int(mask.sum())
        for number, picture in enumerate((source, restored)):
            luma, wanted = picture.planes[0], truth.planes[0]
            self.error[number] += squared_error(wanted, luma)
            self.damage_error[number] += squared_error(wanted, luma, mask)
            self.similarity[number] += ssim(wanted, luma, truth.peak)
        wide = _widened(mask)
        for number, (before, after) in enumerate(zip(source.planes, restored.planes, strict=True)):
            allowed = reduced(wide, (int(before.shape[0]), int(before.shape[1]))) > 0
            changed = int(((before != after) & ~allowed).sum())
            outside = int((~allowed).sum())
            self.changed[1] += changed
            self.outside[1] += outside
            if number == 0:
                self.changed[0] += changed
                self.outside[0] += outside


def _score_reel(archive: DemoArchive, reel: DemoReel, master: Path) -> ReelScore:
    tally = _Tally()
    paths = (archive.truth_of(reel), archive.source(reel), master, archive.mask_of(reel))
    try:
        with one_thread():
            for truth, source, restored, mask in zip(*map(_frames, paths), strict=True):
                tally.add(truth, source, restored, mask.planes[0] > 0)
    except ValueError as error:
        raise VerificationError(f"{master}: not the picture of its truth: {error}") from error
    peak = reel.picture.peak
    whole = [psnr_of(e / max(tally.samples, 1), peak) for e in tally.error]
    inside = [
        psnr_of(e / tally.damaged, peak) if tally.damaged else math.nan for e in tally.damage_error
    ]
    similarity = [total / max(tally.frames, 1) for total in tally.similarity]
    outside = [100 * c / max(o, 1) for c, o in zip(tally.changed, tally.outside, strict=True)]
    return ReelScore(
        reel_id=reel.reel_id,
        frames=tally.frames,
        damage_psnr_before=inside[0],
        damage_psnr_after=inside[1],
        psnr_before=whole[0],
        psnr_after=whole[1],
        ssim_before=similarity[0],
        ssim_after=similarity[1],
        changed_outside_luma_percent=None if reel.flickers else outside[0],
        changed_outside_percent=None if reel.flickers else outside[1],
        note=NOT_APPLICABLE if reel.flickers else "",
    )


def _frames(path: Path) -> Iterator[Frame]:
    picture = probe(path).picture
    return frames_from(read_picture(path, picture), picture, "cpu")


def _widened(mask: Tensor) -> Tensor:
    side = 2 * WIDENED + 1
    whole = mask.to(torch.float32)[None, None]
    return functional.max_pool2d(whole, side, stride=1, padding=WIDENED)[0, 0]
