"""The gate on the film set: the truth is known, and no stratum is forgotten."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from catalogs.errors import RecipeError
from catalogs.model_shelf import Shelf
from catalogs.recipe import read_recipe
from catalogs.store import Store
from flows.cli import app
from flows.promotion import register
from tasks.film_gate import OF_SOURCE, compare_films
from tasks.gate import read_gate
from tasks.measure import shipped_calibration
from tasks.metrics.registry import METRICS
from tasks.register import Statement, offer
from tasks.selftest.film_set import FilmSet, Setting, film_table
from tasks.treat import resolve_recipe

pytestmark = pytest.mark.filterwarnings("default")  # MLflow's own

CLIPS = 24


def film(likeness: float = 30.0, seed: int = 0, **values: float) -> pd.DataFrame:
    """A table of the film set: every metric 0 or as given, likeness with a little chance."""
    chance = np.random.default_rng(seed)
    facts = {
        "clip": [f"clip {n}" for n in range(CLIPS)],
        "person": [f"person {n // 2}" for n in range(CLIPS)],
        "grain": [1.0 if n % 2 else 2.0 for n in range(CLIPS)],
        "luminance": 0.5,
        "rate": 25.0,
        "stratum:luminance": ["dark" if n % 6 == 0 else "bright" for n in range(CLIPS)],
        "PSNR": likeness + 0.1 * chance.standard_normal(CLIPS),
        OF_SOURCE: 25.0,
    }
    innocent = {m.identifier: 0.0 if m.worse == "higher" else 1.0 for m in METRICS}
    return pd.DataFrame(facts | innocent | values)


def reasons(before: pd.DataFrame, after: pd.DataFrame) -> tuple[str, ...]:
    return compare_films(before, after, shipped_calibration()).reasons


def test_a_challenger_that_does_the_same_or_is_more_like_the_truth_passes() -> None:
    assert reasons(film(), film()) == ()
    assert reasons(film(), film(31.0, 1)) == ()


def test_less_like_the_truth_is_no_champion() -> None:
    (said,) = reasons(film(), film(29.5, 1))
    assert said.startswith("likeness to the truth fell by 0.")


def test_no_clip_may_become_worse_than_its_damaged_source() -> None:
    after = film(32.0, 1)
    after.loc[3, "PSNR"] = 24.0
    assert reasons(film(), after) == (
        "clip 3: less like the truth than the damaged source, which the champion was not",
    )
    before = film()
    before.loc[3, "PSNR"] = 24.5  # the champion's fault as well
    assert reasons(before, after) == ()


def test_a_flag_in_one_stratum_is_enough() -> None:
    after = film(31.0, 1)
    after.loc[after["stratum:luminance"] == "dark", "GHOST"] = 50.0
    said = reasons(film(), after)
    assert "GHOST (luminance: dark) flags 4 shots, before 0" in said
    assert not any("luminance: bright" in one for one in said)


def test_what_moves_the_picture_is_refused(tmp_path: Path) -> None:
    treatment = resolve_recipe(read_recipe("stabilised"))
    setting = Setting(tmp_path, tmp_path, 1)
    with pytest.raises(RecipeError, match="cannot judge stabilise"):
        film_table(treatment, Shelf(tmp_path), setting)


@pytest.mark.shared_data
def test_a_scene_is_restored_and_says_what_was_declared(shared_data: Path, tmp_path: Path) -> None:
    films = FilmSet(resolve_recipe(read_recipe("conservative")), Shelf(tmp_path))
    scene = films.subject(shared_data, films.clips(shared_data)[4])
    (trial,) = scene.trials(frozenset(), frozenset())
    assert len(trial.frames) == len(scene.source)
    assert trial.declared.steps == {"deflicker", "scratch", "dirt"}
    apart = [
        np.mean(
            [
                float((a.luma() - b.luma()).square().mean())
                for a, b in zip(side, scene.truth, strict=True)
            ]
        )
        for side in (scene.source, trial.frames)
    ]
    assert apart[1] < apart[0]


@pytest.mark.shared_data
def test_a_gate_of_few_clips_is_written_and_lets_nobody_pass(
    registry_store: Store,
    shared_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    recipe = tmp_path / "gated.toml"
    recipe.write_text('name = "gated"\n[[step]]\nname = "deflicker"\n')
    said = Statement("Apache-2.0", "no data; chosen by hand", False, "A. Owner")
    version = register(registry_store, offer("gated", recipe, said))
    report = tmp_path / "gate.json"
    given = ["--store", str(registry_store.root), "--data", str(shared_data), "--workers", "1"]
    ran = CliRunner().invoke(
        app, ["models", "gate", "gated@challenger", "--clips", "1", "--out", str(report), *given]
    )
    assert ran.exit_code == 1, ran.output
    assert "likeness to the truth" in ran.output
    gate = read_gate(report)
    assert (gate.shots, gate.passed) == (1, False)
    assert [model.model for model in gate.challenger] == [version.reference]
    assert any("a gate needs 20" in reason for reason in gate.reasons)
    asked = ["models", "promote", "gated@1", "--by", "B", "--gate", str(report)]
    refused = CliRunner().invoke(app, [*asked, "--store", str(registry_store.root)])
    assert refused.exit_code == 1
    assert "a gate needs 20" in str(refused.exception or refused.output)
    assert json.loads(report.read_text())["format"] == "wetgate gate 1"
