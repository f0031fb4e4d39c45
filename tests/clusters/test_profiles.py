"""A cluster profile says where the workers run; a mistake in it is named with its field."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from catalogs.errors import ProfileError
from flows.cluster.parts import KubernetesPart, SlurmPart, TlsPart, Volume, WorkerPart
from flows.cluster.profile import ClusterProfile, read_profile, shipped_profiles
from flows.cluster.start import chosen_profile

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "clusters.md"
SLURM = 'kind = "slurm"\nworkers = 2\n[worker]\nmemory = "4GB"\n[slurm]\n'


def written(folder: Path, text: str) -> str:
    file = folder / "profile.toml"
    file.write_text(text)
    return str(file)


@pytest.mark.parametrize("name", shipped_profiles())
def test_what_is_shipped_can_be_read(name: str) -> None:
    assert read_profile(name).kind == name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind = 'slum'", "kind = 'slum': Input should be 'local', 'scheduler', 'slurm' or"),
        ("kind = ", "is not TOML"),
        ("workers = 0", "workers = 0: Input should be greater than or equal to 1"),
        ("workers = '4'", "workers = '4': Input should be a valid integer"),
        ("wrokers = 4", "wrokers is no field; take it out"),
        ("[worker]\nmemory = 'lots'", "worker.memory = 'lots': a size such as 16GB is wanted"),
        ("[worker]\ngpus = 2", "worker.gpus = 2"),
        ("kind = 'slurm'", "kind 'slurm' needs [slurm]"),
        ("[slurm]\nqueue = 'gpu'", "[slurm] is not for kind 'local'; take it out"),
        ("kind = 'slurm'\n[slurm]", "workers is needed for kind 'slurm'"),
        (SLURM + "walltime = '12h'", "slurm.walltime = '12h': HH:MM:SS is wanted"),
        (SLURM + "walltime = '01:00:00'", "rest_minutes 60 is more than half of walltime"),
        (SLURM + "directives = ['x']", "slurm.directives.0 = 'x': an option of sbatch is wanted"),
        ("kind = 'scheduler'\n[scheduler]", "scheduler.address is missing"),
        ("kind = 'scheduler'\nworkers = 2\n[scheduler]\naddress = 'tcp://a:1'", "take it out"),
        ("kind = 'scheduler'\n[scheduler]\naddress = 'tls://a:1'", "go together"),
        ("[tls]\nca = '/no'\ncert = '/no'\nkey = '/no'", "tls.ca = '/no': /no is not there"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_file_field_and_remedy(
    tmp_path: Path, text: str, said: str
) -> None:
    file = written(tmp_path, text)
    with pytest.raises(ProfileError) as error:
        read_profile(file)
    assert file in str(error.value)
    assert said in str(error.value)


def test_a_profile_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(ProfileError, match="shipped profiles: kubernetes, local, slurm"):
        read_profile("nowhere.toml")


def test_options_come_to_a_profile(tmp_path: Path) -> None:
    assert chosen_profile() == ClusterProfile()
    assert chosen_profile(workers=3).workers == 3
    running = chosen_profile("tcp://host:8786")
    assert running.scheduler is not None
    assert (running.kind, running.scheduler.address) == ("scheduler", "tcp://host:8786")
    slurm = written(tmp_path, SLURM)
    assert chosen_profile(workers=9, cluster=slurm).workers == 9
    with pytest.raises(ProfileError, match="--scheduler is not for a profile of kind 'slurm'"):
        chosen_profile("tcp://host:8786", cluster=slurm)
    with pytest.raises(ProfileError, match="tcp://host:8786 is wanted"):
        chosen_profile("host:8786")


def test_every_field_is_documented() -> None:
    text = DOCUMENT.read_text()
    parts = (ClusterProfile, WorkerPart, SlurmPart, KubernetesPart, Volume, TlsPart)
    fields = {name for part in parts for name in part.model_fields}
    said = {*re.findall(r"`(\w+)`", text), *re.findall(r"\[(?:\w+\.)?(\w+)\]", text)}
    assert fields - said == set()
