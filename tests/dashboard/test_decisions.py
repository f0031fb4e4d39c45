"""Decisions by the dashboard: taken down before they are answered, of the output that was seen."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from catalogs.decisions.log import DecisionLog
from catalogs.errors import VerificationError
from catalogs.store import Store
from tests.dashboard.conftest import FRAMES, NIGHT, TREATMENT, Browser, Open, key_of

SHOT = "/reels/R0.r1/shots/48"
SEEN = key_of(0, 1)[::-1]


@pytest.fixture
def deciding(filled: Store, open_dashboard: Open) -> Browser:
    return open_dashboard(filled, person="N. Reviewer")


def decide(browser: Browser, address: str = SHOT, **fields: Any) -> httpx.Response:
    said = {"verb": "accept", "output_sha256": SEEN, **fields}
    path, _, query = address.partition("?")
    return browser.submit(f"{path}/decide" + (f"?{query}" if query else ""), said, page=address)


def log(store: Store) -> DecisionLog:
    return DecisionLog(store.root / "decisions")


def test_a_decision_is_in_the_log_with_all_that_was_said(deciding: Browser, filled: Store) -> None:
    answer = decide(
        deciding, verb="question", codes=["AI/EYE-FLICKER", "FILM/DIRT"], frame="7",
        comment="Left eye.\r\nTwice.",
    )  # fmt: skip
    (taken,) = log(filled).read()
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{SHOT}?done=1"
    assert (taken.person, taken.verb, taken.reel_id) == ("N. Reviewer", "question", "R0.r1")
    assert (taken.start_frame, taken.stop_frame, taken.frame) == (FRAMES, 2 * FRAMES, FRAMES + 7)
    assert (taken.output_sha256, taken.treatment_id) == (SEEN, TREATMENT.treatment_id)
    assert taken.codes == ("AI/EYE-FLICKER", "FILM/DIRT")
    assert taken.comment == "Left eye.\nTwice."
    assert taken.batch_id == NIGHT
    assert list(filled.ledger().newest("decisions")["sha256"]) == [taken.sha256]


def test_pages_show_it_at_once(deciding: Browser) -> None:
    assert decide(deciding, verb="keep original", comment="Waxy").status_code == 303
    assert "Waxy" in deciding.get(SHOT).text
    assert "1 shot like that" in deciding.get("/shots?decision=keep%20original").text
    assert "keep original" in deciding.get("/audit?kind=decisions").text
    assert "<strong>3 shots</strong> without a decision" in deciding.get("/reels/R0.r1").text


def test_after_a_decision_the_list_goes_on(deciding: Browser) -> None:
    answer = decide(deciding, f"{SHOT}?light=flag&sort=place&decision=open", go_on="1")
    to = answer.headers["location"]
    assert to == "/reels/R1.r1/shots/48?light=flag&decision=open&sort=place&done=1"
    assert "1 of 2" in deciding.get(to).text


def test_the_last_shot_of_a_list_stays(deciding: Browser) -> None:
    answer = decide(deciding, f"{SHOT}?reel=R0.r1&light=flag", go_on="1")
    assert answer.headers["location"].startswith(SHOT)


def test_a_shot_that_was_rendered_anew_since_is_not_decided(
    deciding: Browser, filled: Store
) -> None:
    answer = decide(deciding, output_sha256="9" * 64, comment="Kept in the form")
    assert answer.status_code == 409
    assert "rendered anew" in answer.text and "Kept in the form" in answer.text
    assert log(filled).read() == ()


@pytest.mark.parametrize(
    ("fields", "why"),
    (
        ({"verb": "redo"}, "recipe or a model"),
        ({"verb": "redo", "recipe": "/etc/passwd"}, "no recipe"),
        ({"verb": "redo", "recipe": "../access"}, "no recipe"),
        ({"verb": "question"}, "comment"),
        ({"verb": "sign off"}, "choose"),
        ({"verb": "burn"}, "choose"),
        ({"verb": ""}, "choose"),
        ({"frame": "48"}, "frames 0 to 47"),
        ({"frame": "-1"}, "frames 0 to 47"),
        ({"frame": "x"}, "frames 0 to 47"),
        ({"frame": "0" * 5000}, "frames 0 to 47"),
        ({"verb": "redo", "model": "grain@1"}, "on the shelf"),
        ({"codes": "FILM/NONE"}, "no code"),
        ({"comment": "x" * 4001}, "4000"),
        ({"comment": "a\0b"}, "control"),
        ({"output_sha256": ""}, "SHA-256"),
    ),
)
def test_what_does_not_hold_together_is_not_recorded(
    deciding: Browser, filled: Store, fields: dict[str, str], why: str
) -> None:
    answer = decide(deciding, **fields)
    assert answer.status_code == 409
    assert why in answer.text
    assert log(filled).read() == ()


def test_a_redo_names_a_shipped_recipe(deciding: Browser, filled: Store) -> None:
    assert decide(deciding, verb="redo", recipe="access").status_code == 303
    assert log(filled).read()[0].recipe == "access"


def test_a_recipe_left_in_the_form_is_of_redo_alone(deciding: Browser, filled: Store) -> None:
    assert decide(deciding, verb="accept", recipe="access").status_code == 303
    assert log(filled).read()[0].recipe == ""


def test_a_reel_is_locked_after_two_people_signed_it_off(
    filled: Store, open_dashboard: Open
) -> None:
    first, second = (open_dashboard(filled, person=name) for name in ("One", "Two"))

    def say(browser: Browser, verb: str, comment: str = "") -> str:
        page = browser.get("/reels/R0.r1").text
        output = page.split('name="output_sha256" value="')[1][:64]
        fields = {"verb": verb, "output_sha256": output, "comment": comment}
        answer = browser.submit("/reels/R0.r1/decide", fields, page="/reels/R0.r1")
        return answer.headers.get("location", answer.text)

    assert "done=1" in say(first, "sign off")
    assert "two different people" in say(first, "lock")
    assert "done=2" in say(second, "sign off")
    assert "done=3" in say(second, "lock")
    assert "Nights and reprocessing leave it alone" in first.get("/reels/R0.r1").text
    assert "locked" in first.get(SHOT).text
    (manifest,) = filled.root.glob("reels/R0.r1/*/manifest.json")
    manifest.unlink()  # what is damaged can be reopened all the same
    assert "done=4" in say(first, "reopen", "A mistake")


def test_a_reel_is_not_signed_off_while_something_is_open(
    filled: Store, open_dashboard: Open
) -> None:
    browser = open_dashboard(filled, person="One")
    assert decide(browser, verb="question", comment="Whose hand is this?").status_code == 303
    output = browser.get("/reels/R0.r1").text.split('name="output_sha256" value="')[1][:64]
    fields = {"verb": "sign off", "output_sha256": output, "comment": ""}
    answer = browser.submit("/reels/R0.r1/decide", fields, page="/reels/R0.r1")
    assert answer.status_code == 409
    assert "while something is open" in answer.text
    assert [one.verb for one in log(filled).read()] == ["question"]


def test_a_log_that_was_tampered_with_takes_no_decisions(deciding: Browser, filled: Store) -> None:
    decide(deciding)
    file = filled.root / "decisions" / "log.jsonl"
    file.write_text(file.read_text().replace('"accept"', '"ACCEPT"'))
    with_new_eyes = DecisionLog(filled.root / "decisions")
    with pytest.raises(VerificationError, match="line 1"):
        with_new_eyes.read()
    file.write_text("")
    assert "does not hold" in deciding.get("/").text
    assert decide(deciding).status_code == 500
