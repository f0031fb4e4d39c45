"""Every threshold of shot detection, in one record."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """Thresholds of the decision; benchmarks/shots.py measures how far they carry.

    Attributes:
        clear_jump: jump that is a cut without further evidence.
        weak_jump: jump that is a cut if the network agrees.
        support: the network's chance of a boundary that counts as agreement.
        flat_texture: shared texture below which a picture is flat.
        flat_frames: length from which a flat stretch counts.
        blend_residual: misfit up to which a frame is a blend.
        blend_change: difference of its ends from which a blend is looked at.
        blend_frames: blends in a run from which the network is asked, and frames of a
            transition that it must find.
        within: the network's chance that a frame belongs to a transition, from which it
            counts as one.
    """

    clear_jump: float = 0.25
    weak_jump: float = 0.1
    support: float = 0.3
    flat_texture: float = 0.01
    flat_frames: int = 7
    blend_residual: float = 0.12
    blend_change: float = 0.5
    blend_frames: int = 3
    within: float = 0.5
