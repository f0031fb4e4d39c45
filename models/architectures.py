"""The networks that registered weights may be of, by the word that the registry uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from catalogs.errors import VerificationError
from models.ffdnet import FFDNet
from models.image_network import ImageNetwork
from models.learned import Learned
from models.missing import Missing
from models.rebuild_network import RebuildNetwork
from models.rife import Rife, own_tensors
from models.spandrel_networks import spandrel_network, spandrel_version
from models.temporalfix import REACH, SMALLEST, TemporalFix
from models.window_network import WindowNetwork


@dataclass(frozen=True)
class Architecture:
    """A kind of network.

    Attributes:
        name: the word that the registry uses.
        build: makes it from its weights.
        revision: raised whenever the same weights give other pixels by code of this architecture
            alone; part of a treatment's identity.
        rebuilds: True when it does the work of the step `missing`: it draws destroyed frames,
            picture that no frame shows, and touches no other.
    """

    name: str
    build: Callable[[Mapping[str, Tensor]], Learned]
    revision: str = "1"
    rebuilds: bool = False


def _ffdnet(tensors: Mapping[str, Tensor]) -> Learned:
    network = FFDNet()
    network.load_state_dict(dict(tensors), strict=True)
    return ImageNetwork(network, network.forward, multiple=2)


def _temporalfix(tensors: Mapping[str, Tensor]) -> Learned:
    network = TemporalFix()
    network.load_state_dict(dict(tensors), strict=True)
    return WindowNetwork(network, network.forward, REACH, SMALLEST)


def _rife(tensors: Mapping[str, Tensor]) -> Learned:
    network = Rife()
    network.load_state_dict(own_tensors(tensors), strict=True)
    return RebuildNetwork(network)


ARCHITECTURES: tuple[Architecture, ...] = (
    Architecture("ffdnet", _ffdnet),
    Architecture("rife", _rife, f"1, {Missing()} {Missing.version}", rebuilds=True),
    Architecture("temporalfix", _temporalfix),
    Architecture("spandrel", spandrel_network, f"1, spandrel {spandrel_version()}"),
)


def build_learned(architecture: str, tensors: Mapping[str, Tensor]) -> Learned:
    """A network with its weights.

    This process convolves in whole float32 from here on: TF32, which cuDNN takes for it where it
    may, keeps 10 bits of 23, so that a network on one kind of GPU would give other pixels.

    Raises:
        VerificationError: no architecture has that name, or the weights are not of it.
    """
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    for known in ARCHITECTURES:
        if known.name == architecture:
            try:
                return known.build(tensors)
            except VerificationError:
                raise
            except Exception as error:  # spandrel's detection reads shapes that need not be there
                raise VerificationError(
                    f"the weights are not of {architecture}: {error}"
                ) from error
    names = ", ".join(known.name for known in ARCHITECTURES)
    raise VerificationError(f"no architecture is named {architecture!r}; there are: {names}")


def revision(architecture: str) -> str:
    """What code an architecture's pixels are of, here and now; empty for one that is not known."""
    return next((known.revision for known in ARCHITECTURES if known.name == architecture), "")


def rebuilds(architecture: str) -> bool:
    """Whether networks of an architecture do the work of the step `missing`."""
    return any(known.rebuilds for known in ARCHITECTURES if known.name == architecture)


def recognised(tensors: Mapping[str, Tensor]) -> str:
    """The first architecture that takes these weights.

    Raises:
        VerificationError: none does; says why each refused.
    """
    refused = []
    for known in ARCHITECTURES:
        try:
            build_learned(known.name, tensors)
        except VerificationError as error:
            refused.append(f"{known.name}: {str(error).partition(chr(10))[0]}")
        else:
            return known.name
    raise VerificationError("no known network takes these weights; " + "; ".join(refused))
