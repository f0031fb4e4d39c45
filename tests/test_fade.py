"""A planted fade is undone by one curve for the shot; a picture that has not faded stays."""

from collections.abc import Callable

import pytest
import torch

from catalogs.picture import PIXEL_FORMATS
from models.contract import Frame, apply_step
from models.motion import Motion
from models.tone.fade import Fade
from models.tone.fade_curve import BRIGHTEST, DARKEST, ORDINARY, Curve, curved

Texture = Callable[..., list[Frame]]


def shown(frame: Frame, planes: tuple[torch.Tensor, ...]) -> Frame:
    dtype = frame.planes[0].dtype
    values = [(plane * frame.peak).round().clamp(0, frame.peak).to(dtype) for plane in planes]
    return Frame(tuple(values), frame.format)


def neutral_of(frame: Frame) -> float:
    return (frame.peak + 1) / 2 / frame.peak


def recoloured(frame: Frame, curve: Curve) -> Frame:
    shares = tuple(plane.to(torch.float32) / frame.peak for plane in frame.planes)
    return shown(frame, curved(shares, frame.format.layout, curve, neutral_of(frame)))


def full_contrast(frames: list[Frame]) -> list[Frame]:
    """The texture from black to white, its colours pale and neutral in the mean."""
    result = []
    for frame in frames:
        shares = [plane.to(torch.float32) / frame.peak for plane in frame.planes]
        rgb = frame.format.layout == "rgb"
        if rgb:
            shares = [shares[0] + 0.1 * (share - shares[0]) for share in shares]
        planes = []
        for number, share in enumerate(shares):
            chroma = number > 0 and not rgb
            middle, gain = (neutral_of(frame), 0.15) if chroma else (0.5, 2.4)
            plane = (share - share.mean()) * gain + middle
            planes.append(plane.clamp(*ORDINARY))
        result.append(shown(frame, tuple(planes)))
    return result


FADE = Curve(black=-0.15, white=1.2, colour_gain=0.65, blue_offset=-0.03, red_offset=0.05)


@pytest.mark.parametrize("pixel_format", PIXEL_FORMATS)
def test_lost_contrast_and_a_tint_are_undone(texture: Texture, pixel_format: str) -> None:
    truth = full_contrast(texture(pixel_format, count=4, size=(96, 128)))
    faded = [recoloured(frame, FADE) for frame in truth]
    for right, (before, after, _) in zip(truth, apply_step(Fade(), faded), strict=True):
        for a, b, c in zip(right.planes, before.planes, after.planes, strict=True):
            error_before = (b.double() - a.double()).abs().mean() / right.peak
            error_after = (c.double() - a.double()).abs().mean() / right.peak
            assert error_after < 0.02
            assert error_after < 0.6 * error_before


def test_the_curve_is_one_for_the_shot(texture: Texture) -> None:
    faded = [recoloured(f, FADE) for f in full_contrast(texture("yuv420p", count=12))]
    facts = [c.parameters for c in Fade(look_ahead=4).changes(iter(faded), Motion())]
    assert len(facts) == 12
    assert all(fact == facts[0] for fact in facts)
    assert facts[0]["found_black_share"] > 0.1
    alone = next(iter(Fade(look_ahead=4).changes(iter(faded[:5]), Motion())))
    assert alone.parameters == facts[0]


def test_no_more_frames_are_read_than_the_look_ahead(texture: Texture) -> None:
    read: list[Frame] = []
    frames = (read.append(f) or f for f in texture(count=9))  # type: ignore[func-returns-value]
    changes = Fade(look_ahead=3).changes(frames, Motion())
    for answered in range(6):
        next(changes)
        assert len(read) <= answered + 1 + 3


@pytest.mark.parametrize("pixel_format", ["gray", "yuv420p", "yuv444p10le", "gbrp"])
def test_a_picture_that_has_not_faded_stays(texture: Texture, pixel_format: str) -> None:
    truth = full_contrast(texture(pixel_format, count=3))
    assert all(after is before for before, after, _ in apply_step(Fade(), truth))


def test_a_dark_and_a_coloured_picture_stay(texture: Texture) -> None:
    truth = full_contrast(texture("yuv420p", count=3))
    dark = [recoloured(f, Curve(white=2.0)) for f in truth]
    green = [recoloured(f, Curve(blue_offset=-0.1, red_offset=-0.1)) for f in truth]
    for source in (dark, green):
        assert all(after is before for before, after, _ in apply_step(Fade(), source))


def test_estimates_are_bounded(texture: Texture) -> None:
    hard = Curve(black=-3.0, white=3.5, blue_offset=0.2)
    faded = [recoloured(f, hard) for f in full_contrast(texture("yuv444p", count=3))]
    facts = next(Fade(most=1.5, most_tint=0.02).changes(iter(faded), Motion())).parameters
    gain = (BRIGHTEST - DARKEST) / (facts["found_white_share"] - facts["found_black_share"])
    assert gain == pytest.approx(1.5, rel=1e-3)
    assert facts["found_blue_offset_share"] == pytest.approx(-0.02)


def test_the_curve_by_hand_is_what_is_done(texture: Texture) -> None:
    (frame,) = texture("yuv444p10le", count=1)
    step = Fade(automatic=False, black=0.2, white=0.8, colour_gain=0.5, red_offset=0.01)
    ((_, after, change),) = apply_step(step, [frame])
    luma = frame.planes[0].double() / 1023
    wanted = DARKEST + (BRIGHTEST - DARKEST) * (luma - 0.2) / 0.6
    assert float((after.planes[0].double() / 1023 - wanted.clamp(0, 1)).abs().max()) < 0.001
    red = (frame.planes[2].double() - 512 + 0.01 * 1023) * 0.5 + 512
    assert float((after.planes[2].double() - red).abs().max()) <= 0.51
    assert change.parameters["given_black_share"] == 0.2


def test_gamma_keeps_black_and_white_and_moves_what_is_between(texture: Texture) -> None:
    luma = torch.tensor([[0.0, DARKEST, 0.5, BRIGHTEST, 1.0]])
    (after,) = curved((luma,), "gray", Curve(gamma=2.0), 0.5)
    assert torch.allclose(after[0, [0, 1, 3, 4]], luma[0, [0, 1, 3, 4]], atol=1e-6)
    assert after[0, 2] < 0.35


@pytest.mark.parametrize("pixel_format", ["gray", "yuv420p", "gbrp10le"])
@pytest.mark.parametrize("size", [(1, 1), (2, 2), (5, 300)])
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_the_smallest_pictures_and_shots_pass(
    texture: Texture, pixel_format: str, size: tuple[int, int], count: int
) -> None:
    source = texture(pixel_format, count=count, size=size) if count else []
    assert len(list(Fade().changes(iter(source), Motion()))) == count


@pytest.mark.parametrize(
    ("field", "value"),
    [("look_ahead", 0), ("most", 9.0), ("black", 0.7), ("gamma", 0.1), ("red_offset", 0.6)],
)
def test_a_parameter_out_of_range_is_named(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{field} {value}"):
        Fade(**{field: value})  # type: ignore[arg-type]


def test_white_must_be_above_black() -> None:
    with pytest.raises(ValueError, match="white"):
        Fade(black=0.5, white=0.5)
