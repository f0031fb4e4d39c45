"""Fade, grain, blur and compression do what they say, measured."""

from __future__ import annotations

import math

import pytest
import torch

from catalogs.picture import PictureFormat
from models.contract import Frame
from models.degrade import Compression, Damage, Fade, Grain, ScanBlur
from models.degrade.compression import CHROMA_STEPS, LUMA_STEPS, cosines

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def frame_of(*planes: torch.Tensor, pixel_format: str = "gray16le", device: str = "cpu") -> Frame:
    """A 16 bit frame from planes of 0..1."""
    stored = tuple((plane * 65535).round().to(torch.uint16).to(device) for plane in planes)
    return Frame(stored, PictureFormat(planes[0].shape[1], planes[0].shape[0], pixel_format))


def results(damage: Damage, frame: Frame, count: int = 1) -> list[list[torch.Tensor]]:
    """Planes of 0..1, float64 on the CPU, of `count` damaged frames."""
    return [
        [plane.cpu().to(torch.float64) / 65535 for plane in after.planes]
        for after, _ in damage.applied(iter([frame] * count))
    ]


def correlation(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1])


@pytest.mark.parametrize("device", DEVICES)
def test_grain_is_strongest_in_the_mid_tones(device: str) -> None:
    def measured(tone: float) -> tuple[float, float]:
        frame = frame_of(torch.full((480, 200), tone), device=device)
        noise = results(Grain(strength=0.03), frame)[0][0] - tone
        return float(noise.std()), float(noise.mean())

    for tone in (0.1, 0.3, 0.5, 0.9):
        deviation, mean = measured(tone)
        expected = 0.03 * 2 * math.sqrt(tone * (1 - tone))
        assert deviation == pytest.approx(expected, rel=0.04)
        assert abs(mean) < 0.06 * expected


@pytest.mark.parametrize("size", [0.8, 1.0, 1.6])
def test_grain_is_correlated_in_space_and_not_in_time(size: float) -> None:
    frame = frame_of(torch.full((480, 200), 0.5))
    first, second = (planes[0] - 0.5 for planes in results(Grain(size=size), frame, 2))
    for lag in (1, 2):
        expected = math.exp(-(lag**2) / (4 * size**2))
        assert correlation(first[lag:], first[:-lag]) == pytest.approx(expected, abs=0.04)
        assert correlation(first[:, lag:], first[:, :-lag]) == pytest.approx(expected, abs=0.04)
    assert abs(correlation(first, second)) < 0.04
    edge, middle = first[:4].std(), first[200:280].std()
    assert float(edge / middle) == pytest.approx(1, abs=0.15)


def test_colour_grain_is_shared_as_far_as_it_says() -> None:
    grey = torch.full((480, 120), 0.5)
    rgb = frame_of(grey, grey, grey, pixel_format="gbrp16le")
    green, blue, _ = results(Grain(colour=0.5), rgb)[0]
    assert correlation(green, blue) == pytest.approx(0.75, abs=0.05)
    yuv = frame_of(grey, grey, grey, pixel_format="yuv444p16le")
    luma, chroma, _ = results(Grain(colour=0.5), yuv)[0]
    assert float(chroma.std() / luma.std()) == pytest.approx(0.5, rel=0.1)
    assert abs(correlation(luma, chroma)) < 0.06


@pytest.mark.parametrize("device", DEVICES)
def test_fading_lowers_density_in_proportion_on_every_frame(device: str) -> None:
    ramp = torch.linspace(0, 1, 64, dtype=torch.float64).expand(8, 64)
    faded = results(Fade(density_loss=0.3), frame_of(ramp, device=device), 12)
    assert all(torch.equal(planes[0], faded[0][0]) for planes in faded)
    row = faded[0][0][0]
    assert (row.diff() > 0).all()
    assert float(row[-1]) == pytest.approx(1, abs=1e-4)

    def density(share: torch.Tensor) -> torch.Tensor:
        return -torch.log10(share * (1 - 0.043) + 0.043)

    ratio = density(row[:-1]) / density(ramp[0, :-1])
    assert torch.allclose(ratio, torch.full_like(ratio, 0.7), atol=0.01)
    assert float(row.std() / ramp[0].std()) < 0.9


