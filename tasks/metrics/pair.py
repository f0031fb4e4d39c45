"""A pair: one stretch of a shot before and after, as the metrics see it.

    S  the source, R the restored picture, P the proxy: what S would be without damage
    (see `tasks.metrics.proxy`), rho the residual of R against P (see `tasks.metrics.tone`).

Luma is gamma-coded, float32, code value over peak, 0..1, whatever the range. Pictures of the
whole frame are kept on at most `PROXY_LINES` lines; what lives at native resolution (skin,
grain, specks) is kept there, in windows and in a few sampled frames. A stretch is at most
`tasks.metrics.gather.LONGEST` frames, so that memory is bounded however long the shot is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from tasks.metrics.direct import direct_difference, local_medians
from tasks.metrics.face_proxy import FaceProxy, face_proxies
from tasks.metrics.fine import Texture, texture_of
from tasks.metrics.grade import block_colours, ungraded
from tasks.metrics.proxy import Flows, estimate_flows, proxy
from tasks.metrics.tone import residual

PROXY_LINES = 360
CHIP = 224  # samples, side of a face chip
CHIP_EYES = (112.0, 96.0)  # x, y of the eyes' midpoint on a chip
CHIP_EYE_DISTANCE = 64.0  # samples


OF_GRAIN = frozenset({"denoise", "grain"})


@dataclass(frozen=True)
class Declared:
    """What the recipe says it changes by nature.

    Attributes:
        steps: names of the recipe's steps.
    """

    steps: frozenset[str] = frozenset()

    @property
    def touches_grain(self) -> bool:
        """Whether grain is meant to be taken away or added."""
        return bool(self.steps & OF_GRAIN)

    @property
    def moves(self) -> bool:
        """Whether the picture is meant to be moved."""
        return "stabilise" in self.steps


@dataclass(frozen=True)
class TilePair:
    """A window at native resolution.

    Attributes:
        origins: int64 `[N, 2]`, (y, x) of its corner in native samples, per frame.
        frames: int64 `[N]`, frames of the stretch.
        source: float32 `[N, th, tw]`, luma of S.
        restored: float32 `[N, th, tw]`, luma of R.
    """

    origins: Tensor
    frames: Tensor
    source: Tensor
    restored: Tensor


@dataclass(frozen=True)
class Triplet:
    """Three consecutive frames, native up to 1080 lines.

    Attributes:
        frame: the middle one, in the stretch.
        source: float16 `[H, W]` of each, luma of S.
        restored: the same of R.
    """

    frame: int
    source: tuple[Tensor, ...]
    restored: tuple[Tensor, ...]


@dataclass(frozen=True)
class FacePair:
    """One tracked face, on the frames where it was seen.

    Attributes:
        track: number of the track in the stretch.
        frames: int64 `[N]`, frames of the stretch, increasing.
        landmarks: float32 `[N, 478, 2]`, (x, y) in native samples, found on S.
        restored_landmarks: the same, found again on R.
        presence: float32 `[N]`, 0..1, how sure the mesh is of a face on S.
        yaw: float32 `[N]`, degrees, 0 is frontal.
        eye_distance: float32 `[N]`, native samples between the pupils.
        blendshapes: float32 `[N, 52]` of S, or None.
        restored_blendshapes: the same of R.
        to_chip: float32 `[N, 2, 3]`, native samples to chip samples (a similarity).
        chips: float32 `[N, CHIP, CHIP]`, luma of S with the face upright, `CHIP_EYE_DISTANCE`
            samples between the eyes and their midpoint at `CHIP_EYES`.
        restored_chips: R under the same transforms.
        colour: uint8 `[N, CHIP, CHIP, 3]`, R'G'B' of S; None for monochrome.
        restored_colour: the same of R.
        tile: a window on the face at native resolution that follows it in whole samples.
    """

    track: int
    frames: Tensor
    landmarks: Tensor
    restored_landmarks: Tensor
    presence: Tensor
    yaw: Tensor
    eye_distance: Tensor
    blendshapes: Tensor | None
    restored_blendshapes: Tensor | None
    to_chip: Tensor
    chips: Tensor
    restored_chips: Tensor
    colour: Tensor | None
    restored_colour: Tensor | None
    tile: TilePair

    def on_chips(self, points: Tensor) -> Tensor:
        """Move native points `[N, K, 2]` onto the chips."""
        turned = torch.einsum("nij,nkj->nki", self.to_chip[:, :, :2], points)
        return turned + self.to_chip[:, None, :, 2]


@dataclass(frozen=True)
class Pair:
    """One stretch of a shot, before and after.

    Attributes:
        rate: frames a second.
        native: lines and samples per line of the picture.
        source: float32 `[T, h, w]`, luma of S on at most `PROXY_LINES` lines (area mean).
        restored: the same of R.
        source_colour: float32 `[T, 3, h', w']`, R'G'B' 0..1 of S, a quarter of the size each
            way; None for monochrome.
        restored_colour: the same of R.
        changed: bool `[T, h, w]`, whether any native sample here differs between S and R.
        faces: one per track; empty when there is no face.
        grounds: up to eight windows of textured background, fixed, at native resolution.
        triplets: a few frames with both neighbours, spread over the stretch.
        declared: what the recipe changes by nature. Where it moves the picture, S here is the
            source moved by the recorded shifts, so that both sides lie on each other.
        faces_note: why no face was looked for, if none was.
    """

    rate: float
    native: tuple[int, int]
    source: Tensor
    restored: Tensor
    source_colour: Tensor | None
    restored_colour: Tensor | None
    changed: Tensor
    faces: tuple[FacePair, ...] = ()
    grounds: tuple[TilePair, ...] = ()
    triplets: tuple[Triplet, ...] = ()
    declared: Declared = field(default_factory=Declared)
    faces_note: str = ""

    @property
    def count(self) -> int:
        """Frames of the stretch."""
        return int(self.source.shape[0])

    @property
    def scale(self) -> float:
        """Native samples per sample of the proxy, 1 or more."""
        return self.native[0] / int(self.source.shape[1])

    @cached_property
    def flow(self) -> Flows:
        """Motion of the source, from each frame to the next and back."""
        return estimate_flows(self.source)

    @cached_property
    def proxy(self) -> Tensor:
        """P, float32 `[T, h, w]`: the source without flicker, one-frame specks and grain."""
        return proxy(self.source, self.flow)

    @cached_property
    def direct(self) -> Tensor:
        """D, float32 `[T, h, w]`: R brought to the tones of S, less S of the same frame."""
        return direct_difference(self.source, self.restored)

    @cached_property
    def local_medians(self) -> tuple[Tensor, Tensor]:
        """Medians of blocks of S and of R, `[T, rows, columns]`."""
        return local_medians(self.source), local_medians(self.restored)

    @cached_property
    def ungraded(self) -> Tensor:
        """What a constant grade leaves of the colours of small blocks, `[T, C, N]`."""
        return ungraded(*self.block_colours)

    @cached_property
    def block_colours(self) -> tuple[Tensor, Tensor]:
        """Colours of small blocks of S and of R, `[T, C, N]`."""
        lumas, colours = (self.source, self.restored), (self.source_colour, self.restored_colour)
        return block_colours(lumas, colours)

    @cached_property
    def residual(self) -> Tensor:
        """Rho, float32 `[T, h, w]`: R brought to the tones of P, less P, slightly blurred."""
        return residual(self.restored, self.proxy)

    @cached_property
    def texture(self) -> Texture:
        """Sums of fine texture over the windows at native resolution."""
        return texture_of(self)

    @cached_property
    def face_proxies(self) -> tuple[FaceProxy, ...]:
        """P and R in the tones of P on the chips of each of `faces`."""
        return face_proxies(self)
