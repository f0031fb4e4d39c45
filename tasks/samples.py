"""The samples of a picture: raw bytes, tensors, and what lies between source and restored.

bytes of a frame <──> planes as tensors
restored - source ──> change map         restored, change map ──> source
"""

import itertools
from collections.abc import Generator, Iterable

import numpy as np
import torch
from torch import Tensor

from catalogs.picture import PictureFormat
from models.contract import Frame


def frames_from(
    source: Iterable[bytes], picture: PictureFormat, device: str
) -> Generator[Frame, None, None]:
    """Raw frames as tensors on a device."""
    dtype = np.dtype("u1" if picture.sample_bytes == 1 else "<u2")
    ends = list(itertools.accumulate(h * w for h, w in picture.plane_shapes))
    for raw in source:
        samples = np.frombuffer(bytearray(raw), dtype)  # a step may not write to what was read
        planes = np.split(samples, ends[:-1])
        yield Frame(
            tuple(
                torch.from_numpy(plane.reshape(shape)).to(device)
                for plane, shape in zip(planes, picture.plane_shapes, strict=True)
            ),
            picture,
        )


def frame_bytes(frame: Frame) -> bytes:
    """A frame's planes one after the other, as the encoder takes them."""
    return _packed(frame.planes)


def _packed(planes: Iterable[Tensor]) -> bytes:
    return b"".join(plane.contiguous().cpu().numpy().data for plane in planes)


def change_bytes(before: Frame, after: Frame) -> bytes:
    """The change map of a frame: `(after - before + half) mod 2**depth`, mid-grey for none."""
    half, peak = (before.peak + 1) // 2, before.peak
    if before.format.sample_bytes == 2:  # as signed: the bits of sums and differences are the same
        half, peak = (value - (1 << 16) if value >> 15 else value for value in (half, peak))
    planes = tuple(
        bits_of(new).sub(bits_of(old)).add_(half).bitwise_and_(peak)
        for new, old in zip(after.planes, before.planes, strict=True)
    )
    return _packed(planes)


def source_bytes(restored: bytes, change: bytes, picture: PictureFormat) -> bytes:
    """The source's own samples, computed back from a restored frame and its change map."""
    dtype = np.dtype("u1" if picture.sample_bytes == 1 else "<u2")
    half = (picture.peak + 1) // 2
    after, delta = np.frombuffer(restored, dtype), np.frombuffer(change, dtype)
    source = after - delta
    source += half
    source &= picture.peak  # 2**depth divides 2**16
    return source.tobytes()


def bits_of(plane: Tensor) -> Tensor:
    """Samples of 16 bits as a type that every device compares."""
    return plane.view(torch.int16) if plane.dtype == torch.uint16 else plane
