"""The learned restorer as a registered network: the tasks that a recipe asks, shot by shot.

Source: `models.restorer`. With the tasks `dirt`, `scratch` and `inpaint` alone, what lies outside
masks keeps every sample; `denoise` and `flicker` change the whole picture. `steadiness` and `noise`
do not apply.

Recorded with each frame: the share of samples that changed, the share within masks, and the error
of luma that the network expects of itself, share of full range.

What changes its pixels raises the revision of `restorer` in `models.networks.architectures`, which
also holds the versions of the engine's steps.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from models.contract import Change, Frame
from models.motion import Motion
from models.networks.learned import Learned, ModelSettings, finite
from models.restorer.answer import Answer
from models.restorer.config import TASKS, tasks_of
from models.restorer.engine import Repaired
from models.restorer.neighbours import seen_of
from models.restorer.network import Restorer
from models.restorer.picture import wanted_of
from models.restorer.seen import Seen
from models.restorer.stream import stream


@dataclass(frozen=True)
class RestorerNetwork(Learned):
    """A restorer.

    Attributes:
        network: holds the weights; moved to where the frames are.
    """

    network: Restorer

    def changes(
        self, frames: Iterator[Frame], motion: Motion, settings: ModelSettings
    ) -> Iterator[Change]:
        """Yield one change per frame; `tasks` and `strength` apply."""
        return self.restored(frames, motion, tasks_of(settings.tasks), settings.strength)

    def restored(
        self, frames: Iterator[Frame], motion: Motion, tasks: Collection[str], strength: float = 1.0
    ) -> Iterator[Change]:
        """As `changes`, for tasks of `TASKS`; with none of them nothing changes."""
        if not tasks or strength == 0:
            yield from (Change.none(frame, {"changed_share": 0.0}) for frame in frames)
            return
        asked = torch.tensor([[float(task in tasks) for task in TASKS]])
        waiting: deque[tuple[Repaired, Seen]] = deque()

        def shown() -> Iterator[Seen]:
            for frame, seen in seen_of(frames, motion, tasks):
                if not waiting:
                    self.network.to(seen.engine.device)
                waiting.append((frame, seen))
                yield seen.padded()

        answers = stream(self.network, shown(), asked)
        while (answer := _next(answers)) is not None:
            frame, _ = waiting.popleft()
            yield _change(frame, answer, strength)


def _next(answers: Iterator[Answer]) -> Answer | None:
    """The next answer; gradients are off while it is made, and only then."""
    with torch.no_grad():
        return next(answers, None)


def _change(frame: Repaired, answer: Answer, strength: float) -> Change:
    height, width = frame.source.format.height, frame.source.format.width
    addition = finite(answer.addition[0, :, :height, :width])
    wanted: list[Tensor] = []
    whole = wanted_of(frame.engine, addition)
    for target, samples in zip(whole, frame.source.samples(), strict=True):
        part = strength * (target - samples).to(torch.float32)
        wanted.append(samples + part.round().to(torch.int32))
    change = Change.between(frame.source, wanted)
    inside = answer.gate[0, :, :height, :width] > 0
    parameters = {
        "changed_share": _changed_share(change),
        "gated_share": float(inside.to(torch.float32).mean()),
        "expected_error": float(answer.uncertainty[0, :, :height, :width].mean()),
    }
    return Change(change.planes, parameters)


def _changed_share(change: Change) -> float:
    """Share of the samples of all planes that become others."""
    planes = [plane for plane in change.planes if plane is not None]
    return sum(int(p.count_nonzero()) for p in planes) / sum(p.numel() for p in planes)
