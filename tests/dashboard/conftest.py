"""A ledger as nights leave it, and a dashboard over it, served on a port of its own."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import pytest

from catalogs.ledger import Ledger
from catalogs.picture import PictureFormat
from catalogs.recipe import Treatment, TreatmentStep, steps_json
from catalogs.records import CatalogReel, Reel
from catalogs.rows import reel_row
from catalogs.source import Content
from catalogs.store import Store, open_store
from dashboard.app import create_app
from dashboard.serve import serving
from dashboard.settings import Settings
from tests.conftest import plain_header

NIGHT = "20260110-220000-abc123"
TREATMENT = Treatment("conservative", (TreatmentStep("dirt", 2, {"threshold": 0.06}),))
METRICS = ("TIME", "EYE", "DIRT", "SSIM")
FRAMES = 48


def key_of(number: int, index: int) -> str:
    return f"{number:032x}{index:032x}"


def a_reel(number: int, frames: int) -> Reel:
    """A reel as ingest leaves it."""
    catalog = CatalogReel(
        f"R{number}", f"Title {number}", 1, 1, f"R{number}.mkv", 2, gauge="35mm",
        collection=("News", "Features")[number % 2],
    )  # fmt: skip
    content = Content(f"{number:064x}", 1000, 0, frames, ())
    header = plain_header(PictureFormat(64, 48, "gray"), Fraction(24))
    return Reel(catalog, Path(f"/archive/R{number}.mkv"), header, content, Fraction(24), "catalog")


def add_reel(ledger: Ledger, number: int, shots: int = 4, flagged: tuple[int, ...] = (1,)) -> str:
    """A restored reel; its manifest as well, so that it can be signed off."""
    reel_id, digest = f"R{number}.r1", f"{number:064x}"
    treatment = TREATMENT.treatment_id
    places = [(i, i * FRAMES, (i + 1) * FRAMES) for i in range(shots)]
    ledger.append("shots", reel_id, [
        {"reel_id": reel_id, "reel_digest": digest, "shot_index": i, "start_frame": a,
         "stop_frame": b, "detector": "wetgate 1"} for i, a, b in places
    ])  # fmt: skip
    ledger.append("restorations", reel_id, [
        {"key": key_of(number, i), "reel_id": reel_id, "reel_digest": digest, "shot_index": i,
         "start_frame": a, "stop_frame": b, "treatment_id": treatment, "status": "restored",
         "reason": "", "picture_file": f"shots/{reel_id}/{i}.mkv",
         "picture_sha256": key_of(number, i)[::-1], "changed_share": 0.01 * (i + 1),
         "seconds": 60.0, "device": "cpu", "software": "wetgate 0.1.0",
         "steps": [{"name": "dirt", "version": 2, "touches": "damage", "changed_share": 0.01}],
         "step_parameters": [], "frame_md5": ["0" * 32] * FRAMES,
         "change_file": f"shots/{reel_id}/{i}.change.mkv", "change_sha256": "0" * 64}
        for i, a, b in places
    ])  # fmt: skip
    ledger.append("measurements", reel_id, [
        {"key": key_of(number, i), "reel_id": reel_id, "shot_index": i, "metric": metric,
         "before": 0.5, "after": 1.0 + i if metric == "EYE" else 0.1, "unit": "%",
         "measurable": metric != "SSIM" or i > 0, "coverage": 1.0, "note": "",
         "verdict": "" if metric == "SSIM" else
         "flag" if metric == "EYE" and i in flagged else "ok", "threshold": 0.9,
         "worst_frame": 7, "seconds": 0.1} for i, _, _ in places for metric in METRICS
    ])  # fmt: skip
    reel = a_reel(number, shots * FRAMES)
    row = reel_row(reel, "restored", TREATMENT, "", f"{reel_id}.{TREATMENT.label}")
    ledger.append("reels", reel_id, [row])
    return reel_id


def fill(store: Store, reels: int = 3) -> None:
    """A night that restored reels, held one and failed on another."""
    ledger = store.ledger(NIGHT)
    batch = {"recipe": "conservative", "treatment_id": TREATMENT.treatment_id,
             "steps_json": steps_json(TREATMENT.steps), "catalog": "catalog.csv",
             "software": "wetgate 0.1.0"}  # fmt: skip
    ledger.append("batches", NIGHT, [{**batch, "status": "running"}])
    for number in range(reels):
        reel_id = add_reel(ledger, number)
        folder = store.reel_folder(reel_id, TREATMENT.label)
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text('{"files": {}, "verified": ["frame count"]}')
    for reel_id, status, reason in (
        ("H.r1", "held", "no rate"), ("F.r1", "failed", "<script>alert(1)</script> failed"),
    ):  # fmt: skip
        ledger.append("reels", reel_id, [
            {"reel_id": reel_id, "identifier": reel_id[:-3], "status": status, "reason": reason}
        ])  # fmt: skip
    ledger.append("events", NIGHT, [
        {"event": "restoration", "object": "R0.r1/0000000-0000048", "outcome": "restored",
         "detail": "", "agent": "wetgate 0.1.0"}
    ])  # fmt: skip
    ledger.append("batches", NIGHT, [
        {**batch, "status": "finished", "reels_restored": reels, "reels_held": 1,
         "reels_failed": 1, "shots_restored": 4 * reels, "shots_computed": 4 * reels,
         "shots_original_kept": 0, "frames_computed": 4 * FRAMES * reels, "seconds": 3600.0}
    ])  # fmt: skip


class Browser(httpx.Client):
    """A client that keeps cookies and sends forms as a browser does."""

    def proof(self, address: str) -> str:
        """What a form of a page carries."""
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.get(address).text)
        assert found, f"no form on {address}"
        return found.group(1)

    def submit(self, address: str, fields: dict[str, Any], page: str = "") -> httpx.Response:
        """A form of a page."""
        origin = str(self.base_url).rstrip("/")
        proof = self.proof(page or address)
        return self.post(address, data={"csrf": proof, **fields}, headers={"origin": origin})


Open = Callable[..., Browser]


@pytest.fixture(scope="session")
def filled_once(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Made once; a test that writes gets a copy."""
    store = open_store(tmp_path_factory.mktemp("filled") / "store")
    fill(store)
    return store


@pytest.fixture
def filled(tmp_path: Path, filled_once: Store) -> Store:
    shutil.copytree(filled_once.root, tmp_path / "store")
    return Store(tmp_path / "store")


@contextmanager
def a_browser(store: Store, **settings: Any) -> Iterator[Browser]:
    """A browser on a dashboard of its own."""
    chosen = Settings(port=0, **{"watch_seconds": 0.0, **settings})
    with (
        serving(create_app(store, chosen), chosen) as address,
        Browser(base_url=address, timeout=30) as browser,
    ):
        yield browser


@pytest.fixture
def open_dashboard() -> Iterator[Open]:
    """A function that serves a store and returns a browser on it."""
    with ExitStack() as stack:
        yield lambda store, **settings: stack.enter_context(a_browser(store, **settings))


@pytest.fixture(scope="session")
def browser(filled_once: Store) -> Iterator[Browser]:
    """On the filled store, as N. Reviewer; for tests that decide nothing."""
    with a_browser(filled_once, person="N. Reviewer", watch_seconds=9.0) as opened:
        yield opened


@pytest.fixture(scope="session")
def empty_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """On an empty store."""
    with a_browser(open_store(tmp_path_factory.mktemp("empty") / "store")) as opened:
        yield opened
