"""Planes as a pipe carries them, and samples as the files of a sequence hold them."""

from typing import Any

import numpy as np
import numpy.typing as npt

from catalogs.picture import PictureFormat

Bytes = npt.NDArray[np.uint8]
Samples = npt.NDArray[Any]  # (height, width, channels); np.uint8 at 8 bit, else np.uint16


def planes_of(samples: Samples, picture: PictureFormat) -> bytes:
    """Samples R, G, B or gray as planes: G, B, R, or gray; little endian."""
    dtype = np.dtype("u1" if picture.sample_bytes == 1 else "<u2")
    places = (1, 2, 0) if samples.shape[2] == 3 else (0,)
    return b"".join(samples[:, :, place].astype(dtype).tobytes() for place in places)


def samples_of(planes: bytes, picture: PictureFormat) -> Samples:
    """Planes as samples R, G, B or gray.

    Raises:
        ValueError: a sample is larger than the picture's peak.
    """
    dtype = np.dtype("u1" if picture.sample_bytes == 1 else "<u2")
    held = np.frombuffer(planes, dtype).reshape(-1, picture.height, picture.width)
    if (top := int(held.max())) > picture.peak:
        raise ValueError(f"a sample of {top} does not fit into {picture.depth} bits")
    places = (2, 0, 1) if len(held) == 3 else (0,)
    samples = np.empty((picture.height, picture.width, len(held)), dtype.newbyteorder("="))
    for channel, place in enumerate(places):
        samples[:, :, channel] = held[place]
    return samples


def check_planes(planes: bytes, given: PictureFormat, source: PictureFormat, name: str) -> None:
    """Refuse samples that are not of the source's picture.

    Raises:
        ValueError: another picture, or not `frame_bytes` bytes.
    """
    if given != source:
        raise ValueError(f"{name}: samples of {given} do not fit the source's {source}")
    if len(planes) != source.frame_bytes:
        raise ValueError(f"{name}: {len(planes)} bytes of samples, not {source.frame_bytes}")
