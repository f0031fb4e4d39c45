"""The proxy is without the damage of the source; the residual is without its tones."""

import pytest
import torch

from tasks.metrics.proxy import estimate_flows, levelled, proxy
from tasks.metrics.tone import residual, tone_curve, toned


def scene(frames: int = 8, speed: int = 2) -> torch.Tensor:
    """A smooth texture that moves `speed` samples a frame, `[T, 90, 120]`."""
    down = torch.arange(90.0)[None, :, None]
    across = torch.arange(120.0)[None, None, :] + speed * torch.arange(frames)[:, None, None]
    wave = torch.sin(across / 4) * torch.cos(down / 5) + torch.sin((across + down) / 9)
    return 0.5 + 0.15 * wave


def test_flow_points_to_where_things_went() -> None:
    flow = estimate_flows(scene(speed=2))
    inner = flow.forward[:, :, 20:70, 20:100].float()
    assert float(inner[:, 0].median()) == pytest.approx(-2.0, abs=0.2)
    assert float(inner[:, 1].median()) == pytest.approx(0.0, abs=0.2)
    assert float(flow.seen[:, 20:70, 20:100].float().mean()) > 0.9
    assert float(flow.speed().median()) == pytest.approx(2.0, abs=0.3)


def test_one_frame_and_tiny_pictures_have_no_flow() -> None:
    assert estimate_flows(scene(1)).forward.shape == (0, 2, 90, 120)
    assert float(estimate_flows(torch.rand(3, 8, 8)).forward.abs().max()) == 0


def test_specks_of_one_frame_and_flicker_are_not_in_the_proxy() -> None:
    clean = scene()
    damaged = clean.clone()
    damaged[4, 40:46, 60:66] = 1.0
    damaged[5] *= 0.9
    wanted = proxy(clean, estimate_flows(clean))
    found = proxy(damaged, estimate_flows(damaged))
    assert float((found[4, 38:48, 58:68] - wanted[4, 38:48, 58:68]).abs().max()) < 0.06
    assert float(found[5].mean() / wanted[5].mean()) == pytest.approx(1.0, abs=0.02)


def test_levelling_leaves_a_steady_film_alone() -> None:
    steady = torch.rand(1, 20, 20).repeat(12, 1, 1)
    assert torch.allclose(levelled(steady), steady, atol=1e-6)


def test_a_grade_is_not_in_the_residual() -> None:
    picture = scene()
    graded = picture.clamp(0.001, 1) ** 0.88 * 0.95 + 0.02
    assert float(residual(graded, picture).abs().mean()) < 0.003


def test_a_patch_that_changed_is_in_the_residual() -> None:
    picture = scene()
    changed = picture.clone()
    changed[:, 30:50, 40:60] += 0.1
    rho = residual(changed, picture)
    assert float(rho[:, 36:44, 46:54].mean()) > 0.06
    assert abs(float(rho[:, 60:, 90:].mean())) < 0.02


def test_the_curve_is_monotone_and_the_identity_for_equal_tones() -> None:
    values = torch.rand(50_000, generator=torch.Generator().manual_seed(2))
    curve = tone_curve(values, values**1.3)
    assert bool((curve[1:] >= curve[:-1]).all())
    assert torch.allclose(toned(values, curve), values**1.3, atol=0.01)
    assert torch.allclose(toned(values, tone_curve(values, values)), values, atol=2e-3)


def test_a_flat_picture_has_a_curve() -> None:
    flat = torch.full((3, 40, 40), 0.5)
    assert torch.isfinite(residual(flat, flat)).all()
