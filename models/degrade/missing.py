"""Missing picture: destroyed frames, and splices with their band and line of glue.

Source: Read, Meyer, "Restoration of Motion Picture Film", 2000: fogged or torn frames, decayed
emulsion, cement splices that overlap two frames. Chroma goes to neutral where nothing is left.

Limits: frames are destroyed, never left out; a splice is straight. What a splice destroys shows
the picture displaced under stains, so that a little of it is still to be guessed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from models.contract import Frame
from models.degrade.blend import covered, enlarged
from models.degrade.damage import REFERENCE_LINES, Damage, chance, require

GLUE_LINES = 2.0  # thickness of a line of glue in samples at 480 lines


@dataclass(frozen=True)
class Missing(Damage):
    """Runs of destroyed frames, and splices over one or two frames.

    Attributes:
        rate: share of frames at which a run of destroyed frames begins, 0..1.
        longest: greatest number of frames in a run.
        least: least share of a torn picture that is destroyed, 0.5..1; fogged and black ones
            are destroyed whole.
        splice_rate: share of frames at which a splice begins, 0..1.
        band: greatest height of a splice's band as share of the picture, 0.02..0.5.
        jump: greatest displacement of the picture within the band, in samples at 480 lines.
        seed: where chance starts.
    """

    name: ClassVar[str] = "missing"

    rate: float = 0.005
    longest: int = 2
    least: float = 0.5
    splice_rate: float = 0.01
    band: float = 0.15
    jump: float = 8.0
    seed: int = 0

    def __post_init__(self) -> None:
        require("rate", self.rate, 0, 1)
        require("longest", self.longest, 1, 1000, "frames")
        require("least", self.least, 0.5, 1)
        require("splice_rate", self.splice_rate, 0, 1)
        require("band", self.band, 0.02, 0.5)
        require("jump", self.jump, 0, 100, "samples at 480 lines")

    def applied(self, frames: Iterator[Frame]) -> Iterator[tuple[Frame, Tensor]]:
        """Yield per frame what is left of it and the mask of what is destroyed."""
        run, glued = 0, False
        for index, frame in enumerate(frames):
            generator = chance(self.seed, index, self.name)
            begins, spliced, length, both = torch.rand(4, generator=generator).tolist()
            if not run and begins < self.rate:
                run = 1 + int(length * self.longest)
            if run:
                run -= 1
                yield self._destroyed(frame, generator)
            elif glued or spliced < self.splice_rate:
                yield self._spliced(frame, glued, generator)
                glued = not glued and both < 0.5
            else:
                yield frame, _nothing(frame)

    def _destroyed(self, frame: Frame, generator: torch.Generator) -> tuple[Frame, Tensor]:
        """A frame that is fogged, black or torn."""
        kind, share = torch.rand(2, generator=generator).tolist()
        clouds = _clouds(frame, generator)
        if kind < 1 / 3:
            return _painted(frame, torch.ones_like(clouds), (0.88 + 0.05 * clouds).clamp(0.7, 1))
        if kind < 2 / 3:
            return _painted(frame, torch.ones_like(clouds), (0.03 + 0.01 * clouds).clamp(0, 0.1))
        lost = self.least + (1 - self.least) * share
        count = max(math.ceil(lost * clouds.numel()), 1)
        ranked = clouds.flatten().sort(descending=True).values
        torn = (clouds >= ranked[count - 1]).to(torch.float32)
        return _painted(frame, torn, torch.full_like(clouds, 0.97 if share < 0.5 else 0.02))

    def _spliced(
        self, frame: Frame, on_top: bool, generator: torch.Generator
    ) -> tuple[Frame, Tensor]:
        """The band at the bottom of the frame before the splice, or at the top of the next."""
        height = frame.format.height
        chances = torch.rand(3, generator=generator).tolist()
        lines = min(max(round(height * self.band * (0.4 + 0.6 * chances[0])), 2), height)
        first = 0 if on_top else height - lines
        shift = (2 * chances[1] - 1) * self.jump * height / REFERENCE_LINES
        moved = _displaced(frame, first, first + lines, round(shift))
        glue = max(round(GLUE_LINES * height / REFERENCE_LINES), 1)
        edge = first + lines - glue if on_top else first
        clouds = _clouds(frame, generator)
        cover, level = torch.zeros_like(clouds), (0.6 + 0.2 * clouds).clamp(0, 1)
        cover[first : first + lines] = 0.6
        cover[edge : edge + glue], level[edge : edge + glue] = (
            1.0,
            0.95 if chances[2] < 0.5 else 0.05,
        )
        after, _ = covered(moved, cover, level)
        return after, _touched(frame, after) | (cover > 0)


def _nothing(frame: Frame) -> Tensor:
    shape = (frame.format.height, frame.format.width)
    return torch.zeros(shape, dtype=torch.bool, device=frame.planes[0].device)


def _clouds(frame: Frame, generator: torch.Generator) -> Tensor:
    """A smooth random field of about normal values, float32 `[H, W]`."""
    coarse = torch.randn(1, 1, 5, 6, generator=generator).to(frame.planes[0].device)
    size = (frame.format.height, frame.format.width)
    return functional.interpolate(coarse, size, mode="bicubic", align_corners=True)[0, 0]


def _painted(frame: Frame, cover: Tensor, level: Tensor) -> tuple[Frame, Tensor]:
    """The frame under a cover; the mask is all of the cover, changed or not."""
    after, changed = covered(frame, cover, level)
    return after, changed | (cover > 0)


def _displaced(frame: Frame, first: int, stop: int, shift: int) -> Frame:
    """The frame whose luma lines `[first, stop)`, and their chroma, come from `shift` above."""
    planes = []
    for plane, samples in zip(frame.planes, frame.samples(), strict=True):
        down = -(-frame.format.height // int(plane.shape[0]))
        rows = slice(first // down, -(-stop // down))
        moved = samples.clone()
        moved[rows] = samples.roll(shift // down, 0)[rows]
        planes.append(moved.to(plane.dtype))
    return Frame(tuple(planes), frame.format)


def _touched(before: Frame, after: Frame) -> Tensor:
    """Where any sample became another, on the luma grid."""
    mask = _nothing(before)
    for old, new in zip(before.samples(), after.samples(), strict=True):
        mask |= enlarged(old != new, (before.format.height, before.format.width))
    return mask
