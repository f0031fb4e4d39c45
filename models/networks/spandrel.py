"""Other people's image models: whatever `spandrel` knows by its weights' names and shapes.

spandrel (MIT, chaiNNer-org) holds more than forty architectures: ESRGAN and its relatives, SwinIR,
SCUNet, DRUNet, NAFNet, HAT, DAT, GFPGAN and others. It is an optional part; it gets tensors that
were read here, never a file, so nothing is unpickled.

Limits: only models of one picture to one picture, of one or three channels.

What changes its pixels raises its revision in `models.networks.architectures`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module, metadata
from typing import Any

import torch
from torch import Tensor

from catalogs.errors import VerificationError
from models.networks.image import ImageNetwork

INSTALL = "pip install 'wetgate[models]'"

_OPERATORS: list[Any] = []


def spandrel_network(tensors: Mapping[str, Tensor]) -> ImageNetwork:
    """The network that the tensors are the weights of.

    Raises:
        VerificationError: spandrel is not installed, or does not know it, or it is not of one
            picture to one picture.
    """
    spandrel = _spandrel()
    try:
        found = spandrel.ModelLoader(device="cpu").load_from_state_dict(dict(tensors))
    except spandrel.UnsupportedModelError as error:
        raise VerificationError(f"spandrel knows no network of these weights: {error}") from error
    channels = (found.input_channels, found.output_channels)
    if not isinstance(found, spandrel.ImageModelDescriptor) or channels not in ((1, 1), (3, 3)):
        raise VerificationError(
            f"{found.architecture.name}: {channels[0]} channels to {channels[1]}; only networks of "
            "one picture to one picture, grey or R'G'B', are run"
        )
    size = found.size_requirements
    return ImageNetwork(
        module=found.model.eval(),
        forward=lambda tile, _noise: found(tile),
        channels=channels[0],
        scale=found.scale,
        multiple=size.multiple_of,
        smallest=max(size.minimum, 1),
    )


def spandrel_version() -> str:
    """Of the package that is installed; whose networks draw is part of what they draw."""
    try:
        return metadata.version("spandrel")
    except metadata.PackageNotFoundError:
        return "none"


def _spandrel() -> Any:
    """The package; torchvision, which it imports, does not load beside every build of torch."""
    try:
        try:
            return import_module("spandrel")
        except RuntimeError:
            _define_operators()
            return import_module("spandrel")
    except (ImportError, RuntimeError, OSError) as error:
        raise VerificationError(
            f"this model needs the package spandrel ({error}): {INSTALL}"
        ) from error


def _define_operators() -> None:
    """Name two operators that torchvision's import asks for; no network here calls them.

    torchvision's own are built for CUDA and are not found beside a torch for processors.
    """
    for name in [n for n in sys.modules if n.partition(".")[0] in ("torchvision", "spandrel")]:
        del sys.modules[name]  # half imported
    make: Any = torch.library.Library  # it has no types
    library = make("torchvision", "FRAGMENT")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _OPERATORS.append(library)  # what it defined goes when it goes
