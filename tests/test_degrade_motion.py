"""Flicker, local flicker and weave do what they say, measured."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
import torch

from catalogs.picture import PictureFormat
from models.contract import Frame
from models.degrade import Damage, Flicker, LocalFlicker, Weave
from models.degrade.gaussian import kernel, smoothed

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def frame_of(picture: torch.Tensor, device: str = "cpu") -> Frame:
    """A grey 16 bit frame from a picture of 0..1."""
    plane = (picture * 65535).round().to(torch.uint16).to(device)
    return Frame((plane,), PictureFormat(picture.shape[1], picture.shape[0], "gray16le"))


def run(damage: Damage, frame: Frame, count: int) -> torch.Tensor:
    """Float64 `[count, H, W]` of 0..1."""
    results = damage.applied(itertools.repeat(frame, count))
    return torch.stack([after.planes[0].cpu().to(torch.float64) / 65535 for after, _ in results])


def texture(lines: int, samples: int) -> torch.Tensor:
    """Smooth noise of 0..1, float32 `[lines, samples]`."""
    weights = kernel(1.5, torch.device("cpu"))
    shape = (lines + len(weights) - 1, samples + len(weights) - 1)
    noise = smoothed(
        torch.rand(shape, generator=torch.Generator().manual_seed(1)), weights, weights
    )
    return (noise - noise.min()) / (noise.max() - noise.min())


def lagged(series: torch.Tensor) -> float:
    """Correlation of a series with itself one step on."""
    return float(torch.corrcoef(torch.stack([series[1:], series[:-1]]))[0, 1])


def phase_shift(before: torch.Tensor, after: torch.Tensor) -> tuple[float, float]:
    """Displacement (x, y) in samples, from the phase of the low frequencies' cross spectrum."""
    lines, samples = before.shape
    window = torch.hann_window(lines, dtype=torch.float64)[:, None]
    window = window * torch.hann_window(samples, dtype=torch.float64)
    cross = torch.fft.fft2((before - before.mean()) * window).conj()
    cross = cross * torch.fft.fft2((after - after.mean()) * window)
    down = torch.fft.fftfreq(lines, dtype=torch.float64)[:, None].expand(lines, samples)
    across = torch.fft.fftfreq(samples, dtype=torch.float64)[None].expand(lines, samples)
    low = torch.hypot(down, across) < 0.08
    weight = cross[low].abs().sqrt()
    slopes = -2 * np.pi * torch.stack([across[low], down[low]], 1)
    wanted = cross[low].angle() * weight
    x, y = torch.linalg.lstsq(slopes * weight[:, None], wanted[:, None]).solution[:, 0].tolist()
    return x, y


@pytest.mark.parametrize("device", DEVICES)
def test_flicker_has_its_range_and_its_memory(device: str) -> None:
    frame = frame_of(torch.full((8, 8), 0.4), device)
    for memory in (0.0, 0.6):
        gains = (
            run(Flicker(gain=0.2, offset=0, memory=memory, seed=1), frame, 600).mean((1, 2)) / 0.4
        )
        assert float(gains.std()) == pytest.approx(0.2, rel=0.15)
        assert float(gains.mean()) == pytest.approx(1, abs=0.05)
        assert lagged(gains) == pytest.approx(memory, abs=0.1)


@pytest.mark.parametrize("device", DEVICES)
def test_local_flicker_differs_over_the_picture(device: str) -> None:
    frame = frame_of(torch.full((24, 32), 0.4), device)
    gains = run(LocalFlicker(gain=0.1, memory=0.5, seed=1), frame, 500) / 0.4
    corner, opposite, beside = gains[:, 0, 0], gains[:, -1, -1], gains[:, 0, 2]
    assert float(corner.std()) == pytest.approx(0.1, rel=0.12)
    assert lagged(corner) == pytest.approx(0.5, abs=0.1)
    assert abs(float(torch.corrcoef(torch.stack([corner, opposite]))[0, 1])) < 0.12
    assert float(torch.corrcoef(torch.stack([corner, beside]))[0, 1]) > 0.9  # it is smooth
    assert float(gains.std((1, 2)).mean()) > 0.04


