"""The page of a shot with its picture on it, as a reviewer has it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from tests.dashboard.conftest import a_browser
from tests.dashboard.test_browser import AXE, RULES

SHOWN = 'wet-player[data-state="still"]'
ASK = "tags => axe.run(document, {runOnly: tags})"


def test_with_its_picture_it_shuts_nobody_out(
    archive: Callable[..., Any], chromium: Browser
) -> None:
    made = archive()
    made.store.ledger("night").append("shots", made.reel.reel_id, [
        {"reel_id": made.reel.reel_id, "reel_digest": made.reel.digest, "shot_index": n,
         "start_frame": one.shot.start_frame, "stop_frame": one.shot.stop_frame,
         "detector": "wetgate 1"} for n, one in enumerate(made.shots)
    ])  # fmt: skip
    with a_browser(made.store, person="N. Reviewer") as client:
        context = chromium.new_context(bypass_csp=True)
        page = context.new_page()
        at = str(client.base_url).rstrip("/")
        page.goto(f"{at}/reels/{made.reel.reel_id}/shots/0?sort=place")
        page.wait_for_selector(SHOWN, state="attached", timeout=20000)
        page.evaluate(Path(AXE).read_text(encoding="utf-8"))
        for key in ("1", "2", "3", "4", "5", "c"):
            page.keyboard.press(key)
            said = page.evaluate(ASK, RULES)["violations"]
            assert [(v["id"], [n["html"][:200] for n in v["nodes"]]) for v in said] == []
        shown_next = page.get_attribute("wet-player", "next")
        context.close()
    assert shown_next == made.address(1)
