"""BOIL: skin whose texture is drawn anew on every frame.

    n = H_t - W H_(t+L)                      what does not come back, of S and of R
    i = (n_R^2 - g n_R n_S) / C_S            what R has of it and S has not, in skin's own texture
    BOIL = ln((max(i_skin, 0) + EASE) / (max(i_background, 0) + EASE))

g is the gain of the texture that both sides share, C_R / X, so that sharpening is not taken for
something new. Grain that was added everywhere is in both regions, at the strength that the
source's own grain has in each. Unit: natural logarithm, 0 where nothing was introduced, higher is
worse. Source: own; see `docs/metrics.md`.

Blind to: texture that is redrawn in the background as well; redrawing more slowly than from frame
to frame (STICK and JIT see some of it).
"""

from __future__ import annotations

import torch
from torch import Tensor

from tasks.metrics.fine import FaceTexture
from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair
from tasks.metrics.sums import Sums
from tasks.metrics.texture import NO_FACE, NO_TEXTURE, compared, worst_frame

EASE = 0.3  # of the skin's texture; what is far below does not count


def introduced(sums: Sums, gain: Tensor) -> Tensor:
    """What does not come back on R and is not on S, energy a sample, 0 or more."""
    restored = sums.restored - sums.restored_again
    both = sums.both - sums.both_again
    return ((restored - gain * both) / sums.count.clamp_min(1)).clamp_min(0)


def measure_boil(pair: Pair) -> Value:
    """BOIL of the face that boils most."""
    if not pair.texture.faces:
        return Value.none(NO_FACE)
    found = [face for face in pair.texture.faces if face.skin.has_texture()]
    if not found:
        return Value.none(NO_TEXTURE)
    return max((_boil(face, pair) for face in found), key=lambda value: value.value or 0.0)


def _boil(face: FaceTexture, pair: Pair) -> Value:
    skin, background = face.skin.total(), face.background.total()
    unit = skin.source_again / skin.count
    here = introduced(skin, _gain(skin)) / unit
    there = introduced(background, _gain(background)) / unit * _more_grain(skin, background)
    value = float(((here + EASE) / (there + EASE)).log())
    where = worst_frame(introduced(face.skin.around(), _gain(skin)), face.skin)
    return Value(value, compared(face.skin, pair), note=f"face {face.face.track}", where=where)


def _gain(sums: Sums) -> Tensor:
    """Gain of what both sides share; noise that a denoiser spread over time cancels in it."""
    gain = sums.restored_again / sums.both_again
    return torch.where(sums.both_again > 0, gain, 1.0).clamp(0, 1.5)


def _more_grain(skin: Sums, background: Sums) -> Tensor:
    """How much more grain the source has on the skin than in the background, 1..4."""
    here = (skin.source - skin.source_again) / skin.count.clamp_min(1)
    there = (background.source - background.source_again) / background.count.clamp_min(1)
    return (here / there.clamp_min(1e-12)).clamp(1, 4)


BOIL = Metric(
    identifier="BOIL",
    name="Boiling skin",
    unit="ln ratio",
    worse="higher",
    floor=0.25,
    formula=(
        "n = H_t - W H_(t+L) at native resolution, s = 0.012 of the eye distance, at least 1.2 "
        "samples; i = (E n_R^2 - g E n_R n_S) / E of the skin's coherent texture, g = C_R / X "
        "the gain of the texture that S and R share; BOIL = ln((i_skin + 0.3) / (i_background + "
        "0.3)), the background's taken at the skin's grain; the worst face counts"
    ),
    source="own: what is new on every frame, skin against background",
    blind=(
        "Boiling of the whole picture alike: it looks like grain that was added. Redrawing that "
        "is slower than a frame. Faces under 18 samples between the eyes. Grain that a mode adds "
        "to skin alone counts as boiling."
    ),
    measure=measure_boil,
)
