"""The player in a browser: in motion, by keys, in every view, and while there is nothing to see."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.sync_api import Page

from dashboard.pictures.routes import router_of

RATE = Fraction(25)
FRAMES = 240

# Notes of every picture that is shown: what it is by its own blocks, and what is claimed.
WATCH = """([bits, cell, width]) => {
  const player = document.querySelector("wet-player");
  window.seen = [];
  player.addEventListener("wet-frame", () => {
    const screen = player.querySelector(".wet-screen");
    const { data } = screen.getContext("2d").getImageData(0, 32, width, 1);
    const half = (left) => {
      let number = 0;
      for (let bit = 0; bit < bits; bit += 1) {
        number = 2 * number + (data[4 * (left + bit * cell + cell / 2)] > 128 ? 1 : 0);
      }
      return number;
    };
    const said = player.querySelector(".wet-number").textContent.split(" ")[0];
    window.seen.push([half(8), half(width / 2 + 8), Number(player.dataset.frame), Number(said)]);
  });
}"""

Stand = Callable[[Page], int]


@pytest.fixture
def player(
    counter_clip: Callable[..., Path],
    clip_app: Callable[..., FastAPI],
    serve: Callable[[FastAPI], str],
    page: Page,
    stand: Stand,
) -> Page:
    """A page with the player on a clip whose shot begins at frame 1000 of its reel."""
    at = serve(clip_app(counter_clip(RATE, FRAMES), RATE, FRAMES, 1000))
    page.goto(f"{at}/shot?src=/clip")
    assert stand(page) == 0
    return page


@pytest.fixture
def seen(player: Page, blocks: list[int]) -> Callable[[], list[list[int]]]:
    """What was shown since; each picture must be what was claimed of it."""
    player.evaluate(WATCH, blocks)

    def look() -> list[list[int]]:
        found: list[list[int]] = player.evaluate("window.seen")
        assert [numbers for numbers in found if len(set(numbers)) > 1] == []
        return found

    return look


def test_in_motion_each_picture_is_the_one_that_is_claimed(
    player: Page, seen: Callable[[], list[list[int]]], stand: Stand
) -> None:
    player.keyboard.press("l")
    player.wait_for_timeout(1500)
    player.keyboard.press("l")  # twice as fast
    player.wait_for_timeout(700)
    player.keyboard.press("k")
    there = stand(player)
    forward = [numbers[0] for numbers in seen()]
    assert len(forward) > 10
    assert max(forward) >= there > 30
    player.keyboard.press("j")
    player.wait_for_timeout(1000)
    player.keyboard.press("k")
    assert stand(player) < there - 10
    seen()


def test_a_loop_shows_no_frame_beyond_its_ends(
    player: Page, seen: Callable[[], list[list[int]]], stand: Stand
) -> None:
    player.evaluate("document.querySelector('wet-player').seek(30)")
    stand(player)
    player.keyboard.press("i")
    player.evaluate("document.querySelector('wet-player').seek(45)")
    stand(player)
    player.keyboard.press("o")
    player.evaluate("window.seen.length = 0")
    player.keyboard.press("l")
    player.wait_for_timeout(3000)
    player.keyboard.press("k")
    stand(player)
    shown = [numbers[0] for numbers in seen()]
    assert set(shown) <= set(range(30, 46))
    assert sum(later < earlier for earlier, later in itertools.pairwise(shown)) >= 2


def test_it_stops_at_the_last_frame(player: Page, stand: Stand) -> None:
    player.evaluate("document.querySelector('wet-player').seek(225)")
    stand(player)
    player.keyboard.press(" ")
    player.wait_for_timeout(1500)
    assert stand(player) == FRAMES - 1
    player.keyboard.press("ArrowRight")
    assert stand(player) == FRAMES - 1


def test_every_way_of_going_somewhere(player: Page, stand: Stand) -> None:
    def go(text: str) -> int:
        player.keyboard.press("g")
        player.keyboard.type(text)
        player.keyboard.press("Enter")
        return stand(player)

    assert go("120") == 120
    assert go("+7") == 127
    assert go("-27") == 100
    assert go("r1033") == 33  # of the reel
    assert go("00:00:44:05") == 105  # frame 1105 of the reel at 25 a second
    for key, frame in (
        ("ArrowRight", 106), ("ArrowLeft", 105), (".", 106), (",", 105), ("Shift+ArrowRight", 130),
        ("Shift+ArrowLeft", 105), ("End", 239), ("Home", 0), ("PageDown", 239), ("PageUp", 0),
    ):  # fmt: skip
        player.keyboard.press(key)
        assert stand(player) == frame, key
    player.keyboard.press("g")
    player.keyboard.type("999")
    player.keyboard.press("Enter")
    field = player.locator(".wet-go")
    assert field.get_attribute("aria-invalid") is not None
    player.keyboard.press("Escape")
    assert "00:00:40:00" in player.locator(".wet-number").inner_text()
    assert stand(player) == 0


def test_a_quick_run_of_steps_loses_none(player: Page, stand: Stand) -> None:
    """The address is written more slowly than a key repeats, and right in the end."""
    player.evaluate(
        """async () => {
          for (let n = 0; n < 300; n += 1) {
            const key = n % 3 === 2 ? "ArrowLeft" : "ArrowRight";
            document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
            await new Promise((done) => setTimeout(done, 5));
          }
        }"""
    )
    assert stand(player) == 100
    player.wait_for_timeout(500)
    assert stand(player) == 100


def test_a_flood_of_errands_ends_at_the_last(player: Page, stand: Stand) -> None:
    """Pictures of earlier errands that come late neither count as arrival nor stay."""
    for seed in range(12):
        last = player.evaluate(
            """async (seed) => {
              const player = document.querySelector("wet-player");
              let state = seed + 1;
              const chance = () => (state = (state * 48271) % 2147483647) / 2147483647;
              let frame = 0;
              for (let n = 0; n < 25; n += 1) {
                const isNear = chance() < 0.5;
                frame = Math.floor(isNear ? 100 + 3 * chance() : 240 * chance());
                player.seek(frame);
                await new Promise((done) => setTimeout(done, 40 * chance()));
              }
              return frame;
            }""",
            seed,
        )
        assert stand(player) == last
        player.wait_for_timeout(200)
        assert stand(player) == last


def test_the_address_brings_back_what_was_looked_at(player: Page, stand: Stand) -> None:
    for keys, address in (
        ("2", "#f=50&v=side"), ("3", "#f=50&v=ab&b=0"), ("33", "#f=50&v=ab&b=1"),
        ("4", "#f=50&v=difference&x=4"), ("x", "#f=50&v=difference&x=16"), ("5", "#f=50&v=change"),
        ("1]]", "#f=50&w=54"),
    ):  # fmt: skip
        player.evaluate("location.hash = '#f=50'")
        player.wait_for_selector('wet-player[data-frame="50"]', state="attached")
        for key in keys:
            player.keyboard.press(key)
        player.wait_for_selector('wet-player[data-state="still"]', state="attached")
        assert player.evaluate("location.hash") == address
        before = player.evaluate("document.querySelector('.wet-screen').toDataURL()")
        player.reload()
        player.wait_for_selector('wet-player[data-state="still"]', state="attached")
        assert player.evaluate("document.querySelector('.wet-screen').toDataURL()") == before
        player.keyboard.press("1")
        player.evaluate("document.querySelector('wet-player').show({ wipe: 0.5 })")


def test_keys_are_left_alone_where_they_are_not_meant(player: Page, stand: Stand) -> None:
    player.evaluate(
        """() => {
          document.body.insertAdjacentHTML("beforeend", "<textarea id='words'></textarea>");
          document.getElementById("words").focus();
        }"""
    )
    player.keyboard.type("jkl. 5")
    assert stand(player) == 0
    assert player.input_value("#words") == "jkl. 5"
    player.evaluate("document.getElementById('words').blur()")
    player.evaluate("document.documentElement.dataset.keys = 'off'")
    player.keyboard.press("ArrowRight")
    player.keyboard.press("5")
    assert stand(player) == 0
    player.evaluate("delete document.documentElement.dataset.keys")
    player.keyboard.press("ArrowRight")
    assert stand(player) == 1


def test_the_wipe_follows_the_pointer(player: Page) -> None:
    box = player.locator(".wet-screen").bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    player.mouse.move(box["x"] + box["width"] * 0.5, middle)
    player.mouse.down()
    player.mouse.move(box["x"] + box["width"] * 0.25, middle)
    player.mouse.up()
    wipe = player.evaluate("document.querySelector('wet-player').look.wipe")
    assert wipe == pytest.approx(0.25, abs=0.01)


def test_a_shot_of_a_store_from_the_first_request_to_the_native_crop(
    archive: Callable[..., Any],
    page_app: Callable[[], FastAPI],
    serve: Callable[[FastAPI], str],
    until: Callable[[Page, str], None],
    page: Page,
) -> None:
    """Made, shown, gone through and cut by keys alone; and nothing is asked of another machine."""
    known = archive()
    app = page_app()
    app.include_router(router_of(known.store))
    at = serve(app)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{at}/shot?src={known.address()}#f=2&v=difference&x=16")
    page.wait_for_selector('wet-player[data-state="still"]', state="attached", timeout=30000)
    page.wait_for_selector(".wet-lane", state="attached")
    assert "r12" in page.locator(".wet-number").inner_text()
    assert page.locator(".wet-lane").first.inner_text().split()[:2] == ["GHOST", "flag"]
    assert page.locator(".wet-chart canvas").count() >= 3
    page.keyboard.press("w")  # the worst frame of what is flagged
    until(page, "location.hash.startsWith('#f=6&')")
    page.locator(".wet-chart .u-over").first.click(position={"x": 3, "y": 20})
    until(page, "location.hash.startsWith('#f=0&')")
    page.keyboard.press("c")
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Enter")
    until(
        page,
        "[...document.querySelectorAll('.wet-cuts img')].filter((one) => one.naturalWidth)"
        ".length === 3",
    )
    sizes = page.evaluate(
        "[...document.querySelectorAll('.wet-cuts img')]"
        ".map((one) => [one.naturalWidth, one.naturalHeight])"
    )
    assert sizes == [[72, 56]] * 3
    page.keyboard.press("Escape")
    saved: list[str] = []
    page.on("download", lambda download: saved.append(download.suggested_filename))
    page.keyboard.press("s")
    for _ in range(100):
        page.wait_for_timeout(50)
        if len(saved) == 2:
            break
    start = f"{known.reel.reel_id}.0000010"
    assert sorted(saved) == [
        f"{start}.restored.{known.shots[1].key[:12]}.png",
        f"{start}.source.png",
    ]
    assert {url.partition("/")[0] + "//" + url.split("/")[2] for url in asked} == {at}


def test_the_next_shot_is_made_ready_meanwhile(
    archive: Callable[..., Any],
    page_app: Callable[[], FastAPI],
    serve: Callable[[FastAPI], str],
    page: Page,
) -> None:
    known = archive()
    app = page_app()
    app.include_router(router_of(known.store))
    page.goto(f"{serve(app)}/shot?src={known.address(0)}&next={known.address(1)}")
    folder = known.store.proxies / known.reel.reel_id
    for _ in range(300):
        if list(folder.glob(f"{known.shots[1].key}.*.mp4")):
            break
        page.wait_for_timeout(50)
    assert len(list(folder.glob("*.mp4"))) == 2


def test_what_cannot_be_shown_says_why(
    archive: Callable[..., Any],
    page_app: Callable[[], FastAPI],
    serve: Callable[[FastAPI], str],
    page: Page,
) -> None:
    known = archive()
    known.reel.source.unlink()
    app = page_app()
    app.include_router(router_of(known.store))
    page.goto(f"{serve(app)}/shot?src={known.address()}")
    page.wait_for_selector('wet-player[data-state="failed"]', state="attached", timeout=20000)
    assert "reel.mkv" in page.locator(".wet-words").inner_text()


def test_timecode_is_counted_as_smpte_counts_it(player: Page) -> None:
    found = player.evaluate(
        """async () => {
          const { Timecode } = await import("/static/player/timecode.js");
          const dropped = new Timecode([30000, 1001], "00:00:00;00");
          const twice = new Timecode([60000, 1001], "01:00:00;00");
          const film = new Timecode([24000, 1001], "10:00:00:12");
          const silent = new Timecode([18, 1], null);
          const odd = [];
          for (let frame = 0; frame < 220000; frame += 7) {
            for (const timecode of [dropped, twice, film, silent]) {
              if (timecode.frame(timecode.of(frame)) !== frame) odd.push(frame);
            }
          }
          return {
            dropped: [0, 29, 1799, 1800, 17981, 17982, 107892].map((n) => dropped.of(n)),
            twice: [3599, 3600, 35964].map((n) => twice.of(n)),
            film: film.of(24 * 3600), silent: silent.of(18 * 61 + 17), odd,
            wrong: ["", "1", "00:61:00:00", "00:00:00:24", "a"].map((text) => film.frame(text)),
          };
        }"""
    )
    assert found == {
        "dropped": [
            "00:00:00;00", "00:00:00;29", "00:00:59;29", "00:01:00;02", "00:09:59;29",
            "00:10:00;00", "01:00:00;00",
        ],
        "twice": ["01:00:59;59", "01:01:00;04", "01:10:00;00"],
        "film": "11:00:00:12", "silent": "00:01:01:17", "odd": [], "wrong": [None] * 5,
    }  # fmt: skip


def test_every_key_has_an_action_and_every_action_a_key_that_no_other_has(player: Page) -> None:
    found = player.evaluate(
        """async () => {
          const { KEYS } = await import("/static/player/keys.js");
          const { ACTIONS } = await import("/static/player/actions.js");
          return {
            keys: KEYS.flatMap(([keys]) => keys), named: KEYS.map(([, action]) => action),
            actions: Object.keys(ACTIONS), words: KEYS.map(([, , words]) => words),
          };
        }"""
    )
    assert sorted(found["named"]) == sorted(found["actions"])
    assert len(set(found["keys"])) == len(found["keys"])
    assert all(found["words"])
    page_of_it = (Path(__file__).parent.parent.parent / "docs" / "player.md").read_text()
    for key in (k.upper() for k in found["keys"] if len(k) == 1 and k.isalnum()):
        assert f" {key} " in page_of_it, key
