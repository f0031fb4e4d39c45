"""A draw: a run of frames, damaged by chance, as the network will see it, cut into crops.

What damages it and what is asked of the network is drawn in `chances.py`. The truth is the run with
the kinds of damage that were not asked: the restorer is to leave them alone. Weave stays, in the
truth as well.

A part of the picture, as high as it is, is damaged, searched for motion and repaired by the engine
whole, as in use; only then it is cut. Where flicker is to go, the truth is made as bright as the
engine's answer, frame by frame: how bright a frame was, nobody can know.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch
from torch import Tensor

from models.contract import Frame
from models.degrade import damaged
from models.motion import Motion
from models.restorer.config import MASKED, TASKS
from models.restorer.neighbours import seen_of
from models.restorer.picture import channels_of
from models.restorer.seen import Seen
from models.restorer.training.chances import KINDS, drawn, task_of
from models.restorer.training.clips import window_of
from models.restorer.training.crops import Crops, Cut


def draw(run: Sequence[Frame], seed: int, cut: Cut) -> Crops:
    """Damage a run of frames and cut crops from it.

    Args:
        run: frames of one shot on one device, at least as many as a crop has.
        seed: of everything that is chance.
        cut: what is cut from it.
    """
    chance = random.Random(f"draw {seed}")
    kinds, asked = drawn(chance, seed)
    tasks = {task for task, share in zip(TASKS, asked.tolist(), strict=True) if share}
    part = window_of(run, chance.random(), cut.across)
    spoilt = list(damaged(part, kinds))
    kept = [kind for kind in kinds if task_of(kind) not in tasks]
    truth = torch.stack([channels_of(frame) for frame, _ in damaged(part, kept)])
    masks = torch.stack([_masks(found, truth[:1, 0]) for _, found in spoilt])
    shown = seen_of((frame for frame, _ in spoilt), Motion(), tasks)
    whole = Seen.joined([seen for _, seen in shown]).padded()
    if "flicker" in tasks:
        height, width = truth.shape[-2:]
        truth = as_bright(truth, whole.engine[..., :height, :width], masks)
    parts = []
    hurt = masks if masks.any() else _suspect(whole, masks)
    for first, top, left in _places(chance, hurt, cut):
        frames = slice(first, first + cut.frames)
        rows, columns = slice(top, top + cut.size), slice(left, left + cut.size)
        parts.append(
            Crops(
                whole.chosen(frames).cropped(top, left, cut.size, cut.size),
                truth[frames, :, rows, columns].contiguous(),
                masks[frames, :, rows, columns].contiguous(),
                asked[None].to(truth.device),
            )
        )
    return Crops.side_by_side(parts)


def as_bright(truth: Tensor, engine: Tensor, masks: Tensor) -> Tensor:
    """The truth with the contrast and brightness of the engine's luma, `[T, 3, H, W]`."""
    sound = (1 - masks.amax(dim=1)).flatten(1)
    total = sound.sum(dim=1).clamp(min=1)
    true, found = truth[:, 0].flatten(1), engine[:, 0].flatten(1)

    def mean(values: Tensor) -> Tensor:
        return ((values * sound).sum(dim=1) / total)[:, None]

    from_mean, to_mean = true - mean(true), found - mean(found)
    gain = mean(from_mean * to_mean) / mean(from_mean.square()).clamp(min=1e-6)
    gain = torch.where(mean(from_mean.square()) > 1e-4, gain.clamp(0.8, 1.25), 1.0)
    luma = gain * from_mean + mean(found)
    luma = torch.where(sound.mean(dim=1, keepdim=True) > 0.5, luma, true)  # destroyed whole
    return torch.cat((luma.reshape(truth[:, :1].shape), truth[:, 1:]), dim=1)


def _suspect(whole: Seen, masks: Tensor) -> Tensor:
    """Where masks may open on a picture without damage, like its masks."""
    height, width = masks.shape[-2:]
    return whole.bounds[..., :height, :width]


def _places(chance: random.Random, masks: Tensor, cut: Cut) -> list[tuple[int, int, int]]:
    """First frames and corners of crops; every second one lies on damage, or what may be some."""
    count, _, height, width = masks.shape
    places = []
    for number in range(cut.crops):
        first = chance.randrange(count - cut.frames + 1)
        y, x = chance.randrange(height), chance.randrange(width)
        hurt = masks[first : first + cut.frames].amax(dim=(0, 1)) if number % 2 else masks[0, 0]
        found = hurt.nonzero() if number % 2 else hurt[:0].nonzero()
        if len(found):
            y, x = found[chance.randrange(len(found))].tolist()
        top = min(max(y - cut.size // 2, 0), height - cut.size) // 8 * 8
        left = min(max(x - cut.size // 2, 0), width - cut.size) // 8 * 8
        places.append((first, top, left))
    return places


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
