"""Numbers of a stretch and of a face from which the strata follow (`tasks.strata.naming`).

Everything is read from the source, so that a restoration cannot move a shot from one stratum to
another. Landmarks are only used to find cheeks and forehead. Limits: dark borders of a picture
count as part of its scene.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tasks.metrics.pair import FacePair, Pair
from tasks.metrics.source_class import source_facts
from tasks.strata.colour import Floats, cast_degrees, has_colours

CHEEKS, FOREHEAD = (50, 280), (151,)  # of the face mesh's landmarks
PATCH = 6  # chip samples around a landmark, each way; a fifth of the eyes' distance across
LOOKED_AT = 8  # frames of a stretch whose colours are looked at


@dataclass(frozen=True)
class SceneReading:
    """Numbers of one stretch.

    Attributes:
        luminance: mean luma of the proxy, 0..1.
        motion: 90th percentile of the flow, % of the width per second, median over frames; None
            for a single frame.
        grain: % of full range, as `tasks.metrics.source_class` measures it for thresholds.
        rate: frames a second.
        lines: of the picture.
        coloured: whether hues are found; None for a monochrome file.
        cast: degrees of the light from neutral; None for a monochrome file.
    """

    luminance: float
    motion: float | None
    grain: float
    rate: float
    lines: int
    coloured: bool | None = None
    cast: float | None = None


@dataclass(frozen=True)
class FaceReading:
    """Numbers of one face in one stretch.

    Attributes:
        relative_luminance: median luma of cheeks and forehead over the median of the scene; None
            in the dark.
        eye_distance: native samples.
        cheeks: R'G'B' `[N, 3]`, 0..1, of each frame; None for monochrome.
    """

    relative_luminance: float | None
    eye_distance: float
    cheeks: Floats | None = None


def read_scene(pair: Pair) -> SceneReading:
    """The numbers of a stretch."""
    facts, colours = source_facts(pair), _colours(pair)
    speed = pair.flow.speed()
    motion = 100 * float(speed.median()) * pair.rate / pair.source.shape[2] if len(speed) else None
    return SceneReading(
        facts.luminance, motion, facts.grain, pair.rate, pair.native[0],
        None if colours is None else has_colours(colours),
        None if colours is None else cast_degrees(colours),
    )  # fmt: skip


def read_face(pair: Pair, face: FacePair) -> FaceReading:
    """The numbers of a face in a stretch."""
    luma = torch.cat([_patches(face.chips, face, place) for place in (CHEEKS, FOREHEAD)], dim=1)
    scene = pair.source[face.frames].flatten(1).median(dim=1).values
    lit = scene > 1e-3
    ratio = luma.median(dim=1).values[lit] / scene[lit]
    cheeks = None
    if face.colour is not None:
        samples = _patches(face.colour, face, CHEEKS).double() / 255
        cheeks = samples.median(dim=1).values.numpy()
    return FaceReading(
        float(ratio.median()) if len(ratio) else None, float(face.eye_distance.median()), cheeks
    )


def _colours(pair: Pair) -> Floats | None:
    if pair.source_colour is None:
        return None
    step = max(1, pair.count // LOOKED_AT)
    looked_at = pair.source_colour[::step].permute(0, 2, 3, 1)
    return np.asarray(looked_at.double().clamp(0, 1).numpy())  # video may lie outside


def _patches(chips: Tensor, face: FacePair, landmarks: tuple[int, ...]) -> Tensor:
    """Samples around landmarks, `[N, K]` of chips `[N, H, W]`, `[N, K, 3]` of `[N, H, W, 3]`."""
    centres = face.on_chips(face.landmarks[:, list(landmarks)]).round().long()
    around = torch.arange(-PATCH, PATCH + 1)
    x = (centres[:, :, None, None, 0] + around).expand(-1, -1, len(around), -1)
    y = (centres[:, :, None, None, 1] + around[:, None]).expand(-1, -1, -1, len(around))
    limit = chips.shape[1] - 1
    frame = torch.arange(len(chips))[:, None]
    return chips[frame, y.flatten(1).clamp(0, limit), x.flatten(1).clamp(0, limit)]
