"""What is shown beside the metrics: known values, equal pictures, and when there is no value."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from catalogs.errors import MediaError
from tasks.media import program
from tasks.media.vmaf import vmaf_neg
from tasks.metrics.metric import Metric
from tasks.metrics.pair import Pair, Triplet
from tasks.metrics.shown.likeness import SSIM, VMAF
from tasks.metrics.shown.warping import E_WARP, TOF

LINES, SAMPLES, FRAMES = 64, 96, 8


def scene(speed: int = 2) -> Tensor:
    down = torch.arange(float(LINES))[None, :, None]
    across = torch.arange(float(SAMPLES))[None, None, :]
    across = across + speed * torch.arange(float(FRAMES))[:, None, None]
    wave = torch.sin(across / 4) * torch.cos(down / 5) + torch.sin((across + down) / 9)
    return 0.5 + 0.15 * wave


def pair_of(source: Tensor, restored: Tensor) -> Pair:
    triplets = tuple(
        Triplet(n, *(tuple(side[n - 1 : n + 2].half()) for side in (source, restored)))
        for n in (2, 4)
    )
    return Pair(24.0, (LINES, SAMPLES), source, restored, None, None, source != restored,
                triplets=triplets)  # fmt: skip


def noisy(pictures: Tensor, strength: float) -> Tensor:
    generator = torch.Generator().manual_seed(2)
    return (pictures + strength * torch.randn(pictures.shape, generator=generator)).clamp(0, 1)


def test_warping_error_of_noise_is_twice_its_variance() -> None:
    """R_t - W R_(t+1) of two independent noises, with W the identity."""
    still = scene(speed=0)
    pair = pair_of(still, noisy(still, 0.02))
    found = E_WARP.measure(pair)
    assert found.value == pytest.approx(2 * 0.02**2 * 1e4, rel=0.05)
    assert found.before == pytest.approx(0, abs=1e-6)


def test_warping_error_of_equal_pictures_is_the_source_s() -> None:
    found = E_WARP.measure(pair_of(scene(), scene()))
    assert found.value == found.before


def test_difference_of_motion_sees_a_shaking_picture() -> None:
    still = scene(speed=0)
    shaken = torch.stack([torch.roll(p, int(2 * (n % 2)), 1) for n, p in enumerate(still)])
    calm, shaking = TOF.measure(pair_of(still, still)), TOF.measure(pair_of(still, shaken))
    assert calm.value is not None and shaking.value is not None
    assert calm.value < 0.1 and shaking.value == pytest.approx(2.0, abs=0.5)


def test_likeness_of_equal_pictures_is_whole_and_falls_with_noise() -> None:
    clean = scene()
    for metric, whole in ((SSIM, 1.0), (VMAF, 100.0)):
        equal = metric.measure(pair_of(clean, clean))
        worse = metric.measure(pair_of(clean, noisy(clean, 0.05)))
        assert equal.value is not None and worse.value is not None
        assert equal.value == pytest.approx(whole, rel=0.04)
        assert worse.value < 0.9 * equal.value
        assert 0 < equal.coverage <= 0.25


@pytest.mark.parametrize("shape", [(33, 47), (64, 51), (45, 64)])
def test_vmaf_takes_odd_sizes_and_gives_no_credit_for_sharpening(shape: tuple[int, int]) -> None:
    chance = np.random.default_rng(1)
    base = chance.integers(300, 700, (3, *shape))
    reference = base.astype(np.uint16)
    sharp = (512 + (base - 512) * 1.3).clip(0, 1023).astype(np.uint16)
    (equal,) = vmaf_neg(reference[None], reference[1:2])
    (sharpened,) = vmaf_neg(reference[None], sharp[1:2])
    assert equal > 95
    assert sharpened <= equal + 0.5


def test_vmaf_of_a_picture_does_not_depend_on_what_is_judged_beside_it() -> None:
    """Each is judged for itself, and those between are not judged at all."""
    chance = np.random.default_rng(3)
    reference = chance.integers(300, 700, (3, 3, 64, 80)).astype(np.uint16)
    pictures = (reference[:, 1] + chance.integers(0, 60, (3, 64, 80))).astype(np.uint16)
    apart = [vmaf_neg(reference[n : n + 1], pictures[n : n + 1])[0] for n in range(3)]
    assert vmaf_neg(reference, pictures) == apart
    assert len(set(apart)) == 3


def test_vmaf_refuses_shapes_that_differ() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        vmaf_neg(np.zeros((1, 3, 64, 64), np.uint16), np.zeros((1, 64, 66), np.uint16))


def test_without_libvmaf_the_metric_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "ffmpeg_program", lambda: "/bin/false")
    with pytest.raises(MediaError):
        vmaf_neg(np.zeros((1, 3, 64, 64), np.uint16), np.zeros((1, 64, 64), np.uint16))
    found = VMAF.measure(pair_of(scene(), scene()))
    assert not found.measurable and "could not be computed" in found.note


@pytest.mark.parametrize("metric", [E_WARP, TOF, SSIM, VMAF])
def test_one_frame_has_no_value_and_nothing_shown_is_gated(metric: Metric) -> None:
    pair = pair_of(scene(), scene())
    single = replace(pair, source=scene()[:1], restored=scene()[:1], triplets=())
    assert not metric.measure(single).measurable
    assert not metric.gated
