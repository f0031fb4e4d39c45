"""A wider restorer that answers as a narrower one does, to train on from what that has learned.

Source: Net2Net (Chen, Goodfellow, Shlens, ICLR 2016); in place of copied channels the new ones
start with weights of chance and are heard by none of the old, so that nothing has to be halved.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from models.restorer.config import LEVELS, TASKS, RestorerConfig
from models.restorer.network import OUTPUTS, Restorer
from models.restorer.views import COARSE_INPUTS, ENTERING, LEAVING


@dataclass(frozen=True)
class Channels:
    """Where the channels of a narrow layer lie in a wide one.

    Attributes:
        places: int64, one of each channel of the narrow layer.
        width: channels of the wide layer.
    """

    places: Tensor
    width: int

    @staticmethod
    def first(narrow: int, wide: int) -> Channels:
        """The narrow layer's come first."""
        return Channels(torch.arange(narrow), wide)

    @staticmethod
    def sent(narrow: int, wide: int) -> Channels:
        """Of a layer with a buffer: those for the next frame, the last one, and its own."""
        old, new = narrow // 8, wide // 8
        kept = torch.arange(narrow)
        moved = torch.where(kept < old, 0, torch.where(kept < 2 * old, new - old, 2 * (new - old)))
        return Channels(kept + moved, wide)

    def beside(self, other: Channels) -> Channels:
        """These, and the other layer's after them."""
        places = torch.cat((self.places, self.width + other.places))
        return Channels(places, self.width + other.width)

    def fourfold(self) -> Channels:
        """Four for each, which become the samples of a square."""
        places = 4 * self.places[:, None] + torch.arange(4)
        return Channels(places.flatten(), 4 * self.width)


Layers = dict[str, tuple[Channels, Channels]]  # by name: what comes out of it, what goes in


def widened(narrow: Restorer, wide: Restorer) -> None:
    """Give a restorer the weights of a narrower one; it then answers the same, up to rounding.

    Raises:
        ValueError: it is narrower somewhere, or has another number of blocks.
    """
    old, new = narrow.config, wide.config
    sizes = zip((*old.widths, old.state), (*new.widths, new.state), strict=True)
    if old.blocks != new.blocks or any(less > more for less, more in sizes):
        raise ValueError(f"{new} has no room for {old}")
    given = narrow.state_dict()
    with torch.no_grad():
        for name, (rows, columns) in _layers(old, new).items():
            weight = wide.get_parameter(f"{name}.weight")
            weight[rows.places] = 0
            weight[rows.places[:, None], columns.places] = given[f"{name}.weight"].to(weight)
            bias = wide.get_parameter(f"{name}.bias")
            bias[rows.places] = given[f"{name}.bias"].to(bias)


def _layers(old: RestorerConfig, new: RestorerConfig) -> Layers:
    pairs = list(zip(old.widths, new.widths, strict=True))
    half = Channels.first(*pairs[0])
    quarter, eighth = (Channels.sent(*pair) for pair in pairs[1:])
    state = Channels.first(old.state, new.state)
    layers: Layers = {
        "enter": (half, _same(ENTERING)),
        "to_quarter": (quarter, half),
        "to_eighth": (eighth, quarter),
        "bright": (eighth, _same(COARSE_INPUTS)),
        "recurrent.read": (state.beside(state), eighth.beside(state)),
        "recurrent.told_by": (eighth, state),
        "level": (_same(LEVELS), eighth),
        "answer": (_same(4 * OUTPUTS), half),
        "from_eighth": (quarter.fourfold(), eighth),
        "from_quarter": (half.fourfold(), quarter),
        **_residual("head", half, half.beside(_same(LEAVING))),
    }
    for number, channels in enumerate((quarter, eighth, quarter)):
        layers[f"exchanges.{number}.trust"] = (_same(1), channels)
        layers |= _residual(f"exchanges.{number}.block", channels, channels)
    for name, channels in (("outer", half), ("inner", eighth), ("leave", half)):
        for number in range(old.blocks):
            layers |= _residual(f"{name}.{number}", channels, channels)
    return layers


def _residual(name: str, channels: Channels, entering: Channels) -> Layers:
    return {
        f"{name}.first": (channels, entering),
        f"{name}.second": (channels, channels),
        f"{name}.told.by_task": (channels.beside(channels), _same(len(TASKS))),
    }


def _same(width: int) -> Channels:
    return Channels.first(width, width)
