"""A restorer on disk: safetensors, its sizes in the file's metadata. No code is ever loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from catalogs.errors import VerificationError
from models.restorer.config import RestorerConfig
from models.restorer.network import Restorer

FORMAT = "wetgate-restorer-1"


def save_restorer(restorer: Restorer, path: Path, notes: Mapping[str, str] | None = None) -> str:
    """Write the weights as float32; what lies at `path` is replaced as a whole.

    Args:
        restorer: the network.
        path: of the file.
        notes: kept in the file's metadata: clips, seed, steps.

    Returns:
        SHA-256 of the file.
    """
    tensors = {
        name: tensor.detach().to("cpu", torch.float32).contiguous()
        for name, tensor in restorer.state_dict().items()
    }
    facts = {**(notes or {}), "format": FORMAT, "config": json.dumps(restorer.config.as_dict())}
    written = path.with_name(path.name + ".part")
    save_file(tensors, str(written), metadata=facts)
    written.replace(path)
    return sha256_of(path)


def load_restorer(path: Path, sha256: str = "") -> Restorer:
    """Read a restorer, ready to run.

    Args:
        path: of the file.
        sha256: what the file's hash must be; not checked where empty.

    Raises:
        VerificationError: the file is another one, or no restorer.
    """
    if sha256 and (found := sha256_of(path)) != sha256:
        raise VerificationError(f"{path} has SHA-256 {found}, expected {sha256}")
    facts = notes_of(path)
    if facts.get("format") != FORMAT:
        raise VerificationError(f"{path} holds no restorer: its format is not {FORMAT}")
    restorer = Restorer(RestorerConfig(**json.loads(facts["config"])))
    with safe_open(str(path), framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    try:
        restorer.load_state_dict(tensors, strict=True)
    except RuntimeError as error:
        raise VerificationError(f"{path} does not fit its own sizes: {error}") from error
    return restorer.eval()


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
