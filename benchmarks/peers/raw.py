"""Frames as raw samples, for programs that read and write them through pipes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from catalogs.picture import PictureFormat
from models.contract import Frame

Frames = list[Frame]
Peer = Callable[[Frames], Frames]


def packed(frames: Sequence[Frame]) -> bytes:
    """All frames one after the other, planes without padding."""
    return b"".join(plane.numpy().tobytes() for frame in frames for plane in frame.planes)


def unpacked(raw: bytes, form: PictureFormat, count: int) -> Frames:
    """Cut raw samples into frames.

    Raises:
        ValueError: there are more or fewer samples than `count` frames have.
    """
    if len(raw) != count * form.frame_bytes:
        raise ValueError(f"{len(raw)} bytes are not {count} frames of {form.frame_bytes} bytes")
    frames, at = [], 0
    for _ in range(count):
        planes = []
        for down, across in form.plane_shapes:
            data = np.frombuffer(raw, np.uint8, down * across, at).reshape(down, across)
            planes.append(torch.from_numpy(data.copy()))
            at += down * across
        frames.append(Frame(tuple(planes), form))
    return frames


def in_turn(*peers: Peer) -> Peer:
    """A peer that hands the frames from one peer to the next."""

    def run(frames: Frames) -> Frames:
        for peer in peers:
            frames = peer(frames)
        return frames

    return run
