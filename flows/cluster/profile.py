"""Cluster profiles: where the workers of a night run. A TOML file, or a name of a shipped one.

kind = "slurm"        # local, scheduler, slurm or kubernetes
workers = 8

[worker]              # each of them
cores = 4
memory = "16GB"
gpus = 1

[slurm]               # what belongs to the kind; docs/clusters.md lists every field
queue = "gpu"
walltime = "12:00:00"

[tls]                 # or left out
ca = "/etc/wetgate/ca.pem"
cert = "/etc/wetgate/cert.pem"
key = "/etc/wetgate/key.pem"
"""

import json
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError, model_validator

from catalogs.errors import ProfileError
from flows.cluster.parts import (
    Count,
    KubernetesPart,
    Part,
    SchedulerPart,
    SlurmPart,
    TlsPart,
    WorkerPart,
)

SHIPPED = Path(__file__).parent / "profiles"
Kind = Literal["local", "scheduler", "slurm", "kubernetes"]


class ClusterProfile(Part):
    """Where the workers of a night run.

    Attributes:
        workers: how many; on this machine one a GPU, else one a core, when None.
        patience_minutes: how long a night waits while there is no worker at all.
    """

    kind: Kind = "local"
    workers: Count | None = None
    patience_minutes: Count = 10
    worker: WorkerPart = WorkerPart()
    scheduler: SchedulerPart | None = None
    slurm: SlurmPart | None = None
    kubernetes: KubernetesPart | None = None
    tls: TlsPart | None = None

    @model_validator(mode="after")
    def _parts_fit_the_kind(self) -> "ClusterProfile":
        for part in ("scheduler", "slurm", "kubernetes"):
            given = getattr(self, part) is not None
            if given and part != self.kind:
                raise ValueError(f"[{part}] is not for kind {self.kind!r}; take it out")
            if not given and part == self.kind:
                raise ValueError(f"kind {part!r} needs [{part}]; write it")
        self._check_words()
        return self

    def _check_words(self) -> None:
        if self.kind == "scheduler" and self.workers is not None:
            raise ValueError("workers of a scheduler that runs are started there; take it out")
        if self.kind in ("slurm", "kubernetes"):
            for name, value in (("workers", self.workers), ("worker.memory", self.worker.memory)):
                if value is None:
                    raise ValueError(f"{name} is needed for kind {self.kind!r}; write it")
        if self.kind == "kubernetes" and self.tls:
            raise ValueError("[tls] is not for kind 'kubernetes', whose operator has none; "
                             "take it out, and keep the pods' network to yourself")  # fmt: skip
        if self.scheduler and self.scheduler.address.startswith("tls:") != bool(self.tls):
            raise ValueError("an address tls:// and [tls] go together; write both, or neither")


def shipped_profiles() -> dict[str, Path]:
    """The profiles that come with Wetgate, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.toml"))}


def read_profile(name: str) -> ClusterProfile:
    """Read a shipped profile or a file.

    Raises:
        ProfileError: not there, not TOML, or a mistake in it: file, field and remedy.
    """
    path = shipped_profiles().get(name, Path(name))
    try:
        written = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        known = ", ".join(shipped_profiles())
        raise ProfileError(
            f"{name}: {error.strerror}; name a file, or one of the shipped profiles: {known}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise ProfileError(f"{path} is not TOML: {error}; correct it") from error
    return checked_profile(written, str(path))


def checked_profile(written: dict[str, Any], where: str) -> ClusterProfile:
    """The profile that is written, in the words of its file.

    Raises:
        ProfileError: a mistake in it, named with where it stands.
    """
    try:
        return ClusterProfile.model_validate_json(json.dumps(written, default=str))
    except ValidationError as error:
        raise ProfileError(f"{where}: {_mistakes(error)}") from error


def _mistakes(error: ValidationError) -> str:
    """Each mistake: the field, what is wrong, what to do."""
    said = []
    for mistake in error.errors():
        field = ".".join(map(str, mistake["loc"]))
        if mistake["type"] == "extra_forbidden":
            said.append(f"{field} is no field; take it out, or look for a slip of the pen")
        elif mistake["type"] == "missing":
            said.append(f"{field} is missing; write it")
        else:
            what = mistake["msg"].removeprefix("Value error, ")
            given = f"{field} = {mistake['input']!r}: " if field and field != "tls" else ""
            said.append(f"{given if _plain(mistake['input']) else field and f'[{field}] '}{what}")
    return "; ".join(said) + ". docs/clusters.md lists the fields"


def _plain(value: object) -> bool:
    return isinstance(value, str | int | float | bool)
