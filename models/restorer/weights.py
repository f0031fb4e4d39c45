"""A restorer on disk: safetensors. Its sizes are those of its tensors; no code is ever loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from catalogs.errors import VerificationError
from models.networks.checkpoint import read_checkpoint
from models.restorer.config import RestorerConfig
from models.restorer.network import Restorer


def restorer_of(tensors: Mapping[str, Tensor]) -> Restorer:
    """A restorer with its weights, ready to run.

    Raises:
        VerificationError: they are not of a restorer.
    """
    try:
        restorer = Restorer(_config_of(tensors))
        restorer.load_state_dict(dict(tensors), strict=True)
    except (KeyError, IndexError, ValueError, RuntimeError) as error:
        first = str(error).partition("\n")[0]
        raise VerificationError(f"the weights are not of a restorer: {first}") from error
    return restorer.eval()


def _config_of(tensors: Mapping[str, Tensor]) -> RestorerConfig:
    names = ("enter.weight", "to_quarter.weight", "to_eighth.weight")
    half, quarter, eighth = (int(tensors[name].shape[0]) for name in names)
    blocks = sum(name.startswith("outer.") and name.endswith(".first.weight") for name in tensors)
    state = int(tensors["recurrent.told_by.weight"].shape[1])
    return RestorerConfig((half, quarter, eighth), state, blocks)


def save_restorer(restorer: Restorer, path: Path, notes: Mapping[str, str] | None = None) -> str:
    """Write the weights as float32; what lies at `path` is replaced as a whole.

    Args:
        restorer: the network.
        path: of the file.
        notes: kept in the file's metadata, for the card: clips, seed, steps.

    Returns:
        SHA-256 of the file.
    """
    tensors = {
        name: tensor.detach().to("cpu", torch.float32).contiguous()
        for name, tensor in restorer.state_dict().items()
    }
    written = path.with_name(path.name + ".part")
    save_file(tensors, str(written), metadata=dict(notes or {}))
    written.replace(path)
    return sha256_of(path)


def load_restorer(path: Path) -> Restorer:
    """Read a restorer from a file.

    Raises:
        VerificationError: it holds none.
        OSError: it cannot be read.
    """
    return restorer_of(read_checkpoint(path.read_bytes(), ".safetensors"))


def notes_of(path: Path) -> dict[str, str]:
    """The metadata of a file of weights.

    Raises:
        VerificationError: it is not a safetensors file.
    """
    try:
        with safe_open(str(path), framework="pt") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise VerificationError(f"{path} cannot be read as safetensors: {error}") from error


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
