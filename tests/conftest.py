"""What tests share: small reels made here, and the real footage where it is present."""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import ffmpeg
import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, sync_playwright

from catalogs.picture import PictureFormat
from catalogs.source import ColourTags, Header
from catalogs.store import Store, open_store
from flows.services.services import prefect_api, quiet_settings
from models.contract import Frame
from tasks.media.probe import probe
from tasks.media.program import file_url, pipe, run
from tasks.media.signal import Signal, read_signals, signal_output
from tasks.media.source import open_input
from tasks.media.write import ffv1_writer

quiet_settings()  # before a test imports Prefect, which reads its settings once
torch.set_num_threads(1)  # as a worker has; more would only contend over tiny pictures

QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip

SHARED_DATA = Path(__file__).parent.parent.parent / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--write-docs` writes the pages that tests compare themselves with."""
    parser.addoption("--write-docs", action="store_true", help="write docs/formats.md anew")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests on real footage say so when the footage is not there."""
    if SHARED_DATA.is_dir():
        return
    absent = pytest.mark.skip(reason="the footage beside the project is not present")
    for item in items:
        if "shared_data" in item.keywords:
            item.add_marker(absent)


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prefect server that nights share: with one of its own each takes far longer to begin."""
    with prefect_api(tmp_path_factory.mktemp("prefect")) as address:
        yield address


@pytest.fixture
def own_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each night starts a Prefect server of its own, as `wetgate run` does."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.delenv("PREFECT_HOME", raising=False)


@pytest.fixture
def shared_data() -> Path:
    return SHARED_DATA


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, or the one that is named; its loop must end before other tests run one."""
    program = os.environ.get("WETGATE_CHROMIUM") or shutil.which("chromium")
    if not program:
        pytest.fail("no Chromium: install Debian's `chromium`, or set WETGATE_CHROMIUM to one")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield running
        running.close()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store")


def plain_header(picture: PictureFormat, rate: Fraction = Fraction(18)) -> Header:
    """A header for material that is made here."""
    return Header(
        container="matroska,webm",
        codec="ffv1",
        picture=picture,
        claimed_frames=None,
        frame_rate=rate,
        time_base=Fraction(1, 1000),
        start_seconds=Fraction(0),
        sample_aspect=None,
        field_order="progressive",
        colour=ColourTags(),
        timecode=None,
        audio=(),
    )


@pytest.fixture
def make_header() -> Callable[..., Header]:
    """`plain_header`, for tests."""
    return plain_header


def moving_texture(picture: PictureFormat, frames: int, seed: int = 7) -> list[bytes]:
    """Raw frames of a smooth texture that pans by a sample a frame, using all bits."""
    generator = np.random.default_rng(seed)
    dtype = np.dtype("u1" if picture.sample_bytes == 1 else "<u2")
    wide = []
    for lines, samples in picture.plane_shapes:
        coarse = generator.random((lines // 4 + 2, (samples + frames) // 4 + 2))
        smooth = np.kron(coarse, np.ones((4, 4)))[:lines, : samples + frames]
        grain = generator.random(smooth.shape) * 0.02
        wide.append((np.clip(smooth * 0.8 + 0.1 + grain, 0, 1) * picture.peak).astype(dtype))
    return [
        b"".join(
            plane[:, t : t + samples].tobytes()
            for plane, (_, samples) in zip(wide, picture.plane_shapes, strict=True)
        )
        for t in range(frames)
    ]


@pytest.fixture
def header_maker() -> Callable[..., Header]:
    return plain_header


def as_scanned(path: Path, **facts: Any) -> None:
    """Give a DPX file of ffmpeg's, which has none, the film and television headers of a scanner.

    Facts: film_rate, television_rate (floats), timecode (four bytes BCD), transfer,
    colorimetric, device.
    """
    data = path.read_bytes()
    order = ">" if data[:4] == b"SDPX" else "<"
    assert struct.unpack_from(order + "I", data, 4) == (1664,)
    head, image = bytearray(data[:1664] + b"\xff" * 384), data[1664:]
    head[1556:1588] = facts.get("device", "").encode().ljust(32, b"\0")
    head[801:803] = bytes((facts.get("transfer", 2), facts.get("colorimetric", 2)))
    for offset, value in ((4, 2048), (16, 2048 + len(image)), (28, 384), (808, 2048)):
        struct.pack_into(order + "I", head, offset, value)
    for offset, name in ((1724, "film_rate"), (1940, "television_rate")):
        if name in facts:
            struct.pack_into(order + "f", head, offset, facts[name])
    if "timecode" in facts:
        struct.pack_into(order + "I", head, 1920, facts["timecode"])
    path.write_bytes(head + image)


@pytest.fixture
def scanned() -> Callable[..., None]:
    """`as_scanned`, for tests."""
    return as_scanned


MakeReel = Callable[..., tuple[Path, list[bytes]]]


@pytest.fixture
def make_reel(tmp_path: Path) -> MakeReel:
    """A function that writes a small FFV1 reel and returns its path and raw frames."""

    def make(
        name: str = "reel.mkv",
        pixel_format: str = "yuv420p",
        frames: int = 12,
        size: tuple[int, int] = (64, 48),
        rate: Fraction = Fraction(18),
        seed: int = 7,
    ) -> tuple[Path, list[bytes]]:
        picture = PictureFormat(*size, pixel_format)
        raw = moving_texture(picture, frames, seed)
        path = tmp_path / name
        with ffv1_writer(path, plain_header(picture, rate), rate) as writer:
            for frame in raw:
                writer.write(frame)
        return path, raw

    return make


Film = Callable[..., Path]


@pytest.fixture
def signals_of() -> Callable[[Path], Iterator[Signal]]:
    """The signal of every frame of a file, by a decoding of its own."""

    def measured(path: Path) -> Iterator[Signal]:
        graph = signal_output(open_input(path)["v:0"], probe(path).picture, "pipe:1")
        with pipe(graph, feed=False) as running:
            yield from read_signals(running.stream)
            running.finish()

    return measured


@pytest.fixture
def film(tmp_path: Path) -> Film:
    """A function that makes a source as an archive may hold it: any codec, with sound or not."""

    def make(
        name: str,
        *,
        frames: int = 24,
        rate: str = "25",
        size: str = "64x48",
        source: str = "testsrc2",
        sounds: int = 0,
        picture_late: float = 0.0,
        sound_late: float = 0.0,
        setparams: str = "",
        wobble: bool = False,
        **options: object,
    ) -> Path:
        seconds = float(frames / Fraction(rate))
        stretch = f"size={size}:rate={rate}:duration={seconds:.6f}"
        picture = ffmpeg.input(f"{source}={stretch}", format="lavfi", itsoffset=picture_late)["v:0"]
        if setparams:
            words = (word.split("=") for word in setparams.split(":"))
            picture = picture.filter("setparams", **{key: value for key, value in words})
        if wobble:  # every third frame comes late by most of a frame at 25 a second
            picture = picture.filter("settb", "1/10000").filter("setpts", "PTS+eq(mod(N,3),1)*360")
        tones = [
            ffmpeg.input(
                f"sine=frequency={440 * (n + 1)}:sample_rate=48000:duration={seconds:.6f}",
                format="lavfi", itsoffset=sound_late,
            )["a:0"]
            for n in range(sounds)
        ]  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        wanted = {"vcodec": "ffv1", "pix_fmt": "yuv420p"} | options
        run(ffmpeg.output(picture, *tones, file_url(path), **wanted).overwrite_output())
        return path

    return make


def panning_texture(
    pixel_format: str = "gray",
    count: int = 7,
    size: tuple[int, int] = (96, 128),
    speed: tuple[int, int] = (2, 1),
    grain: float = 0.004,
    softness: float = 4.0,
) -> list[Frame]:
    """A texture in motion (samples per frame), with grain (deviation, share of full range)."""
    chance = np.random.default_rng(3)
    form = PictureFormat(size[1], size[0], pixel_format)
    dtype = torch.uint8 if form.depth == 8 else torch.uint16
    reach = count * max(map(abs, speed)) + 4
    grounds = []
    for shape in form.plane_shapes:
        noise = chance.standard_normal((shape[0] + reach, shape[1] + reach)).astype(np.float32)
        smooth = cv2.GaussianBlur(noise, (0, 0), softness)
        grounds.append(np.clip(0.5 + 0.1 * smooth / smooth.std(), 0, 1))
    frames = []
    for t in range(count):
        planes = []
        for ground, (lines, samples) in zip(grounds, form.plane_shapes, strict=True):
            top = t * speed[1] * lines // size[0]
            left = t * speed[0] * samples // size[1]
            view = ground[top : top + lines, left : left + samples]
            exact = (view + grain * chance.standard_normal(view.shape)) * form.peak
            planes.append(torch.from_numpy(exact.round().clip(0, form.peak)).to(dtype))
        frames.append(Frame(tuple(planes), form))
    return frames


@pytest.fixture
def texture() -> Callable[..., list[Frame]]:
    """`panning_texture`, for tests of steps."""
    return panning_texture
