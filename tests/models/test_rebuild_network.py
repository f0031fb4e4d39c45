"""A network for destroyed frames: only they are touched, and the samples are the film's own."""

from collections.abc import Callable

import pytest
import torch

from catalogs.errors import VerificationError
from models.contract import Frame, apply_step
from models.missing.step import Missing
from models.networks.architectures import build_learned, recognised
from models.networks.learned import ModelSettings, ModelStep
from models.networks.rebuild import RebuildNetwork
from models.networks.rife import MULTIPLE, Rife, own_tensors

Texture = Callable[..., list[Frame]]


@pytest.fixture(scope="module")
def rife() -> Rife:
    """The network with random weights that are small, so that it finds hardly any motion."""
    torch.manual_seed(2)
    network = Rife()
    for name, weight in network.named_parameters():
        if "conv1.2" in name or "conv2.2" in name:
            torch.nn.init.zeros_(weight)
    return network


def blank(frame: Frame) -> Frame:
    return Frame(tuple(torch.full_like(plane, 3) for plane in frame.planes), frame.format)


def same(one: Frame, other: Frame) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.planes, other.planes, strict=True))


def restored(network: Rife, frames: list[Frame]) -> list[Frame]:
    step = ModelStep(ModelSettings("rife"), RebuildNetwork(network))
    return [after for _, after, _ in apply_step(step, frames)]


@pytest.mark.parametrize("pixel_format", ["gray", "yuv420p", "gbrp10le"])
def test_a_destroyed_frame_is_the_mean_of_its_neighbours_where_nothing_moves(
    texture: Texture, rife: Rife, pixel_format: str
) -> None:
    frames = texture(pixel_format, count=7, size=(70, 90), speed=(0, 0), grain=0.0)
    broken = [*frames[:3], blank(frames[3]), *frames[4:]]
    after = restored(rife, broken)
    for n, (before, now) in enumerate(zip(frames, after, strict=True)):
        if n != 3:
            assert same(before, now)
    apart = [
        int((a.int() - b.int()).abs().max())
        for a, b in zip(after[3].planes, frames[3].planes, strict=True)
    ]
    assert max(apart) <= 1


def test_frames_that_are_not_destroyed_keep_every_sample(texture: Texture, rife: Rife) -> None:
    frames = texture("yuv420p", count=8, size=(64, 96), speed=(3, 1), grain=0.02)
    for before, after in zip(frames, restored(rife, frames), strict=True):
        assert same(before, after)


def test_a_run_of_two_is_rebuilt_by_the_engines_flow(texture: Texture, rife: Rife) -> None:
    frames = texture("gray", count=9, size=(64, 96), speed=(2, 0), grain=0.0)
    broken = [*frames[:4], blank(frames[4]), blank(frames[5]), *frames[6:]]
    engine = [after for _, after, _ in apply_step(Missing(), broken)]
    for mine, theirs in zip(restored(rife, broken), engine, strict=True):
        assert same(mine, theirs)


def test_motion_of_a_large_picture_is_found_on_a_smaller_one(
    monkeypatch: pytest.MonkeyPatch, rife: Rife
) -> None:
    seen = []

    def found(before: torch.Tensor, after: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        seen.append(tuple(before.shape))
        flow = torch.tensor([1.0, 2.0, -1.0, -2.0])[None, :, None, None]
        return flow.expand(1, 4, *before.shape[-2:]), torch.ones_like(before[:, :1])

    monkeypatch.setattr("models.networks.rebuild.MOST_LINES", 100)
    monkeypatch.setattr(rife, "forward", found)
    picture = torch.rand(3, 150, 202)
    flow, share = RebuildNetwork(rife)._found(picture, picture)
    assert seen == [(1, 3, 96, 128)]
    assert flow.shape == (4, 150, 202)
    assert flow[:, 40, 50].tolist() == pytest.approx([2.0, 4.0, -2.0, -4.0])
    assert share.shape == (150, 202)
    assert float(share.min()) == 1.0


def test_published_weights_are_recognised_without_what_only_teaches(rife: Rife) -> None:
    published = {f"module.{name}": tensor for name, tensor in rife.state_dict().items()}
    published["module.block_tea.conv0.0.0.weight"] = torch.zeros(45, 14, 3, 3)
    assert set(own_tensors(published)) == set(rife.state_dict())
    assert recognised(published) == "rife"
    assert isinstance(build_learned("rife", published), RebuildNetwork)


def test_a_network_that_finds_nothing_says_so(rife: Rife) -> None:
    flow, share = rife(torch.rand(1, 3, MULTIPLE, 64), torch.rand(1, 3, MULTIPLE, 64))
    assert flow.shape == (1, 4, MULTIPLE, 64)
    assert float(flow.abs().max()) == 0.0
    assert float((share - 0.5).abs().max()) == 0.0


def test_motion_that_is_no_number_fails_the_shot(
    texture: Texture, rife: Rife, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(before: torch.Tensor, after: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        share = torch.full_like(before[:, :1], 0.5)
        return torch.full_like(share, torch.nan).expand(1, 4, *share.shape[-2:]), share

    monkeypatch.setattr(rife, "forward", broken)
    frames = texture("gray", count=7, size=(70, 90), speed=(0, 0), grain=0.0)
    with pytest.raises(VerificationError, match="NaN or infinite"):
        restored(rife, [*frames[:3], blank(frames[3]), *frames[4:]])


def test_a_network_convolves_in_whole_float32(rife: Rife) -> None:
    def allow(convolutions: bool, products: bool) -> None:
        torch.backends.cudnn.allow_tf32 = convolutions
        torch.backends.cuda.matmul.allow_tf32 = products

    before = (torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32)
    allow(True, True)
    try:
        build_learned("rife", rife.state_dict())
        assert not torch.backends.cudnn.allow_tf32
        assert not torch.backends.cuda.matmul.allow_tf32
    finally:
        allow(*before)
