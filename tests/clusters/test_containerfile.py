"""The container file against the repository: it can be read wrong long before it is built."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from flows.cluster.kubernetes import manifest
from flows.cluster.parts import KubernetesPart
from flows.cluster.profile import read_profile

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def statements() -> list[tuple[str, str]]:
    """Instructions and their arguments, lines joined, comments taken out."""
    lines = (ROOT / "Containerfile").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#")).replace("\\\n", " ")
    found = [line.split(None, 1) for line in text.splitlines() if line.strip()]
    return [(instruction, " ".join(rest.split())) for instruction, rest in found]


def of(statements: list[tuple[str, str]], instruction: str) -> list[str]:
    return [rest for name, rest in statements if name == instruction]


def test_instructions_are_those_of_a_container_file(statements: list[tuple[str, str]]) -> None:
    known = {"FROM", "RUN", "COPY", "WORKDIR", "ENV", "USER", "ENTRYPOINT", "CMD"}
    assert {name for name, _ in statements} == known
    assert statements[0][0] == "FROM"


def test_every_file_that_is_copied_is_there_and_every_package_is_copied(
    statements: list[tuple[str, str]],
) -> None:
    copied = [source for rest in of(statements, "COPY") for source in rest.split()[:-1]]
    assert [source for source in copied if not (ROOT / source).exists()] == []
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    needed = {"pyproject.toml", "constraints.txt", PROJECT["project"]["readme"], *packages,
              *PROJECT["project"]["license-files"]}  # fmt: skip
    assert needed - set(copied) == set()


def test_what_is_installed_is_pinned(statements: list[tuple[str, str]]) -> None:
    (line,) = (rest for rest in of(statements, "RUN") if "pip install" in rest)
    project, faces = re.findall(r"pip install [^&]+", line)
    assert "--constraint constraints.txt" in project
    assert re.search(r"--no-deps ogm-vision==[\d.]+", faces)
    assert re.search(r"ogm-vision==[\d.]+", faces)[0] in (ROOT / "Makefile").read_text()  # type: ignore[index]
    extras = re.search(r"\.\[(.+)\]", project)
    assert extras
    pinned = (ROOT / "constraints.txt").read_text().casefold()
    for extra in extras[1].split(","):
        for name in PROJECT["project"]["optional-dependencies"][extra]:
            assert f"\n{name.casefold()}==" in pinned


def test_it_does_not_run_as_root_and_as_whom_the_pods_expect(
    statements: list[tuple[str, str]],
) -> None:
    default = {name: KubernetesPart.model_fields[name].default for name in ("user", "group")}
    assert of(statements, "USER") == [f"{default['user']}:{default['group']}"]
    names = [name for name, _ in statements]
    assert names.index("USER") > max(n for n, name in enumerate(names) if name == "RUN")


def test_what_it_is_asked_to_run_is_installed_there(statements: list[tuple[str, str]]) -> None:
    """The entry point hands on what it is given; pods give it programs of Dask."""
    assert of(statements, "ENTRYPOINT") == ['["tini", "--"]']
    assert any("install" in rest and "tini" in rest for rest in of(statements, "RUN"))
    programs = {script.name for script in metadata.entry_points(group="console_scripts")}
    asked = manifest(read_profile("kubernetes"))["spec"]
    wanted = {asked[part]["spec"]["containers"][0]["args"][0] for part in ("worker", "scheduler")}
    assert of(statements, "CMD") == ['["wetgate", "--help"]']
    assert {*wanted, "wetgate"} - programs == set()


def test_python_is_one_that_the_project_takes(statements: list[tuple[str, str]]) -> None:
    (base,) = of(statements, "FROM")
    found = re.search(r"python:(\d+)\.(\d+)-", base)
    least = re.search(r">=(\d+)\.(\d+)", PROJECT["project"]["requires-python"])
    assert found and least
    assert tuple(map(int, found.groups())) >= tuple(map(int, least.groups()))
