"""Keys of the form and keys of the player on one page: neither takes the other's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from catalogs.decisions.decision import Decision
from catalogs.decisions.log import DecisionLog
from tests.dashboard.conftest import a_browser

Reviewed = tuple[Page, Callable[[], tuple[Decision, ...]]]

SHOWN = 'wet-player[data-state="still"]'


@pytest.fixture
def wide() -> tuple[int, int]:
    """Of the pictures of the reel."""
    return (96, 72)


@pytest.fixture
def reviewed(
    archive: Callable[..., Any], chromium: Browser, wide: tuple[int, int]
) -> Iterator[Reviewed]:
    """The page of a shot with its picture; and a function that reads what was decided."""
    made = archive(size=wide)
    made.store.ledger("night").append("shots", made.reel.reel_id, [
        {"reel_id": made.reel.reel_id, "reel_digest": made.reel.digest, "shot_index": n,
         "start_frame": one.shot.start_frame, "stop_frame": one.shot.stop_frame,
         "detector": "wetgate 1"} for n, one in enumerate(made.shots)
    ])  # fmt: skip
    with a_browser(made.store, person="N. Reviewer") as client:
        context = chromium.new_context(viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.goto(f"{str(client.base_url).rstrip('/')}/reels/{made.reel.reel_id}/shots/10")
        page.wait_for_selector(SHOWN, state="attached", timeout=20000)
        yield page, lambda: DecisionLog(made.store.root / "decisions").read()
        context.close()


def frame_on(page: Page, number: int) -> None:
    selector = f'wet-player[data-state="still"][data-frame="{number}"]'
    page.wait_for_selector(selector, state="attached", timeout=5000)


def chosen(page: Page) -> str:
    return str(page.evaluate("new FormData(document.getElementById('decide')).get('verb')"))


@pytest.mark.parametrize(
    ("key", "verb"),
    (("a", "accept"), ("d", "keep original"), ("r", "redo"), ("q", "question")),
)
def test_arrows_after_a_verb_move_the_film_and_not_the_verb(
    reviewed: Reviewed, key: str, verb: str
) -> None:
    page, decided = reviewed
    keys = page.keyboard
    keys.press(key)
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    frame_on(page, 2)
    assert chosen(page) == verb
    if verb == "redo":
        page.select_option("#recipe", "access")
    if verb == "question":
        keys.press("t")
        keys.type("Why?")
        keys.press("Escape")
    with page.expect_navigation(url="**done=1*"):
        keys.press("Enter")
    assert [one.verb for one in decided()] == [verb]


def test_defect_codes_leave_the_keys_to_the_player(
    reviewed: Reviewed,
) -> None:
    page, decided = reviewed
    keys = page.keyboard
    keys.press("a")
    keys.press("e")
    page.click('text="Dirt"')
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    frame_on(page, 2)
    assert (chosen(page), page.inner_text("#chosen")) == ("accept", "(1)")
    keys.press(" ")  # the checkbox's own
    assert page.inner_text("#chosen") == ""
    keys.press("Escape")
    assert page.evaluate("document.activeElement === document.body")
    with page.expect_navigation(url="**done=1*"):
        keys.press("Enter")
    assert decided()[0].codes == ()


def test_a_click_on_a_verb_leaves_the_arrows_to_the_player(
    reviewed: Reviewed,
) -> None:
    page, _ = reviewed
    page.click('label:has([value="accept"])')
    page.keyboard.press("ArrowRight")
    frame_on(page, 1)
    assert chosen(page) == "accept"


def test_who_went_to_the_verbs_by_tab_chooses_with_arrows(
    reviewed: Reviewed,
) -> None:
    page, _ = reviewed
    page.focus("wet-player .wet-scrub")
    for _step in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "verb":
            break
    page.keyboard.press(" ")
    assert chosen(page) == "accept"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert chosen(page) == "redo"
    assert page.get_attribute("wet-player", "data-frame") == "0"
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    frame_on(page, 1)


def test_enter_without_a_verb_records_nothing(
    reviewed: Reviewed,
) -> None:
    page, decided = reviewed
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    page.keyboard.press("ArrowRight")
    frame_on(page, 1)
    assert (chosen(page), decided()) == ("None", ())


def test_the_frame_of_the_form_is_the_one_that_is_shown_in_motion(
    reviewed: Reviewed,
    until: Callable[[Page, str], None],
) -> None:
    page, _ = reviewed
    page.keyboard.press("l")
    until(page, "+document.querySelector('wet-player').dataset.frame > 3")
    shown, said = page.evaluate(
        "() => { const p = document.querySelector('wet-player');"
        "document.getElementById('this-frame').click();"
        "return [p.dataset.frame, document.getElementById('frame').value]; }"
    )
    assert said == shown


@pytest.mark.parametrize("wide", ((640, 480),))
def test_native_crops_of_both_sides_stand_in_one_row(
    reviewed: Reviewed,
    until: Callable[[Page, str], None],
) -> None:
    page, _ = reviewed
    page.keyboard.press("c")
    page.keyboard.press("Enter")
    loaded = "document.querySelectorAll('.wet-cuts img').length === 3 && " + (
        "[...document.querySelectorAll('.wet-cuts img')].every((one) => one.complete)"
    )
    until(page, loaded)
    tops = page.evaluate("[...document.querySelectorAll('.wet-cuts img')].map(i => i.y)")
    widths = page.evaluate("[...document.querySelectorAll('.wet-cuts img')].map(i => i.width)")
    assert (len(set(tops)), widths) == (1, [256] * 3)


def test_a_request_that_got_lost_is_made_again(
    reviewed: Reviewed,
) -> None:
    page, _ = reviewed
    address = page.get_attribute("wet-player", "src")
    lost: list[Any] = []

    def once(route: Any) -> None:
        if len(lost) < 2:
            lost.append(route)
            route.abort() if len(lost) == 1 else route.fulfill(status=503)
        else:
            route.continue_()

    page.route(f"**{address}", once)
    page.reload()
    page.wait_for_selector(SHOWN, state="attached", timeout=10000)
    assert len(lost) == 2
