"""Weights of Real-ESRGAN out of ncnn's files, as the state dicts that its authors published.

    python -m benchmarks.peers.ncnn NAME.param NAME.bin NAME.safetensors

ncnn keeps a network in two files. `.param` is text: the number 7767517, a line of counts, then a
line a layer, `kind name inputs outputs tensors... key=value...`. `.bin` holds the weights of the
layers in that order and nothing else, without names. A convolution's weights begin with a word
that tells their type, its bias is float32, and so is the slope of a PReLU, both without the word.

Two networks are known, by the layers of their `.param`:

    Compact   a chain of convolutions and PReLU and a pixel shuffle (realesr-animevideov3)
    RRDBNet   residual dense blocks of five convolutions, three to a block (realesrgan-x4plus)

A file that is any other network, or that holds more or less than its layers ask for, is refused.
int8 weights are. Source of the format: Tencent/ncnn, `src/modelbin.cpp` and the wiki's "param and
model file structure". Weights of 16 bit are exact in the float32 that is made of them.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from models.networks.checkpoint import safetensors_bytes

MAGIC = "7767517"
FLOAT32, FLOAT32_TAGGED, FLOAT16 = 0, 0x0002C056, 0x01306B47  # the word before the weights
OUTPUTS, KERNEL, HAS_BIAS, COUNT = 0, 1, 5, 6  # keys of a convolution
IN_BLOCK, BLOCKS_IN_GROUP, AROUND = 5, 3, 6  # convolutions of an RRDBNet; those outside of blocks
AFTER_BODY = ("conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last")


@dataclass(frozen=True)
class Layer:
    """A line of a `.param` file.

    Attributes:
        kind: of layer, ncnn's word.
        values: numbers by their key; keys of arrays, which are negative, are left out.
    """

    kind: str
    values: dict[int, float]

    def whole(self, key: int) -> int:
        """A number that counts something; 0 where it is not given, as ncnn takes it."""
        return int(self.values.get(key, 0))


class Blob:
    """The content of a `.bin` file, read from front to back."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def tagged(self, count: int) -> Tensor:
        """So many weights, float32, of the type that the word before them says.

        Raises:
            ValueError: the type is another, or the file ends.
        """
        tag = int(struct.unpack("<I", self._taken(4))[0])
        if tag == FLOAT16:
            padded = -(-2 * count // 4) * 4  # to whole words
            return torch.frombuffer(self._taken(padded), dtype=torch.float16)[:count].float()
        if tag in (FLOAT32, FLOAT32_TAGGED):
            return self.plain(count)
        raise ValueError(f"weights of type {tag:#010x}; only float16 and float32 are read")

    def plain(self, count: int) -> Tensor:
        """So many float32 without a word before them."""
        return torch.frombuffer(self._taken(4 * count), dtype=torch.float32).clone()

    def left(self) -> int:
        """Bytes that were not read."""
        return len(self._data) - self._place

    def _taken(self, size: int) -> bytearray:
        if size > self.left():
            raise ValueError(f"the .bin file ends {size - self.left()} bytes too early")
        self._place += size
        return bytearray(self._data[self._place - size : self._place])


def read_layers(text: str) -> list[Layer]:
    """The layers of a `.param` file.

    Raises:
        ValueError: it is none.
    """
    lines = [line.split() for line in text.splitlines() if line.strip()]
    if not lines or lines[0] != [MAGIC]:
        raise ValueError(f"not a .param file of ncnn: it does not begin with {MAGIC}")
    return [_layer(words) for words in lines[2:]]


def _layer(words: list[str]) -> Layer:
    inputs, outputs = int(words[2]), int(words[3])
    pairs = (word.partition("=") for word in words[4 + inputs + outputs :])
    return Layer(words[0], {int(k): float(v) for k, _, v in pairs if not k.startswith("-")})


def read_weights(layers: Iterable[Layer], data: bytes) -> list[dict[str, Tensor]]:
    """What a `.bin` file holds: `weight` and `bias` of every layer that has any, in order.

    Raises:
        ValueError: it does not hold what the layers ask for.
    """
    blob, found = Blob(data), []
    for layer in layers:
        if layer.kind == "Convolution":
            found.append(_convolution(layer, blob))
        elif layer.kind == "PReLU":
            found.append({"weight": blob.plain(layer.whole(0))})
    if blob.left():
        raise ValueError(f"the .bin file holds {blob.left()} bytes more than its layers")
    return found


def _convolution(layer: Layer, blob: Blob) -> dict[str, Tensor]:
    count, outputs, side = layer.whole(COUNT), layer.whole(OUTPUTS), layer.whole(KERNEL)
    weights = {"weight": blob.tagged(count).reshape(outputs, -1, side, side)}
    return weights | ({"bias": blob.plain(outputs)} if layer.whole(HAS_BIAS) else {})


def names(layers: Iterable[Layer]) -> list[str]:
    """What the authors call the layers that have weights, in order.

    Raises:
        ValueError: the network is neither of the two.
    """
    kinds = [layer.kind for layer in layers]
    convolutions = kinds.count("Convolution")
    chain = [kind for kind in kinds if kind in ("Convolution", "PReLU")]
    if "PixelShuffle" in kinds and chain == (["Convolution", "PReLU"] * convolutions)[:-1]:
        return [f"body.{index}" for index in range(len(chain))]
    groups, rest = divmod(convolutions - AROUND, IN_BLOCK * BLOCKS_IN_GROUP)
    if "PReLU" in kinds or groups < 1 or rest or kinds.count("Interp") != 2:
        raise ValueError("the layers are neither those of a Compact network nor of an RRDBNet")
    inside = [
        f"body.{group}.rdb{block + 1}.conv{convolution + 1}"
        for group in range(groups)
        for block in range(BLOCKS_IN_GROUP)
        for convolution in range(IN_BLOCK)
    ]
    return ["conv_first", *inside, *AFTER_BODY]


def state_dict(param: str, data: bytes) -> dict[str, Tensor]:
    """The weights under their authors' names, float32.

    Args:
        param: the text of the `.param` file.
        data: the content of the `.bin` file.

    Raises:
        ValueError: the files are not of ncnn, not of each other, or of another network.
    """
    layers = read_layers(param)
    return {
        f"{name}.{part}": tensor
        for name, parts in zip(names(layers), read_weights(layers, data), strict=True)
        for part, tensor in parts.items()
    }


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    param_file, bin_file, out = map(Path, sys.argv[1:])
    out.write_bytes(safetensors_bytes(state_dict(param_file.read_text(), bin_file.read_bytes())))
