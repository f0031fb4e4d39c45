"""ncnn's files of Real-ESRGAN: weights keep their values, and get the names of their authors."""

import re
import struct
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from benchmarks.peers.ncnn import FLOAT16, FLOAT32, FLOAT32_TAGGED, names, read_layers, state_dict
from models.networks.architectures import build_learned, recognised
from models.networks.image import ImageNetwork

Spoil = Callable[[str, bytes], tuple[str, bytes]]

CHANCE = torch.Generator().manual_seed(3)
LEAKY = " 9=2 -23310=1,2.000000e-01"
RESIZE = "Interp resize 1 1 a b 0=1 1=2.000000e+00 2=2.000000e+00"


def half(*shape: int) -> Tensor:
    """Random weights that 16 bit hold exactly."""
    return (0.05 * torch.randn(shape, generator=CHANCE)).half().float()


def convolution(inputs: int, outputs: int, tail: str = "") -> tuple[str, dict[str, Tensor]]:
    line = f"Convolution c 1 1 a b 0={outputs} 1=3 4=1 5=1 6={9 * inputs * outputs}{tail}"
    return line, {"weight": half(outputs, inputs, 3, 3), "bias": half(outputs)}


def slopes(count: int) -> tuple[str, dict[str, Tensor]]:
    return f"PReLU p 1 1 a b 0={count}", {"weight": half(count)}


def written(parts: dict[str, Tensor], tag: int) -> bytes:
    """A layer's weights as ncnn writes them; only those of a convolution have a word before."""
    plain = {name: tensor.numpy().tobytes() for name, tensor in parts.items()}
    if "bias" not in parts:
        return plain["weight"]
    weight = plain["weight"]
    if tag == FLOAT16:
        weight = parts["weight"].half().numpy().tobytes()
        weight += b"\0" * (-len(weight) % 4)
    return struct.pack("<I", tag) + weight + plain["bias"]


def param(lines: list[str]) -> str:
    return "\n".join(["7767517", f"{len(lines)} 99", "Input in 0 1 a", *lines])


def compact(tag: int = FLOAT16) -> tuple[str, bytes, dict[str, Tensor]]:
    """A Compact network of 3 features that enlarges twice: its files, and what they hold."""
    layers = [convolution(3, 3), slopes(3), convolution(3, 3), slopes(3), convolution(3, 12)]
    expected = {
        f"body.{index}.{name}": tensor
        for index, (_, parts) in enumerate(layers)
        for name, tensor in parts.items()
    }
    lines = [*(line for line, _ in layers), "PixelShuffle s 1 1 a b 0=2"]
    data = b"".join(written(parts, tag) for _, parts in layers)
    return param(lines), data, expected


def dense() -> tuple[str, bytes]:
    """An RRDBNet of one group of blocks and 4 features, which grow by 32."""
    layers = [convolution(3, 4)]
    for _ in range(3):
        layers += [convolution(4 + 32 * n, 32, LEAKY) for n in range(4)]
        layers.append(convolution(4 + 32 * 4, 4))
    layers += [convolution(4, 4) for _ in range(4)] + [convolution(4, 3)]
    lines = [line for line, _ in layers]
    lines[17:17] = [RESIZE, RESIZE]
    return param(lines), b"".join(written(parts, FLOAT16) for _, parts in layers)


@pytest.mark.parametrize("tag", [FLOAT16, FLOAT32, FLOAT32_TAGGED])
def test_weights_keep_their_values_under_their_authors_names(tag: int) -> None:
    text, data, expected = compact(tag)
    found = state_dict(text, data)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert all(tensor.dtype == torch.float32 for tensor in found.values())


def test_an_odd_count_of_weights_of_16_bit_is_padded_to_words() -> None:
    """One channel to one: nine weights, eighteen bytes, and two that are none before the bias."""
    (first, one), (last, other) = convolution(1, 1), convolution(1, 1)
    text = param([first, "PReLU p 1 1 a b 0=1", last, "PixelShuffle s 1 1 a b 0=1"])
    data = written(one, FLOAT16) + struct.pack("<f", 0.25) + written(other, FLOAT16)
    found = state_dict(text, data)
    assert torch.equal(found["body.0.bias"], one["bias"])
    assert torch.equal(found["body.2.weight"], other["weight"])


def test_both_networks_are_taken_by_the_registry() -> None:
    pytest.importorskip("einops", reason="comes with the extra `models`")
    small = state_dict(*compact()[:2])
    large = state_dict(*dense())
    for tensors, scale in ((small, 2), (large, 4)):
        assert recognised(tensors) == "spandrel"
        network = build_learned("spandrel", tensors)
        assert isinstance(network, ImageNetwork)
        assert network.scale == scale
    assert {"conv_first.weight", "body.0.rdb3.conv5.bias", "conv_last.weight"} <= large.keys()


def test_a_network_of_neither_kind_is_refused() -> None:
    text = param([convolution(3, 3)[0], convolution(3, 3)[0]])
    with pytest.raises(ValueError, match="neither"):
        names(read_layers(text))


@pytest.mark.parametrize(
    ("spoilt", "message"),
    [
        (lambda text, data: (text, data[:-3]), "3 bytes too early"),
        (lambda text, data: (text, data + b"\0\0\0\0"), "4 bytes more"),
        (lambda text, data: (text, struct.pack("<I", 0x000D4B38) + data[4:]), "0x000d4b38"),
        (lambda text, data: (text.removeprefix("7767517"), data), "begin with 7767517"),
    ],
    ids=["cut off", "too long", "int8", "not ncnn"],
)
def test_files_that_are_not_what_they_say_are_refused(spoilt: Spoil, message: str) -> None:
    text, data, _ = compact()
    with pytest.raises(ValueError, match=re.escape(message)):
        state_dict(*spoilt(text, data))
