"""What networks give, pinned: code that gives other pixels must say so in the identity.

Where one fails by intention, raise the revision of that architecture in
`models/networks/architectures.py`, or, where all fail, `ModelStep.version`; then pin the new
figures. Figures have room for the last digits, in which kinds of processors differ.
"""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from models.contract import Frame, apply_step
from models.networks.architectures import build_learned
from models.networks.ffdnet import FFDNet
from models.networks.learned import ModelSettings, ModelStep
from models.networks.rife import Rife
from models.networks.temporalfix import TemporalFix

Texture = Callable[..., list[Frame]]


def weights(network: nn.Module, spread: float) -> dict[str, torch.Tensor]:
    """Weights by numpy's generator, which gives the same ones in every version."""
    chance = np.random.default_rng(7)
    return {
        name: torch.from_numpy(spread * chance.standard_normal(tuple(tensor.shape))).to(
            tensor.dtype
        )
        for name, tensor in sorted(network.state_dict().items())
    }


def figures(architecture: str, network: nn.Module, spread: float, texture: Texture) -> list[float]:
    """Mean difference from the film and its deviation, in code values of luma, frame by frame.

    The film is wider than a tile, in motion, with grain; the network sees one frame destroyed.
    """
    film = texture("yuv420p10le", count=7, size=(72, 300), speed=(3, 1), grain=0.01)
    blank = Frame(tuple(torch.full_like(p, 64) for p in film[3].planes), film[3].format)
    settings = ModelSettings(architecture, strength=0.1 if architecture == "ffdnet" else 1.0)
    step = ModelStep(settings, build_learned(architecture, weights(network, spread)))
    found = []
    for frame, (_, after, _) in zip(
        film, apply_step(step, [*film[:3], blank, *film[4:]]), strict=True
    ):
        apart = after.planes[0].float() - frame.planes[0].float()
        found += [float(apart.mean()), float(apart.std())]
    return found


@pytest.mark.parametrize(
    ("architecture", "network", "spread", "pinned"),
    [
        (
            "ffdnet",
            FFDNet,
            0.04,
            [
                -50.605,
                10.323,
                -50.530,
                10.024,
                -50.489,
                9.974,
                -481.018,
                96.092,
                -50.559,
                9.923,
                -50.575,
                9.936,
                -50.597,
                10.162,
            ],
        ),
        (
            "temporalfix",
            TemporalFix,
            0.03,
            [
                -29.348,
                23.713,
                -14.952,
                15.727,
                -14.538,
                20.428,
                -363.416,
                77.458,
                -14.239,
                20.505,
                -14.157,
                14.657,
                -29.283,
                22.637,
            ],
        ),
        ("rife", Rife, 0.05, [0, 0, 0, 0, 0, 0, 0.187, 26.926, 0, 0, 0, 0, 0, 0]),
    ],
)
def test_pixels_are_those_of_the_revision(
    texture: Texture,
    architecture: str,
    network: type[nn.Module],
    spread: float,
    pinned: list[float],
) -> None:
    found = figures(architecture, network(), spread, texture)
    assert found == pytest.approx(pinned, rel=0, abs=0.01)
