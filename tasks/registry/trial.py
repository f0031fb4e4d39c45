"""Trial: a network on a small shot before it is registered, and how long a frame will take."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn import functional

from catalogs.errors import VerificationError
from catalogs.picture import PictureFormat
from models.contract import Frame
from models.motion import Motion
from models.networks.learned import Learned, ModelSettings

_TRIAL = PictureFormat(72, 64, "yuv420p")
_LARGER = PictureFormat(4 * _TRIAL.width, 4 * _TRIAL.height, "yuv420p")
_PATIENCE = 30.0  # seconds that the larger shot may take, by what the small one took
_TIMED = 3  # frames


def check_weights(tensors: Mapping[str, Tensor]) -> None:
    """Look for numbers that are none.

    Raises:
        VerificationError: names the tensors that hold them.
    """
    broken = [name for name, tensor in tensors.items() if not bool(tensor.isfinite().all())]
    if broken:
        raise VerificationError(
            f"weights are NaN or infinite in {', '.join(broken[:3])}; get the file anew"
        )


def try_out(learned: Learned, architecture: str) -> None:
    """Run a network over a small shot; what fails here would fail a night.

    Raises:
        VerificationError: it fails, or its answer is none.
    """
    settings = ModelSettings(architecture)
    shot = _shot()
    try:
        count = sum(1 for _ in learned.changes(iter(shot), Motion(), settings))
    except Exception as error:  # other people's networks assert, divide by zero, miss keys
        raise VerificationError(f"{architecture}: fails on a small picture: {error}") from error
    if count != len(shot):
        raise VerificationError(f"{architecture}: answered {count} changes to {len(shot)} frames")


def megapixel_seconds(learned: Learned, architecture: str) -> float:
    """Seconds that a network takes one core of this machine for a megapixel of a frame.

    Processor time counts, whatever else is at work. Two sizes are timed, and the difference counts:
    what a frame takes at any size would make a small picture seem slow. Of a network too slow for
    the larger one the small one has to do.
    """
    settings = ModelSettings(architecture)

    def timed(form: PictureFormat) -> float:
        shot = (_still(form),) * _TIMED
        started = time.process_time()
        for _ in learned.changes(iter(shot), Motion(), settings):
            pass
        return (time.process_time() - started) / _TIMED

    with _one_thread():
        timed(_TRIAL)  # what is done once is done
        small, area, larger = timed(_TRIAL), _megapixels(_TRIAL), _megapixels(_LARGER)
        if _TIMED * small * larger / area > _PATIENCE:
            return small / area
        return max(timed(_LARGER) - small, 0.0) / (larger - area)


@contextmanager
def _one_thread() -> Iterator[None]:
    """As a worker has it: threads that wait for each other would count as work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _megapixels(form: PictureFormat) -> float:
    return form.width * form.height / 1e6


def _shot() -> tuple[Frame, ...]:
    """A still picture; one frame is destroyed, for networks that rebuild."""
    frame = _still(_TRIAL)
    destroyed = Frame(tuple(torch.full_like(plane, 16) for plane in frame.planes), _TRIAL)
    return (frame, frame, frame, destroyed, frame, frame, frame)


def _still(form: PictureFormat) -> Frame:
    """Coarse structure."""
    chance = torch.Generator().manual_seed(0)
    planes = []
    for height, width in form.plane_shapes:
        coarse = torch.rand(1, 1, height // 8 + 1, width // 8 + 1, generator=chance)
        picture = functional.interpolate(coarse, size=(height, width), mode="bicubic")[0, 0]
        planes.append((60 + 120 * picture.clamp(0, 1)).to(torch.uint8))
    return Frame(tuple(planes), form)
