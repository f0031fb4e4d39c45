"""What holds for every kind of simulated damage, on every device that is there."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
import torch

from catalogs.picture import PIXEL_FORMATS, PictureFormat
from models.contract import Frame
from models.degrade import (
    Compression,
    Damage,
    Dirt,
    Fade,
    Flicker,
    GateHair,
    Grain,
    LocalFlicker,
    Missing,
    ScanBlur,
    Scratches,
    Weave,
    aged,
    damaged,
)
from models.degrade.damage import chance

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def busy(seed: int) -> tuple[Damage, ...]:
    """Every kind, so frequent that a few frames show it; a splice and destroyed frames apart."""
    return (
        Fade(seed=seed),
        Grain(seed=seed),
        Dirt(density=8, seed=seed),
        GateHair(rate=0.15, seed=seed),
        Scratches(rate=0.05, seed=seed),
        Missing(rate=0.6, splice_rate=0, seed=seed),
        Missing(rate=0, splice_rate=1, seed=seed),
        Flicker(seed=seed),
        LocalFlicker(seed=seed),
        Weave(sway=5, bounce=5, rotation=0.5, seed=seed),
        ScanBlur(),
        Compression(),
    )


NUMBERS = range(len(busy(0)))
NAMES = [damage.name for damage in busy(0)]
RANDOM = [n for n in NUMBERS if hasattr(busy(0)[n], "seed")]


def noise_frame(pixel_format: str, size: tuple[int, int], device: str = "cpu") -> Frame:
    form = PictureFormat(size[1], size[0], pixel_format)
    dtype = torch.uint8 if form.depth == 8 else torch.uint16
    generator = torch.Generator().manual_seed(1)
    planes = [
        torch.randint(form.peak // 4, form.peak // 2, shape, generator=generator).to(dtype)
        for shape in form.plane_shapes
    ]
    return Frame(tuple(plane.to(device) for plane in planes), form)


def codes(frame: Frame) -> torch.Tensor:
    """All samples of a frame in one row."""
    return torch.cat([plane.cpu().to(torch.int32).flatten() for plane in frame.planes])


def footprints(before: Frame, after: Frame) -> torch.Tensor:
    """Where any sample of any plane differs, on the luma grid."""
    height, width = before.format.height, before.format.width
    mask = torch.zeros(height, width, dtype=torch.bool)
    for old, new in zip(before.samples(), after.samples(), strict=True):
        differs = (old != new).cpu()
        down, across = -(-height // differs.shape[0]), -(-width // differs.shape[1])
        whole = differs.repeat_interleave(down, 0).repeat_interleave(across, 1)
        mask |= whole[:height, :width]
    return mask


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("number", NUMBERS, ids=NAMES)
def test_nothing_changes_outside_the_mask_in_any_format(number: int, device: str) -> None:
    for pixel_format in PIXEL_FORMATS:
        frames = [noise_frame(pixel_format, (61, 83), device)] * 3
        marked = 0
        for after, mask in busy(2)[number].applied(iter(frames)):
            assert after.format == frames[0].format
            assert mask.shape == (61, 83) and mask.dtype == torch.bool
            assert mask.device == frames[0].planes[0].device
            changed = footprints(frames[0], after)
            assert not (changed & ~mask.cpu()).any(), pixel_format
            marked += int(changed.sum())
        assert marked > 0, pixel_format


@pytest.mark.parametrize("number", NUMBERS, ids=NAMES)
def test_all_arithmetic_is_on_the_frames_device(number: int) -> None:
    """Tensors on `meta` refuse to be mixed with any that was made elsewhere."""
    for pixel_format in ("gray", "yuv420p10le", "gbrp"):
        frames = [noise_frame(pixel_format, (61, 83), "meta")] * 2
        for after, mask in busy(2)[number].applied(iter(frames)):
            assert {plane.device.type for plane in (*after.planes, mask)} == {"meta"}


@pytest.mark.parametrize("number", RANDOM, ids=[NAMES[n] for n in RANDOM])
def test_a_seed_repeats_its_damage_and_another_gives_another(number: int) -> None:
    frames = [noise_frame("yuv422p10le", (40, 50))] * 6

    def run(seed: int) -> torch.Tensor:
        return torch.stack([codes(f) for f, _ in busy(seed)[number].applied(iter(frames))])

    assert torch.equal(run(5), run(5))
    assert not torch.equal(run(5), run(6))


@pytest.mark.parametrize("number", NUMBERS, ids=NAMES)
@pytest.mark.parametrize("pixel_format", ["gray", "yuv420p", "yuv411p", "gbrp16le"])
def test_every_damage_fits_the_smallest_pictures(number: int, pixel_format: str) -> None:
    for size in ((1, 1), (2, 2), (1, 5), (3, 1)):
        frames = [noise_frame(pixel_format, size)] * 2
        assert len(list(busy(1)[number].applied(iter(frames)))) == 2


@pytest.mark.parametrize("number", NUMBERS, ids=NAMES)
def test_an_empty_shot_stays_empty_and_no_frame_is_read_ahead(number: int) -> None:
    assert list(busy(0)[number].applied(iter([]))) == []
    read = 0

    def counted() -> Iterator[Frame]:
        nonlocal read
        for read in itertools.count(1):  # noqa: B007
            yield noise_frame("gray", (20, 30))

    stream = busy(0)[number].applied(counted())
    for wanted in range(1, 4):
        next(stream)
        assert read == wanted


@pytest.mark.parametrize("number", range(11), ids=[damage.name for damage in aged(0)])
def test_everything_in_an_aged_film_happens_early_and_late(number: int) -> None:
    """Nothing stops after a fixed number of frames: each kind also changes frames past 150."""
    truth = noise_frame("yuv420p", (48, 64))
    frames = itertools.repeat(truth, 300)
    changed = [
        index
        for index, (after, _) in enumerate(aged(4)[number].applied(iter(frames)))
        if not torch.equal(codes(after), codes(truth))
    ]
    assert [n for n in changed if n > 7]
    assert [n for n in changed if n >= 150]


def test_an_aged_film_holds_every_kind_once_and_in_order() -> None:
    kinds = (
        Fade, Grain, Dirt, GateHair, Scratches, Missing, Flicker, LocalFlicker, Weave, ScanBlur,
        Compression,
    )  # fmt: skip
    assert tuple(type(damage) for damage in aged(0)) == kinds
    assert len({damage.name for damage in aged(0)}) == len(kinds)
    with pytest.raises(ValueError, match="severity 3"):
        aged(0, 3)


def test_an_aged_film_gets_worse_with_severity() -> None:
    ramp = torch.arange(64, dtype=torch.uint8).mul(3).expand(48, 64)
    truth = Frame((ramp.contiguous(),), PictureFormat(64, 48, "gray"))

    def error(severity: float) -> float:
        results = damaged([truth] * 20, aged(1, severity))
        return sum(float((codes(f) - codes(truth)).abs().double().mean()) for f, _ in results)

    assert error(0.25) < error(1) < error(2)


def test_kinds_that_share_a_seed_do_not_share_their_chance() -> None:
    salts = ["", "texture", *NAMES]
    draws = {float(torch.rand(1, generator=chance(3, 5, salt))) for salt in salts}
    assert len(draws) == len(set(salts))


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (Fade, "density_loss", 1.0),
        (Fade, "tint", -0.1),
        (Grain, "strength", 0.5),
        (Grain, "size", 0.2),
        (GateHair, "rate", -1),
        (GateHair, "shortest_life", 90),
        (GateHair, "thinnest", 4.0),
        (Scratches, "broken", 1.0),
        (Scratches, "narrowest", 6.0),
        (Scratches, "shortest_life", 0),
        (Missing, "least", 0.3),
        (Missing, "band", 0.9),
        (LocalFlicker, "memory", 1.0),
        (LocalFlicker, "rows", 0),
        (Weave, "memory", -0.1),
        (Weave, "rotation", 10),
        (ScanBlur, "sigma", float("nan")),
        (Compression, "quality", 0),
        (Dirt, "texture_share", 2),
    ],
)
def test_a_parameter_out_of_range_is_named(kind: type, field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{field} {value}"):
        kind(**{field: value})
