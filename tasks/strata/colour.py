"""Colour of a picture: CIELAB, the cast of its light, and whether it has colours at all.

Pictures are taken for R'G'B' with BT.709 primaries, the transfer of IEC 61966-2-1 and a white of
D65. Cast: the light of a scene is estimated as the sixth power mean of the linear primaries,
"shades of grey" (Finlayson and Trezzi, CIC 2004), and compared with grey by its angle.

Limits: an estimate of light is off by 3 degrees in the middle of pictures that look right, and by
20 before a wall of one colour. Film that has faded looks like a cast, and so it should here.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

POWER = 6
CLIPPED = 0.98  # samples with a primary above are no measure of the light
# A cast of 5 degrees moves the ITA of skin by 1 to 8 degrees (median of all hues, by skin), 13 at
# most; the narrow classes of ITA are 13 wide. Of 51 clips that look right 31 are below.
CAST_LIMIT = 5.0  # degrees
# 95 % of samples; monochrome film scanned in colour had up to 1.6, nearly grey colour film 4.7.
COLOURED = 3.0  # CIELAB units from what luminance alone explains

_TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                    [0.0193339, 0.1191920, 0.9503041]])  # fmt: skip
_WHITE = _TO_XYZ.sum(axis=1)


def linear(colour: Floats) -> Floats:
    """Gamma-coded R'G'B' 0..1 to linear light."""
    return np.asarray(
        np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    )


def lab(colour: Floats) -> Floats:
    """CIELAB (L* 0..100, a*, b*; D65) of R'G'B' `[..., 3]`, 0..1."""
    ratio = linear(colour) @ _TO_XYZ.T / _WHITE
    root = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), axis=-1)


def cast_degrees(picture: Floats) -> float | None:
    """Angle between the light of a picture and grey.

    Args:
        picture: R'G'B' `[..., 3]`, 0..1, of a whole scene.

    Returns:
        Degrees, 0 is neutral; None for a picture that is black or clipped.
    """
    samples = picture.reshape(-1, 3)
    light = (linear(samples[samples.max(axis=1) < CLIPPED]) ** POWER).sum(axis=0) ** (1 / POWER)
    length = float(np.linalg.norm(light))
    if length < 1e-6:
        return None
    return float(np.degrees(np.arccos(min(1.0, light.sum() / length / np.sqrt(3)))))


def has_colours(picture: Floats) -> bool:
    """Whether there are hues beyond one tint that follows the luminance.

    Tinted and toned film and a scan with a cast are monochrome: their a* and b* are a curve over
    L*. It is fitted (second order) and what is left over is colour.

    Args:
        picture: R'G'B' `[..., 3]`, 0..1.
    """
    samples = lab(picture).reshape(-1, 3)
    lightness = samples[:, 0] / 100
    curve = np.stack((np.ones_like(lightness), lightness, lightness**2), axis=1)
    fitted = curve @ np.linalg.lstsq(curve, samples[:, 1:], rcond=None)[0]
    left = np.linalg.norm(samples[:, 1:] - fitted, axis=1)
    return float(np.percentile(left, 95)) > COLOURED
