"""Trial: a network on a small shot, before it is registered."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from catalogs.errors import VerificationError
from catalogs.picture import PictureFormat
from models.contract import Frame
from models.learned import Learned, ModelSettings
from models.motion import Motion

_TRIAL = PictureFormat(72, 64, "yuv420p")


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
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        raise VerificationError(f"{architecture}: fails on a small picture: {error}") from error
    if count != len(shot):
        raise VerificationError(f"{architecture}: answered {count} changes to {len(shot)} frames")


def _shot() -> tuple[Frame, ...]:
    """A still picture of coarse structure; one frame is destroyed, for networks that rebuild."""
    chance = torch.Generator().manual_seed(0)
    whole, blank = [], []
    for height, width in _TRIAL.plane_shapes:
        coarse = torch.rand(1, 1, height // 8 + 1, width // 8 + 1, generator=chance)
        picture = functional.interpolate(coarse, size=(height, width), mode="bicubic")[0, 0]
        whole.append((60 + 120 * picture.clamp(0, 1)).to(torch.uint8))
        blank.append(torch.full((height, width), 16, dtype=torch.uint8))
    frame, destroyed = Frame(tuple(whole), _TRIAL), Frame(tuple(blank), _TRIAL)
    return (frame, frame, frame, destroyed, frame, frame, frame)
