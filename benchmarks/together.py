"""Everything that happens to an old film at once: our recipes beside what can be had elsewhere.

    python benchmarks/together.py [--data ../shared/data] [--clips N] [--frames N] [--only NAME]
                                  [--without NAME,...] [--scan] [--slow]

Clean modern clips of 360..480 lines are the truth. `models.degrade.aged` adds grain, dirt in
shapes of real dirt, hairs, scratches, destroyed frames and splices, flicker all over and in
places, and weave; with --scan also the softness of the scan and the compression of an access
copy, which nothing here undoes. Fading is left out. 12 samples at each border are not scored, for
weave brings in what nobody knows.

    PSNR        of luma, dB, mean over frames
    SSIM        of luma, mean over frames
    al. PSNR    the same against the truth moved, and its contrast and brightness changed, to fit
    al. SSIM    each frame: an error of the eye's kind. A restorer cannot know where a film that
                weaves would have stood still, nor how bright it was; PSNR punishes that most.
    warp        temporal warping error beside the truth's own, dB; flow is found on the truth, the
                same for all. 0 is as steady as the truth, less is smoother than it
    fps         frames per second of one core, flow included, decoding not

`access, no grain` is the recipe `access` but for `keep_grain = 0`: the peers keep none, and grain
is error here. The truth is moved by cubic interpolation, not the result, so that none is smoothed.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from benchmarks.clips import (
    CLIPS,
    chosen,
    common_options,
    nothing,
    on_one_core,
    read_clip,
    real_textures,
    recipe_steps,
    run_steps,
)
from benchmarks.peers import Peer, available_peers
from benchmarks.peers.raw import Frames
from benchmarks.scores import Table, luma, psnr, ssim, timed
from models.contract import Step
from models.degrade import Damage, Dirt, aged, damaged
from models.grain.denoise import Denoise

OURS = ("conservative", "stabilised", "access", "access, no grain")
PEERS = (
    "ffmpeg chain removegrain",
    "ffmpeg chain tmedian",
    "vapoursynth all",
    "vapoursynth all, vidstab",
    "vapoursynth degrain strong",
    "vapoursynth spotless 2",
)
SLOW = ("ffdnet 20", "temporalfix 3")
SCAN = ("scan_blur", "compression")
COLUMNS = ("PSNR", "SSIM", "al. PSNR", "al. SSIM", "warp", "fps")
BORDER = 12
FARTHEST = 24.0  # samples; a fit farther away is a mistake


@dataclass(frozen=True)
class Flow:
    """From one frame of the truth to the next: where each sample comes from, and is it seen."""

    places: np.ndarray
    is_seen: np.ndarray


def flows(truth: Frames) -> list[Flow]:
    """Flow between successive frames, checked both ways."""
    finder = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    found = []
    for a, b in itertools.pairwise(truth):
        first, second = a.planes[0].numpy(), b.planes[0].numpy()
        there, back = finder.calc(first, second, None), finder.calc(second, first, None)
        height, width = first.shape
        grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float32)
        places = grid + there
        returned = there + _warped(back, places)
        limit = 0.01 * ((there**2).sum(-1) + (back**2).sum(-1)) + 0.5
        inside = (places > 0).all(-1) & (places < (width - 1, height - 1)).all(-1)
        found.append(Flow(places, _inner(((returned**2).sum(-1) < limit) & inside)))
    return found


def _warped(picture: np.ndarray, places: np.ndarray) -> np.ndarray:
    return cv2.remap(picture, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _inner(picture: np.ndarray) -> np.ndarray:
    return picture[BORDER:-BORDER, BORDER:-BORDER]


def warping_error(frames: Frames, found: list[Flow]) -> float:
    """Mean squared difference of each frame and the next one fetched to it, where both show it.

    W.-S. Lai et al., "Learning blind video temporal consistency", ECCV 2018.
    """
    squares = count = 0.0
    for a, b, flow in zip(frames, frames[1:], found, strict=False):
        error = _inner(luma(a) - _warped(luma(b), flow.places)) ** 2
        squares, count = squares + error[flow.is_seen].sum(), count + flow.is_seen.sum()
    return float(squares / max(count, 1))


def fitted(truth: np.ndarray, result: np.ndarray) -> np.ndarray:
    """The truth moved as a whole, and its contrast and brightness changed, to fit the result."""
    window = cv2.createHanningWindow(truth.shape[::-1], cv2.CV_32F)
    # copies: phaseCorrelate overwrites what it is given
    shift, _ = cv2.phaseCorrelate(truth.copy(), result.copy(), window)
    starts = [np.zeros(2)]
    if 1 < np.abs(shift).max() <= FARTHEST:  # else least squares finds there from where it stands
        starts.append(np.array(shift))
    fits = [_refined(truth, result, start) for start in starts]
    return min(fits, key=lambda fit: fit[1])[0]


def _refined(truth: np.ndarray, result: np.ndarray, shift: np.ndarray) -> tuple[np.ndarray, float]:
    """Least squares for shift, contrast and brightness; the fitted truth and what is left."""
    best, least = truth, float("inf")
    for _ in range(4):
        motion = np.array([[1, 0, shift[0]], [0, 1, shift[1]]])
        size = truth.shape[::-1]
        moved = cv2.warpAffine(
            truth, motion, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
        )
        slopes = [cv2.Sobel(moved, cv2.CV_32F, *d, ksize=3, scale=1 / 8) for d in ((1, 0), (0, 1))]
        # every second sample of every second line tells enough
        parts = [_inner(p)[::2, ::2].ravel() for p in (moved, *slopes, result)]
        known = np.stack([parts[0], np.ones_like(parts[0]), parts[1], parts[2]]).astype(np.float64)
        target = parts[3].astype(np.float64)
        gain, offset = np.linalg.solve(known[:2] @ known[:2].T, known[:2] @ target)
        picture = (gain * moved + offset).astype(np.float32)
        error = float(np.mean(_inner(picture - result) ** 2))
        if error < least:
            best, least = picture, error
        gain, _, *slope = np.linalg.solve(known @ known.T + np.eye(4), known @ target)
        shift = shift - np.clip(np.array(slope) / max(gain, 0.1), -1, 1)
    return best, least


def score(truth: Frames, result: Frames, found: list[Flow]) -> dict[str, float]:
    """One row but for its speed."""
    frames = []
    for true, after in zip(map(luma, truth), map(luma, result), strict=True):
        near = fitted(true, after)
        inner = _inner(true), _inner(after), _inner(near)
        frames.append(
            (
                psnr(float(np.mean((inner[1] - inner[0]) ** 2))),
                ssim(inner[1], inner[0]),
                psnr(float(np.mean((inner[1] - inner[2]) ** 2))),
                ssim(inner[1], inner[2]),
            )
        )
    unsteady = warping_error(result, found) / max(warping_error(truth, found), 1e-3)
    row = dict(zip(COLUMNS, map(float, np.mean(frames, axis=0)), strict=False))
    return {**row, "warp": float(10 * np.log10(max(unsteady, 1e-3)))}


def damages(seed: int, data: Path, without: str, scan: bool) -> tuple[Damage, ...]:
    """Every kind of damage but those left out; dirt has real shapes."""
    left_out = {"fade", *without.split(","), *(() if scan else SCAN)}
    kinds = (kind for kind in aged(seed) if kind.name not in left_out)
    return tuple(
        Dirt(density=kind.density, seed=kind.seed, textures=real_textures(data))
        if isinstance(kind, Dirt)
        else kind
        for kind in kinds
    )


def chosen_means(only: str, slow: bool) -> dict[str, Peer]:
    peers, wanted = available_peers(), PEERS + (SLOW if slow else ())
    means: dict[str, Peer] = {"nothing": nothing}
    means |= {name: run_steps(recipe_steps(name)) for name in OURS[:-1]}
    means[OURS[-1]] = run_steps([_without_grain(step) for step in recipe_steps("access")])
    means |= {name: peers[name] for name in wanted if name in peers}
    return chosen(means, only)


def _without_grain(step: Step) -> Step:
    """The step, with no grain kept where it denoises: peers keep none."""
    return replace(step, keep_grain=0.0) if isinstance(step, Denoise) else step


def main() -> None:
    parser = common_options(__doc__, clips=12, frames=24)
    parser.add_argument("--without", default="", help="kinds of damage to leave out, by comma")
    parser.add_argument("--scan", action="store_true", help="softness and compression as well")
    parser.add_argument("--slow", action="store_true", help="the networks as well, 0.5 fps")
    options = parser.parse_args()
    if unknown := {*options.without.split(",")} - {"", *(kind.name for kind in aged(0))}:
        parser.error(f"no damage is named {', '.join(sorted(unknown))}")
    on_one_core()
    means, table = chosen_means(options.only, options.slow), Table(COLUMNS)
    table.head()
    for seed, clip in enumerate(CLIPS[: options.clips]):
        truth = read_clip(options.data / "clean" / clip, options.frames)
        kinds = damages(seed, options.data, options.without, options.scan)
        spoilt, found = [frame for frame, _ in damaged(truth, kinds)], flows(truth)
        for name, run in means.items():
            result, speed = timed(run, spoilt)
            table.add(clip, name, {**score(truth, result, found), "fps": speed})
    table.means()
    table.wins(OURS, COLUMNS[:4])


if __name__ == "__main__":
    main()
