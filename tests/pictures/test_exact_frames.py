"""The heart of the player: the frame on the screen, its number and the address are one.

The number is read from the picture on the screen by blocks that the test burned into it, left in
the source's half and right in the restored half of a wipe; the player knows nothing of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.sync_api import Page

RATES = {
    "18": Fraction(18), "23.976": Fraction(24000, 1001), "24": Fraction(24), "25": Fraction(25),
    "29.97": Fraction(30000, 1001), "60": Fraction(60),
}  # fmt: skip
FRAMES = 240


@pytest.mark.parametrize("times", (8, pytest.param(50, marks=pytest.mark.slow)))
@pytest.mark.parametrize("rate", RATES.values(), ids=RATES)
def test_what_is_shown_is_what_is_claimed_and_what_the_address_says(
    rate: Fraction,
    times: int,
    counter_clip: Callable[..., Path],
    clip_app: Callable[..., FastAPI],
    serve: Callable[[FastAPI], str],
    stand: Callable[[Page], int],
    page: Page,
) -> None:
    at = serve(clip_app(counter_clip(rate, FRAMES), rate, FRAMES))
    page.goto(f"{at}/shot?src=/clip#f=17")
    assert stand(page) == 17  # an address that was sent
    chance = random.Random(str(rate))
    for _ in range(times):
        wanted = chance.randrange(FRAMES)
        page.evaluate("frame => document.querySelector('wet-player').seek(frame)", wanted)
        assert stand(page) == wanted
    page.evaluate("document.querySelector('wet-player').seek(95)")
    here = stand(page)
    for _ in range(times):
        step = chance.choice((1, 1, -1))
        page.keyboard.press("ArrowRight" if step > 0 else "ArrowLeft")
        here += step
        assert stand(page) == here
    for _ in range(times // 4):
        page.evaluate("frame => document.querySelector('wet-player').seek(frame)", 5)
        stand(page)
        page.keyboard.press(" ")
        page.wait_for_timeout(chance.uniform(150, 900))
        page.keyboard.press(" ")
        assert 5 < stand(page) < FRAMES
