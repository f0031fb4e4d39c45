"""What a draw is damaged by, and what is asked of the network: both are chance.

Most draws are old films, with every kind of damage of `models.degrade.aged` but fading and the
softness of scans; a quarter have no damage, and of these some grain that is to stay; the rest have
one kind.
"""

from __future__ import annotations

import random
from dataclasses import replace

import torch
from torch import Tensor

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
    aged,
)
from models.restorer.config import MASKED, TASKS
from models.restorer.training.noise import WhiteNoise

KINDS = {
    "denoise": ("grain", "white_noise"),
    "dirt": ("dirt", "gate_hair"),
    "scratch": ("scratches",),
    "inpaint": ("missing",),
    "flicker": ("flicker", "local_flicker"),
}
LEFT_OUT = ("fade", "scan_blur", "compression")
OLD_SHARE, NOISE_SHARE, CLEAN_SHARE = 0.45, 0.12, 0.25  # of the draws; the rest have one kind
GRAINY = 0.35  # of those without damage have grain, and are asked for all but that
ALL_OF_OLD, ALL_OF_REST, ALL_OF_CLEAN = 0.85, 0.5, 0.4  # of the draws ask for everything
TEMPTED = ("denoise", "denoise")  # asked alone of undamaged film more often than the other tasks


def drawn(chance: random.Random, seed: int) -> tuple[list[Damage], Tensor]:
    """Kinds of damage in the order in which they happen, and what is asked, float32 `[5]`."""
    share = chance.random()
    if share < OLD_SHARE:
        severity = 1.0 if chance.random() < 0.5 else chance.uniform(0.4, 1.8)
        old = [kind for kind in aged(seed, severity) if kind.name not in LEFT_OUT]
        return [_varied(kind, chance) for kind in old], asked_of(chance, ALL_OF_OLD, None)
    if share < OLD_SHARE + CLEAN_SHARE:
        return _without_damage(chance, seed)
    if share < OLD_SHARE + CLEAN_SHARE + NOISE_SHARE:
        kind: Damage = WhiteNoise(deviation=chance.uniform(5, 55) / 255, seed=seed)
    else:
        kind = _one(chance, seed)
    return [kind], asked_of(chance, ALL_OF_REST, task_of(kind))


def _without_damage(chance: random.Random, seed: int) -> tuple[list[Damage], Tensor]:
    """Nothing, or grain that is to stay; one task is asked, all, or all of those with masks."""
    grainy = chance.random() < GRAINY
    kinds: list[Damage] = [_grain(chance, seed, chance.uniform(0.3, 1.3))] if grainy else []
    tasks = MASKED if grainy or chance.random() < 0.5 else TASKS
    alone = tasks if tasks == MASKED else (*TASKS, *TEMPTED)
    asked = tasks if chance.random() < ALL_OF_CLEAN else (chance.choice(alone),)
    return kinds, torch.tensor([float(task in asked) for task in TASKS])


def asked_of(chance: random.Random, everything: float, task: str | None) -> Tensor:
    """What is asked, each 0 or 1: everything, else one task, else some."""
    if chance.random() < everything:
        return torch.ones(len(TASKS))
    if task is not None:
        return torch.tensor([float(name == task) for name in TASKS])
    asked = torch.tensor([float(chance.random() < 0.5) for _ in TASKS])
    asked[chance.randrange(len(TASKS))] = 1
    return asked


def task_of(kind: Damage) -> str | None:
    """The task that a kind of damage is of; None for weave, which no task undoes."""
    return next((task for task, names in KINDS.items() if kind.name in names), None)


def _varied(kind: Damage, chance: random.Random) -> Damage:
    """Some kinds with sizes of their own; draws are short, so what is rare happens more often."""
    if isinstance(kind, Grain):
        return replace(kind, size=chance.uniform(0.8, 1.3))
    if isinstance(kind, Dirt):
        return replace(kind, density=1.5 * kind.density, opacity=chance.uniform(0.5, 0.9))
    if isinstance(kind, GateHair):
        return replace(kind, rate=1.5 * kind.rate)
    if isinstance(kind, Scratches):
        return replace(kind, rate=1.5 * kind.rate)
    return kind


def _grain(chance: random.Random, seed: int, strength: float) -> Grain:
    return Grain(strength=0.03 * strength, size=chance.uniform(0.8, 1.6), seed=seed)


def _one(chance: random.Random, seed: int) -> Damage:
    strength = chance.uniform(0.3, 1.8)
    makers = (
        lambda: _grain(chance, seed, strength),
        lambda: Dirt(density=25 * strength, opacity=chance.uniform(0.3, 0.9), seed=seed),
        lambda: GateHair(rate=0.05 * strength, seed=seed),
        lambda: Scratches(rate=0.08 * strength, opacity=chance.uniform(0.3, 0.8), seed=seed),
        lambda: Missing(rate=0.03 * strength, splice_rate=0.05 * strength, seed=seed),
        lambda: Flicker(gain=0.04 * strength, offset=0.01 * strength, seed=seed),
        lambda: LocalFlicker(gain=0.03 * strength, seed=seed),
        lambda: Weave(seed=seed),
    )
    return chance.choice(makers)()
