"""A network that restores one picture at a time, run over a shot.

Each frame goes through in tiles; what it changes is made steady in time and added to the source's
own samples. Memory holds the frames that are looked at and no more.

What changes its pixels raises `ModelStep.version`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.contract import Change, Frame
from models.motion import Motion
from models.networks.learned import Learned, ModelSettings, finite
from models.networks.rgb import as_rgb, samples_plus
from models.networks.steady import Restored, steadied
from models.networks.tiles import in_tiles
from models.planes import averaged

Forward = Callable[[Tensor, float], Tensor]


@dataclass(frozen=True)
class ImageNetwork(Learned):
    """A picture-by-picture network.

    Attributes:
        module: holds the weights; moved to where the frames are.
        forward: maps float32 `[1, channels, h, w]` in 0..1 and the noise it is told of to
            `[1, channels, h * scale, w * scale]`.
        channels: 3 for R'G'B', 1 for a network of grey, which then sees luma.
        scale: how much larger it draws the picture; it is averaged back to its size.
        multiple: what h and w must be multiples of.
        smallest: least h and w.
    """

    module: nn.Module
    forward: Forward
    channels: int = 3
    scale: int = 1
    multiple: int = 1
    smallest: int = 1

    def changes(
        self, frames: Iterator[Frame], motion: Motion, settings: ModelSettings
    ) -> Iterator[Change]:
        """Yield one change per frame, looking `AHEAD` frames of `steady` on both sides."""
        restored = (self._seen(frame, settings.noise) for frame in frames)
        for frame, change in steadied(restored, settings.steadiness):
            wanted = samples_plus(frame, settings.strength * change.expand(3, -1, -1))
            yield Change.between(frame, wanted)

    def _seen(self, frame: Frame, noise: float) -> Restored:
        source = as_rgb(frame)
        seen = source if self.channels == 3 else _grey(source)
        return Restored(frame, seen, self._restored(seen, noise) - seen)

    def _restored(self, picture: Tensor, noise: float) -> Tensor:
        self.module.to(picture.device)

        def run(tile: Tensor) -> Tensor:
            drawn = self.forward(tile, noise).to(torch.float32)
            return averaged(drawn, (int(tile.shape[-2]), int(tile.shape[-1])))

        with torch.inference_mode():
            restored = in_tiles(picture, run, self.multiple, self.smallest)
        return finite(restored).clone()  # a tensor of inference mode may not be used everywhere


def _grey(picture: Tensor) -> Tensor:
    weights = torch.tensor([0.2126, 0.7152, 0.0722], device=picture.device)
    return (picture * weights[:, None, None]).sum(0, keepdim=True)
