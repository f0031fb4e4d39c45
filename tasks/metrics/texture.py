"""TEX and WAX: fine texture that the restored picture has kept.

    TEX   C_R / C_S over the grounds and the windows on faces
    WAX   ln(TEX of the background / TEX of the skin)

C is the energy of the high-pass that comes back on the next frame along the motion
(`tasks.metrics.tiles`). Grain does not come back, so that denoising is not taken for a loss of
texture. Unit: ratio, 1 as the source, lower is blurred; WAX is a natural logarithm, 0 where skin
and background have kept alike, higher is waxier. Source: own; see `docs/metrics.md`.

Blind to: texture that the source's grain hides, or that a soft source does not have (then it is
not measurable); sharpening that makes up for a blur.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tasks.metrics import bands
from tasks.metrics.fine import FaceTexture
from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair
from tasks.metrics.sums import Sums

LEAST_KEPT = 1e-3  # a ratio below counts as this, so that its logarithm stays finite
NO_FACE = "no face that is large enough"
NO_TEXTURE = "the source has no fine texture that stands out from its grain"


def kept(sums: Sums) -> Tensor:
    """C_R / C_S, at least `LEAST_KEPT`; 1 without any."""
    ratio = sums.restored_again / sums.source_again
    return torch.where(sums.source_again > 0, ratio, 1.0).clamp_min(LEAST_KEPT)


def compared(sums: Sums, pair: Pair) -> float:
    """Share of the frames of a stretch that sums rest on."""
    pairs = max(pair.count - bands.lag(pair.rate), 1)
    return min(1.0, float((sums.count > 0).sum()) / pairs)


def worst_frame(values: Tensor, sums: Sums) -> int:
    """The frame at which values `[T]` are highest, among those that were compared."""
    return int(torch.where(sums.count > 0, values, -torch.inf).argmax())


def measure_texture(pair: Pair) -> Value:
    """TEX of a stretch."""
    sums = pair.texture.picture
    if sums is None:
        return Value.none("no window with detail")
    if not sums.has_texture():
        return Value.none(NO_TEXTURE)
    where = worst_frame(-kept(sums.around()), sums)
    return Value(float(kept(sums.total())), compared(sums, pair), where=where)


def measure_wax(pair: Pair) -> Value:
    """WAX of the waxiest face."""
    if not pair.texture.faces:
        return Value.none(NO_FACE)
    found = [
        face
        for face in pair.texture.faces
        if face.skin.has_texture() and face.background.has_texture()
    ]
    if not found:
        return Value.none(NO_TEXTURE)
    return max((_wax(face, pair) for face in found), key=lambda value: value.value or 0.0)


def _wax(face: FaceTexture, pair: Pair) -> Value:
    background = kept(face.background.total())
    value = float((background / kept(face.skin.total())).log())
    around = face.skin.around()
    where = worst_frame(-kept(around), face.skin)
    return Value(value, compared(face.skin, pair), note=f"face {face.face.track}", where=where)


TEX = Metric(
    identifier="TEX",
    name="Texture kept",
    unit="ratio",
    worse="lower",
    floor=0.75,
    formula=(
        "H = Y - G_s Y at native resolution in up to eight textured windows of background and on "
        "the faces, s = 1.2 samples (1080 lines) or 0.012 of the eye distance; "
        "C = sum H_t W H_(t+L) along the motion of the source, without occlusion, dirt and "
        "repairs; TEX = C_R / C_S"
    ),
    source="own: coherent energy across frames, so that grain does not count",
    blind=(
        "A source that is soft or buried in grain: not measurable. Sharpening hides a slight "
        "blur. A loss in one small place is averaged over the windows. Texture that was invented "
        "and follows the motion counts as kept. A temporal denoiser leaves a little noise that "
        "follows the motion, which counts as texture."
    ),
    measure=measure_texture,
)

WAX = Metric(
    identifier="WAX",
    name="Waxy skin",
    unit="ln ratio",
    worse="higher",
    floor=0.25,
    formula=(
        "ln(TEX of the background / TEX of the skin), both at s = 0.012 of the eye distance, at "
        "least 1.2 samples; skin is the face without eyes, brows, lips and lower nose, background "
        "what lies around the face and the textured windows; the waxiest face counts"
    ),
    source="own: skin against background, so that what is done to the whole picture cancels",
    blind=(
        "Faces under 18 samples between the eyes. Skin that has no texture in the source, by "
        "make-up, defocus or grain: not measurable. A blur of skin and background alike (TEX "
        "sees it). Beards, spectacles and fringes count as skin. Faces turned far aside."
    ),
    measure=measure_wax,
)
