"""Step `restorer`: the learned restorer, shot by shot, for the tasks that are asked.

Source: `models.restorer`. With every task at 0 nothing is computed and nothing changes. With
`dirt`, `scratch` and `inpaint` alone, what lies outside the network's masks keeps every sample;
`denoise` and `flicker` change the whole picture.

Recorded with each frame: the share of samples that changed, the share under the gate, and the
expected error that the network states for its own answer.

Limits: of the network. It makes up picture where its neighbours in place have none, so a reel that
it altered is declared generative.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from models.contract import Change, Frame, Step, Touches
from models.motion import Motion
from models.restorer import neighbours, stream
from models.restorer.answer import Answer
from models.restorer.config import TASKS
from models.restorer.neighbours import seen_of
from models.restorer.network import Restorer
from models.restorer.picture import change_of
from models.restorer.seen import Seen
from models.restorer.weights import load_restorer


@dataclass(frozen=True)
class LearnedRestorer(Step):
    """Run a restorer.

    Attributes:
        weights: path of its file, see `models.restorer.weights`.
        sha256: of the file; what is loaded must have it. Empty: whatever lies there.
        denoise, dirt, scratch, inpaint, flicker: how much of each task is done, 0..1.
    """

    name: ClassVar[str] = "restorer"
    version: ClassVar[int] = 1
    touches: ClassVar[Touches] = "every sample"
    invents: ClassVar[bool] = True
    look_ahead = neighbours.LOOK_AHEAD + stream.LOOK_AHEAD

    weights: str
    sha256: str = ""
    denoise: float = 0.0
    dirt: float = 0.0
    scratch: float = 0.0
    inpaint: float = 0.0
    flicker: float = 0.0

    def __post_init__(self) -> None:
        for task in TASKS:
            if not 0 <= getattr(self, task) <= 1:
                raise ValueError(f"{task} {getattr(self, task)} is outside 0..1")

    def changes(self, frames: Iterator[Frame], motion: Motion) -> Iterator[Change]:
        """Yield one change per frame, at most `look_ahead` frames late."""
        asked = torch.tensor([[getattr(self, task) for task in TASKS]], dtype=torch.float32)
        if not asked.any():
            return (Change.none(frame, {"changed_share": 0.0}) for frame in frames)
        return restored(_loaded(self.weights, self.sha256), frames, motion, asked)


@lru_cache(maxsize=2)
def _loaded(path: str, sha256: str) -> Restorer:
    return load_restorer(Path(path), sha256)


@torch.inference_mode()
def restored(
    restorer: Restorer, frames: Iterator[Frame], motion: Motion, asked: Tensor
) -> Iterator[Change]:
    """Run a network over one shot.

    Args:
        restorer: the network; it is moved to the frames' device.
        frames: of the shot.
        motion: its flow.
        asked: float32 `[1, 5]` in 0..1.
    """
    waiting: list[tuple[Frame, Seen]] = []

    def shown() -> Iterator[Seen]:
        for frame, seen in seen_of(frames, motion, restorer.config.aligned):
            if not waiting:
                restorer.to(seen.source.device)
            waiting.append((frame, seen))
            yield seen.padded()

    for answer in stream.stream(restorer, shown(), asked):
        frame, seen = waiting.pop(0)
        yield _change(frame, seen, answer)


def _change(frame: Frame, seen: Seen, answer: Answer) -> Change:
    height, width = frame.format.height, frame.format.width
    gate, residual = answer.gate[0, :, :height, :width], answer.residual[0, :, :height, :width]
    change = change_of(frame, gate * residual, {})
    uncertain = answer.uncertainty[0, :, :height, :width]
    parameters = {
        "changed_share": _changed_share(change),
        "gated_share": float((gate > 0).to(torch.float32).mean()),
        "expected_error": float(uncertain.mean()),
    }
    return Change(change.planes, parameters)


def _changed_share(change: Change) -> float:
    """Share of the samples of all planes that become others."""
    planes = [plane for plane in change.planes if plane is not None]
    return sum(int(p.count_nonzero()) for p in planes) / sum(p.numel() for p in planes)
