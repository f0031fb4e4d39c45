"""Dirt, hairs, scratches and missing picture do what they say, measured."""

from __future__ import annotations

import importlib.util
import itertools
import math
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from catalogs.picture import PictureFormat
from models.contract import Frame
from models.degrade import Damage, Dirt, GateHair, Missing, Scratches
from models.degrade.damage import chance
from models.degrade.lateral import lateral_profile
from models.degrade.lives import lifetimes

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
GREY = 32768


def grey_frame(lines: int, samples: int, device: str = "cpu") -> Frame:
    plane = torch.full((lines, samples), GREY, dtype=torch.int32).to(torch.uint16)
    return Frame((plane.to(device),), PictureFormat(samples, lines, "gray16le"))


def noise_frame(lines: int, samples: int) -> Frame:
    generator = torch.Generator().manual_seed(3)
    plane = torch.randint(16000, 48000, (lines, samples), generator=generator)
    return Frame((plane.to(torch.uint16),), PictureFormat(samples, lines, "gray16le"))


def run(damage: Damage, frame: Frame, count: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """(change as share of full range, mask), both on the CPU, of `count` frames."""
    before = frame.planes[0].cpu().to(torch.int32)
    return [
        ((after.planes[0].cpu().to(torch.int32) - before) / 65535, mask.cpu())
        for after, mask in damage.applied(itertools.repeat(frame, count))
    ]


def diameters(masks: list[torch.Tensor]) -> np.ndarray:
    """Diameters of discs as large as each connected piece, those at the border left out."""
    found = []
    for mask in masks:
        lines, samples = mask.shape
        count, _, boxes, _ = cv2.connectedComponentsWithStats(mask.numpy().astype(np.uint8))
        for left, top, width, height, area in boxes[1:count]:
            if left and top and left + width < samples and top + height < lines:
                found.append(2 * math.sqrt(area / math.pi))
    return np.array(found)


def lone(make: Callable[[int], Damage], frame: Frame, count: int) -> list[torch.Tensor]:
    """Changes by the first damage, over seeds, that marks one place on the first frame."""
    for seed in range(200):
        changes = [change for change, _ in run(make(seed), frame, 1)]
        columns = changes[0].abs().amax(0) > 0.002
        edges = int((columns[1:] != columns[:-1]).sum())
        if edges == 2 and not columns[0] and not columns[-1]:
            return [change for change, _ in run(make(seed), frame, count)]
    raise AssertionError("no seed gives one piece of damage")


def test_blotches_are_log_normal_within_their_limits() -> None:
    frame = grey_frame(480, 400)
    changes = [change for change, _ in run(Dirt(density=5, opacity=1.0), frame, 100)]
    sizes = diameters([change.abs() > 0.2 for change in changes])
    assert len(sizes) > 350
    logs = np.log(sizes)
    assert math.exp(np.median(logs)) == pytest.approx(6.5, rel=0.2)
    assert logs.std() == pytest.approx(0.6, abs=0.15)
    assert sizes.min() > 1
    assert 20 < sizes.max() < 1.8 * 40


@pytest.mark.parametrize("device", DEVICES)
def test_scanned_blotches_keep_shape_and_take_the_drawn_size(device: str) -> None:
    bar = torch.zeros(20, 60)
    bar[2:18, 2:58] = 0.8
    dirt = Dirt(density=3, size_spread=0, median_size=30, opacity=1.0, textures=(bar,))
    frame = grey_frame(480, 640, device)
    sides, turned = [], set()
    for change, mask in run(dirt, frame, 12):
        assert torch.equal(mask, change != 0)
        count, _, boxes, _ = cv2.connectedComponentsWithStats(mask.numpy().astype(np.uint8))
        for left, top, width, height, _ in boxes[1:count]:
            if left and top and left + width < 640 and top + height < 480:
                sides.append(max(width, height))
                turned.add(bool(width > height))
    assert np.median(sides) == pytest.approx(30, abs=2)
    assert turned == {True, False}


def test_without_textures_dirt_is_what_it_was() -> None:
    frame = noise_frame(61, 83)
    plain, shared = (
        run(Dirt(density=9), frame, 3),
        run(Dirt(density=9, texture_share=0.4), frame, 3),
    )
    assert all(torch.equal(a[0], b[0]) for a, b in zip(plain, shared, strict=True))
    mixed = run(Dirt(density=9, textures=(torch.ones(9, 5),), texture_share=0.5), frame, 3)
    assert not all(torch.equal(a[0], b[0]) for a, b in zip(plain, mixed, strict=True))
    with pytest.raises(ValueError, match="texture"):
        Dirt(textures=(torch.zeros(4, 4),))


@pytest.mark.shared_data
def test_real_masks_give_textures(shared_data: Path) -> None:
    file = Path(__file__).parent.parent / "benchmarks" / "textures.py"
    spec = importlib.util.spec_from_file_location("benchmark_textures", file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    masks = shared_data / "textures" / "filmdamage_masks"
    for name in module.CLASSES:
        pieces = module.mask_pieces(sorted((masks / name).glob("*.png"))[0])
        assert pieces, name
        assert all(max(piece.shape) >= module.SMALLEST for piece in pieces)
        assert len(run(Dirt(textures=tuple(pieces)), noise_frame(61, 83), 2)) == 2


def test_lives_lie_within_their_limits_and_the_first_frame_is_like_any_other() -> None:
    lives, present, arrivals = [], 0, 0
    for index in range(400):
        lives += lifetimes(2.0, 10, 200, False, chance(1, index, "lives"))
        arrivals += len(lifetimes(0.05, 10, 200, False, chance(2, index, "lives")))
        present += len(lifetimes(0.05, 10, 200, True, chance(2, index, "lives")))
    assert min(lives) >= 10 and max(lives) <= 200
    assert np.mean(lives) == pytest.approx(105, rel=0.05)
    assert (present - arrivals) / 400 == pytest.approx(0.05 * 105, rel=0.2)


@pytest.mark.parametrize("is_sinc", [False, True], ids=["gaussian", "sinc"])
@pytest.mark.parametrize("device", DEVICES)
def test_a_scratch_has_its_profile_and_width(is_sinc: bool, device: str) -> None:
    frame = grey_frame(480, 160, device)

    def make(seed: int) -> Damage:
        return Scratches(
            rate=0.005, narrowest=4, widest=4, lean=0, broken=0, sinc_share=is_sinc, seed=seed
        )

    profile = lone(make, frame, 1)[0].abs().mean(0).double()
    profile = profile / profile.max()
    x = torch.arange(160, dtype=torch.float64)
    core = profile * (profile > 0.1)  # without the side lobes
    middle = float((core * x).sum() / core.sum())
    expected = lateral_profile(x - middle, 4.0, is_sinc)
    assert float((profile - expected / expected.max()).abs().max()) < 0.06
    above = torch.nonzero(profile > 0.5).flatten().tolist()
    first, last = above[0], above[-1]
    left = first - (profile[first] - 0.5) / (profile[first] - profile[first - 1])
    right = last + (profile[last] - 0.5) / (profile[last] - profile[last + 1])
    assert float(right - left) == pytest.approx(4, abs=0.3)
    far = (x - middle).abs() > 5.2
    assert bool((profile[far] > 0.02).any()) is is_sinc  # only the squared sinc has side lobes


def test_a_scratch_stays_for_many_frames_and_wanders_slowly() -> None:
    damage = Scratches(
        rate=0.0004, shortest_life=2000, longest_life=2000, drift=0.5, lean=0, broken=0, seed=0
    )  # this seed gives one scratch
    changes = [change for change, _ in run(damage, grey_frame(480, 160), 200)]
    x = torch.arange(160, dtype=torch.float64)
    weights = [change.abs().mean(0).double() for change in changes]
    middles = torch.stack([(w * x).sum() / w.sum() for w in weights])
    steps = middles.diff()
    assert float(steps.std()) == pytest.approx(0.5, rel=0.12)
    assert abs(float(torch.corrcoef(torch.stack([steps[1:], steps[:-1]]))[0, 1])) < 0.15
    assert float(middles.std()) > 1  # it does not return like noise around one place


@pytest.mark.parametrize("broken", [0.0, 0.3, 0.6])
def test_a_scratch_is_broken_as_far_as_it_says(broken: float) -> None:
    """Strength is interpolated between the ends of stretches, so gaps are a little shorter."""
    damage = Scratches(rate=1, shortest_life=1, longest_life=1, lean=0, broken=broken, seed=2)
    strengths = []
    scratch = damage._born(1, 640.0, chance(0, 0))
    for index in range(200):
        along, scratch = damage._along(scratch, chance(0, index, "test"))
        strengths += along[1:]
    absent = np.array(strengths) == 0
    assert absent.mean() == pytest.approx(broken, abs=0.06)
    if broken:
        goes_on = (absent[1:] == absent[:-1]).mean()
        assert goes_on > 0.85
        gaps = lone(
            lambda seed: Scratches(rate=0.005, lean=0, broken=broken, drift=0, seed=seed),
            grey_frame(480, 160), 10,
        )  # fmt: skip
        empty = torch.stack([change.abs().amax(1) < 0.001 for change in gaps])
        assert 0 < float(empty.double().mean()) < 1
        assert empty.any(1).any() and (~empty).any(1).any()


def test_scratches_are_dark_or_bright_lines_that_lean_slightly() -> None:
    frame = grey_frame(240, 320)
    dark = torch.stack([c for c, _ in run(Scratches(rate=0.1, dark_share=1), frame, 3)])
    bright = torch.stack([c for c, _ in run(Scratches(rate=0.1, dark_share=0), frame, 3)])
    assert dark.max() <= 0 and dark.min() < -0.2
    assert bright.min() >= 0 and bright.max() > 0.2


def test_a_hair_stays_where_it_is_for_a_while_then_goes() -> None:
    damage, frame = GateHair(rate=0.01, seed=0), grey_frame(240, 320)
    for seed in range(60):
        masks = [mask for _, mask in run(GateHair(rate=0.01, seed=seed), frame, 70)]
        shown = [bool(mask.any()) for mask in masks]
        start = shown.index(True) if True in shown else 0
        stop = shown.index(False, start) if False in shown[start:] else 0
        pieces = cv2.connectedComponents(masks[start].numpy().astype(np.uint8))[0] - 1
        areas = [int(mask.sum()) for mask in masks[start:stop]]
        if 0 < start < stop and pieces == 1 and max(areas) < 1.3 * min(areas):
            break
    else:
        raise AssertionError("no seed shows one hair from its arrival to its end")
    assert damage.shortest_life <= stop - start <= damage.longest_life
    grid = torch.stack(torch.meshgrid(torch.arange(240.0), torch.arange(320.0), indexing="ij"))
    places = torch.stack([grid[:, mask].mean(1) for mask in masks[start:stop]])
    trembling = (places - places.mean(0)).norm(dim=1)
    assert 0 < float(trembling.max()) < 1.5


@pytest.mark.parametrize("device", DEVICES)
def test_hairs_are_thin_long_dark_and_at_the_edges(device: str) -> None:
    damage = GateHair(rate=0.6, dark_share=1, edge_share=1, seed=2)
    change, mask = run(damage, grey_frame(480, 640, device), 1)[0]
    assert change.max() <= 0 and change.min() < -0.25
    inner = mask[130:-130, 130:-130]
    assert mask.any() and not inner.any()
    distance = cv2.distanceTransform(np.pad(mask.numpy().astype(np.uint8), 1), cv2.DIST_L2, 5)
    assert 2 * np.percentile(distance[distance > 0], 90) < 6
    longest = max(
        max(box[2:4])
        for box in cv2.connectedComponentsWithStats(mask.numpy().astype(np.uint8))[2][1:]
    )
    assert 30 < longest < 250


@pytest.mark.parametrize("device", DEVICES)
def test_destroyed_frames_lose_at_least_half_and_what_is_lost_is_gone(device: str) -> None:
    frame = noise_frame(60, 80)
    frame = Frame((frame.planes[0].to(device),), frame.format)
    truth = frame.planes[0].cpu().to(torch.float64)
    shares = []
    for change, mask in run(Missing(rate=1, splice_rate=0), frame, 40):
        left = truth + change * 65535
        shares.append(float(mask.double().mean()))
        pair = torch.stack([truth[mask], left[mask] + 1e-3 * torch.randn(int(mask.sum()))])
        assert abs(float(torch.corrcoef(pair)[0, 1])) < 0.1
        assert (change[~mask] == 0).all()
    assert min(shares) >= 0.5 and max(shares) == 1
    assert 0 < sum(share < 1 for share in shares) < 40


def test_a_splice_takes_a_band_of_one_or_two_frames() -> None:
    frame = noise_frame(100, 80)
    kinds = []
    for change, mask in run(Missing(rate=0, splice_rate=1, band=0.2), frame, 60):
        rows = torch.nonzero(mask.any(1)).flatten()
        assert mask[rows].all() and len(rows) == rows[-1] - rows[0] + 1
        assert 2 <= len(rows) <= 20
        assert float((change[rows] != 0).double().mean()) > 0.95
        kinds.append("top" if rows[0] == 0 else "bottom" if rows[-1] == 99 else "neither")
    assert set(kinds) == {"top", "bottom"}
    assert all(before == "bottom" for before, after in itertools.pairwise(kinds) if after == "top")
    assert "bottom bottom" in " ".join(kinds)  # a splice on one frame only


def test_destroyed_frames_are_as_rare_as_they_say() -> None:
    masks = [mask for _, mask in run(Missing(rate=0.1, longest=1), grey_frame(20, 20), 500)]
    destroyed = sum(float(mask.double().mean()) >= 0.5 for mask in masks)
    assert destroyed / 500 == pytest.approx(0.1, abs=0.04)
