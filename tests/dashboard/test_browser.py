"""The pages in a real browser: by keyboard alone, for everybody, no request leaves the machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page

from catalogs.decisions.log import DecisionLog
from catalogs.store import Store
from tests.dashboard.conftest import NIGHT, Browser, Open

AXE = Path(__file__).parent / "vendored" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PAGES = (
    "/", "/queue", "/reels", "/reels/R0.r1", "/shots?metric=EYE&sort=metric",
    "/reels/R0.r1/shots/48?light=flag", "/strata", "/compare", "/metrics", "/metrics/EYE", "/audit",
)  # fmt: skip
SIZES = ((1280, 800), (3840, 2160))


@pytest.fixture
def context(chromium: Chromium) -> Iterator[BrowserContext]:
    opened = chromium.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    yield opened
    opened.close()


def page_on(context: BrowserContext, browser: Browser, address: str = "/") -> Page:
    page = context.new_page()
    page.goto(str(browser.base_url).rstrip("/") + address)
    return page


@pytest.mark.parametrize("theme", ("dark", "light"))
def test_no_page_shuts_anybody_out(chromium: Chromium, browser: Browser, theme: str) -> None:
    context = chromium.new_context(color_scheme=theme, bypass_csp=True)  # type: ignore[arg-type]
    found = {}
    for address in PAGES:
        page = page_on(context, browser, address)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        run = "tags => axe.run(document, {runOnly: tags})"
        said = page.evaluate(run, RULES)["violations"]
        found[address] = [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in said]
        page.close()
    context.close()
    assert {address: said for address, said in found.items() if said} == {}


@pytest.mark.parametrize("size", SIZES)
def test_pages_fit_the_screen_load_quietly_and_ask_this_server_alone(
    chromium: Chromium, browser: Browser, size: tuple[int, int]
) -> None:
    context = chromium.new_context(viewport={"width": size[0], "height": size[1]})
    own, asked, said, wide = str(browser.base_url).rstrip("/"), set[str](), [], []
    context.on("request", lambda request: asked.add(request.url))
    for address in PAGES:
        page = context.new_page()
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda message: said.append(message.text))
        page.goto(own + address)
        page.wait_for_timeout(400)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(address)
        page.close()
    context.close()
    assert [url for url in asked if not url.startswith((own, "blob:", "data:"))] == []
    # Of the shots of this ledger there are no pictures; the player says so.
    assert [text for text in said if "Content Security Policy" in text or "Error:" in text] == []
    assert wide == []


def test_a_night_is_reviewed_by_keyboard_alone(
    context: BrowserContext, filled: Store, open_dashboard: Open
) -> None:
    browser = open_dashboard(filled, person="N. Reviewer")
    page = page_on(context, browser)
    keys = page.keyboard

    def press(key: str, leads_to: str) -> None:
        with page.expect_navigation(url=leads_to):
            keys.press(key)

    press("Enter", f"**/queue?night={NIGHT}")
    press("Enter", "**/reels/*/shots/*?*decision=open*")
    seen = [page.url.partition("?")[0]]
    for key in ("a", "d"):
        keys.press(key)
        press("Enter", "**done=*")
        seen.append(page.url.partition("?")[0])
    keys.press("q")
    keys.press("e")
    keys.press("t")
    keys.type("Whose hand is this? acdq")
    keys.press("Escape")
    keys.press("f")
    keys.press("q")
    press("Enter", "**done=3")
    taken = DecisionLog(filled.root / "decisions").read()
    assert [d.verb for d in taken] == ["accept", "keep original", "question"]
    assert taken[2].comment == "Whose hand is this? acdq"
    assert [f"/reels/{d.reel_id}/shots/{d.start_frame}" for d in taken] == [
        address[address.index("/reels") :] for address in seen
    ]
    press("u", "**/shots?*")
    press("Shift+R", "**/reels")
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    press("Enter", "**/reels/H.r1")


def test_help_names_the_keys_and_single_keys_can_be_switched_off(
    context: BrowserContext, browser: Browser
) -> None:
    page = page_on(context, browser, "/reels/R0.r1/shots/48")
    page.wait_for_selector("wet-player")
    page.keyboard.press("?")
    text = page.inner_text("#help")
    for words in ("Accept", "Keep original", "Comment", "next frame", "wipe", "Go to queue"):
        assert words.lower() in text.lower()
    page.uncheck("#keys-on")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.keyboard.press("Shift+Q")
    assert not page.is_checked('[value="accept"]')
    assert page.url.endswith("/reels/R0.r1/shots/48")


def test_filters_answer_in_place_and_the_address_says_so(
    context: BrowserContext, browser: Browser
) -> None:
    page = page_on(context, browser, "/shots")
    assert "12 shots" in page.inner_text(".tally")
    page.select_option("#light", "flag")
    page.wait_for_url("**/shots?light=flag")
    page.wait_for_selector('.tally:has-text("3 shots")')
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("Title 1")
    page.wait_for_url("**/shots?text=Title+1&light=flag")
    page.wait_for_selector('.tally:has-text("1 shot ")')
    page.reload()
    assert page.input_value("#text") == "Title 1"
    assert page.input_value("#light") == "flag"


def test_light_and_dark_are_neutral_and_what_was_chosen_stays(
    context: BrowserContext, browser: Browser
) -> None:
    page = page_on(context, browser)
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.keyboard.press("Shift+L")
    light = page.evaluate(ground)
    page.goto(str(browser.base_url).rstrip("/") + "/audit")
    assert page.evaluate(ground) == light != dark
    for colour in (dark, light):
        red, green, blue = colour.removeprefix("rgb(").removesuffix(")").split(", ")
        assert red == green == blue


def test_the_strip_of_a_reel_is_read_and_opened_by_keys_and_by_clicks(
    context: BrowserContext, browser: Browser
) -> None:
    page = page_on(context, browser, "/reels/R0.r1")
    page.focus("#strip")
    assert "shot 1 of 4, frames 0 to 47: no flag, open" in page.inner_text("#strip-said")
    page.keyboard.press("ArrowRight")
    assert "shot 2 of 4, frames 48 to 95: flagged" in page.inner_text("#strip-said")
    assert page.get_attribute("#strip", "aria-valuetext") == page.inner_text("#strip-said")
    with page.expect_navigation(url="**/reels/R0.r1/shots/48?reel=R0.r1&sort=place*"):
        page.keyboard.press("Enter")
    page.go_back()
    box = page.locator("#strip").bounding_box()
    assert box is not None
    with page.expect_navigation(url="**/reels/R0.r1/shots/144?*"):
        page.mouse.click(box["x"] + 0.9 * box["width"], box["y"] + 10)
