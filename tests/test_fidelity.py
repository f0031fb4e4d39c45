"""PSNR and SSIM, against values that can be worked out by hand."""

import math

import pytest
import torch
from torch import Tensor

from tasks.metrics.fidelity import psnr, ssim


def ramp(height: int = 24, width: int = 32) -> Tensor:
    return (torch.arange(height * width, dtype=torch.float32) % 251).reshape(height, width)


def test_equal_pictures_have_infinite_psnr_and_ssim_one() -> None:
    assert psnr(ramp(), ramp(), 255) == math.inf
    assert ssim(ramp(), ramp(), 255) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("peak", "error", "expected"), [(255, 1, 48.1308), (1023, 4, 48.1564)])
def test_psnr_of_a_constant_error_is_20_log10_of_peak_over_error(
    peak: int, error: int, expected: float
) -> None:
    flat = torch.full((16, 16), 100.0)
    assert psnr(flat, flat + error, peak) == pytest.approx(expected, abs=1e-3)


def test_psnr_inside_a_mask_counts_the_masked_samples_only() -> None:
    reference = torch.zeros(16, 16, dtype=torch.uint8)
    picture, where = reference.clone(), torch.zeros(16, 16, dtype=torch.bool)
    picture[0, :4] = 255
    where[0, :8] = True
    assert psnr(reference, picture, 255, where) == pytest.approx(10 * math.log10(2))
    assert math.isnan(psnr(reference, picture, 255, torch.zeros_like(where)))


def test_ssim_of_two_flat_pictures_is_the_luminance_term() -> None:
    """Without structure, SSIM = (2ab + C1) / (a² + b² + C1), C1 = (0.01 x 255)²."""
    a, b, c1 = 100.0, 120.0, (0.01 * 255) ** 2
    expected = (2 * a * b + c1) / (a * a + b * b + c1)
    assert ssim(torch.full((20, 20), a), torch.full((20, 20), b), 255) == pytest.approx(expected)


def test_ssim_of_an_inverted_pattern_is_negative() -> None:
    board = ((torch.arange(32)[:, None] + torch.arange(32)) % 2).float() * 200
    assert ssim(board, 200 - board, 255) < -0.9


def test_ssim_does_not_depend_on_the_depth() -> None:
    noisy = ramp() + torch.tensor([3.0, -3.0]).repeat(16)
    ten_bit = ssim(ramp() * 4.011764705882353, noisy * 4.011764705882353, 1023)
    assert ssim(ramp(), noisy, 255) == pytest.approx(ten_bit, abs=1e-5)


def test_ssim_refuses_pictures_smaller_than_its_window() -> None:
    with pytest.raises(ValueError, match="11 samples or more"):
        ssim(torch.zeros(10, 20), torch.zeros(10, 20), 255)
