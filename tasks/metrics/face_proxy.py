"""A face as the metrics compare it: both sides on chips, in the same tones.

    P   the source's chip under the whole picture's gain, without one-frame specks, smoothed
    R'  the restored chip under the stretch's tone curve and the frame's robust gain and offset

Gain, curve and offset come from the whole picture, never from the face: a face made lighter
stays lighter. A chip follows the face, so the chips before and after stand in for
motion-compensated neighbours. A blink of one frame looks like a speck there; so where a sample
of the source stands out, P takes the source or its neighbours, whichever is nearer to R'. A
restored picture is right with either.

Limits: a face that fills the picture makes its own tones; see `tasks.metrics.skin`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import torch
from torch import Tensor

from tasks.metrics.proxy import BILATERAL, SPECK, gains
from tasks.metrics.tone import fit, tone_curve, toned

if TYPE_CHECKING:
    from tasks.metrics.pair import FacePair, Pair


@dataclass(frozen=True)
class FaceProxy:
    """One face, comparable.

    Attributes:
        proxy: P, float32 `[N, CHIP, CHIP]`.
        restored: R', float32 `[N, CHIP, CHIP]`.
    """

    proxy: Tensor
    restored: Tensor


def face_proxies(pair: Pair) -> tuple[FaceProxy, ...]:
    """All faces of a stretch, in the order of `pair.faces`."""
    if not pair.faces:
        return ()
    curve = tone_curve(pair.restored, pair.proxy)
    wanted = sorted({int(frame) for face in pair.faces for frame in face.frames})
    fits = torch.zeros(pair.count, 2)
    for frame in wanted:
        here = toned(pair.restored[frame, ::2, ::2], curve)
        fits[frame] = torch.stack(fit(here, pair.proxy[frame, ::2, ::2]))
    levels = gains(pair.source)
    return tuple(_face_proxy(face, levels, curve, fits) for face in pair.faces)


def _face_proxy(face: FacePair, levels: Tensor, curve: Tensor, fits: Tensor) -> FaceProxy:
    gain, offset = fits[face.frames].T[:, :, None, None]
    restored = gain * toned(face.restored_chips, curve) + offset
    even = face.chips * levels[face.frames][:, None, None]
    filled = _nearer(even, restored, face.frames)
    smooth = [torch.from_numpy(cv2.bilateralFilter(chip.numpy(), *BILATERAL)) for chip in filled]
    return FaceProxy(torch.stack(smooth), restored)


def _nearer(even: Tensor, restored: Tensor, frames: Tensor) -> Tensor:
    """The source with its one-frame specks replaced where that is nearer to R'."""
    filled = even.clone()
    between = (frames[2:] - frames[:-2] == 2)[:, None, None]
    before, here, after = even[:-2], even[1:-1], even[2:]
    high, low = torch.maximum(before, after), torch.minimum(before, after)
    mean = (before + after) / 2
    aim = restored[1:-1]
    speck = ((here > high + SPECK) | (here < low - SPECK)) & between
    speck &= (aim - mean).abs() < (aim - here).abs()
    filled[1:-1] = torch.where(speck, mean, here)
    return filled
