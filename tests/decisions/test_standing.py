"""What of the decisions holds, and what may be decided after them."""

import pytest

from catalogs.decisions.log import DecisionLog
from catalogs.decisions.standing import reel_states, standing_decisions
from catalogs.errors import DecisionError

from .conftest import OUTPUT, draft

OTHER = "b" * 64
SHOT, REEL = ("R.r1", 0, 10), ("R.r1", None, None)


def test_the_newest_decision_of_each_shot_stands(log: DecisionLog) -> None:
    log.append(draft("keep original"))
    newest = log.append(draft("accept"))
    other = log.append(draft("question", start_frame=10, stop_frame=20, comment="a face?"))
    found = standing_decisions(log.read(), {SHOT: OUTPUT, ("R.r1", 10, 20): OTHER})
    assert {place: (s.decision, s.is_stale) for place, s in found.items()} == {
        SHOT: (newest, False),
        ("R.r1", 10, 20): (other, True),
    }
    assert standing_decisions(log.read(), {})[SHOT].is_stale


def test_two_different_people_sign_off_before_a_reel_is_locked(log: DecisionLog) -> None:
    with pytest.raises(DecisionError, match="0 of 2 people"):
        log.append(draft("lock"))
    log.append(draft("sign off", person="A. Reviewer"))
    log.append(draft("sign off", person="A. Reviewer"))
    log.append(draft("sign off", person=" a.  reviewer"))
    with pytest.raises(DecisionError, match="1 of 2 people"):
        log.append(draft("lock"))
    log.append(draft("sign off", person="B. Reviewer"))
    log.append(draft("lock", person="A. Reviewer"))
    state = reel_states(log.read(), {REEL: OUTPUT})["R.r1"]
    assert state.is_locked
    assert not state.is_stale
    assert state.signed_off_by == (" a.  reviewer", "B. Reviewer")


def test_both_sign_off_the_same_output(log: DecisionLog) -> None:
    log.append(draft("sign off", person="A. Reviewer"))
    log.append(draft("sign off", person="B. Reviewer", output_sha256=OTHER))
    with pytest.raises(DecisionError, match=r"1 of 2 people by B\. Reviewer"):
        log.append(draft("lock", output_sha256=OTHER))
    with pytest.raises(DecisionError, match="0 of 2"):
        log.append(draft("lock"))
    assert reel_states(log.read(), {REEL: OTHER})["R.r1"].signed_off_by == ("B. Reviewer",)
    assert reel_states(log.read(), {REEL: OUTPUT})["R.r1"].signed_off_by == ()


@pytest.mark.parametrize("verb", ["keep original", "redo", "question"])
def test_what_asks_for_another_picture_takes_sign_offs_back(log: DecisionLog, verb: str) -> None:
    log.append(draft("sign off", person="A. Reviewer"))
    log.append(draft("accept"))
    assert reel_states(log.read())["R.r1"].signed_off_by == ("A. Reviewer",)
    log.append(draft(verb, comment="look", recipe="untouched" if verb == "redo" else ""))
    log.append(draft("sign off", person="B. Reviewer"))
    with pytest.raises(DecisionError, match="1 of 2"):
        log.append(draft("lock"))


def test_a_locked_reel_takes_no_decision_but_its_reopening(log: DecisionLog) -> None:
    for person in ("A. Reviewer", "B. Reviewer"):
        log.append(draft("sign off", person=person))
    with pytest.raises(DecisionError, match="nothing to reopen"):
        log.append(draft("reopen", comment="by mistake"))
    log.append(draft("lock"))
    for verb in ("accept", "keep original", "sign off", "lock"):
        with pytest.raises(DecisionError, match=r"R\.r1: it is locked, by A\. Reviewer on 20"):
            log.append(draft(verb))
    assert log.append(draft("accept", reel_id="S.r1")).sequence == 4  # of another reel
    with pytest.raises(DecisionError, match="locked"):
        DecisionLog(log.folder).append(draft("question", comment="by another process"))
    log.append(draft("reopen", comment="a better print", person="B. Reviewer"))
    assert "R.r1" not in reel_states(log.read())
    log.append(draft("accept"))
    with pytest.raises(DecisionError, match="0 of 2"):
        log.append(draft("lock"))


def test_a_lock_stays_whatever_became_of_the_output(log: DecisionLog) -> None:
    for person in ("A. Reviewer", "B. Reviewer"):
        log.append(draft("sign off", person=person))
    log.append(draft("lock"))
    state = reel_states(log.read(), {REEL: OTHER})["R.r1"]
    assert state.is_locked
    assert state.is_stale
