"""The view of the ledger: what stands, as the rest of the software says it stands."""

from __future__ import annotations

import pytest

from catalogs.decisions.decision import Draft
from catalogs.decisions.ledger_copy import copy_decision
from catalogs.shot_query import standing_shots
from catalogs.store import Store
from catalogs.treatments import recorded_treatments
from dashboard.ledger_view import LedgerView
from dashboard.lists import page_of
from dashboard.shot_filters import LIGHTS, SORTS, Filters, read_filters
from tests.dashboard.conftest import FRAMES, NIGHT, TREATMENT, add_reel, key_of

_SAME = ("reel_id", "start_frame", "stop_frame", "shot_index", "frames", "key", "treatment_id",
         "recipe", "models", "status", "changed_share", "flagged", "collection")  # fmt: skip


def seen(view: LedgerView) -> list[dict[str, object]]:
    return view.ask(f"SELECT {', '.join(_SAME)} FROM shot ORDER BY reel_id, start_frame")


def said(store: Store) -> list[dict[str, object]]:
    ledger = store.ledger()
    rows = standing_shots(ledger, recorded_treatments(ledger))
    return [{name: row[name] for name in _SAME} for row in rows.to_dict("records")]


def test_it_shows_the_shots_that_conditions_in_sql_choose_from(filled: Store) -> None:
    view = LedgerView(filled, 0.0)
    assert seen(view) == said(filled)
    assert len(seen(view)) == 12


def test_what_is_recorded_later_is_seen_and_nothing_twice(filled: Store) -> None:
    view = LedgerView(filled, 0.0)
    seen(view)
    add_reel(filled.ledger(NIGHT), 7, shots=2)
    for table in ("reels", "restorations", "measurements", "shots"):
        filled.ledger().compact(table, "R0.r1")
    filled.ledger().compact("batches", NIGHT)
    filled.ledger().compact("events", NIGHT)
    assert seen(view) == said(filled)
    assert len(seen(view)) == 14
    assert view.one("SELECT count(*) AS n FROM event") == {"n": 1}
    assert view.one("SELECT count(*) AS n FROM batch") == {"n": 2}
    assert view.one("SELECT count(*) AS n FROM value") == {"n": 14 * 4}


def test_what_was_restored_of_a_reel_that_is_held_now_stands(filled: Store) -> None:
    view = LedgerView(filled, 0.0)
    seen(view)
    held = {"reel_id": "R0.r1", "identifier": "R0", "status": "held", "reason": "gone"}
    filled.ledger().append("reels", "R0.r1", [held])
    assert seen(view) == said(filled)
    assert len(seen(view)) == 12
    assert view.one("SELECT status FROM reel WHERE reel_id = 'R0.r1'") == {"status": "held"}


def test_a_reel_that_only_a_policy_holds_stands(filled: Store) -> None:
    held = {"reel_id": "R0.r1", "identifier": "R0", "status": "held", "reason": "policy",
            "treatment_id": TREATMENT.treatment_id}  # fmt: skip
    filled.ledger().append("reels", "R0.r1", [held])
    view = LedgerView(filled, 0.0)
    assert seen(view) == said(filled)
    assert len(seen(view)) == 12


def test_a_reel_of_mixed_treatments_shows_each_shot_as_it_was_treated(filled: Store) -> None:
    ledger, whole = filled.ledger(NIGHT), "e" * 64
    ledger.append("mixtures", "R0.r1", [
        {"reel_id": "R0.r1", "reel_digest": f"{0:064x}", "treatment_id": whole,
         "start_frame": i * FRAMES, "stop_frame": (i + 1) * FRAMES,
         "part_treatment_id": TREATMENT.treatment_id} for i in range(4)
    ])  # fmt: skip
    newest = ledger.newest("reels", "R0.r1").iloc[-1].dropna().to_dict()
    own = {name: newest[name] for name in newest if name not in ("record_id", "recorded_at")}
    ledger.append("reels", "R0.r1", [{**own, "treatment_id": whole}])
    view = LedgerView(filled, 0.0)
    assert seen(view) == said(filled)
    assert view.one("SELECT DISTINCT version_id FROM shot WHERE reel_id = 'R0.r1'") == {
        "version_id": whole
    }


def test_lights_are_those_of_the_worst_metric(filled: Store) -> None:
    view = LedgerView(filled, 0.0)
    rows = view.ask("SELECT light, count(*) AS n FROM shot GROUP BY light ORDER BY light")
    assert rows == [{"light": "flag", "n": 3}, {"light": "ok", "n": 9}]


@pytest.mark.parametrize("sort", SORTS)
def test_every_order_lists_each_shot_once(filled: Store, sort: str) -> None:
    house = House(LedgerView(filled, 0.0))
    for light in ("", *LIGHTS):
        found = page_of(house, Filters(light=light, sort=sort, metric="EYE"))  # type: ignore[arg-type]
        want = {"": 12, "flag": 3, "ok": 9}.get(light, 0)
        assert len({row["name"] for row in found.shots}) == len(found.shots) == found.total == want


