"""A network that restores a frame by the frames around it, run over a shot.

It sees a window of frames and restores the middle one; at the ends of a shot frames are mirrored.
What it changes is added to the source's own samples. Memory holds one window.

What changes its pixels raises `ModelStep.version`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.contract import Change, Frame
from models.motion import Motion
from models.networks.learned import Learned, ModelSettings, finite
from models.networks.rgb import as_rgb, samples_plus
from models.networks.tiles import Tiling, in_tiles

WIDE = Tiling(512, 64)  # motion is searched within a tile, so it is larger than a picture network's

Forward = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class WindowNetwork(Learned):
    """A network of a window.

    Attributes:
        module: holds the weights; moved to where the frames are.
        forward: maps float32 R'G'B' `[2 * reach + 1, 3, h, w]` in 0..1 to the middle one restored,
            `[3, h, w]`.
        reach: frames on either side.
        smallest: least h and w.
    """

    module: nn.Module
    forward: Forward
    reach: int
    smallest: int = 1

    def changes(
        self, frames: Iterator[Frame], motion: Motion, settings: ModelSettings
    ) -> Iterator[Change]:
        """Yield one change per frame, looking at `reach` frames on either side.

        `steadiness` and `noise` do not apply: it sees time itself.
        """
        for frame, window in windows(frames, self.reach):
            change = self._restored(window) - window[self.reach]
            yield Change.between(frame, samples_plus(frame, settings.strength * change))

    def _restored(self, window: Tensor) -> Tensor:
        self.module.to(window.device)
        count, channels = int(window.shape[0]), int(window.shape[1])

        def run(tile: Tensor) -> Tensor:
            height, width = tile.shape[-2:]
            return self.forward(tile.reshape(count, channels, height, width))[None]

        with torch.inference_mode():
            restored = in_tiles(window.flatten(0, 1), run, 1, self.smallest, WIDE)
        return finite(restored).clone()  # a tensor of inference mode may not be used everywhere


def windows(frames: Iterator[Frame], reach: int) -> Iterator[tuple[Frame, Tensor]]:
    """Each frame of a shot with what lies around it, R'G'B' float32 `[2 * reach + 1, 3, H, W]`."""
    held: deque[tuple[Frame, Tensor]] = deque()
    first = index = 0  # number of the first that is held, and of the one that is answered
    ended = False
    while True:
        while not ended and first + len(held) <= index + reach:
            frame = next(frames, None)
            if frame is None:
                ended = True
            else:
                held.append((frame, as_rgb(frame)))
        count = first + len(held)  # of the shot, once it has ended
        if index >= count:
            return
        around = range(index - reach, index + reach + 1)
        places = (mirrored(number, count) - first for number in around)
        yield held[index - first][0], torch.stack([held[max(n, 0)][1] for n in places])
        index += 1
        while first < index - reach:
            held.popleft()
            first += 1


def mirrored(number: int, count: int) -> int:
    """A place of a shot of `count` frames that stands in for one beyond its ends."""
    number = abs(number)
    return max(min(number, 2 * (count - 1) - number), 0)