def test_no_loss_leaves_the_picture_alone() -> None:
    ramp = torch.linspace(0, 1, 64, dtype=torch.float64).expand(8, 64)
    kept = results(Fade(density_loss=0), frame_of(ramp))[0][0]
    assert torch.allclose(kept, ramp, atol=2 / 65535)


def test_fading_of_colour_takes_chroma_and_leaves_a_cast() -> None:
    ramp = torch.linspace(0.2, 0.8, 64).expand(8, 64)
    yuv = frame_of(ramp, ramp, ramp, pixel_format="yuv444p16le")
    _, u, _ = results(Fade(chroma_loss=0.4, tint=0.05, seed=2), yuv)[0]
    assert float(u.std() / ramp.std()) == pytest.approx(0.6, abs=0.01)
    assert abs(float(u.mean()) - 0.5) > 0.005
    rgb = frame_of(ramp, ramp, ramp, pixel_format="gbrp16le")
    means = [float(plane.mean()) for plane in results(Fade(seed=2), rgb)[0]]
    assert max(means) - min(means) > 0.01


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("sigma", [0.7, 1.0, 1.5])
def test_blur_passes_frequencies_as_a_gaussian_does(sigma: float, device: str) -> None:
    x = torch.arange(200, dtype=torch.float64)
    for cycles in (0.05, 0.15, 0.25):
        wave = torch.cos(2 * math.pi * cycles * x)
        for picture in (wave.expand(40, 200), wave[:, None].expand(200, 40)):
            plane = results(ScanBlur(sigma), frame_of(0.5 + 0.4 * picture, device=device))[0][0]
            inner, truth = plane[16:-16, 16:-16] - 0.5, picture[16:-16, 16:-16]
            passed = float((inner * truth).sum() / (truth**2).sum()) / 0.4
            expected = math.exp(-2 * (math.pi * sigma * cycles) ** 2)
            assert passed == pytest.approx(expected, abs=0.01)


def test_blur_keeps_a_flat_picture_to_its_edges() -> None:
    plane = results(ScanBlur(1.5), frame_of(torch.full((20, 30), 0.25)))[0][0]
    assert torch.allclose(plane, torch.full_like(plane, 0.25), atol=2 / 65535)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("pixel_format", ["gray16le", "yuv444p16le", "gbrp16le"])
def test_the_error_of_compression_rises_as_quality_falls(pixel_format: str, device: str) -> None:
    generator = torch.Generator().manual_seed(1)
    count = 1 if pixel_format.startswith("gray") else 3
    planes = [0.3 + 0.4 * torch.rand(45, 61, generator=generator) for _ in range(count)]
    frame = frame_of(*planes, pixel_format=pixel_format, device=device)

    def error(quality: float) -> float:
        decoded = results(Compression(quality), frame)[0]
        pairs = zip(decoded, planes, strict=True)
        return sum(float((a - b).square().mean()) for a, b in pairs) ** 0.5

    errors = [error(quality) for quality in (100, 90, 60, 30, 5)]
    assert errors == sorted(errors) and len(set(errors)) == 5
    assert errors[0] < 0.005
    assert errors[-1] > 0.05


def test_coefficients_are_multiples_of_the_standards_steps() -> None:
    generator = torch.Generator().manual_seed(1)
    noise = 0.3 + 0.4 * torch.rand(3, 16, 24, generator=generator)
    frame = frame_of(*noise, pixel_format="yuv444p16le")
    basis = cosines(torch.device("cpu")).to(torch.float64)
    assert torch.allclose(basis @ basis.T, torch.eye(8, dtype=torch.float64), atol=1e-6)
    for number, plane in enumerate(results(Compression(50), frame)[0]):
        steps = torch.tensor(CHROMA_STEPS if number else LUMA_STEPS)
        levels = basis @ (plane[8:16, 8:16] * 255 - 128) @ basis.T / steps
        assert torch.allclose(levels, levels.round(), atol=0.01)
        assert levels.round().abs().sum() > 0
