"""The networks that registered weights may be of, by the word that the registry uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from catalogs.errors import VerificationError
from models.missing.step import Missing
from models.networks.ffdnet import FFDNet
from models.networks.image import ImageNetwork
from models.networks.learned import Learned, ModelSettings
from models.networks.rebuild import RebuildNetwork
from models.networks.restorer import RestorerNetwork
from models.networks.rife import Rife, own_tensors
from models.networks.spandrel import spandrel_network, spandrel_version
from models.networks.temporalfix import REACH, SMALLEST, TemporalFix
from models.networks.window import WindowNetwork
from models.restorer.config import tasks_of
from models.restorer.engine import engine_versions, steps_for
from models.restorer.weights import restorer_of


def no_tasks(settings: ModelSettings) -> tuple[str, ...]:
    """Of a network that cannot be asked for tasks, and of whose work a person must tell.

    Raises:
        ValueError: tasks are asked.
    """
    if settings.tasks:
        raise ValueError(f"a network of {settings.architecture} has one task; leave out `tasks`")
    return ()


@dataclass(frozen=True)
class Architecture:
    """A kind of network.

    Attributes:
        name: the word that the registry uses.
        build: makes it from its weights.
        revision: raised whenever the same weights give other pixels by code of this architecture
            alone; part of a treatment's identity.
        does: steps of the engine whose work it does under given settings, as far as the
            architecture alone says; a `ValueError` where it has not such tasks.
        invents: True when it may always draw picture that no frame shows.
    """

    name: str
    build: Callable[[Mapping[str, Tensor]], Learned]
    revision: str = "1"
    does: Callable[[ModelSettings], tuple[str, ...]] = no_tasks
    invents: bool = False


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


def _rebuilds(settings: ModelSettings) -> tuple[str, ...]:
    return (*no_tasks(settings), Missing.name)


def _restorer(tensors: Mapping[str, Tensor]) -> Learned:
    return RestorerNetwork(restorer_of(tensors))


def _restores(settings: ModelSettings) -> tuple[str, ...]:
    return tuple(step.name for step in steps_for(tasks_of(settings.tasks)))


ARCHITECTURES: tuple[Architecture, ...] = (
    Architecture("ffdnet", _ffdnet),
    Architecture("restorer", _restorer, f"2, {engine_versions()}", _restores, invents=True),
    Architecture("rife", _rife, f"1, {Missing()} {Missing.version}", _rebuilds, invents=True),
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


def work_of(settings: ModelSettings) -> tuple[str, ...]:
    """Steps of the engine whose work a network does, as far as its architecture says.

    Raises:
        ValueError: the architecture has not such tasks.
    """
    found = (known for known in ARCHITECTURES if known.name == settings.architecture)
    return next((known.does(settings) for known in found), ())


def only_rebuilds(architecture: str) -> bool:
    """Whether networks of an architecture draw destroyed frames, and do nothing else."""
    return work_of(ModelSettings(architecture)) == (Missing.name,)


def always_invents(architecture: str) -> bool:
    """Whether networks of an architecture may always draw picture that no frame shows."""
    return any(known.invents for known in ARCHITECTURES if known.name == architecture)


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
