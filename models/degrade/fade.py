"""Fade: the dyes lose density over the decades, unevenly, and the picture takes on a cast.

Source: Gschwind, Frey, "Electronic imaging, a tool for the reconstruction of faded color
photographs", Journal of Imaging Science and Technology 38, 1994: each layer's density falls
in proportion, and the base is stained. Constant over the shot.

Limits: a dye's unwanted absorptions are left out; in Y, U, V the layers cannot be told apart,
so luma loses density and chroma gets a gain and an offset. Code values are taken as they are,
whether the range is limited or full.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from models.contract import Frame
from models.degrade.blend import is_chroma, rewritten
from models.degrade.damage import Damage, chance, require

BLACK = 0.043  # the code value, as share of full range, of density 3 at a gamma of 2.2
GAMMA = 2.2


@dataclass(frozen=True)
class Fade(Damage):
    """A density curve per layer, the same for every frame of the shot.

    Attributes:
        density_loss: mean share of its density that a layer lost, 0..0.9.
        unevenness: standard deviation of the loss among the layers R, G, B.
        chroma_loss: share of chroma that is lost where the planes are Y, U, V, 0..1.
        tint: standard deviation of the cast: offset of U and V as share of full range; on
            R, G, B optical density of the stain.
        seed: where chance starts.
    """

    name: ClassVar[str] = "fade"

    density_loss: float = 0.25
    unevenness: float = 0.1
    chroma_loss: float = 0.3
    tint: float = 0.02
    seed: int = 0

    def __post_init__(self) -> None:
        require("density_loss", self.density_loss, 0, 0.9)
        require("unevenness", self.unevenness, 0, 0.5)
        require("chroma_loss", self.chroma_loss, 0, 1)
        require("tint", self.tint, 0, 0.5)

    def applied(self, frames: Iterator[Frame]) -> Iterator[tuple[Frame, Tensor]]:
        """Yield per frame the faded frame; the mask is the whole picture."""
        layers = torch.randn(3, 2, generator=chance(self.seed, 0, self.name)).tolist()
        for frame in frames:
            yield rewritten(frame, self._faded(frame, layers))

    def _faded(self, frame: Frame, layers: list[list[float]]) -> list[Tensor]:
        """Float code values of every plane; `layers` holds two normal numbers a plane."""
        neutral, rgb = (frame.peak + 1) / 2, frame.format.layout == "rgb"
        planes = []
        for number, samples in enumerate(frame.samples()):
            uneven, cast = layers[number]
            if is_chroma(frame, number):
                offset = self.tint * cast * frame.peak
                planes.append((samples - neutral) * (1 - self.chroma_loss) + neutral + offset)
                continue
            loss = self.density_loss + (self.unevenness * uneven if rgb else 0.0)
            stain = self.tint * abs(cast) if rgb else 0.0
            share = samples.to(torch.float32) / frame.peak
            planes.append(density_curve(share, min(max(loss, 0.0), 0.9), stain) * frame.peak)
        return planes


def density_curve(share: Tensor, loss: float, stain: float = 0.0) -> Tensor:
    """Code values after a layer lost density and its base was stained.

    Args:
        share: gamma-coded values as share of full range, float32.
        loss: share of the density that is lost, 0..0.9; with 0 the values stay.
        stain: optical density that is added everywhere.

    Returns:
        float32 of the same shape: white stays white, black is lifted.
    """
    transmitted = (share * (1 - BLACK) + BLACK) ** (1 - loss)
    dimmed = float(10 ** (-stain / GAMMA))
    return ((transmitted - BLACK) / (1 - BLACK)) * dimmed
