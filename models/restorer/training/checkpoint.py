"""A training run on disk, so that it can go on: nothing of it is code.

    step-000500/
        trained.safetensors     the weights as they are trained
        average.safetensors     their running average, which is what is used
        optimizer.pt            the optimizer's state and the step, read with `weights_only=True`
    restorer.safetensors        the newest average, as `models.restorer.weights` reads it

A folder gets its name last, when all is in it; older ones are then removed.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from models.restorer.network import Restorer
from models.restorer.training.wider import widened
from models.restorer.weights import load_restorer, save_restorer

RESULT = "restorer.safetensors"


@dataclass
class Training:
    """What changes while a restorer is trained.

    Attributes:
        step: steps done.
        restorer: as it is trained.
        average: the running average of its weights.
        optimizer: of the restorer.
    """

    step: int
    restorer: Restorer
    average: Restorer
    optimizer: torch.optim.Optimizer


def save_training(training: Training, folder: Path, notes: Mapping[str, str]) -> Path:
    """Write a checkpoint and the result so far; returns the checkpoint's folder."""
    place = folder / f"step-{training.step:06}"
    written = folder / f".{place.name}.part"
    shutil.rmtree(written, ignore_errors=True)
    written.mkdir(parents=True)
    save_restorer(training.restorer, written / "trained.safetensors", notes)
    save_restorer(training.average, written / "average.safetensors", notes)
    state = {"step": training.step, "optimizer": training.optimizer.state_dict()}
    torch.save(state, written / "optimizer.pt")
    shutil.rmtree(place, ignore_errors=True)
    written.rename(place)
    save_restorer(training.average, folder / RESULT, {**notes, "steps": str(training.step)})
    for old in checkpoints(folder)[:-1]:
        shutil.rmtree(old)
    return place


def checkpoints(folder: Path) -> list[Path]:
    """Folders of the checkpoints there are, the newest last."""
    return sorted(folder.glob("step-*"))


def begin_with(path: Path, training: Training) -> None:
    """Give a training that has not begun the weights of a file, which may be narrower.

    Raises:
        VerificationError: the file holds no restorer.
        ValueError: it is wider somewhere, or of another number of blocks.
    """
    try:
        widened(load_restorer(path), training.restorer)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    training.average.load_state_dict(training.restorer.state_dict())


def load_training(place: Path, training: Training) -> None:
    """Bring a training to the state of a checkpoint, in place.

    Raises:
        VerificationError: a file of weights is damaged.
        ValueError: the checkpoint is of a restorer of other sizes.
    """
    trained = load_restorer(place / "trained.safetensors")
    if trained.config != training.restorer.config:
        raise ValueError(f"{place} holds {trained.config}, not {training.restorer.config}")
    training.restorer.load_state_dict(trained.state_dict())
    average = load_restorer(place / "average.safetensors")
    training.average.load_state_dict(average.state_dict())
    state: dict[str, Any] = torch.load(
        place / "optimizer.pt", map_location="cpu", weights_only=True
    )
    training.optimizer.load_state_dict(state["optimizer"])
    training.step = int(state["step"])
