"""Numbers of a stretch and of a face from which the strata follow (`tasks.strata.naming`).

Everything is read from the source, so that a restoration cannot move a shot from one stratum to
another. Landmarks are only used to find cheeks and forehead. Limits: dark borders of a picture
count as part of its scene.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

import numpy as np
import torch
from torch import Tensor

from models.grain_measure import measure_grain
from models.motion import enlarged
from tasks.metrics.pair import FacePair, Pair
from tasks.strata.colour import Floats, cast_degrees, has_colours

CHEEKS, FOREHEAD = (50, 280), (151,)  # of the face mesh's landmarks
PATCH = 6  # chip samples around a landmark, each way; a fifth of the eyes' distance across
LOOKED_AT = 8  # frames of a stretch whose colours are looked at
GRAIN_TRIPLETS = 3


@dataclass(frozen=True)
class SceneReading:
    """Numbers of one stretch.

    Attributes:
        luminance: mean luma of the proxy, 0..1.
        motion: 90th percentile of the flow, % of the width per second, median over frames; None
            for a single frame.
        grain: deviation at mid grey, % of full range; None where no frame has two neighbours.
        rate: frames a second.
        lines: of the picture.
        coloured: whether hues are found; None for a monochrome file.
        cast: degrees of the light from neutral; None for a monochrome file.
    """

    luminance: float
    motion: float | None
    grain: float | None
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
    colours = _colours(pair)
    speed = pair.flow.speed()
    motion = 100 * float(speed.median()) * pair.rate / pair.source.shape[2] if len(speed) else None
    return SceneReading(
        float(pair.proxy.mean()), motion, _grain(pair), pair.rate, pair.native[0],
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
    return np.asarray(looked_at.double().numpy())


def _grain(pair: Pair) -> float | None:
    levels = []
    for triplet in pair.triplets[:: max(1, len(pair.triplets) // GRAIN_TRIPLETS)]:
        here, after = triplet.source[1], triplet.source[2]
        onward = pair.flow.forward[triplet.frame].float().permute(1, 2, 0).numpy()
        flow = enlarged(onward, (int(here.shape[0]), int(here.shape[1])))
        levels.append(100 * measure_grain([here, after], [flow]).at(0.5))
    return float(median(levels)) if levels else None


def _patches(chips: Tensor, face: FacePair, landmarks: tuple[int, ...]) -> Tensor:
    """Samples around landmarks, `[N, K]` of chips `[N, H, W]`, `[N, K, 3]` of `[N, H, W, 3]`."""
    centres = face.on_chips(face.landmarks[:, list(landmarks)]).round().long()
    around = torch.arange(-PATCH, PATCH + 1)
    x = (centres[:, :, None, None, 0] + around).expand(-1, -1, len(around), -1)
    y = (centres[:, :, None, None, 1] + around[:, None]).expand(-1, -1, -1, len(around))
    limit = chips.shape[1] - 1
    frame = torch.arange(len(chips))[:, None]
    return chips[frame, y.flatten(1).clamp(0, limit), x.flatten(1).clamp(0, limit)]
