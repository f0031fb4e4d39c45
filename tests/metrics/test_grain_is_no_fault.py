"""What grain, clipping and mouldings do to a source is not taken for a fault of the restoration."""

import numpy as np
import pytest
import torch
from torch import Tensor

from tasks.metrics import change, grade, identity, stick
from tasks.metrics.columns import Track
from tasks.metrics.frames import _among_neighbours, _misfit
from tasks.metrics.pair import Pair
from tasks.metrics.scratch import _has_parallel
from tasks.selftest.contract import Clip, Trial
from tasks.selftest.measure import ClipMeasure

FRAMES, ROWS, COLUMNS = 24, 24, 36


def colours() -> Tensor:
    """R'G'B' of a still picture, the upper part a blue that is nearly white, `[T, 3, h, w]`."""
    chance = torch.Generator().manual_seed(4)
    picture = 0.2 + 0.4 * torch.rand(3, ROWS, COLUMNS, generator=chance)
    picture[:, : ROWS // 2] = torch.tensor([0.5, 0.7, 0.98])[:, None, None]
    picture[:2, : ROWS // 2] += 0.05 * torch.rand(2, ROWS // 2, COLUMNS, generator=chance)
    return picture.expand(FRAMES, -1, -1, -1).clone()


def flickering_pair() -> Pair:
    """A source that flickers slowly and stops at white, and its truth."""
    truth = colours()
    gains = 1 + 0.06 * torch.sin(torch.arange(FRAMES) / 3)
    source = (truth * gains[:, None, None, None]).clamp(0, 1)
    lumas = [side.mean(1).repeat_interleave(4, 1).repeat_interleave(4, 2)
             for side in (source, truth)]  # fmt: skip
    return Pair(25.0, (4 * ROWS, 4 * COLUMNS), *lumas, source, truth, lumas[0] != lumas[1])


def test_flicker_of_a_clipped_sky_is_no_cast(monkeypatch: pytest.MonkeyPatch) -> None:
    value = change.measure_cast(flickering_pair())
    assert value.value is not None and value.value < 0.1
    assert 0.4 < value.coverage < 0.6
    monkeypatch.setattr(grade, "CLIPPED", 2.0)
    blind = change.measure_cast(flickering_pair()).value
    assert blind is not None and blind > 0.5


def test_where_nearly_all_is_clipped_all_blocks_count() -> None:
    white = torch.ones(4, 3, 20)
    assert bool(grade.unclipped(white, white).all())
    white[:, :, :5] = 0.5
    assert grade.unclipped(white, white).sum(1).tolist() == [5] * 4


def test_grain_that_the_proxy_still_has_makes_no_other_moment_fit_better() -> None:
    chance = np.random.default_rng(2)
    still = chance.random(400)
    strength = chance.uniform(0.005, 0.02, 30)[:, None]
    proxy = still + strength * chance.standard_normal((30, 400))
    restored = np.repeat(still[None], 30, 0)

    def better_elsewhere(shown: np.ndarray) -> float:
        misfit = _misfit(restored, shown)
        return float((misfit.diagonal() - misfit.min(1)).max())

    assert better_elsewhere(_among_neighbours(proxy)) < 0.4 * better_elsewhere(proxy)


def test_neighbours_of_the_ends_are_the_ends() -> None:
    means = _among_neighbours(np.array([[0.0], [3.0], [9.0]]))
    assert means[:, 0].tolist() == [1.0, 4.0, 7.0]


def test_points_that_grain_moves_each_way_are_one_face() -> None:
    chance = torch.Generator().manual_seed(6)
    face = torch.randn(128, generator=chance)
    mine, theirs = (face + 0.4 * torch.randn(8, 128, generator=chance) for _ in range(2))
    each = 1 - torch.nn.functional.cosine_similarity(mine, theirs).mean()
    assert identity._distance(mine.mean(0), theirs.mean(0)) < 0.3 * float(each)
    assert identity._distance(face, -face) == pytest.approx(2.0, abs=1e-5)


def test_a_line_with_another_of_its_sign_beside_it_is_not_certain() -> None:
    lines = torch.zeros(20, 60)
    lines[:, 30] = 0.05
    track = Track(0, torch.full((20,), 30), 0.05)
    assert not _has_parallel(track, lines)
    for place, strength, parallel in ((37, 0.03, True), (37, 0.02, False), (45, 0.05, False)):
        beside = lines.clone()
        beside[:, place] = strength
        assert _has_parallel(track, beside) is parallel


def test_frames_beside_each_other_are_not_taken_for_independent() -> None:
    shares = np.repeat([0.4, -0.2, 0.3, -0.1, 0.5, -0.2, 0.3, 0.0], 8)
    slow = np.stack([shares, np.ones_like(shares)], 1)
    assert stick.certain_share(slow) == 0.0
    mixed = np.random.default_rng(1).permutation(slow)
    assert stick.certain_share(mixed) > 0.0


def test_a_first_trial_without_pictures_is_refused() -> None:
    measure = ClipMeasure(Clip("a", "somebody", "A"), None, ())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a, late: the first trial has no pictures"):
        measure.row(Trial("fault", "late", 1, (), timing=(None, None)))  # type: ignore[arg-type]
