"""What can be decided, and what must be said with it."""

from pathlib import Path
from typing import Any

import pytest

from catalogs.decisions.codes import CODES
from catalogs.decisions.decision import VERBS
from catalogs.errors import DecisionError
from tasks.metrics.registry import METRICS

from .conftest import draft


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"verb": "redo"}, "recipe or a model"),
        ({"verb": "redo", "model": "grainfree"}, "NAME@VERSION"),
        ({"verb": "redo", "recipe": "../gentle.toml"}, "no name of a recipe"),
        ({"verb": "accept", "recipe": "conservative"}, "takes no recipe"),
        ({"verb": "question"}, "needs a comment"),
        ({"verb": "question", "comment": " \n"}, "needs a comment"),
        ({"verb": "reopen"}, "needs a comment"),
        ({"verb": "keep original", "start_frame": None, "stop_frame": None}, "is of a shot"),
        ({"verb": "sign off", "start_frame": 0, "stop_frame": 9}, "of a whole reel"),
        ({"verb": "approve"}, "cannot be decided"),
        ({"stop_frame": None}, "give both"),
        ({"start_frame": 10}, "no shot"),
        ({"frame": 10}, "not in the shot, frames 0 to 9"),
        ({"frame": -1}, "not in the shot"),
        ({"comment": "x" * 4001}, "4000 are the most"),
        ({"comment": "a\x00b"}, "control characters"),
        ({"person": "two\nlines"}, "control characters"),
        ({"person": " - "}, "no person"),
        ({"reel_id": ""}, "no reel"),
        ({"codes": ("AI/GHOST", "AI/NONE")}, "no code AI/NONE"),
        ({"codes": ("AI/GHOST", "AI/GHOST")}, "stands twice"),
        ({"output_sha256": "A" * 64}, "SHA-256"),
        ({"comment": "\ud800"}, "control characters"),
    ],
)  # fmt: skip
def test_a_draft_that_does_not_hold_together_is_refused(said: dict[str, Any], why: str) -> None:
    with pytest.raises(DecisionError, match=why):
        draft(**said)


def test_a_draft_may_say_all_that_there_is_to_say() -> None:
    said = draft("redo", comment="4000\n" * 800, frame=9, codes=tuple(CODES), recipe="gentle",
                 model="grainfree@2", batch_id="20261128-010203-abcdef")  # fmt: skip
    assert said.place == ("R.r1", 0, 10)
    assert said.subject == "R.r1/0000000-0000010"


def test_codes_name_metrics_that_there_are() -> None:
    known = {metric.identifier for metric in METRICS}
    for code in CODES.values():
        assert set(code.metrics) <= known, code.code
        assert code.means.endswith("."), code.code
    assert all(c.metrics for c in CODES.values() if c.category == "AI" and c.code != "AI/HALO")


def test_every_metric_that_judges_has_a_code_to_say_the_same_with() -> None:
    spoken = {metric for code in CODES.values() for metric in code.metrics}
    assert {metric.identifier for metric in METRICS if metric.gated} - spoken == set()


def test_every_code_and_decision_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "decisions.md").read_text()
    for code in CODES.values():
        row = f"| `{code.code}` | {code.name} | {code.means} | {', '.join(code.metrics)} |"
        assert row in text, row
    assert [verb for verb in VERBS if f"| {verb} |" not in text] == []


@pytest.mark.parametrize("odd", ["\u202e", "\u2066", "\u2028", "\u2029", "\x07"])
def test_a_text_reads_as_it_is_written(odd: str) -> None:
    for name in ("comment", "person"):
        with pytest.raises(DecisionError, match="control characters"):
            draft(**{name: f"fine{odd}ton"})
    assert draft(comment="\u05e2\u05d1\u05e8\u05d9\u05ea\u200f, \u0645\u200d").comment
