"""Decisions as reviewers take them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalogs.decisions.decision import Draft
from catalogs.decisions.log import DecisionLog

OUTPUT = "a" * 64


def draft(verb: str = "accept", **said: Any) -> Draft:
    """A decision on a shot, or on the reel where the verb is of one."""
    of_reel = verb in ("sign off", "lock", "reopen")
    place = {} if of_reel else {"start_frame": 0, "stop_frame": 10}
    usual = {"person": "A. Reviewer", "reel_id": "R.r1", "treatment_id": "t"}
    return Draft(**{**usual, **place, "verb": verb, "output_sha256": OUTPUT, **said})


@pytest.fixture
def make() -> Callable[..., Draft]:
    """`draft`, for tests."""
    return draft


@pytest.fixture
def log(tmp_path: Path) -> DecisionLog:
    return DecisionLog(tmp_path / "decisions")
