"""A draw: a run of frames, damaged by chance, as the network will see it, cut into crops.

The run is woven first; grain or white noise, dirt, hairs, scratches, destroyed picture and flicker
follow in the order of `models.degrade.aged`, each present or not and each of its own strength. What
is asked of the network is drawn, too, and the truth is the run with the kinds of damage that were
not asked: the restorer is to leave them alone.

The picture is damaged and searched for motion whole, as in use; only then it is cut.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch
from torch import Tensor

from models.contract import Frame
from models.degrade import (
    Damage,
    Dirt,
    Flicker,
    GateHair,
    Grain,
    LocalFlicker,
    Missing,
    Scratches,
    Weave,
    damaged,
)
from models.degrade.aged import APART
from models.motion import Motion
from models.restorer.config import MASKED, TASKS
from models.restorer.neighbours import seen_of
from models.restorer.picture import channels_of
from models.restorer.seen import Seen
from models.restorer.training.crops import Crops
from models.restorer.training.noise import WhiteNoise

KINDS = {
    "denoise": ("grain", "white_noise"),
    "dirt": ("dirt", "gate_hair"),
    "scratch": ("scratches",),
    "inpaint": ("missing",),
    "flicker": ("flicker", "local_flicker"),
}
CLEAN_SHARE = 0.05  # of the draws have no damage at all: they are to be left alone
ABSENT = 0.25  # chance of each kind to be absent
WHITE_SHARE = 0.3  # of the draws have white noise instead of grain
ALL_SHARE, ONE_SHARE = 0.5, 0.2  # of the draws ask for everything, for one task; else for some


def draw(run: Sequence[Frame], seed: int, size: int, count: int, aligned: bool = True) -> Crops:
    """Damage a run of frames and cut crops from it.

    Args:
        run: frames of one shot on one device.
        seed: of everything that is chance.
        size: side of a crop in samples, a multiple of 8, at most the picture's.
        count: of crops.
        aligned: see `RestorerConfig`.
    """
    chance = random.Random(f"draw {seed}")
    kinds, asked = kinds_of(chance, seed), asked_of(chance)
    weave = Weave(sway=chance.uniform(0, 1.5), bounce=chance.uniform(0, 1), seed=seed)
    steady = [frame for frame, _ in damaged(run, (weave,))] if chance.random() < 0.5 else list(run)
    spoilt = list(damaged(steady, kinds))
    kept = [kind for kind in kinds if not _is_asked(kind, asked)]
    truth = torch.stack([channels_of(frame) for frame, _ in damaged(steady, kept)])
    masks = torch.stack([_masks(found, truth[:1, 0]) for _, found in spoilt])
    motion = Motion()
    seen = [one for _, one in seen_of((frame for frame, _ in spoilt), motion, aligned)]
    whole = Seen.joined(seen)
    parts = []
    for top, left in places_of(chance, masks, size, count):
        rows, columns = slice(top, top + size), slice(left, left + size)
        parts.append(
            Crops(
                whole.cropped(top, left, size, size),
                truth[..., rows, columns].contiguous(),
                masks[..., rows, columns].contiguous(),
                asked[None].to(truth.device),
            )
        )
    return Crops.side_by_side(parts)


def kinds_of(chance: random.Random, seed: int) -> list[Damage]:
    """Kinds of damage, in the order in which they happen, each of a strength of its own."""
    if chance.random() < CLEAN_SHARE:
        return []
    strength = [chance.uniform(0.2, 1.8) for _ in range(7)]
    noise: Damage = Grain(strength=0.03 * strength[0], size=chance.uniform(0.8, 1.6), seed=seed)
    if chance.random() < WHITE_SHARE:
        noise = WhiteNoise(deviation=chance.uniform(2, 55) / 255, seed=seed)
    kinds = [
        noise,
        Dirt(
            density=25 * strength[1],
            median_size=chance.uniform(3, 10),
            largest=chance.uniform(20, 80),
            opacity=chance.uniform(0.3, 0.9),
            seed=seed,
        ),
        GateHair(rate=0.05 * strength[2], seed=seed),
        Scratches(
            rate=0.08 * strength[3],
            widest=chance.uniform(3, 8),
            opacity=chance.uniform(0.3, 0.8),
            seed=seed,
        ),
        Missing(rate=0.02 * strength[4], splice_rate=0.03 * strength[4], seed=seed),
        Flicker(gain=0.04 * strength[5], offset=0.01 * strength[5], seed=seed + APART),
        LocalFlicker(gain=0.03 * strength[6], seed=seed),
    ]
    return [kind for kind in kinds if chance.random() >= ABSENT]


def asked_of(chance: random.Random) -> Tensor:
    """What is asked, float32 `[5]`, each 0 or 1, one at least."""
    kind = chance.random()
    if kind < ALL_SHARE:
        return torch.ones(len(TASKS))
    asked = torch.zeros(len(TASKS))
    if kind >= ALL_SHARE + ONE_SHARE:
        asked = torch.tensor([float(chance.random() < 0.5) for _ in TASKS])
    asked[chance.randrange(len(TASKS))] = 1
    return asked


def places_of(chance: random.Random, masks: Tensor, size: int, count: int) -> list[tuple[int, int]]:
    """Corners (top, left) of crops, multiples of 8: every second one lies on damage."""
    height, width = masks.shape[-2:]
    hurt = masks.amax(dim=(0, 1)).nonzero().tolist()
    places = []
    for number in range(count):
        y, x = chance.randrange(height), chance.randrange(width)
        if number % 2 and hurt:
            y, x = hurt[chance.randrange(len(hurt))]
        top = min(max(y - size // 2, 0), height - size) // 8 * 8
        left = min(max(x - size // 2, 0), width - size) // 8 * 8
        places.append((top, left))
    return places


def _is_asked(kind: Damage, asked: Tensor) -> bool:
    (task,) = [task for task, names in KINDS.items() if kind.name in names]
    return bool(asked[TASKS.index(task)])


def _masks(found: dict[str, Tensor], like: Tensor) -> Tensor:
    """Masks by task, float32 `[3, H, W]`."""
    parts = []
    for task in MASKED:
        mask = torch.zeros_like(like[0])
        for name in KINDS[task]:
            if name in found:
                mask = torch.maximum(mask, found[name].to(mask.dtype))
        parts.append(mask)
    return torch.stack(parts)
