"""One frame as a picture for the eye: RGB, 8 bit, PNG.

Simple maths instead of ffmpeg, because ffmpeg takes gray for full range whatever its tag
says. Range and matrix follow the tags; untagged YUV is taken for limited range, with the
BT.709 matrix from 720 lines on and BT.601 below, and untagged gray and RGB for full range.

Limits: for looking at, not for measuring. The transfer is left as it is (log and HDR
pictures look flat), primaries are not converted, chroma is sited at the centre.
"""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from catalogs.picture import PictureFormat
from catalogs.source import ColourTags

Plane = NDArray[np.float32]

_KR_KB = {
    "bt709": (0.2126, 0.0722),
    "bt470bg": (0.299, 0.114),
    "smpte170m": (0.299, 0.114),
    "fcc": (0.30, 0.11),
    "smpte240m": (0.212, 0.087),
    "bt2020nc": (0.2627, 0.0593),
    "bt2020c": (0.2627, 0.0593),
}


@dataclass(frozen=True)
class Region:
    """A rectangle of the picture, in samples of the first plane."""

    left: int
    top: int
    width: int
    height: int


def still_png(
    frame: bytes,
    picture: PictureFormat,
    colour: ColourTags,
    *,
    widest: int,
    aspect: float = 1.0,
    region: Region | None = None,
) -> bytes:
    """A raw frame as a PNG file.

    Args:
        frame: `picture.frame_bytes` bytes, as `read_frames` yields them.
        picture: their format.
        colour: how the code values are meant.
        widest: largest width of the PNG; a whole frame that is wider is reduced.
        aspect: width of a sample over its height.
        region: only this part, every sample enlarged by a whole number to fit `widest`.
    """
    image = Image.fromarray(rgb_of(frame, picture, colour), "RGB")
    if region is None:
        width = min(round(picture.width * aspect), widest)
        height = max(round(width * picture.height / (picture.width * aspect)), 1)
        image = image.resize((width, height), Image.Resampling.BOX)
    else:
        image = image.crop((region.left, region.top, region.left + region.width,
                            region.top + region.height))  # fmt: skip
        factor = max(widest // region.width, 1)
        size = (region.width * factor, region.height * factor)
        image = image.resize(size, Image.Resampling.NEAREST)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def rgb_of(frame: bytes, picture: PictureFormat, colour: ColourTags) -> NDArray[np.uint8]:
    """A raw frame as RGB, uint8 `[H, W, 3]`."""
    return (shares_of(frame, picture, colour).clip(0, 1) * 255 + 0.5).astype(np.uint8)


def shares_of(frame: bytes, picture: PictureFormat, colour: ColourTags) -> Plane:
    """A raw frame as R'G'B' of full scale, float32 `[H, W, 3]`; may reach beyond 0..1."""
    planes = split_planes(frame, picture)
    full = is_full_range(picture, colour)
    first = _scaled(planes[0], picture.depth, full)
    if picture.layout == "gray":
        return np.stack((first, first, first), -1)
    if picture.layout == "rgb":
        green, blue, red = (_scaled(plane, picture.depth, full) for plane in planes)
        return np.stack((red, green, blue), -1)
    blue_difference, red_difference = (
        _chroma(plane, picture, full, first.shape) for plane in planes[1:]
    )
    return mixed(first, blue_difference, red_difference, weights_of(picture, colour))


def split_planes(frame: bytes, picture: PictureFormat) -> list[NDArray[np.uint16]]:
    """The planes of a raw frame, uint16 `[H, W]` each.

    Raises:
        ValueError: the frame has another number of bytes than the format says.
    """
    if len(frame) != picture.frame_bytes:
        raise ValueError(f"frame of {len(frame)} bytes is not {picture}")
    samples = np.frombuffer(frame, "u1" if picture.sample_bytes == 1 else "<u2").astype(np.uint16)
    ends = np.cumsum([height * width for height, width in picture.plane_shapes])
    parts = np.split(samples, ends[:-1])
    return [p.reshape(shape) for p, shape in zip(parts, picture.plane_shapes, strict=True)]


def is_full_range(picture: PictureFormat, colour: ColourTags) -> bool:
    """Whether code values span the whole range, by tag or by custom."""
    if picture.pixel_format.startswith("yuvj"):
        return True
    if colour.range is not None:
        return colour.range == "pc"
    return picture.layout in ("gray", "rgb")


def matrix_of(picture: PictureFormat, colour: ColourTags) -> str:
    """The matrix of YUV in ffmpeg's words, by tag or by custom."""
    untagged = "bt709" if picture.height >= 720 else "smpte170m"
    return colour.matrix if colour.matrix in _KR_KB else untagged


def weights_of(picture: PictureFormat, colour: ColourTags) -> tuple[float, float]:
    """Weights of red and blue in luma, by tag or by custom."""
    return _KR_KB[matrix_of(picture, colour)]


def _scaled(plane: NDArray[np.uint16], depth: int, full: bool) -> Plane:
    """Luma, R, G or B in 0..1; limited range may reach a little beyond."""
    values = plane.astype(np.float32)
    if full:
        return values / np.float32((1 << depth) - 1)
    step = 1 << (depth - 8)
    return (values - np.float32(16 * step)) / np.float32(219 * step)


def _chroma(
    plane: NDArray[np.uint16], picture: PictureFormat, full: bool, shape: tuple[int, ...]
) -> Plane:
    """A colour difference in -0.5..0.5 on the luma grid."""
    peak = picture.peak if full else 224 << (picture.depth - 8)
    centred = (plane.astype(np.float32) - np.float32(1 << (picture.depth - 1))) / np.float32(peak)
    if centred.shape == shape:
        return centred
    image = Image.fromarray(centred, "F").resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
    return np.asarray(image, dtype=np.float32)


def mixed(luma: Plane, cb: Plane, cr: Plane, weights: tuple[float, float]) -> Plane:
    """R'G'B', `[H, W, 3]`, of luma in 0..1 and colour differences in -0.5..0.5."""
    red_weight, blue_weight = weights
    red = luma + np.float32(2 * (1 - red_weight)) * cr
    blue = luma + np.float32(2 * (1 - blue_weight)) * cb
    green_weight = 1 - red_weight - blue_weight
    green = (luma - red_weight * red - blue_weight * blue) / green_weight
    return np.stack((red, green, blue), -1).astype(np.float32)
