"""Training on film without damage: what is drawn, and what a false alarm costs."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from models.contract import Frame
from models.restorer import TASKS, Answer, bounds
from models.restorer.training import draws
from models.restorer.training.chances import drawn
from models.restorer.training.crops import Cut
from models.restorer.training.draws import draw
from models.restorer.training.losses import UNIT, alarm_loss, masks_loss

CUT = Cut(32, frames=4, crops=2, across=48)


@pytest.fixture
def run(texture: Callable[..., list[Frame]]) -> list[Frame]:
    return texture("yuv420p", count=5, size=(48, 64), grain=0)


def test_where_nothing_is_damaged_every_task_is_asked_alone_and_with_others() -> None:
    found = [drawn(random.Random(f"draw {seed}"), seed) for seed in range(1500)]
    asked = {tuple(wanted.tolist()) for kinds, wanted in found if not kinds}
    alone = {tuple(row) for row in torch.eye(len(TASKS)).tolist()}
    assert alone | {(1.0,) * 5, (0.0, 1.0, 1.0, 1.0, 0.0)} <= asked
    grain_stays = [
        wanted
        for kinds, wanted in found
        if [kind.name for kind in kinds] == ["grain"] and not wanted[0] and wanted.sum() == 1
    ]
    assert {TASKS[int(wanted.argmax())] for wanted in grain_stays} == {"dirt", "scratch", "inpaint"}


def answered(gate: Tensor, added: float) -> Answer:
    """An answer with a gate `[N, 1, H, W]` that adds so much everywhere."""
    wide = gate.expand(-1, 3, -1, -1)
    return Answer(torch.full_like(wide, added), gate, torch.zeros_like(wide), torch.ones_like(gate))


def test_a_false_alarm_costs_by_what_it_opens_and_what_it_adds(run: list[Frame]) -> None:
    crops = draw(run, 5, CUT)
    shape = crops.truth[:, :1].shape
    masks = torch.zeros_like(crops.masks)
    masks[:, 0, :8] = 1
    seen = replace(crops.seen, clues=torch.zeros_like(crops.seen.clues))
    crops = replace(crops, masks=masks, seen=seen)
    true, false = torch.zeros(shape), torch.zeros(shape)
    true[:, :, :8] = 1
    false[:, :, 16:24] = 1
    assert float(alarm_loss(answered(true, 0.5), crops)) == 0
    assert float(alarm_loss(answered(false, 0.0), crops)) == pytest.approx(0.25)
    assert float(alarm_loss(answered(false, 2 * UNIT), crops)) == pytest.approx(0.75)
    seen.clues[:, 0, 16:] = 1  # the engine's own alarm is the engine's
    assert float(alarm_loss(answered(false, 0.5), crops)) == 0


def test_damage_out_of_bounds_is_not_asked_of_a_mask() -> None:
    logits, masks = torch.full((1, 3, 8, 8), -9.0), torch.zeros(1, 3, 8, 8)
    masks[..., :2, :] = 1
    asked = masks_loss(logits, masks, torch.ones_like(masks))
    spared = masks_loss(logits, masks, torch.zeros_like(masks))
    assert float(asked) > 1
    assert float(spared) < 0.01


def test_half_of_the_crops_of_sound_film_lie_where_masks_may_open(
    run: list[Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draws, "drawn", lambda chance, seed: ([], torch.ones(len(TASKS))))
    monkeypatch.setattr(bounds, "AROUND", 0.0)
    speck = run[2].planes[0].clone()
    speck[8:10, 40:42] = 255
    specked = [*run[:2], Frame((speck, *run[2].planes[1:]), run[2].format), *run[3:]]
    crops = draw(specked, 4, Cut(16, frames=4, crops=8, across=64))
    inside = crops.seen.bounds.amax(dim=(1, 2, 3)).reshape(4, 8).amax(dim=0)
    assert inside[1::2].all()