def test_weave_follows_its_statistics() -> None:
    path = Weave(sway=0.7, bounce=0.4, memory=0.7, jump_rate=0, seed=1).path(3000)
    assert path.dtype == torch.float64 and path.shape == (3000, 2)
    assert path.std(0).tolist() == pytest.approx([0.7, 0.4], rel=0.1)
    assert lagged(path[:, 0]) == pytest.approx(0.7, abs=0.06)
    assert abs(float(torch.corrcoef(path.T)[0, 1])) < 0.1
    assert torch.equal(path[:50], Weave(sway=0.7, bounce=0.4, jump_rate=0, seed=1).path(50))
    assert Weave().path(0).shape == (0, 2)


def test_weave_jumps_rarely_and_settles() -> None:
    still = Weave(sway=0, bounce=0, jump_rate=0.02, jump=5, memory=0.5, seed=1)
    down = still.path(1000)[:, 1]
    jumps = (down[1:] - 0.5 * down[:-1]).abs() > 1e-9
    assert int(jumps.sum()) == pytest.approx(20, abs=12)
    assert float(down.abs().max()) > 5


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("lines", "samples"), [(240, 320), (480, 200)])
def test_the_path_is_what_phase_correlation_measures(lines: int, samples: int, device: str) -> None:
    truth = texture(lines, samples)
    weave = Weave(sway=2, bounce=2, seed=3)
    moved = run(weave, frame_of(truth, device), 10)
    measured = [phase_shift(truth.double(), picture) for picture in moved]
    expected = weave.path(10).numpy() * lines / 480
    assert np.abs(np.array(measured) - expected).max() < 0.02
    assert np.abs(expected).max() > 1


def test_weave_shows_what_was_the_path_before() -> None:
    """Against a picture known between its samples: what was at `p` is at `p + path`."""

    def picture(right: float, down: float) -> torch.Tensor:
        x = torch.arange(320, dtype=torch.float64) - right
        y = torch.arange(240, dtype=torch.float64)[:, None] - down
        return 0.5 + 0.2 * torch.sin(0.3 * x + 0.1 * y) + 0.2 * torch.sin(0.2 * y - 0.1 * x)

    weave = Weave(sway=2, bounce=2, seed=3)
    moved = run(weave, frame_of(picture(0, 0)), 8)
    for (right, down), found in zip((weave.path(8) / 2).tolist(), moved, strict=True):
        error = (found - picture(right, down))[12:-12, 12:-12].abs().max()
        assert float(error) < 0.002


def test_weave_moves_chroma_with_luma() -> None:
    form = PictureFormat(160, 120, "yuv420p16le")
    luma = texture(120, 160)
    chroma = torch.nn.functional.avg_pool2d(luma[None, None], 2)[0, 0]
    planes = tuple((p * 65535).round().to(torch.uint16) for p in (luma, chroma, chroma))
    weave = Weave(sway=8, bounce=8, rotation=1, seed=2)
    for frame, _ in weave.applied(itertools.repeat(Frame(planes, form), 4)):
        y, u = (plane.to(torch.float64) / 65535 for plane in frame.planes[:2])
        reduced = torch.nn.functional.avg_pool2d(y[None, None], 2)[0, 0]
        error = (reduced - u)[6:-6, 6:-6].abs().mean()
        assert float(error) < 0.1 * float(u.std())


def test_weave_turns_by_its_angle() -> None:
    truth = texture(120, 160)
    turned = run(Weave(sway=0, bounce=0, jump_rate=0, rotation=2, seed=1), frame_of(truth), 3)
    _, _, angle = next(Weave(sway=0, bounce=0, jump_rate=0, rotation=2, seed=1)._places())
    degrees = float(np.degrees(angle))
    matrix = cv2.getRotationMatrix2D((79.5, 59.5), -degrees, 1)
    expected = cv2.warpAffine(truth.numpy(), matrix, (160, 120), flags=cv2.INTER_CUBIC)
    assert abs(degrees) > 0.3
    assert np.abs(expected - turned[0].numpy())[20:-20, 20:-20].mean() < 0.01
