"""A restorer small enough for tests, with weights that do something."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from models.restorer import Restorer, RestorerConfig
from models.restorer.weights import save_restorer

TINY = RestorerConfig(widths=(8, 16, 16), state=8)


@pytest.fixture
def tiny() -> RestorerConfig:
    return TINY


@pytest.fixture
def lively() -> Restorer:
    """Random weights, large enough that every part tells."""
    torch.manual_seed(11)
    restorer = Restorer(TINY)
    for parameter in restorer.parameters():
        torch.nn.init.normal_(parameter, std=0.15)
    return restorer.eval()


@pytest.fixture
def weights(lively: Restorer, tmp_path: Path) -> Path:
    """The same in a file."""
    path = tmp_path / "lively.safetensors"
    save_restorer(lively, path, {"clips": "none"})
    return path
