"""The restorer over a shot of any length: what waits is a frame for each buffer, no more.

The same layers as `Restorer.forward` in the same order; each frame is answered `LOOK_AHEAD` frames
after it came. Features of a shot's first and last frame find empty buffers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from models.restorer.answer import Answer
from models.restorer.network import BUFFERS, Passing, Restorer
from models.restorer.seen import Seen

LOOK_AHEAD = BUFFERS  # frames, beyond those of `models.restorer.neighbours`


def stream(restorer: Restorer, seen: Iterable[Seen], asked: Tensor) -> Iterator[Answer]:
    """Answer for one shot, frame by frame.

    Args:
        restorer: the network.
        seen: one frame each, sides multiples of 8.
        asked: float32 `[1, 5]`.
    """
    passing: Iterator[Passing] = (restorer.begin(one, asked.to(one.engine.device)) for one in seen)
    passing = buffered(restorer, 0, passing)
    passing = buffered(restorer, 1, (restorer.descend(one) for one in passing))
    passing = remembered(restorer, passing)
    passing = buffered(restorer, 2, (restorer.ascend(one) for one in passing))
    for one in passing:
        yield restorer.end(one)


def buffered(restorer: Restorer, number: int, passing: Iterator[Passing]) -> Iterator[Passing]:
    """One buffer: each frame waits for the one after it."""
    here = next(passing, None)
    if here is None:
        return
    sent = restorer.sent(number, here)
    before = torch.zeros_like(sent.chunk(2, dim=1)[0])
    while here is not None:
        after = next(passing, None)
        to_next, none_after = sent.chunk(2, dim=1)[0], torch.zeros_like(before)
        if after is None:
            yield restorer.mix(number, here, before, none_after)
            return
        sent = restorer.sent(number, after)
        yield restorer.mix(number, here, before, sent.chunk(2, dim=1)[1])
        here, before = after, to_next


def remembered(restorer: Restorer, passing: Iterator[Passing]) -> Iterator[Passing]:
    """The recurrent state, from a shot's first frame to its last."""
    state: Tensor | None = None
    for one in passing:
        told, state = restorer.remember(one, state)
        yield told
