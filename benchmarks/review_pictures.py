"""Pictures of the dashboard's pages for docs/review.md, in Debian's Chromium.

    python benchmarks/review_pictures.py --store STORE --shot REEL/FRAME [--out docs/pictures]

Opens the dashboard of a store and photographs every page at 1280 x 800, dark; the shot also light.
"""

import argparse
import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from catalogs.store import existing_store
from dashboard.app import create_app
from dashboard.serve import serving
from dashboard.settings import Settings

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip
PAGES = ("queue", "reels", "shots", "strata", "compare", "metrics", "audit")
SIZE = {"width": 1280, "height": 800}
COLOURS = 96
PATIENCE = 120_000  # milliseconds for a proxy that is not made yet


def photograph(page: Page, file: Path) -> None:
    """One picture, few colours: the pages are grey."""
    raw = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    raw.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
    print(f"{file} {file.stat().st_size / 1024:.0f} KiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--shot", metavar="REEL/FRAME", default="")
    parser.add_argument("--pages", nargs="*", default=["night", *PAGES])
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    asked = parser.parse_args()
    reel, _, frame = asked.shot.partition("/")
    wanted = {name: f"/{name}" if name != "night" else "/" for name in asked.pages}
    if reel:
        wanted |= {"reel": f"/reels/{reel}", "shot": f"/reels/{reel}/shots/{frame}#f=20"}
    settings = Settings(port=0, person="N. Reviewer")
    app = create_app(existing_store(asked.store), settings)
    with serving(app, settings) as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGUMENTS
        )
        for theme in ("dark", "light"):
            page = chromium.new_context(viewport=SIZE, color_scheme=theme).new_page()
            for name, path in wanted.items():
                if theme == "light" and name not in ("shot", "night"):
                    continue
                page.goto(address + path)
                if name == "shot":
                    still = 'wet-player[data-state="still"]'
                    page.wait_for_selector(still, state="attached", timeout=PATIENCE)
                page.wait_for_timeout(1000)
                suffix = "" if theme == "dark" else "-light"
                photograph(page, asked.out / f"review-{name}{suffix}.png")
        chromium.close()


if __name__ == "__main__":
    main()
