"""A reel's page: however long the reel is, and whatever stands or is locked."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from catalogs.decisions.decision import Draft
from catalogs.decisions.log import DecisionLog
from catalogs.store import Store, open_store
from dashboard.strip import strip_of
from tests.dashboard.conftest import FRAMES, NIGHT, TREATMENT, Browser, Open, add_reel, fill, key_of
from tests.dashboard.test_pages import MOST_BYTES

REEL = "/reels/R0.r1"
SHOTS = 1200


@pytest.fixture
def one(filled: Store, open_dashboard: Open) -> Browser:
    return open_dashboard(filled, person="One")


def output(browser: Browser) -> str:
    return browser.get(REEL).text.split('name="output_sha256" value="')[1][:64]


def of_shot(store: Store, verb: str, index: int = 1, comment: str = "") -> None:
    DecisionLog(store.root / "decisions").append(
        Draft(
            person="One", verb=verb, reel_id="R0.r1",  # type: ignore[arg-type]
            start_frame=index * FRAMES, stop_frame=(index + 1) * FRAMES, comment=comment,
            treatment_id=TREATMENT.treatment_id, output_sha256=key_of(0, index)[::-1],
        )
    )  # fmt: skip


def test_the_page_of_1200_shots_is_small(tmp_path: Path, open_dashboard: Open) -> None:
    store = open_store(tmp_path / "store")
    fill(store, 1)
    odd = tuple(
        range(0, SHOTS, 2)
    )  # each shot differs from its neighbours: the worst for the strip
    add_reel(store.ledger(NIGHT), 5, shots=SHOTS, flagged=odd)
    browser = open_dashboard(store, person="One")
    text = browser.get("/reels/R5.r1").text
    parts = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', text))
    size = len(text.encode()) + sum(len(browser.get(part).content) for part in parts)
    assert size < MOST_BYTES
    assert "1,200 shots" in text and "page 1 of 24" in text
    last = browser.get("/reels/R5.r1?page=24").text
    assert f"/reels/R5.r1/shots/{(SHOTS - 1) * FRAMES}?" in last


def test_the_strip_has_each_shot_and_joins_neighbours() -> None:
    rows = [
        {"start_frame": start, "frames": 10, "light": light, "decision": verb, "is_stale": stale}
        for start, light, verb, stale in (
            (0, "flag", None, False), (10, "flag", "accept", False), (20, "ok", "redo", True),
            (40, "flag", "keep original", False),
        )
    ]  # fmt: skip
    strip = strip_of(rows)
    assert strip.shots == "0+10f-,10+10fa,20+10o-,40+10fk"
    assert strip.lights["flag"] == "M0 0H20M40 0H50"
    assert (strip.decided, strip.frames, strip.total) == ("M10 0H20M40 0H50", 50, 4)
    assert strip.counts == {"flag": 3, "look": 0, "ok": 1, "none": 0, "kept": 0}


def test_open_decisions_are_listed_where_they_forbid_a_sign_off(
    filled: Store, one: Browser
) -> None:
    of_shot(filled, "question", comment="Whose hand is this?")
    of_shot(filled, "keep original", 2)
    for index in (0, 3):
        of_shot(filled, "accept", index)
    text = one.get(REEL).text
    assert "Every shot is decided; <strong>2 decisions are open</strong>" in text
    assert "Whose hand is this?" in text and "keep original by One" in text
    assert f'href="{REEL}/shots/48?reel=R0.r1&amp;sort=place">frames 48–95</a>' in text
    assert re.search(r'value="sign off"[^>]* disabled title="Not now: 2 decisions are open"', text)
    of_shot(filled, "accept")
    of_shot(filled, "accept", 2)
    text = one.get(REEL).text
    assert "Every shot is decided." in text
    assert not re.search(r'value="sign off"[^>]* disabled', text)


def test_a_locked_reel_can_be_reopened_whatever_stands(
    filled: Store, one: Browser, open_dashboard: Open
) -> None:
    two = open_dashboard(filled, person="Two")
    for browser, verb in ((one, "sign off"), (two, "sign off"), (two, "lock")):
        fields = {"verb": verb, "output_sha256": output(browser)}
        assert browser.submit(f"{REEL}/decide", fields, page=REEL).status_code == 303
    shutil.rmtree(filled.root / "reels" / "R0.r1")
    text = one.get(REEL).text
    assert "Nothing stands that could be signed off" in text
    assert re.search(r'value="reopen">Reopen', text)


def test_one_person_under_two_spellings_does_not_unlock_the_button(
    filled: Store, one: Browser, open_dashboard: Open
) -> None:
    fields = {"verb": "sign off", "output_sha256": output(one)}
    one.submit(f"{REEL}/decide", fields, page=REEL)
    again = open_dashboard(filled, person=" ONE")
    text = again.get(REEL).text
    assert "Not now: you signed it off" in text
    assert "two different people must have signed off" in text


def test_what_is_not_recorded_is_said_in_the_answer(one: Browser) -> None:
    fields = {"verb": "lock", "output_sha256": output(one), "comment": "Kept in the form"}
    answer = one.submit(f"{REEL}/decide", fields, page=REEL)
    assert answer.status_code == 409
    assert "two different people" in answer.text and "Kept in the form" in answer.text


@pytest.mark.parametrize("place", (REEL, f"{REEL}/shots/48"))
def test_no_page_repeats_words_of_its_address(filled: Store, one: Browser, place: str) -> None:
    of_shot(filled, "accept", 3)
    for done in ("7", "1 and all is well", "0", "-1"):
        text = one.get(place, params={"done": done, "problem": "call 555-0100"}).text
        assert "is recorded" not in text and "555-0100" not in text
