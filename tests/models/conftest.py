"""What tests of models share: weights of a small network, and a store with a registry in it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from catalogs.store import Store, open_store
from models.ffdnet import FFDNet
from tasks.register import Offered, Statement, offer

Offer = Callable[..., Offered]


def ffdnet_file(path: Path, seed: int = 1) -> Path:
    """A torch checkpoint of FFDNet with random weights that draw the picture much as it is."""
    torch.manual_seed(seed)
    torch.save({"params": FFDNet().state_dict()}, path)
    return path


@pytest.fixture
def make_offer(tmp_path: Path) -> Offer:
    """A function that reads random FFDNet weights as something to be registered."""

    def make(name: str, seed: int = 1, licence: str = "MIT", invents: bool = False) -> Offered:
        file = ffdnet_file(tmp_path / f"{seed}.pth", seed)
        return offer(name, file, Statement(licence, "nothing; random", invents, "A. Owner"))

    return make


@pytest.fixture(scope="module")
def registry_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store whose MLflow database is made once a file of tests: that takes seconds."""
    folder = tmp_path_factory.mktemp("registry")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield open_store(folder / "store")
