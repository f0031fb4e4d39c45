"""The proxy's file: every frame at its time, numbered in its picture, and true to both sides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import ffmpeg
import numpy as np
import pytest
from numpy.typing import NDArray

from catalogs.errors import VerificationError
from catalogs.picture import PictureFormat
from catalogs.source import ColourTags, Header
from tasks.media import proxy
from tasks.media.probe import probe_json
from tasks.media.program import file_url, pipe
from tasks.media.proxy import BIT_WIDTH, NUMBER_BITS, STRIP_LINES, panels_of, proxy_writer
from tasks.media.still import split_planes
from tasks.proxy import FLOOR, change_codes, change_frame

Luma = NDArray[np.uint8]


def luma_of(path: Path, width: int, height: int) -> Iterator[Luma]:
    """The luma of each picture as it is in the file."""
    graph = ffmpeg.input(file_url(path)).output("pipe:", format="rawvideo", pix_fmt="yuv420p")
    with pipe(graph, feed=False) as decoder:
        while raw := decoder.stream.read(width * height * 3 // 2):
            yield np.frombuffer(raw, np.uint8)[: width * height].reshape(height, width)


def number_in(luma: Luma) -> int:
    line = luma[-STRIP_LINES // 2, BIT_WIDTH // 2 :: BIT_WIDTH][: 2 * NUMBER_BITS] > 128
    assert (line[:NUMBER_BITS] != line[NUMBER_BITS:]).all()
    return int(sum(1 << bit for bit in range(NUMBER_BITS) if line[bit]))


@pytest.mark.parametrize("rate", ["18", "24000/1001", "50/3", "60"])
def test_every_frame_is_at_its_time_and_carries_its_number(
    rate: str, tmp_path: Path, texture_frames: Callable[..., list[bytes]], make_header: Callable
) -> None:
    picture = PictureFormat(96, 64, "gray")
    header, path = make_header(picture), tmp_path / "proxy.mp4"
    with proxy_writer(path, header, Fraction(rate)) as writer:
        for raw in texture_frames(picture, 40):
            writer.write(raw, raw, bytes(len(raw)))
    panels = panels_of(picture, None)
    pictures = list(luma_of(path, panels.frame_width, panels.frame_height))
    assert [number_in(luma) for luma in pictures] == list(range(40))
    answer = probe_json(path, "-show_entries", "stream=time_base,start_time:packet=pts,dts,flags")
    base = Fraction(answer["streams"][0]["time_base"])
    assert [int(p["pts"]) * base * Fraction(rate) for p in answer["packets"]] == list(range(40))
    assert all(p["flags"].startswith("K") for p in answer["packets"])


@pytest.mark.parametrize(
    ("pixel_format", "colour"),
    [
        ("gray", ColourTags()),
        ("gray", ColourTags(range="tv")),
        ("gray10le", ColourTags()),
        ("gray16le", ColourTags(range="tv")),
        ("yuv420p", ColourTags(range="tv", matrix="bt709")),
        ("yuv422p10le", ColourTags()),
        ("yuvj420p", ColourTags()),
        ("yuv444p12le", ColourTags(range="pc")),
        ("gbrp", ColourTags()),
        ("gbrp16le", ColourTags()),
    ],
)
def test_levels_and_change_are_what_they_were(
    pixel_format: str, colour: ColourTags, tmp_path: Path, make_header: Callable[..., Header]
) -> None:
    """A flat grey of half scale, whatever the format; the restored side darker in one corner."""
    from dataclasses import replace

    picture = PictureFormat(96, 64, pixel_format)
    header = replace(make_header(picture), colour=colour)
    is_full = pixel_format.startswith("yuvj") or (
        colour.range == "pc" if colour.range else picture.layout in ("gray", "rgb")
    )
    step = 1 << (picture.depth - 8)
    middle = picture.peak // 2 if is_full else 126 * step
    dtype = np.uint8 if picture.sample_bytes == 1 else np.dtype("<u2")
    planes = [np.full(shape, middle, dtype) for shape in picture.plane_shapes]
    if picture.is_subsampled or picture.layout == "yuv444":
        for plane in planes[1:]:
            plane[:] = 128 * step
    before = b"".join(plane.tobytes() for plane in planes)
    planes[0][:16, :16] -= 40 * step
    after = b"".join(plane.tobytes() for plane in planes)
    old, new = split_planes(before, picture), split_planes(after, picture)
    path = tmp_path / "proxy.mp4"
    with proxy_writer(path, header, Fraction(25)) as writer:
        writer.write(before, after, change_frame(old, new, picture, colour))
    panels = panels_of(picture, None)
    (luma,) = luma_of(path, panels.frame_width, panels.frame_height)
    left, middle_panel, change = (luma[:64, n * panels.pitch :][:, :96] for n in range(3))
    assert abs(float(left.mean()) - 125.5) <= 2  # half of full scale, in limited range
    assert abs(float(middle_panel[24:, 24:].mean()) - 125.5) <= 2
    code = FLOOR + (255 - FLOOR) * np.sqrt(40 * step / picture.peak)
    assert abs(float(change[2:14, 2:14].mean()) - (16 + 219 * code / 255)) <= 2
    assert max(change[20:].max(), change[:, 20:].max()) <= 20  # a code of 5, far from a change


def test_the_smallest_change_of_one_sample_survives_the_reduction(
    tmp_path: Path, make_header: Callable[..., Header]
) -> None:
    picture = PictureFormat(1440, 1080, "gray10le")
    path, panels = tmp_path / "proxy.mp4", panels_of(picture, None)
    old = [np.full((1080, 1440), 500, np.uint16)]
    new = [old[0].copy()]
    new[0][540, 700] += 1
    with proxy_writer(path, make_header(picture), Fraction(25)) as writer:
        raw = [plane[0].astype("<u2").tobytes() for plane in (old, new)]
        writer.write(raw[0], raw[1], change_frame(old, new, picture, ColourTags()))
    (luma,) = luma_of(path, panels.frame_width, panels.frame_height)
    change = luma[: panels.height, 2 * panels.pitch :][:, : panels.width]
    codes = (change.astype(float) - 16) * 255 / 219
    assert panels.height == 720
    assert codes.max() >= 15  # what the player takes for a change is 10
    assert np.argwhere(codes >= 10).mean(0) == pytest.approx([540 / 1.5, 700 / 1.5], abs=2)
    assert (codes >= 10).sum() <= 16


def test_changes_are_coded_by_their_size_and_none_is_none() -> None:
    picture = PictureFormat(64, 48, "yuv420p")
    old = [np.full(shape, 100, np.uint16) for shape in picture.plane_shapes]
    new = [plane.copy() for plane in old]
    assert change_codes(old, new, picture).max() == 0
    new[1][5, 7] += 1  # a sample of chroma lies over four of luma
    codes = change_codes(old, new, picture)
    assert np.argwhere(codes).tolist() == [[10, 14], [10, 15], [11, 14], [11, 15]]
    assert codes.max() == round(FLOOR + (255 - FLOOR) / 255**0.5)


@pytest.mark.parametrize(
    ("size", "aspect", "shown"),
    [
        ((1920, 1080), None, (1280, 720)),
        ((4096, 3112), None, (948, 720)),
        ((4096, 1716), None, (1360, 570)),  # three fit the widest that decoders take
        ((720, 576), Fraction(16, 15), (768, 576)),
        ((64, 48), None, (64, 48)),
        ((63, 47), None, (64, 48)),
    ],
)
def test_panels_fit_what_browsers_decode(
    size: tuple[int, int], aspect: Fraction | None, shown: tuple[int, int]
) -> None:
    panels = panels_of(PictureFormat(*size, "gray"), aspect)
    assert abs(panels.width - shown[0]) <= 2
    assert abs(panels.height - shown[1]) <= 2
    assert panels.frame_width <= 4096
    assert panels.frame_width % 16 == panels.frame_height % 16 == panels.pitch % 16 == 0


def test_a_proxy_that_lost_a_frame_never_appears(
    tmp_path: Path, make_header: Callable[..., Header], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = PictureFormat(96, 64, "gray")
    path = tmp_path / "proxy.mp4"
    timed = proxy._timed
    monkeypatch.setattr(
        proxy, "_timed", lambda frames, rate: timed(frames, rate).filter("select", "not(eq(n,3))")
    )
    with (
        pytest.raises(VerificationError, match="frames"),
        proxy_writer(path, make_header(picture), Fraction(25)) as writer,
    ):
        for _ in range(6):
            writer.write(*(3 * [bytes(picture.frame_bytes)]))
    assert list(tmp_path.iterdir()) == []
