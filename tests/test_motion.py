"""Motion is found in spite of dirt and flicker, and does not depend on the machine."""

import cv2
import numpy as np
import pytest
import torch

from models.motion import Kernel, Motion, enlarged, estimate_flow, guide, joined, sampled, warp


def texture(height: int, width: int, seed: int = 0) -> torch.Tensor:
    """Smooth noise, float32 `[H, W]`, about 0.2..0.8."""
    noise = np.random.default_rng(seed).standard_normal((height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.5)
    return torch.from_numpy(0.5 + 0.12 * smooth / smooth.std()).clamp(0, 1)


def shifted_pair(dx: int, dy: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two views of one texture; what is at p in the first is at p + (dx, dy) in the second."""
    whole = texture(240, 300)
    return whole[20:200, 20:260].contiguous(), whole[20 - dy : 200 - dy, 20 - dx : 260 - dx]


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (5, -3), (-11, 7)])
def test_a_shift_is_found(dx: int, dy: int) -> None:
    here, there = shifted_pair(dx, dy)
    flow = enlarged(estimate_flow(guide(here), guide(there)), (180, 240))
    inner = flow[:, 20:-20, 20:-20]
    assert inner[0].median() == pytest.approx(dx, abs=0.1)
    assert inner[1].median() == pytest.approx(dy, abs=0.1)


def test_flicker_and_specks_do_not_pass_for_motion() -> None:
    here, there = shifted_pair(4, 2)
    there = (there * 0.8 + 0.05).contiguous()
    there[::17, ::13] = 1.0
    flow = enlarged(estimate_flow(guide(here), guide(there)), (180, 240))
    error = (flow - torch.tensor([4.0, 2.0])[:, None, None]).abs()[:, 20:-20, 20:-20]
    assert error.mean() < 0.3


def test_flow_is_scaled_up_from_a_smaller_guide() -> None:
    here, there = shifted_pair(6, 4)
    flow = enlarged(estimate_flow(guide(here, lines=90), guide(there, lines=90)), (180, 240))
    assert flow.shape == (2, 180, 240)
    assert flow[0, 30:-30, 30:-30].median() == pytest.approx(6, abs=0.3)


def test_flow_does_not_depend_on_the_number_of_threads() -> None:
    here, there = (guide(view) for view in shifted_pair(5, 5))
    cv2.setNumThreads(4)
    first = enlarged(estimate_flow(here, there), (180, 240))
    cv2.setNumThreads(1)
    assert torch.equal(first, enlarged(estimate_flow(here, there), (180, 240)))


def test_warping_brings_the_other_frame_into_place() -> None:
    here, there = shifted_pair(5, -3)
    flow = torch.tensor([5.0, -3.0])[:, None, None].expand(2, 180, 240)
    assert torch.allclose(warp(there, flow)[10:-10, 10:-10], here[10:-10, 10:-10], atol=1e-4)


def test_two_flows_are_joined_into_one() -> None:
    there = np.full((40, 50, 2), 3.0, np.float32)
    assert np.array_equal(joined(there, there), np.full((40, 50, 2), 6.0))


def test_a_plane_is_read_between_its_samples() -> None:
    plane = torch.arange(20.0)[:, None] + torch.arange(30.0)
    read = sampled(plane, torch.tensor([4.5, 9.0]), torch.tensor([7.25, 8.0]))
    assert torch.allclose(read, torch.tensor([11.75, 17.0]), atol=0.1)
    assert sampled(plane, torch.zeros(0), torch.zeros(0)).shape == (0,)


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (20, 300)])
def test_pictures_too_small_for_motion_have_none(shape: tuple[int, int]) -> None:
    picture = texture(*shape) if min(shape) > 1 else torch.full(shape, 0.5)
    assert not enlarged(estimate_flow(guide(picture), guide(picture)), shape).any()


def test_a_black_frame_has_no_motion() -> None:
    black = guide(torch.zeros(60, 80))
    assert not enlarged(estimate_flow(black, black), (60, 80)).any()


@pytest.mark.parametrize("kernel", ["bilinear", "bicubic"])
def test_cpu_and_gpu_draw_alike(kernel: Kernel) -> None:
    """OpenCV rounds places to 1/32 sample; on the GPU torch draws as `sampled` does here."""
    picture = texture(90, 120)
    flow = torch.stack([10 * texture(90, 120, seed) - 5 for seed in (1, 2)])
    y, x = (torch.arange(n, dtype=torch.float32) for n in picture.shape)
    places = (y[:, None] + flow[1]).flatten(), (x + flow[0]).flatten()
    exact = sampled(picture, *places, kernel).reshape(picture.shape)
    assert (warp(picture, flow, kernel) - exact).abs().max() < 0.01


def test_planes_are_drawn_one_as_the_other() -> None:
    planes, flow = torch.stack([texture(60, 80), texture(60, 80, 1)]), torch.full((2, 60, 80), 1.5)
    assert torch.equal(warp(planes, flow)[1], warp(planes[1], flow))


def test_a_place_is_followed_as_flow_says() -> None:
    """Single places are read without the whole flow; both are the same motion."""
    frames = [*shifted_pair(5, -3)]
    motion = Motion()
    for index, frame in enumerate(frames):
        motion.see(index, frame)
    places = np.array([[60.25, 50.5], [120, 90], [0, 0], [239, 179]], np.float32)
    flow = motion.flow(0, 1, (180, 240))
    found = motion.follow(0, 1, places, (180, 240)) - places
    x, y = torch.from_numpy(places).T
    for part in range(2):
        assert found[:, part] == pytest.approx(sampled(flow[part], y, x, "bilinear"), abs=0.01)


def test_flow_through_the_frames_between_is_joined() -> None:
    whole = texture(240, 300)
    views = [whole[20:200, 20 + t : 260 + t].contiguous() for t in (0, 4, 8)]
    motion = Motion()
    for index, view in enumerate(views):
        motion.see(index, view)
    inner = motion.through(0, 2, (180, 240))[:, 20:-20, 20:-20]
    assert inner[0].median() == pytest.approx(-8, abs=0.2)
    assert torch.equal(motion.through(1, 0, (180, 240)), motion.flow(1, 0, (180, 240)))
