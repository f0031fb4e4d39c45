"""What is shipped: the wheel's contents, and deployments that fit the flow."""

import inspect
import subprocess
import sys
import zipfile
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from models.networks.learned import ModelSettings, ModelStep
from models.supported import STEPS

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of all files in a wheel built from this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (built,) = folder.glob("*.whl")
    return set(zipfile.ZipFile(built).namelist())


def test_the_wheel_holds_every_module_and_data_file(wheel: set[str]) -> None:
    """A recipe or a template that is not in the wheel is missed only on the server."""
    expected = {
        str(path.relative_to(ROOT))
        for layer in ("catalogs", "models", "tasks", "dashboard", "flows")
        for path in (ROOT / layer).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert expected - wheel == set()


def test_the_wheel_holds_nothing_else(wheel: set[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}
    assert {t for t in tops if not t.endswith(".dist-info")} == {
        "catalogs", "models", "tasks", "dashboard", "flows",
    }  # fmt: skip


def test_deployments_name_a_flow_and_its_parameters() -> None:
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    assert deployments
    for deployment in deployments:
        module, _, name = deployment["entrypoint"].rpartition(".")
        flow = getattr(import_module(module), name)
        known = set(inspect.signature(flow.fn).parameters)
        assert set(deployment["parameters"]) - known == set()


def test_deployments_say_where_they_run_and_leave_no_place_taken() -> None:
    """A limit in Prefect's database is kept for ever by a night that was killed."""
    told = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    (step,) = told["pull"]
    (settings,) = step.values()
    assert Path(settings["directory"]).is_absolute()
    folder = settings["directory"]
    assert f"`{folder}`" in (ROOT / "docs" / "operations.md").read_text()
    for deployment in told["deployments"]:
        assert "concurrency_limit" not in deployment
        assert deployment["work_pool"] == {"name": "night"}  # as the page creates it


def test_every_recipe_is_documented() -> None:
    text = (ROOT / "docs" / "recipes.md").read_text()
    for path in (ROOT / "catalogs" / "recipes").glob("*.toml"):
        assert f"`{path.stem}`" in text


def test_every_step_and_parameter_is_documented() -> None:
    text = (ROOT / "docs" / "recipes.md").read_text()
    for step, parameters in (*((s, s) for s in STEPS), (ModelStep, ModelSettings)):
        names = [step.name, *(field.name for field in fields(parameters))]  # type: ignore[arg-type]
        assert [name for name in names if f"`{name}`" not in text] == []


def test_every_command_is_documented() -> None:
    from flows.cli import app

    text = (ROOT / "docs" / "operators.md").read_text()
    for command in app.registered_commands:
        assert command.callback is not None
        assert f"wetgate {command.callback.__name__}" in text


def test_no_machine_or_registry_is_named() -> None:
    """The project speaks of itself alone."""
    words = (b"/" + b"work/", b"/" + b"root/", b"py" + b"pi.org", b"python" + b"hosted")
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    found = [
        name
        for name in tracked
        if (ROOT / name).is_file() and any(word in (ROOT / name).read_bytes() for word in words)
    ]
    assert found == []
