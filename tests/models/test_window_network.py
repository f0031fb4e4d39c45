"""A network of a window on a shot: which frames it sees, in which order, and how many are held."""

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn

from catalogs.errors import VerificationError
from models.contract import Frame, apply_step
from models.motion import Motion
from models.networks.architectures import recognised
from models.networks.learned import ModelSettings, ModelStep
from models.networks.rgb import as_rgb
from models.networks.temporalfix import REACH, TemporalFix
from models.networks.window import WindowNetwork, mirrored, windows

Texture = Callable[..., list[Frame]]
IDENTITY = WindowNetwork(nn.Identity(), lambda window: window[2], 2)


def restored(network: WindowNetwork, frames: list[Frame], strength: float = 1.0) -> list[Frame]:
    step = ModelStep(ModelSettings("test", strength=strength), network)
    return [after for _, after, _ in apply_step(step, frames)]


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_a_network_that_changes_nothing_changes_no_sample(texture: Texture, count: int) -> None:
    frames = texture("yuv420p", count=count, size=(37, 51))
    for before, after in zip(frames, restored(IDENTITY, frames), strict=True):
        assert all(torch.equal(a, b) for a, b in zip(before.planes, after.planes, strict=True))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 9])
@pytest.mark.parametrize("reach", [1, 3])
def test_the_window_holds_the_frames_around_and_mirrors_the_ends(
    texture: Texture, count: int, reach: int
) -> None:
    frames = texture("gray", count=count, size=(16, 16), speed=(3, 0))
    every = [as_rgb(frame) for frame in frames]
    found = list(windows(iter(frames), reach))
    assert [frame for frame, _ in found] == frames
    for index, (_, window) in enumerate(found):
        wanted = [every[mirrored(n, count)] for n in range(index - reach, index + reach + 1)]
        assert torch.equal(window, torch.stack(wanted))


def test_places_beyond_the_ends_are_mirrored() -> None:
    assert [mirrored(n, 4) for n in range(-3, 7)] == [3, 2, 1, 0, 1, 2, 3, 2, 1, 0]
    assert {mirrored(n, 1) for n in range(-3, 4)} == {0}


def test_a_frame_waits_for_its_window_and_no_longer(texture: Texture) -> None:
    asked = []

    def source() -> Iterator[Frame]:
        for number, frame in enumerate(texture("gray", count=9, size=(16, 16))):
            asked.append(number)
            yield frame

    step = ModelStep(ModelSettings("test"), IDENTITY)
    for answered, _ in enumerate(step.changes(source(), Motion())):
        assert asked[-1] == min(answered + 2, 8)


def test_a_mean_over_the_window_takes_noise_out_and_strength_halves_it(texture: Texture) -> None:
    noisy = texture("gray16le", count=7, size=(48, 48), speed=(0, 0), grain=0.05)
    clean = texture("gray16le", count=7, size=(48, 48), speed=(0, 0), grain=0.0)[3].luma()
    network = WindowNetwork(nn.Identity(), lambda window: window.mean(0), 3)

    def error(frame: Frame) -> float:
        return float((frame.luma() - clean).square().mean())

    whole, half = (restored(network, noisy, strength)[3] for strength in (1.0, 0.5))
    assert error(whole) < 0.3 * error(noisy[3])
    assert error(whole) < error(half) < error(noisy[3])


def test_weights_of_temporalfix_are_recognised_and_restore_every_frame(texture: Texture) -> None:
    torch.manual_seed(3)
    assert recognised(TemporalFix().state_dict()) == "temporalfix"
    network = TemporalFix()
    frames = texture("yuv420p10le", count=4, size=(40, 72), speed=(1, 0))
    after = restored(WindowNetwork(network, network.forward, REACH, 64), frames)
    assert len(after) == 4
    assert all(after[0].planes[0].shape == frame.planes[0].shape for frame in after)


def test_a_wide_picture_goes_through_in_tiles_without_a_seam(texture: Texture) -> None:
    widths: set[int] = set()

    def forward(window: Tensor) -> Tensor:
        widths.add(int(window.shape[-1]))
        return window[1] + 0.1

    frames = texture("gray16le", count=2, size=(24, 700), speed=(0, 0))
    (after, _) = restored(WindowNetwork(nn.Identity(), forward, 1), frames)
    added = after.luma() - frames[0].luma()
    assert widths == {512}
    assert float(added.max() - added.min()) < 1e-4


def test_an_answer_that_is_no_number_fails_the_shot(texture: Texture) -> None:
    broken = WindowNetwork(nn.Identity(), lambda window: window[1] / 0 * 0, 1)
    with pytest.raises(VerificationError, match="NaN or infinite"):
        restored(broken, texture("gray", count=2, size=(36, 52)))
