"""Checkpoints are data: nothing in a file runs, and what is kept is always the same bytes."""

import io
import pickle
import tomllib
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from catalogs.errors import VerificationError
from models.networks.checkpoint import read_checkpoint, safetensors_bytes

TENSORS = {"b.weight": torch.arange(6.0).reshape(2, 3), "a": torch.ones(2, dtype=torch.float16)}


def test_torch_is_one_that_runs_nothing_of_a_file_of_weights() -> None:
    """Before 2.6 a file could run code in spite of `weights_only=True` (CVE-2025-32434)."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    (asked,) = [one for one in project["project"]["dependencies"] if one.startswith("torch>")]
    assert [int(part) for part in asked.partition(">=")[2].split(".")] >= [2, 6]


class Payload:
    """What a stranger may put into a file: loading it makes a file elsewhere."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.target,)


def torch_bytes(content: object) -> bytes:
    stream = io.BytesIO()
    torch.save(content, stream)
    return stream.getvalue()


def same(found: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor] = TENSORS) -> bool:
    return found.keys() == wanted.keys() and all(torch.equal(found[n], wanted[n]) for n in wanted)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(TENSORS, id="plain"),
        pytest.param(OrderedDict(TENSORS), id="ordered"),
        pytest.param({"params": {"a": 1}, "params_ema": TENSORS}, id="averaged weights first"),
        pytest.param({"epoch": 3, "state_dict": TENSORS, "lr": 0.1}, id="with training state"),
        pytest.param({f"module.{k}": v for k, v in TENSORS.items()}, id="of several devices"),
    ],
)
def test_tensors_are_found_wherever_a_publisher_puts_them(content: object) -> None:
    assert same(read_checkpoint(torch_bytes(content), ".pth"))


def test_a_safetensors_file_is_read() -> None:
    assert same(read_checkpoint(safetensors.torch.save(TENSORS), ".safetensors"))


@pytest.mark.parametrize("old", [False, True], ids=["zip", "plain pickle"])
def test_code_in_a_file_is_refused_and_does_not_run(tmp_path: Path, old: bool) -> None:
    trace = tmp_path / "it ran"
    content = {"state_dict": TENSORS, "extra": Payload(trace)}
    data = pickle.dumps(content) if old else torch_bytes(content)
    with pytest.raises(VerificationError, match="file of weights"):
        read_checkpoint(data, ".pth")
    assert not trace.exists()


def test_what_a_file_holds_beside_weights_is_named_and_nobody_is_told_to_run_it(
    tmp_path: Path,
) -> None:
    data = torch_bytes({"state_dict": TENSORS, "extra": Payload(tmp_path / "it ran")})
    with pytest.raises(VerificationError, match=r"getattr.*nothing in it was run") as refused:
        read_checkpoint(data, ".pth")
    assert "weights_only" not in str(refused.value)


@pytest.mark.parametrize(
    ("data", "suffix", "named"),
    [
        (b"Gk0\x01\x9b\x2a", ".bin", "is of ncnn"),
        (torch_bytes(TENSORS)[:200], ".pth", "not a file of weights: "),
        (b"\x80\x02", ".pth", "not a file of weights"),
        (b"", ".pth", "not a file of weights"),
        (b"not weights at all", ".pth", "not a file of weights"),
        (b"not weights at all", ".safetensors", "not a file of weights"),
        (torch_bytes([1, 2]), ".pth", "no tensors by name"),
        (torch_bytes({"lr": 0.1}), ".pt", "no tensors by name"),
        (b"", ".onnx", "no file of weights"),
    ],
)
def test_what_is_no_checkpoint_is_refused(data: bytes, suffix: str, named: str) -> None:
    with pytest.raises(VerificationError, match=named):
        read_checkpoint(data, suffix)


def test_equal_tensors_give_equal_bytes_whatever_their_order_and_layout() -> None:
    turned = {name: TENSORS[name] for name in reversed(TENSORS)}
    turned["b.weight"] = TENSORS["b.weight"].t().contiguous().t()
    assert safetensors_bytes(turned) == safetensors_bytes(TENSORS)
    assert same(read_checkpoint(safetensors_bytes(turned), ".safetensors"))


def test_tensors_that_share_memory_are_kept_apart() -> None:
    both = {"a": TENSORS["a"], "b": TENSORS["a"]}
    assert same(read_checkpoint(safetensors_bytes(both), ".safetensors"), both)
