"""The weights that come with Wetgate: what the card says they are, not worse than the engine."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest

import models.restorer
from models.contract import Frame, apply_step
from models.degrade import Dirt, Grain, damaged
from models.motion import Motion
from models.networks.architectures import build_learned
from models.networks.checkpoint import read_checkpoint
from models.networks.learned import Learned, ModelSettings, ModelStep
from models.restorer.engine import steps_for
from models.restorer.training.clips import training_clips
from models.restorer.weights import sha256_of
from tasks.registry.register import Statement, offer

WEIGHTS = Path(models.restorer.__file__).parent / "weights" / "restorer.safetensors"
CARD = WEIGHTS.with_name("card.md")
MOST_BYTES = 20_000_000


@pytest.fixture(scope="module")
def shipped() -> Learned:
    return build_learned("restorer", read_checkpoint(WEIGHTS.read_bytes(), WEIGHTS.suffix))


def test_the_card_is_of_these_weights() -> None:
    card = CARD.read_text(encoding="utf-8")
    assert f"`{sha256_of(WEIGHTS)}`" in card
    assert WEIGHTS.stat().st_size < MOST_BYTES
    for clip in training_clips():
        assert f"| {clip.path} |" in card
    for heading in ("## Trained on", "## Figures", "## Limits"):
        assert heading in card


def test_the_registry_takes_them() -> None:
    version = offer("restorer", WEIGHTS, Statement("MIT", "see the card", True, "A.")).version
    assert version.architecture == "restorer"
    assert version.invents
    assert "denoise" in version.does


def error_of(frames: list[Frame], truth: list[Frame]) -> float:
    """Mean square error of luma."""
    pairs = zip(frames, truth, strict=True)
    return sum(float((a.luma() - b.luma()).square().mean()) for a, b in pairs) / len(truth)


@pytest.mark.parametrize("tasks", [("denoise",), ("denoise", "dirt")])
def test_they_are_not_worse_than_the_engine(
    shipped: Learned, texture: Callable[..., list[Frame]], tasks: tuple[str, ...]
) -> None:
    truth = texture("yuv420p", count=9, size=(96, 128), grain=0, softness=2.0)
    kinds = {
        "denoise": Grain(strength=0.05, seed=2),
        "dirt": Dirt(density=60, seed=2),
    }
    spoilt = [frame for frame, _ in damaged(truth, [kinds[task] for task in tasks])]
    engine, motion = spoilt, Motion()
    for one in steps_for(tasks):
        engine = [after for _, after, _ in apply_step(one, engine, motion)]
    step = ModelStep(ModelSettings("restorer", tasks=", ".join(tasks)), shipped)
    found = [after for _, after, _ in apply_step(step, spoilt)]
    errors = [error_of(frames, truth) for frames in (spoilt, engine, found)]
    decibels = [-10 * math.log10(error) for error in errors]
    assert decibels[1] > decibels[0] + 3
    assert decibels[2] > decibels[1]


def test_they_leave_clean_film_much_as_the_engine_does(
    shipped: Learned, texture: Callable[..., list[Frame]]
) -> None:
    clean = texture("yuv420p", count=6, size=(96, 128), grain=0)
    step = ModelStep(ModelSettings("restorer", tasks="dirt, scratch, inpaint"), shipped)
    changes = [change for _, _, change in apply_step(step, clean)]
    assert sum(change.parameters["changed_share"] for change in changes) / 6 < 0.02