def test_values_of_a_metric_order_shots_and_unmeasured_ones_come_last(filled: Store) -> None:
    house = House(LedgerView(filled, 0.0))
    rows = page_of(house, Filters(metric="EYE", sort="metric")).shots  # type: ignore[arg-type]
    assert [row["metric_value"] for row in rows] == [4.0] * 3 + [3.0] * 3 + [2.0] * 3 + [1.0] * 3
    rows = page_of(house, Filters(metric="SSIM", sort="metric", falling="0")).shots  # type: ignore[arg-type]
    assert [row["metric_value"] for row in rows][-3:] == [None] * 3


def test_a_decision_is_stale_once_another_output_stands(filled: Store) -> None:
    view = LedgerView(filled, 0.0)
    house = House(view)
    draft = Draft(
        person="N. Reviewer", verb="accept", reel_id="R0.r1", start_frame=0, stop_frame=FRAMES,
        treatment_id=TREATMENT.treatment_id, output_sha256=key_of(0, 0)[::-1],
    )  # fmt: skip
    view.decisions.log.append(draft)

    def like(word: str) -> int:
        return page_of(house, Filters(decision=word)).total  # type: ignore[arg-type]

    assert [like(word) for word in ("open", "decided", "accept", "stale")] == [11, 1, 1, 0]
    rows = filled.ledger().newest("restorations", "R0.r1").to_dict("records")
    again = {name: rows[0][name] for name in ("key", "reel_id", "reel_digest", "shot_index",
             "start_frame", "stop_frame", "treatment_id", "status", "changed_share",
             "seconds")}  # fmt: skip
    filled.ledger(NIGHT).append("restorations", "R0.r1", [{**again, "picture_sha256": "9" * 64}])
    newest = filled.ledger().newest("reels", "R0.r1").iloc[-1].dropna().to_dict()
    own = {name: newest[name] for name in newest if name not in ("record_id", "recorded_at")}
    filled.ledger().append("reels", "R0.r1", [own])
    assert [like(word) for word in ("open", "decided", "accept", "stale")] == [12, 0, 0, 1]


def test_addresses_that_ask_for_nothing_known_ask_for_nothing() -> None:
    wild = {"light": "x' OR 1=1", "sort": "reel_id; DROP TABLE shot", "page": "-1", "metric": "?",
            "verdict": "x", "decision": "x", "falling": "2"}  # fmt: skip
    assert read_filters(wild, ("EYE",)) == Filters()
    assert read_filters({"sort": "metric"}, ("EYE",)) == Filters()
    assert read_filters({"text": "x" * 999, "page": "3"}, ()).but(page=3).text == "x" * 120


@pytest.mark.parametrize("field", ("text", "reel", "stratum", "model", "batch"))
def test_no_word_of_an_address_becomes_part_of_a_statement(filled: Store, field: str) -> None:
    house = House(LedgerView(filled, 0.0))
    asked = Filters(**{field: "' OR 1=1; DROP TABLE shot; --"})  # type: ignore[arg-type]
    assert page_of(house, asked).total == 0  # type: ignore[arg-type]
    assert page_of(house, Filters()).total == 12  # type: ignore[arg-type]


class House:
    """What lists need of an open dashboard."""

    def __init__(self, view: LedgerView) -> None:
        self.view = view


def test_another_log_is_shown_as_it_is_now(filled: Store) -> None:
    """A log that holds is put back from a copy of fewer decisions, and then another is taken."""
    view = LedgerView(filled, 0.0)

    def shown() -> list[object]:
        return [
            row["comment"] for row in view.ask("SELECT comment FROM decision ORDER BY sequence")
        ]

    def take(comment: str) -> None:
        view.decisions.log.append(
            Draft(person="A", verb="accept", reel_id="R0.r1", start_frame=0, stop_frame=FRAMES,
                  treatment_id=TREATMENT.treatment_id, output_sha256="a" * 64, comment=comment)
        )  # fmt: skip

    def put_back(copy: bytes) -> None:
        beside = path.with_name("copy")  # a file of its own, as a number of a file is used again
        beside.write_bytes(copy)
        beside.replace(path)

    take("one")
    take("two")
    path = view.decisions.log.path
    copy = path.read_bytes()
    take("three")
    assert shown() == ["one", "two", "three"]
    put_back(copy)
    take("four")
    assert shown() == ["one", "two", "four"]
    put_back(copy)
    assert shown() == ["one", "two"]


def test_a_log_that_cannot_be_read_is_a_problem_and_no_fault_of_the_page(filled: Store) -> None:
    view = LedgerView(filled, 0.0)
    view.decisions.log.path.mkdir(parents=True)
    assert view.ask("SELECT count(*) AS n FROM decision") == [{"n": 0}]
    assert "cannot read" in view.decisions.problem
    assert view.decisions.known() == ()


def test_a_log_that_was_deleted_is_a_problem(filled: Store) -> None:
    draft = Draft(
        person="A", verb="accept", reel_id="R0.r1", treatment_id="t", output_sha256="a" * 64
    )
    copy_decision(filled.ledger(), filled.decisions.append(draft))
    filled.decisions.path.unlink()
    view = LedgerView(filled, 0.0)
    view.refresh()
    assert "not in the log any more" in view.decisions.problem
