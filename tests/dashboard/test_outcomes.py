"""What became of decisions, as the pages say it: carried out, held, or not done."""

from __future__ import annotations

from typing import Any

import pytest

from catalogs.decisions.decision import Decision, Draft
from catalogs.decisions.log import DecisionLog
from catalogs.decisions.outcomes import OutcomeWord, outcome_event, outcomes
from catalogs.store import Store
from dashboard.ledger_view import LedgerView
from tests.dashboard.conftest import FRAMES, NIGHT, TREATMENT, Open, key_of

SHOT = "/reels/R0.r1/shots/0"
LATER = "20260111-220000-abc124"


def decided(store: Store, verb: str = "redo") -> Decision:
    draft = Draft(
        person="N. Reviewer: of all", verb=verb, reel_id="R0.r1",  # type: ignore[arg-type]
        start_frame=0, stop_frame=FRAMES, treatment_id=TREATMENT.treatment_id,
        output_sha256=key_of(0, 0)[::-1], recipe="access" if verb == "redo" else "",
    )  # fmt: skip
    return DecisionLog(store.root / "decisions").append(draft)


def said_of(store: Store, decision: Decision, outcome: OutcomeWord, detail: str) -> None:
    event = outcome_event(decision, outcome, detail)
    event["object"] = event.pop("subject")
    ledger = store.ledger(LATER)
    ledger.append("events", LATER, [{**event, "agent": "wetgate"}])
    ledger.append("batches", LATER, [{"recipe": "decided", "status": "finished"}])


def rendered_anew(store: Store) -> None:
    rows = store.ledger().newest("restorations", "R0.r1").to_dict("records")
    kept = ("key", "reel_id", "reel_digest", "shot_index", "start_frame", "stop_frame",
            "treatment_id", "status", "changed_share", "seconds")  # fmt: skip
    again = {name: rows[0][name] for name in kept}
    store.ledger(LATER).append("restorations", "R0.r1", [{**again, "picture_sha256": "9" * 64}])
    newest = store.ledger().newest("reels", "R0.r1").iloc[-1].dropna().to_dict()
    own = {name: newest[name] for name in newest if name not in ("record_id", "recorded_at")}
    store.ledger().append("reels", "R0.r1", [own])


def test_a_carried_out_decision_is_not_called_stale(filled: Store, open_dashboard: Open) -> None:
    said_of(filled, decided(filled), "begun", "with access")
    said_of(filled, decided(filled), "carried out", "redone with access: done")
    rendered_anew(filled)
    browser = open_dashboard(filled, person="N. Reviewer")
    text = browser.get(SHOT).text
    panel = text[text.index('id="decide-title"') : text.index('id="provenance-title"')]
    assert f'carried out in night <a href="/nights/{LATER}">' in panel
    assert "looked at" in panel
    assert "stale</span>, a newer render" not in panel
    assert "carried out</span>" in browser.get("/shots?reel=R0.r1").text


def test_a_held_decision_says_why_and_the_night_names_it(
    filled: Store, open_dashboard: Open
) -> None:
    said_of(filled, decided(filled), "held", "no recipe <b>access</b> is known: put it there")
    browser = open_dashboard(filled, person="N. Reviewer")
    assert "no recipe &lt;b&gt;access&lt;/b&gt; is known: put it there" in browser.get(SHOT).text
    night = browser.get(f"/nights/{LATER}").text
    assert "<dt>Decisions held</dt><dd>1</dd>" in night
    assert f'<a href="{SHOT}" data-row>R0.r1/0000000-0000048</a>' in night
    assert "put it there" in night
    assert "Decisions held" not in browser.get(f"/nights/{NIGHT}").text
    reel = browser.get("/reels/R0.r1").text
    assert "held</span> in night" in reel and "1 decision is open" in reel


def test_a_decision_that_was_taken_back_says_by_what(filled: Store, open_dashboard: Open) -> None:
    undone: Any = "undone"
    said_of(filled, decided(filled), undone, "conservative-ab becomes access-cd")
    rendered_anew(filled)
    browser = open_dashboard(filled)
    text = browser.get(SHOT).text
    assert "undone</span> in night" in text and "conservative-ab becomes access-cd" in text
    assert "1 undone, 0 carried out" in browser.get(f"/nights/{LATER}").text


@pytest.mark.parametrize("outcome", ("begun", "carried out", "held", "stale"))
def test_the_view_reads_outcomes_as_the_ledger_does(filled: Store, outcome: OutcomeWord) -> None:
    for number in range(3):
        said_of(filled, decided(filled), outcome, f"a: b\nand {number}")
    rows = LedgerView(filled, 0.0).ask("SELECT * FROM outcome")
    found = {row["sequence"]: (row["outcome"], row["batch_id"], row["detail"]) for row in rows}
    known = outcomes(filled.ledger())
    assert found == {n: (one.outcome, one.batch_id, one.detail) for n, one in known.items()}
    assert len(found) == 3


def test_a_night_that_was_superseded_keeps_its_hours(filled: Store, open_dashboard: Open) -> None:
    browser = open_dashboard(filled, hour_price=(60.0, "EUR"))
    before = browser.get(f"/nights/{NIGHT}").text
    rendered_anew(filled)
    after = browser.get(f"/nights/{NIGHT}").text
    hours = "12 min 05 s of workers, 12.08 EUR"  # 12 shots of 60 s, 4 metrics of 0.1 s each
    assert (hours in before, hours in after) == (True, True)
    assert "of what still stands" in after
