"""STICK: texture of the skin that stays behind on the screen while the face moves.

    I_t   = H_R - a H_S                          what R has beside the texture of S
    D_k   = sum_t <I_t, H_S(t - k)> - <I_t, H_S(t + k)>   at the same place of the screen
    STICK = max_k (D_k - 2 standard errors) / C_S   k of 1 to 6 frames at 25 a second

a is the gain of the texture that both sides share, C_S the energy of the skin's texture that
comes back along the motion. Harmless differences do not know the direction of time, so that the
two terms cancel; texture from k frames ago does. Unit: share of the skin's texture, 0 where none
is stuck, higher is worse. Source: own, after the texture sticking of image generators (Karras et
al., Alias-Free Generative Adversarial Networks, NeurIPS 2021); see `docs/metrics.md`.

A face whose skin has more than `DROWNED` times the energy of the texture that comes back is not
measured: on one in grain of 3 % at 50 frames a second, chance came to .3 to .8 on harmless outputs.

Blind to: a face that does not move (nothing is seen to stick then either); a fixed pattern that
was never on the face (BOIL sees it while the face moves).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from tasks.metrics import bands
from tasks.metrics.fine import FaceTexture, skin_masks
from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair
from tasks.metrics.texture import NO_FACE, NO_TEXTURE, compared
from tasks.metrics.tiles import Mask, Plane, high_pass

LAGS = 6  # frames at 25 a second
CLIPPED = 4.0  # deviations of the skin's high-pass; dirt does not count for more
FEWEST_FRAMES = 10  # at a lag; the standard error of fewer is chance itself
DROWNED = 12.0  # times as much energy as comes back: then the rest is grain, and chance in it
BATCH = 8  # frames whose mean is taken for one; frames beside each other are alike
DOUBT = 2.0  # standard errors that are taken off, so that chance is not reported


def measure_stick(pair: Pair) -> Value:
    """STICK of the face whose texture sticks most."""
    if not pair.texture.faces:
        return Value.none(NO_FACE)
    found = [face for face in pair.texture.faces if face.skin.has_texture()]
    if not found:
        return Value.none(NO_TEXTURE)
    return max((_stick(face, pair) for face in found), key=lambda value: value.value or 0.0)


def _stick(face: FaceTexture, pair: Pair) -> Value:
    step = bands.lag(pair.rate)
    excess = lagged(face, [step * k for k in range(1, LAGS + 1)])
    total = face.skin.total()
    texture = float(total.source_again / total.count)
    if float(total.source / total.source_again) > DROWNED:
        return Value.none("grain covers the texture of the skin", compared(face.skin, pair))
    if int((excess[:, 0, 1] > 0).sum()) < FEWEST_FRAMES:
        return Value.none(
            "too few frames with the face before and after", compared(face.skin, pair)
        )
    shares = [certain_share(excess[:, k]) / texture for k in range(LAGS)]
    lag = int(np.argmax(shares))
    where = int(face.face.frames[int(excess[:, lag, 0].argmax())])
    note = f"face {face.face.track}, {(lag + 1) * step} frames behind"
    return Value(shares[lag], compared(face.skin, pair), note=note, where=where)


def lagged(face: FaceTexture, lags: list[int]) -> npt.NDArray[np.float64]:
    """How much more the new part of R is like S before than like S after.

    Returns:
        float64 `[N, K, 2]`: the sum of products of a frame at a lag, and the samples it is of; 0
        where one of the two frames is missing.
    """
    tile, skin = face.face.tile, skin_masks(face.face)
    fine = [high_pass(plane.numpy(), face.scale) for plane in tile.source]
    some = np.concatenate([plane[mask[0]][::7] for plane, mask in zip(fine, skin, strict=True)])
    bound = CLIPPED * max(float(np.median(np.abs(some))) / 0.6745, 1e-4)
    fine = [plane.clip(-bound, bound) for plane in fine]
    gain = float(face.skin.total().gain)
    place = {frame: n for n, frame in enumerate(tile.frames.tolist())}
    found = np.zeros((len(fine), len(lags), 2))
    for frame, n in place.items():
        again = high_pass(tile.restored[n].numpy(), face.scale).clip(-bound, bound)
        new = again - np.float32(gain) * fine[n]
        for k, lag in enumerate(lags):
            if frame - lag in place and frame + lag in place:
                others = place[frame - lag], place[frame + lag]
                parts = [_product(new, fine[m], skin[n][0], tile.origins[n] - tile.origins[m])
                         for m in others]  # fmt: skip
                found[n, k] = parts[0][0] - parts[1][0], (parts[0][1] + parts[1][1]) / 2
    return found


def certain_share(excess: npt.NDArray[np.float64]) -> float:
    """Mean of an excess a sample, less `DOUBT` of its standard errors, by means of batches.

    Frames beside each other show the same skin: taken one by one, they would make chance look
    certain. 0 where nothing is left, or where fewer than `FEWEST_FRAMES` have partners at this lag.

    Args:
        excess: `[N, 2]`, sums and samples as `lagged` gives them.
    """
    known = excess[excess[:, 1] > 0]
    if len(known) < FEWEST_FRAMES:
        return 0.0
    shares = known[:, 0] / known[:, 1]
    batches = [part.mean() for part in np.array_split(shares, max(2, len(shares) // BATCH))]
    error = np.std(batches, ddof=1) / len(batches) ** 0.5
    return max(0.0, float(shares.mean() - DOUBT * error))


def _product(here: Plane, there: Plane, mask: Mask, moved: torch.Tensor) -> tuple[float, int]:
    """Sum of products at the same place of the screen, and of how many samples."""
    (down, height), (across, width) = (
        (int(by), size) for by, size in zip(moved.tolist(), here.shape, strict=True)
    )
    rows = slice(max(0, -down), min(height, height - down))
    columns = slice(max(0, -across), min(width, width - across))
    seen = mask[rows, columns]
    other = there[rows.start + down : rows.stop + down, columns.start + across :
                  columns.stop + across]  # fmt: skip
    return float(here[rows, columns][seen] @ other[seen]), int(seen.sum())


STICK = Metric(
    identifier="STICK",
    name="Sticking skin",
    unit="share of texture",
    worse="higher",
    floor=0.04,
    formula=(
        "I = H_R - a H_S on the skin at native resolution, s = 0.012 of the eye distance, at least "
        "1.2 samples, a the gain of the texture that S and R share; the largest, for k = 1..6 "
        "frames (at 25 a second), of (<I_t, H_S(t-k)> - <I_t, H_S(t+k)>) / C_S at the same place "
        "of the screen, less two standard errors over batches of 8 frames; C_S is the coherent "
        "energy of the skin's texture; the worst face counts"
    ),
    source=("own, after the texture sticking of image generators (Karras et al., NeurIPS 2021)"),
    blind=(
        "A face that keeps still. A fixed pattern that was never on the face. Texture from more "
        "than a quarter of a second ago. Faces under 18 samples between the eyes. Skin whose "
        "texture has less than a twelfth of the energy of what grain makes of it."
    ),
    measure=measure_stick,
)
