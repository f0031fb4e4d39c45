"""A network that draws between two frames, where a destroyed frame must be rebuilt.

Which frames are destroyed is the judgement of the step `missing`, by its defaults; all others keep
every sample. The network says where the picture halfway lies in the frames around it and which of
them shows it; the samples are the film's own, so depth and format are no matter. A run of more than
one destroyed frame is rebuilt by the engine's flow: the network knows the middle only.

Limits: where both frames show a place it is their mean, whose grain is finer than the film's.

What changes its pixels raises `ModelStep.version`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from models.contract import Change, Frame
from models.missing.destroyed import Shown
from models.missing.rebuild import Between
from models.missing.step import Missing
from models.motion import Motion
from models.networks.learned import Learned, ModelSettings, finite
from models.networks.rgb import as_rgb
from models.networks.rife import MULTIPLE, Rife

MOST_LINES = 1088  # that the network sees; motion of larger pictures is found on smaller ones


@dataclass(frozen=True)
class RebuildNetwork(Learned):
    """A network for destroyed frames.

    Attributes:
        network: holds the weights; moved to where the frames are.
    """

    network: Rife

    def changes(
        self, frames: Iterator[Frame], motion: Motion, settings: ModelSettings
    ) -> Iterator[Change]:
        """Yield one change per frame, as the step `missing` does; no setting applies."""
        return Missing().changes_by(frames, motion, self.way)

    def way(self, shot: Shown, index: int, before: int, after: int) -> Between:
        """From a destroyed frame to the frames before and after its run."""
        if after - before != 2:
            return shot.between(index, before, after)
        flow, share = self._found(as_rgb(shot.frames[before]), as_rgb(shot.frames[after]))
        return Between(0.5, flow[:2], flow[2:], share)

    def _found(self, before: Tensor, after: Tensor) -> tuple[Tensor, Tensor]:
        """Motion float32 `[4, H, W]` and share `[H, W]` at the size of two pictures `[3, H, W]`."""
        self.network.to(before.device)
        height, width = int(before.shape[1]), int(before.shape[2])
        factor = -(-height // MOST_LINES)
        size = (-(-height // factor), -(-width // factor))
        pair = functional.interpolate(torch.stack((before, after)), size=size, mode="area")
        padding = (0, -size[1] % MULTIPLE, 0, -size[0] % MULTIPLE)
        pair = functional.pad(pair, padding, mode="replicate")
        flow, share = self.network(pair[:1], pair[1:])
        found = finite(torch.cat((flow, share), dim=1))[..., : size[0], : size[1]].clone()
        if factor > 1:
            found = functional.interpolate(
                found, size=(height, width), mode="bilinear", align_corners=False
            )
            scale = found.new_tensor([width / size[1], height / size[0]] * 2 + [1.0])
            found = found * scale[:, None, None]
        return found[0, :4], found[0, 4]
