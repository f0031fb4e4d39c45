"""The sample of a night is drawn by nobody, and can be drawn again by anybody."""

import hashlib
import shutil
import subprocess

import pandas as pd
import pytest

from catalogs.decisions.sample import draw_sample, night_shots, risk_order, seed_of

NIGHT = "20261128-210003-a1b2c3"


def names(count: int) -> list[str]:
    return [f"R.r1/{10 * n:07d}-{10 * n + 10:07d}" for n in range(count)]


@pytest.mark.parametrize(
    ("shots", "drawn"), [(0, 0), (1, 1), (4, 1), (13, 2), (100, 12), (999, 120)]
)
def test_the_sample_has_its_share(shots: int, drawn: int) -> None:
    sample = draw_sample(NIGHT, names(shots))
    assert len(sample) == drawn
    assert set(sample) <= set(names(shots))


def test_the_sample_is_the_same_for_ever() -> None:
    """Pinned: a change here would draw other samples of nights long gone."""
    assert draw_sample(NIGHT, names(20)) == draw_sample(NIGHT, reversed([*names(20), *names(5)]))
    assert draw_sample(NIGHT, names(20)) == ("R.r1/0000020-0000030", "R.r1/0000100-0000110")
    assert draw_sample(NIGHT + "x", names(20)) != draw_sample(NIGHT, names(20))


def test_every_shot_is_drawn_as_often_as_another() -> None:
    drawn = pd.Series([name for n in range(400) for name in draw_sample(f"night {n}", names(50))])
    counts = drawn.value_counts().reindex(names(50), fill_value=0)
    assert len(drawn) == 400 * 6
    assert counts.mean() == 48
    assert counts.std() < 2 * (48 * (1 - 0.12)) ** 0.5
    assert counts.min() > 20


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
def test_the_order_can_be_drawn_by_hand() -> None:
    """As the module says it."""
    line = 'echo -n "$(echo -n {} | sha256sum | cut -c1-64){}" | sha256sum'

    def by_hand(name: str) -> str:
        said = subprocess.run(
            ["sh", "-c", line.format(NIGHT, name)], capture_output=True, check=True
        )
        return said.stdout[:64].decode()

    assert by_hand("R.r1/1") == hashlib.sha256(f"{seed_of(NIGHT)}R.r1/1".encode()).hexdigest()
    assert draw_sample(NIGHT, names(12)) == (min(names(12), key=by_hand),)


def test_the_shots_of_a_night_stay_its_own() -> None:
    """A shot that a later night computed again was of the first night all the same."""
    rows = pd.DataFrame(
        [
            ("n1", "R.r1", 0, 10),
            ("n1", "R.r1", 10, 20),
            ("n2", "R.r1", 0, 10),
            ("n1", "R.r1", 0, 10),
        ],
        columns=["batch_id", "reel_id", "start_frame", "stop_frame"],
    )
    assert night_shots(rows, "n1") == ("R.r1/0000000-0000010", "R.r1/0000010-0000020")
    assert night_shots(rows, "n3") == ()


def test_the_riskiest_shots_come_first() -> None:
    shots = pd.DataFrame(
        [("a", "restored", 0.1), ("b", "restored", 0.9), ("c", "original kept", 0.0),
         ("d", "restored", 0.2), ("e", "restored", 0.2), ("f", "restored", 0.0)],
        columns=["key", "status", "changed_share"],
    ).assign(reel_id="R.r1", start_frame=range(6))  # fmt: skip
    measured = pd.DataFrame(
        [("a", "EYE", "flag", 3.0, 1.0), ("d", "EYE", "flag", 1.1, 1.0),
         ("d", "TEX", "flag", 0.5, 0.8), ("e", "TEX", "flag", 0.5, 0.8),
         ("f", "EYE", "look", 0.9, 1.0), ("b", "EYE", "ok", 9.0, 1.0),
         ("b", "SSIM", "", 0.9, None)],
        columns=["key", "metric", "verdict", "after", "threshold"],
    ).assign(reel_id="R.r1")  # fmt: skip
    ranked = risk_order(shots, measured)
    assert list(ranked["key"]) == ["d", "a", "e", "c", "f", "b"]
    assert list(ranked["flags"]) == [2, 1, 1, 0, 0, 0]
    assert list(risk_order(shots, measured.head(0))["key"]) == ["c", "b", "d", "e", "a", "f"]


def test_a_hundred_thousand_shots_are_ranked_in_a_second() -> None:
    import time

    count = 100_000
    keys = [f"{n:08x}" for n in range(count)]
    shots = pd.DataFrame({"reel_id": "R.r1", "key": keys, "start_frame": range(count),
                          "status": "restored", "changed_share": 0.1})  # fmt: skip
    measured = pd.DataFrame({"reel_id": "R.r1", "key": keys[::3], "metric": "EYE",
                             "verdict": "flag", "after": 2.0, "threshold": 1.0})  # fmt: skip
    began = time.process_time()
    assert len(risk_order(shots, measured)) == count
    assert time.process_time() - began < 3
