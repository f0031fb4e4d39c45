"""Load model: the weights that a treatment names, checked, as a step that is ready to run."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from catalogs.errors import StoreError, VerificationError
from catalogs.model_shelf import Shelf
from catalogs.recipe import TreatmentStep
from models.networks.architectures import build_learned, revision
from models.networks.checkpoint import read_checkpoint
from models.networks.learned import Learned, ModelSettings, ModelStep

MODELS_HELD = 2  # a process keeps so many networks from shot to shot


def model_step(step: TreatmentStep, shelf: Shelf | None) -> ModelStep:
    """A step of a treatment that has weights.

    Raises:
        StoreError: the weights are missing, are not what was registered, or cannot be loaded
            here, or the code of the network is another: that is no fault of the shot.
    """
    if shelf is None:
        raise StoreError(f"model {step.model} has weights, which lie in a store; name it")
    parameters: dict[str, Any] = dict(step.parameters)
    settings = ModelSettings(**parameters)
    if settings.revision != (here := revision(settings.architecture)):
        raise StoreError(
            f"model {step.model} was looked up for {settings.architecture} of revision "
            f"{settings.revision!r}, here it is {here!r}, which may give other pixels; install the "
            "same version everywhere, and begin the night anew"
        )
    try:
        learned = _loaded(shelf.folder, step.weights_sha256, settings.architecture)
    except VerificationError as error:
        raise StoreError(f"model {step.model} cannot be loaded: {error}") from error
    return ModelStep(settings, learned)


@lru_cache(maxsize=MODELS_HELD)
def _loaded(folder: Path, sha256: str, architecture: str) -> Learned:
    data = Shelf(folder).verified_weights(sha256)
    return build_learned(architecture, read_checkpoint(data, ".safetensors"))
