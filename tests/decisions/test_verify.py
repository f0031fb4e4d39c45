"""`wetgate verify` finds a decision that was changed, and one that was lost."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from catalogs.decisions import ledger_copy
from catalogs.decisions.chain import FIRST, written
from catalogs.decisions.decision import Decision
from catalogs.decisions.ledger_copy import (
    compact_copies,
    copied_decisions,
    copy_decision,
    copy_decisions,
)
from catalogs.decisions.log import DecisionLog
from catalogs.store import Store
from flows.cli import app
from tasks.decisions.fixity import check_decisions

from .conftest import draft


def verify(store: Store) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(app, ["verify", "--store", str(store.root), "--json"])
    return done.exit_code, json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def decided(store: Store) -> Store:
    """A store with three decisions, in the ledger as well."""
    for number in range(3):
        decision = store.decisions.append(draft(comment=f"number {number}"))
        copy_decision(store.ledger(), decision)
    return store


def test_a_log_that_holds_is_well(decided: Store) -> None:
    status, found = verify(decided)
    assert (status, found["problems"], found["decisions"], found["torn"]) == (0, [], 3, 0)
    events = decided.ledger().read("events")
    assert list(events["detail"]) == ["3 decisions"]


def test_a_store_without_decisions_says_nothing_of_them(store: Store) -> None:
    done = CliRunner().invoke(app, ["verify", "--store", str(store.root)])
    assert done.exit_code == 0
    assert "decision" not in done.stdout
    assert store.ledger().read("events").empty


def test_an_edited_byte_is_a_problem_with_its_line(decided: Store) -> None:
    path = decided.decisions.path
    path.write_bytes(path.read_bytes().replace(b"number 1", b"number 7"))
    status, found = verify(decided)
    assert status == 1
    (problem,) = found["problems"]
    assert problem["subject"] == "decisions/log.jsonl"
    assert "line 2" in problem["detail"]
    assert "put the log back" in problem["detail"]
    said = CliRunner().invoke(app, ["verify", "--store", str(decided.root)])
    assert "line 2" in said.stdout


@pytest.mark.parametrize("keep", [2, 0])
def test_a_log_that_was_cut_short_is_found_by_the_copies(decided: Store, keep: int) -> None:
    path: Path = decided.decisions.path
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:keep]))
    status, found = verify(decided)
    assert status == 1
    assert "decision 3 (accept by A. Reviewer" in found["problems"][0]["detail"]
    assert "not in the log any more" in found["problems"][0]["detail"]


def test_a_log_that_was_written_anew_is_found_by_the_copies(decided: Store) -> None:
    """Every hash of the forged chain is right."""
    before, lines = FIRST, []
    for decision in decided.decisions.read():
        forged = type(decision)(**{**vars(decision), "person": "Nobody", "before": before})
        lines.append(written(forged))
        before = lines[-1][-67:-3].decode()
    decided.decisions.path.write_bytes(b"".join(lines))
    assert len(decided.decisions.read()) == 3
    status, found = verify(decided)
    assert status == 1
    assert "decision 1 (accept by A. Reviewer" in found["problems"][0]["detail"]
    assert "is another" in found["problems"][0]["detail"]


def test_an_unfinished_line_is_said_and_no_problem(decided: Store) -> None:
    with decided.decisions.path.open("ab") as stream:
        stream.write(b'{"sequence":4,"deci')
    assert verify(decided)[0] == 0
    decided.decisions.append(draft())
    status, found = verify(decided)
    assert (status, found["torn"], found["decisions"]) == (0, 1, 4)


def test_copies_are_made_once_whoever_makes_them(
    decided: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalogs.decisions.ledger_copy._A_PARTITION", 20)
    log, ledger = decided.decisions, decided.ledger("night")
    for _ in range(30):
        log.append(draft())
    assert copy_decisions(ledger, log.read()) == 30
    assert copy_decisions(ledger, log.read()) == 0
    copy_decision(ledger, log.read()[1])
    copy_decision(ledger, log.read()[-1])
    rows = ledger.read("decisions")
    assert list(rows["sequence"]) == list(range(1, 34))
    assert rows.iloc[1]["sha256"] == log.read()[1].sha256
    assert copied_decisions(ledger) == log.read()
    compact_copies(ledger)
    assert len(list((ledger.folder / "decisions").glob("*/*.parquet"))) == 2
    assert copied_decisions(ledger) == log.read()


def test_a_decision_that_is_taken_meanwhile_is_no_problem(
    decided: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody decides, and the decision is copied, just after the log was read."""
    read = DecisionLog.read

    def then_another(log: DecisionLog) -> tuple[Decision, ...]:
        known = read(log)
        copy_decision(decided.ledger(), log.append(draft(comment="meanwhile")))
        return known

    with monkeypatch.context() as patch:
        patch.setattr(DecisionLog, "read", then_another)
        assert check_decisions(decided).fault == ""
    assert check_decisions(decided).decisions == 4


def test_each_copy_is_read_once_however_often_people_decide(
    decided: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else 200 decisions a minute would read tens of thousands of files."""
    read, files = ledger_copy.pq.read_table, []
    monkeypatch.setattr(
        ledger_copy.pq, "read_table", lambda file, **how: (files.append(file), read(file, **how))[1]
    )
    for _ in range(5):
        copy_decision(decided.ledger(), decided.decisions.append(draft()))
        assert check_decisions(decided).fault == ""
    assert len(files) == len(set(files)) == 8
    compact_copies(decided.ledger())
    assert check_decisions(decided).fault == ""
