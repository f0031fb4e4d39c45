"""A browser, a page with the player under a strict policy, and clips whose pictures count."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.staticfiles import StaticFiles
from playwright.sync_api import Browser, BrowserContext, Page

from catalogs.picture import PictureFormat
from catalogs.recipe import Recipe, RecipeStep
from catalogs.records import CatalogReel, Measurement, Reel, RestoredShot, Shot
from catalogs.rows import frame_rows, measurement_rows, reel_row, restored_row
from catalogs.source import ColourTags, Header
from catalogs.store import Store
from dashboard.pictures.facts import proxy_facts
from tasks.ingest import ingest_reel
from tasks.media.proxy import panels_of, proxy_writer
from tasks.media.write import ffv1_writer
from tasks.restore import restore_shot
from tasks.treat import resolve_recipe

STATIC = Path(__file__).parent.parent.parent / "dashboard" / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'"
)
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shot</title>
<link rel="stylesheet" href="/static/vendored/uPlot.min.css">
<script defer src="/static/vendored/uPlot.iife.min.js"></script>
<script type="module" src="/static/player/player.js"></script></head>
<body><main><h1>Shot</h1><wet-player src="{src}" next="{next}"></wet-player></main></body></html>"""

BITS = 12  # of the numbers that are burned into the pictures
CELL = 16
CLIP = PictureFormat(2 * BITS * CELL + 32, 96, "gray")


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    opened = chromium.new_context(viewport={"width": 1280, "height": 900})
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page on which nothing may go wrong unheard."""
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    opened.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    yield opened
    assert wrong == []


Serve = Callable[[FastAPI], str]


@pytest.fixture(scope="module")
def serve() -> Iterator[Serve]:
    """A function that serves an application and answers with its address."""
    running: list[tuple[uvicorn.Server, threading.Thread, socket.socket]] = []

    def start(app: FastAPI) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        running.append((server, thread, listener))
        while not server.started:
            time.sleep(0.01)
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for server, thread, listener in running:
        server.should_exit = True
        thread.join(10)
        listener.close()


def app_with_page() -> FastAPI:
    """The files of the player and a page with it, under a policy without exceptions."""
    app = FastAPI()
    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    @app.get("/shot", response_class=HTMLResponse)
    def shot(src: str, next: str = "") -> Response:
        answer = HTMLResponse(PAGE.replace("{src}", src).replace("{next}", next))
        answer.headers["Content-Security-Policy"] = POLICY
        return answer

    return app


def counter_frame(number: int) -> tuple[bytes, bytes]:
    """Source and restored picture of a frame: its number in blocks, left and right, and in digits.

    The blocks are the test's own: highest bit first, in the picture itself, in the left half of
    the source and in the right half of the restored, so that a wipe shows one of each.
    """
    sides = []
    for left in (8, CLIP.width // 2 + 8):
        picture = np.full((CLIP.height, CLIP.width), 40 + number % 90, np.uint8)
        for bit in range(BITS):
            value = 235 if number >> (BITS - 1 - bit) & 1 else 16
            picture[16:48, left + bit * CELL : left + (bit + 1) * CELL] = value
        cv2.putText(picture, str(number), (left, 84), cv2.FONT_HERSHEY_SIMPLEX, 1, 220, 2)
        sides.append(picture.tobytes())
    return sides[0], sides[1]


def clip_header(rate: Fraction) -> Header:
    return Header(
        "matroska", "ffv1", CLIP, None, rate, Fraction(1, 1000), Fraction(0), None, "progressive",
        ColourTags(), None, (),
    )  # fmt: skip


@pytest.fixture(scope="session")
def counter_clip(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function that makes a proxy whose frames count from 0."""
    folder = tmp_path_factory.mktemp("clips")

    def make(rate: Fraction, frames: int) -> Path:
        path = folder / f"{rate.numerator}-{rate.denominator}-{frames}.mp4"
        if not path.exists():
            with proxy_writer(path, clip_header(rate), rate) as writer:
                for number in range(frames):
                    source, restored = counter_frame(number)
                    writer.write(source, restored, bytes(CLIP.frame_bytes))
        return path

    return make


def app_of_clip(path: Path, rate: Fraction, frames: int, start_frame: int = 0) -> FastAPI:
    """A page with the player on one clip."""
    app = app_with_page()
    facts = proxy_facts(
        "/clip", CLIP, panels_of(CLIP, None), frames=frames, start_frame=start_frame, rate=rate,
        timecode=None,
    )  # fmt: skip

    @app.get("/clip")
    def clip() -> dict[str, Any]:
        return facts

    @app.get("/clip/series")
    def series() -> dict[str, Any]:
        return {"frames": frames, "series": [], "metrics": []}

    @app.get("/clip/proxy.mp4")
    def video() -> FileResponse:
        return FileResponse(path, media_type="video/mp4")

    return app


@pytest.fixture
def clip_app() -> Callable[..., FastAPI]:
    """`app_of_clip`, for tests."""
    return app_of_clip


