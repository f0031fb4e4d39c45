"""A wider restorer begins where a narrower one is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.contract import Frame
from models.motion import Motion
from models.restorer import TASKS, Restorer, RestorerConfig
from models.restorer.neighbours import Seen, seen_of
from models.restorer.training.checkpoint import begin_with
from models.restorer.training.loop import Rules, new_training
from models.restorer.training.wider import widened

Texture = Callable[..., list[Frame]]
WIDE = RestorerConfig(widths=(16, 32, 40), state=24)


@pytest.fixture
def seen(texture: Texture) -> Seen:
    frames = texture(size=(48, 64), count=4, grain=0.02)
    shown = Seen.joined([one.padded() for _, one in seen_of(frames, Motion(), TASKS)])
    return replace(shown, bounds=torch.ones_like(shown.bounds))


def test_it_answers_as_the_narrow_one(lively: Restorer, seen: Seen) -> None:
    wide = Restorer(WIDE)
    widened(lively, wide)
    asked = torch.ones(1, len(TASKS))
    with torch.inference_mode():
        narrow, same = lively(seen, asked, 4), wide.eval()(seen, asked, 4)
    assert narrow.addition.abs().mean() > 1e-3
    torch.testing.assert_close(same.addition, narrow.addition, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(same.logits, narrow.logits, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(same.uncertainty, narrow.uncertainty, atol=1e-3, rtol=1e-3)


def test_every_new_channel_can_learn(lively: Restorer, seen: Seen) -> None:
    wide = Restorer(WIDE)
    widened(lively, wide)
    optimizer = torch.optim.Adam(wide.parameters(), 1e-4)
    for _ in range(2):  # what is not heard yet learns nothing in the first step
        optimizer.zero_grad()
        wide(seen, torch.ones(1, len(TASKS)), 4).output(seen).square().mean().backward()
        optimizer.step()
    for name in ("enter", "to_quarter", "to_eighth", "recurrent.read", "from_eighth"):
        gradient = wide.get_parameter(f"{name}.weight").grad
        assert gradient is not None
        assert (gradient.flatten(1).abs().sum(dim=1) > 0).all(), name


def test_what_has_no_room_is_refused(lively: Restorer) -> None:
    with pytest.raises(ValueError, match="has no room for"):
        widened(lively, Restorer(RestorerConfig(widths=(8, 16, 16), state=8, blocks=2)))


def test_a_training_begins_with_narrower_weights(weights: Path, lively: Restorer) -> None:
    training = new_training(WIDE, Rules(), torch.device("cpu"))
    begin_with(weights, training)
    for restorer in (training.restorer, training.average):
        heard = restorer.state_dict()["enter.weight"][: lively.config.widths[0]]
        assert torch.equal(heard, lively.state_dict()["enter.weight"])
