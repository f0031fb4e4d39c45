"""Checkpoints: files of weights in, named tensors out; never code.

A safetensors file holds nothing but tensors. A torch file is read with `weights_only=True`, which
builds tensors and plain containers and refuses everything else, so that a file from a stranger
cannot run. What is kept is always safetensors.
"""

from __future__ import annotations

import io
import pickle
import re
import struct
import warnings
from collections.abc import Mapping

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from catalogs.errors import VerificationError

Tensors = dict[str, Tensor]

TORCH_SUFFIXES = (".pth", ".pt", ".ckpt", ".bin", ".pkl")
SUFFIXES = (".safetensors", *TORCH_SUFFIXES)

_INNER = ("params_ema", "params", "state_dict", "model_state_dict", "model", "generator", "net")
_TORCH_ERRORS = (
    pickle.UnpicklingError,
    RuntimeError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    struct.error,
)
_TORCH_BEGINS = (b"PK", pickle.PROTO)  # a zip, or a pickle as it was before
_NOT_PLAIN = re.compile(r"Unsupported global: GLOBAL (\S+)")
_WRAPPED = "module."  # torch's DataParallel puts it before every name


def read_checkpoint(data: bytes, suffix: str) -> Tensors:
    """The tensors of a file, by name.

    Args:
        data: the whole file.
        suffix: of its name, one of `SUFFIXES`.

    Raises:
        VerificationError: it is no such file, holds no tensors, or holds more than tensors.
    """
    if suffix not in SUFFIXES:
        raise VerificationError(f"{suffix!r} is no file of weights; use {', '.join(SUFFIXES)}")
    try:
        if suffix == ".safetensors":
            return safetensors.torch.load(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old pickles: they are read or refused
            read = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except safetensors.SafetensorError as error:
        raise VerificationError(f"not a file of weights: {error}") from error
    except _TORCH_ERRORS as error:
        raise VerificationError(_why_not(data, error)) from error
    return _tensors(read)


def safetensors_bytes(tensors: Mapping[str, Tensor]) -> bytes:
    """Tensors as a safetensors file; equal tensors give equal bytes."""
    whole = {name: tensors[name].detach().cpu().contiguous().clone() for name in sorted(tensors)}
    return bytes(safetensors.torch.save(whole))


def _why_not(data: bytes, error: Exception) -> str:
    """Why a torch file is refused; torch's own words advise to run what is in it."""
    if not data.startswith(_TORCH_BEGINS):
        return (
            "not a file of weights of torch. A .bin that lies beside a .param is of ncnn: get the "
            ".pth or .safetensors of the same network"
        )
    if isinstance(error, pickle.UnpicklingError):
        more = _NOT_PLAIN.search(str(error))
        inside = f": {more[1]}" if more else ""
        return (
            f"not a file of weights and nothing else{inside}; nothing in it was run. Ask its "
            "publisher for the state dict alone, or for safetensors"
        )
    first = str(error).partition("\n")[0]
    return f"not a file of weights: {first or 'it is cut off'}"


def _tensors(read: object) -> Tensors:
    """The mapping of names to tensors, wherever its publisher put it."""
    if isinstance(read, Mapping):
        for name in _INNER:
            if isinstance(read.get(name), Mapping):
                return _tensors(read[name])
        found = {str(name): value for name, value in read.items() if isinstance(value, Tensor)}
        if found:
            if all(name.startswith(_WRAPPED) for name in found):
                return {name.removeprefix(_WRAPPED): value for name, value in found.items()}
            return found
    raise VerificationError("the file holds no tensors by name; give a state dict")