READ = """([bits, cell, width]) => {
  const player = document.querySelector("wet-player");
  const screen = player.querySelector(".wet-screen");
  const { data } = screen.getContext("2d").getImageData(0, 32, screen.width, 1);
  const half = (left) => {
    let number = 0;
    for (let bit = 0; bit < bits; bit += 1) {
      number = 2 * number + (data[4 * (left + bit * cell + cell / 2)] > 128 ? 1 : 0);
    }
    return number;
  };
  return {
    source: half(8), restored: half(width / 2 + 8), state: player.dataset.state,
    claimed: Number(player.dataset.frame),
    said: Number(player.querySelector(".wet-number").textContent.split(" ")[0]),
    address: Number(new URLSearchParams(location.hash.slice(1)).get("f")),
  };
}"""


def on_screen(page: Page) -> dict[str, Any]:
    return dict(page.evaluate(READ, [BITS, CELL, CLIP.width]))


def stood(page: Page) -> int:
    """Wait until the player says that it stands; the frame, if all agree on it."""
    page.wait_for_selector('wet-player[data-state="still"]', state="attached", timeout=20000)
    found = on_screen(page)
    numbers = {found[name] for name in ("source", "restored", "claimed", "said", "address")}
    assert found["state"] == "still"
    assert len(numbers) == 1, found
    return int(found["source"])


@pytest.fixture
def stand() -> Callable[[Page], int]:
    """`stood`, for tests."""
    return stood


@pytest.fixture
def texture_frames() -> Callable[..., list[bytes]]:
    """A function that makes raw frames, each of its own."""

    def make(picture: PictureFormat, count: int) -> list[bytes]:
        chance = np.random.default_rng(5)
        return [
            chance.integers(0, 255, picture.frame_bytes, np.uint8).tobytes() for _ in range(count)
        ]

    return make


@dataclass
class Archive:
    """A store with one reel of two restored shots, frames 0 to 9 and 10 to 23."""

    store: Store
    reel: Reel
    shots: list[RestoredShot]
    raw: list[bytes]

    def address(self, number: int = 1) -> str:
        return f"/pictures/{self.reel.reel_id}/{self.shots[number].key}"


def flickering(raw: list[bytes], picture: PictureFormat) -> list[bytes]:
    """Frames whose brightness changes from one to the next."""
    dtype = np.dtype("u1" if picture.sample_bytes == 1 else "<u2")
    gains = (0.8, 1.0, 0.9)
    return [
        (np.frombuffer(frame, dtype) * gains[n % 3]).astype(dtype).tobytes()
        for n, frame in enumerate(raw)
    ]


@pytest.fixture
def archive(tmp_path: Path, store: Store, make_header: Callable[..., Header]) -> Callable[..., Any]:
    """A function that ingests and restores a small reel, and records it as a night does."""

    def make(pixel_format: str = "gray", size: tuple[int, int] = (96, 72)) -> Archive:
        picture, rate = PictureFormat(*size, pixel_format), Fraction(18)
        chance = np.random.default_rng(11)
        dtype = np.dtype("u1" if picture.sample_bytes == 1 else "<u2")
        still = chance.integers(picture.peak // 4, picture.peak, picture.frame_samples)
        raw = flickering([still.astype(dtype).tobytes()] * 24, picture)
        path = tmp_path / "archive" / "reel.mkv"
        with ffv1_writer(path, make_header(picture, rate), rate) as writer:
            for frame in raw:
                writer.write(frame)
        reel, index = ingest_reel(CatalogReel("AFA 1", "T", 1, 1, path.name, 2), path.parent)
        treatment = resolve_recipe(Recipe("steady", "", (RecipeStep("deflicker", {}),)))
        ledger = store.ledger("night")
        ledger.append("frames", reel.digest, frame_rows(reel.digest, index))
        ledger.append("reels", reel.reel_id, [reel_row(reel, "restored", treatment)])
        shots = []
        for number, (start, stop) in enumerate(((0, 10), (10, 24))):
            shot = Shot(reel.reel_id, reel.digest, number, start, stop)
            shots.append(restore_shot(reel, index, shot, treatment, store))
            ledger.append("restorations", reel.reel_id, [restored_row(shots[-1], "test")])
            found = (
                Measurement("FLK", 9.0, 0.5, "%", verdict="ok", threshold=1.0, worst_frame=3),
                Measurement("GHOST", None, 0.2, "frames", verdict="flag", threshold=0.1,
                            worst_frame=6),
                Measurement("EYE", None, None, "%", False, verdict="not measurable"),
            )  # fmt: skip
            ledger.append("measurements", reel.reel_id, measurement_rows(shots[-1], found))
        return Archive(store, reel, shots, raw)

    return make


@pytest.fixture
def page_app() -> Callable[[], FastAPI]:
    """`app_with_page`, for tests."""
    return app_with_page


@pytest.fixture
def until() -> Callable[[Page, str], None]:
    """A function that waits until an expression is true on a page; its policy forbids `eval`."""

    def wait(page: Page, expression: str) -> None:
        for _ in range(200):
            if page.evaluate(expression):
                return
            page.wait_for_timeout(50)
        raise AssertionError(f"never true: {expression}")

    return wait


@pytest.fixture
def blocks() -> list[int]:
    """Where the numbers are in the pictures of a clip: bits, width of a block, of the picture."""
    return [BITS, CELL, CLIP.width]
