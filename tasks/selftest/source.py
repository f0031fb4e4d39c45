"""The damaged source of a scene: grain, flicker, dirt, and on a third of the clips a scratch.

    S = scratched(dirty(gain_t (truth + grain)))

Strengths as in the experiment that the metrics come from: grain of 3 % of full range in the
mid-tones or of 1.2 %, brightness that flickers by 1.5 %, about four blotches a frame; one pair of
clips in four flickers by 4 %, as old film does, which is where deflicker has work to do. Two clips
that follow each other, one of each half, are damaged alike, so that neither half is the easier one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch

from catalogs.errors import SourceError
from models.faces.finder import FaceFinder
from tasks.selftest.clips import FOOTAGE, FRAMES, Footage, load
from tasks.selftest.scene import Pictures, Points, Scene, luma

GRAINS = (0.03, 0.012)  # of full range, at mid-grey
FLICKERS = (0.015, 0.04)  # of brightness: usual, and of one pair of clips in `FLICKERING`
FLICKERING = 4
BLOTCHES = 4.0  # a frame
SCRATCHED = 3  # one pair of clips in so many


@dataclass(frozen=True)
class Made:
    """A scene and the ideal restoration that keeps its grain.

    Attributes:
        scene: the scene.
        grainy: truth and the source's own grain, without flicker, dirt and scratch.
    """

    scene: Scene
    grainy: Pictures


def make_scene(number: int, folder: Path, frames: int = FRAMES) -> Made:
    """Make one scene of `FOOTAGE`.

    Raises:
        SourceError: the footage is not there, or has no face where it should.
        MediaError: it cannot be read.
    """
    footage = FOOTAGE[number]
    truth, rate = load(footage, folder, frames)
    chance = np.random.default_rng(1000 + number)
    grainy = truth + grain(truth, GRAINS[number // 2 % 2], chance, footage.mono)
    flicker = FLICKERS[number // 2 % FLICKERING == 2]
    gains = 1 + flicker * chance.standard_normal(len(truth)).astype(np.float32)
    source = grainy * gains[:, None, None, None]
    source, dirt = dirty(source, BLOTCHES, chance)
    if number // 2 % SCRATCHED == 1:
        source = scratched(source, chance)
    marks = landmarks_of(truth) if footage.face else None
    if footage.face and marks is None:
        raise SourceError(f"{footage.file}: has not one face on every frame")
    scene = Scene(footage.name, footage.person, footage.half, rate, footage.mono, truth,
                  _stored(source), dirt, marks, _other(number, folder, frames))  # fmt: skip
    return Made(scene, _stored(grainy))


def _other(number: int, folder: Path, frames: int) -> tuple[Pictures, Points] | None:
    """The next clip with another person's face."""
    if not FOOTAGE[number].face:
        return None
    for offset in range(1, len(FOOTAGE)):
        other: Footage = FOOTAGE[(number + offset) % len(FOOTAGE)]
        if other.face and other.person != FOOTAGE[number].person and other.lines < 400:
            pictures, _ = load(other, folder, frames)
            marks = landmarks_of(pictures)
            if marks is not None:
                return pictures, marks
    return None


def landmarks_of(pictures: Pictures) -> Points | None:
    """Landmarks of the largest face, `[T, 478, 2]`; None unless it is on every frame."""
    finder = FaceFinder(expressions=False)
    seen: dict[int, list[Points]] = {}
    for picture in luma(pictures):
        for face in finder.take(torch.from_numpy(picture)):
            seen.setdefault(face.track, []).append(face.landmarks[:, :2].numpy())
    whole = [marks for marks in seen.values() if len(marks) == len(pictures)]
    if not whole:
        return None
    return np.stack(max(whole, key=lambda marks: float(np.ptp(marks[0][:, 0]))))  # type: ignore[index]


def grain(truth: Pictures, strength: float, chance: np.random.Generator, mono: bool) -> Pictures:
    """Grain alone, of the truth's shape: strongest in the mid-tones, correlated a little."""
    done = np.empty_like(truth)
    for n, picture in enumerate(truth):
        shared = chance.standard_normal((*picture.shape[:2], 1))
        own = chance.standard_normal(picture.shape)
        noise = shared + np.zeros(3) if mono else 0.85 * shared + 0.53 * own
        noise = cv2.GaussianBlur(noise.astype(np.float32), (0, 0), 0.7)
        noise /= max(float(noise[..., 1].std()), 1e-6)
        tone = luma(picture).clip(0, 1)[..., None]
        done[n] = noise * strength * 2 * np.sqrt(tone * (1 - tone))
    return done


def dirty(
    pictures: Pictures, density: float, chance: np.random.Generator
) -> tuple[Pictures, npt.NDArray[np.bool_]]:
    """Blotches on single frames, black or white, and where they are."""
    count, height, width, _ = pictures.shape
    done, where = pictures.copy(), np.zeros(pictures.shape[:3], np.bool_)
    for n in range(count):
        for _ in range(chance.poisson(density)):
            cover = _blotch(height, width, chance)
            colour = np.float32(chance.uniform(0.8, 0.98) if chance.random() < 0.5
                                else chance.uniform(0.02, 0.16))  # fmt: skip
            done[n] += cover[..., None] * (colour - done[n])
            where[n] |= cover > 0.1
    return done, where


def _blotch(height: int, width: int, chance: np.random.Generator) -> npt.NDArray[np.float32]:
    """Opacity of one irregular blotch."""
    radius = float(np.clip(chance.lognormal(0.6, 0.5), 1.0, 6.0)) * height / 288
    angles = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    radii = radius * (1 + 0.35 * chance.standard_normal(14)).clip(0.4, 1.8)
    centre = chance.uniform((0, 0), (width, height))
    points = centre + np.stack((np.cos(angles), np.sin(angles)), 1) * radii[:, None]
    cover = np.zeros((height, width), np.float32)
    cv2.fillPoly(cover, [np.round(points * 16).astype(np.int32)], 1.0, cv2.LINE_AA, shift=4)
    opacity = chance.uniform(0.6, 1.0)
    return np.asarray(cv2.GaussianBlur(cover, (0, 0), 0.5) * opacity, np.float32)


def scratched(pictures: Pictures, chance: np.random.Generator) -> Pictures:
    """A faint scratch that drifts slowly."""
    width = pictures.shape[2]
    place = float(chance.uniform(0.2, 0.8) * width)
    across = np.arange(width)
    done = pictures.copy()
    for n in range(len(done)):
        place += float(chance.normal(0, 0.05))
        cover = np.clip(1.1 - np.abs(across - place), 0, 1).astype(np.float32)
        done[n] += 0.09 * cover[None, :, None]
    return done


def _stored(pictures: Pictures) -> Pictures:
    """Rounded to ten bits, as it is then handed over."""
    return np.asarray(np.round(pictures.clip(0, 1) * 1023) / 1023, np.float32)
