"""The parts of a cluster profile: records that check themselves."""

import re
from pathlib import Path
from typing import Annotated

from dask.utils import parse_bytes
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.functional_validators import AfterValidator


def _size(text: str) -> str:
    if not any(map(str.isdigit, text)) or parse_bytes(text) <= 0:
        raise ValueError("a size such as 16GB is wanted")
    return text


def _matching(pattern: str, wanted: str) -> AfterValidator:
    def match(text: str) -> str:
        if re.fullmatch(pattern, text) is None:
            raise ValueError(f"{wanted} is wanted")
        return text

    return AfterValidator(match)


def _there(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"{path} is not there, or no file")
    return path


Size = Annotated[str, AfterValidator(_size)]
Count = Annotated[int, Field(ge=1)]
Clock = Annotated[str, _matching(r"\d{1,3}:[0-5]\d:[0-5]\d", "HH:MM:SS")]
Folder = Annotated[str, _matching("/.*", "a path from the root, /...,")]
Address = Annotated[str, _matching(r"(tcp|tls)://.+:\d+", "tcp://host:8786")]
Name = Annotated[
    str, _matching(r"[a-z0-9]([-a-z0-9]{0,48}[a-z0-9])?", "a name of letters, digits and dashes")
]
File = Annotated[Path, AfterValidator(_there)]


class Part(BaseModel):
    """Takes no field that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class WorkerPart(Part):
    """One worker: a process that does one piece of work at a time.

    Attributes:
        cores: it is given; ffmpeg beside it uses what Python does not.
        memory: it is given; on this machine Dask's limit, and none when left out.
        gpus: 1 for a worker that has a GPU of its own.
    """

    cores: Count = 1
    memory: Size | None = None
    gpus: Annotated[int, Field(ge=0, le=1)] = 0


class SchedulerPart(Part):
    """A Dask scheduler that runs already."""

    address: Address


class SlurmPart(Part):
    """A job a worker.

    Attributes:
        walltime: of a job, HH:MM:SS.
        rest_minutes: how long before the end of its time a job begins nothing new; longer than
            the longest shot, ingest or joining.
        interface: network of this machine that jobs reach it by, such as ib0.
        directives: further #SBATCH lines, such as --constraint=a100.
        prologue: shell lines before the worker starts.
        python: that runs the worker, on the machines of the jobs.
    """

    queue: str | None = None
    account: str | None = None
    walltime: Clock = "12:00:00"
    rest_minutes: Count = 60
    interface: str | None = None
    directives: tuple[Annotated[str, _matching("-.+", "an option of sbatch")], ...] = ()
    prologue: tuple[str, ...] = ()
    python: Folder | None = None
    local_folder: Folder = "/tmp"
    log_folder: Folder | None = None

    @property
    def walltime_seconds(self) -> int:
        """Of a job."""
        hours, minutes, seconds = map(int, self.walltime.split(":"))
        return hours * 3600 + minutes * 60 + seconds

    @model_validator(mode="after")
    def _leaves_time_to_work(self) -> "SlurmPart":
        if self.rest_minutes * 120 > self.walltime_seconds:
            raise ValueError(
                f"rest_minutes {self.rest_minutes} is more than half of walltime {self.walltime}; "
                "ask for more walltime, or rest less"
            )
        return self


class Volume(Part):
    """A volume of the cluster and where store and archive lie in it."""

    claim: Name
    path: Folder
    read_only: bool = False


class KubernetesPart(Part):
    """A pod a worker, started by the operator of dask-kubernetes.

    Attributes:
        image: built from Containerfile, by its tag or better its digest.
        user: number that processes run as, and that may write to the store.
        volumes: that hold store and archive, under the same paths as on this machine.
        credentials: the Secret whose entries are the environment of workers, for object storage.
        scratch_size: of each worker's own disk space, which the node has to have.
    """

    image: str
    namespace: Name = "default"
    name: Name = "wetgate"
    user: Count = 1000
    group: Count = 1000
    volumes: Annotated[tuple[Volume, ...], Field(min_length=1)]
    node_selector: dict[str, str] = {}
    image_pull_secret: Name | None = None
    credentials: Name | None = None
    scratch_size: Size | None = None


class TlsPart(Part):
    """Certificates in PEM files: of the authority, and our own with its key."""

    ca: File
    cert: File
    key: File
