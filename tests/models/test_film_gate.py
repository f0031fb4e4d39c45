"""The gate on the film set: the truth is known, and no stratum is forgotten."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from catalogs.errors import RecipeError
from catalogs.model_shelf import Shelf
from catalogs.recipe import Recipe, RecipeStep, read_recipe
from catalogs.store import Store
from flows.cli import app
from flows.registry.film_gate import Contest, contest, hold_contest
from flows.registry.promotion import promote, register
from models.networks.checkpoint import safetensors_bytes
from models.networks.rife import Rife
from tasks.measure import shipped_calibration
from tasks.metrics.registry import METRICS
from tasks.registry.film_gate import OF_SOURCE, compare_films, judged_by
from tasks.registry.gate import read_gate
from tasks.registry.register import Offered, Statement, offer
from tasks.selftest.film_set import FilmSet, Setting, film_table
from tasks.selftest.run import Listener
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


def test_a_challenger_that_is_more_like_the_truth_passes() -> None:
    assert reasons(film(), film(31.0, 1)) == ()


def test_a_challenger_that_does_the_same_on_every_clip_shows_nothing() -> None:
    """The set has no destroyed frames: what works on those only would pass untested."""
    (said,) = reasons(film(), film())
    assert said.startswith("no metric differs on any shot")
    nearly = film()
    nearly.loc[5, "PSNR"] += 1e-6
    assert reasons(film(), nearly) == ()


def test_a_fall_passes_no_gate_because_one_clip_is_the_truth_itself() -> None:
    """Its likeness is infinite, and no mean that holds it is less than any other."""
    before, after = film(), film(20.0, 1)
    after.loc[3, "PSNR"] = np.inf
    assert any(
        one.startswith("likeness to the truth fell by 8.3") for one in reasons(before, after)
    )


def test_a_likeness_that_is_not_known_passes_no_gate() -> None:
    after = film(31.0, 1)
    after.loc[7, "PSNR"] = np.nan
    (said,) = reasons(film(), after)
    assert said == "likeness to the truth is not known on 1 clips, clip 7 among them"


def test_what_became_worse_on_twelve_clips_fails_the_gate() -> None:
    """Faces are on some clips only; the gate does not wait for twenty."""
    before, after = film(), film(31.0, 1)
    for table, level in ((before, 0.01), (after, 0.2)):  # below the floor: none is flagged
        table["WAX"] = [level + 0.001 * (n % 5) if n < 12 else np.nan for n in range(CLIPS)]
    said = reasons(before, after)
    assert "WAX (all shots) became worse: 0.01175 to 0.2018 ln ratio" in said
    assert "WAX (luminance: bright) became worse: 0.012 to 0.202 ln ratio" in said


def test_metrics_that_the_challenger_escapes_fail_the_gate() -> None:
    gone = {m.identifier: np.nan for m in METRICS if m.gated}
    said = reasons(film(), film(31.0, 1, **gone))
    assert "GHOST (all shots) is measurable on 0 shots, before 24" in said
    assert {m.identifier for m in METRICS if m.gated} == {one.split()[0] for one in said}
    assert "GHOST (all shots) flags 24 shots, before 0" in reasons(film(), film(31.0, GHOST=np.inf))


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


@pytest.mark.parametrize(
    ("before", "after", "judged"),
    [
        (("deflicker",), ("deflicker", "dirt"), {"deflicker", "dirt"}),
        (("dirt",), ("denoise",), {"dirt"}),
        (("grain",), (), set()),
        (("denoise",), ("grain", "scratch"), {"denoise", "grain", "scratch"}),
    ],
)
def test_neither_side_escapes_a_metric_by_what_it_declares(
    before: tuple[str, ...], after: tuple[str, ...], judged: set[str]
) -> None:
    sides = (
        resolve_recipe(Recipe("one", "", tuple(RecipeStep(name, {}) for name in names)))
        for names in (before, after)
    )
    assert judged_by(*sides) == judged


def test_what_moves_the_picture_is_refused(tmp_path: Path) -> None:
    treatment = resolve_recipe(read_recipe("stabilised"))
    setting = Setting(tmp_path, tmp_path, 1)
    with pytest.raises(RecipeError, match="cannot judge stabilise"):
        film_table(treatment, Shelf(tmp_path), setting)


def test_it_is_refused_before_the_first_clip_is_measured(
    make_offer: Callable[..., Offered], registry_store: Store, tmp_path: Path
) -> None:
    measured: list[str] = []

    def watch(label: str) -> AbstractContextManager[Listener]:
        measured.append(label)
        return nullcontext(Listener())

    before, after = (resolve_recipe(read_recipe(name)) for name in ("conservative", "stabilised"))
    who = Contest(make_offer("grainfree").version, None, before, after)
    with pytest.raises(RecipeError, match="cannot judge stabilise"):
        hold_contest(registry_store, who, Setting(tmp_path, tmp_path, 1), watch)
    assert measured == []


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


def test_a_recipe_as_nights_will_is_taken_with_the_version_that_is_gated(
    registry_store: Store, tmp_path: Path
) -> None:
    """It names the champion, which a first version has none of, and another's is not meant."""
    said = Statement("Apache-2.0", "by eye", False, "A. Owner")
    for threshold in (0.1, 0.2):
        steps = tmp_path / "nightly.toml"
        steps.write_text(f'name = "n"\n[[step]]\nname = "dirt"\nthreshold = {threshold}\n')
        register(registry_store, offer("nightly", steps, said))
    recipe = tmp_path / "night.toml"
    recipe.write_text(
        'name = "night"\n[[step]]\nname = "deflicker"\n'
        '[[step]]\nname = "model"\nmodel = "nightly@champion"\n'
    )
    first = contest(registry_store, "nightly@1", str(recipe), "conservative")
    assert [step.model for step in first.after.steps] == ["", "nightly@1"]
    promote(registry_store, "nightly@1", "B. Judge", None, "the first")
    second = contest(registry_store, "nightly@2", str(recipe), "conservative")
    assert [side.steps[1].model for side in (second.before, second.after)] == [
        "nightly@1", "nightly@2",
    ]  # fmt: skip
    with pytest.raises(RecipeError, match="does not use the model nightly"):
        contest(registry_store, "nightly@2", "conservative", "conservative")


def test_what_works_on_destroyed_frames_only_is_not_gated_by_a_set_without_any(
    registry_store: Store, tmp_path: Path
) -> None:
    file = tmp_path / "between.safetensors"
    file.write_bytes(safetensors_bytes(Rife().state_dict()))
    said = Statement("MIT", "nothing; random", True, "A. Owner")
    register(registry_store, offer("between", file, said))
    with pytest.raises(RecipeError, match=r"the film set has none; compare it on .*--because"):
        contest(registry_store, "between@1", None, "conservative")


@pytest.mark.shared_data
@pytest.mark.slow
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
    assert (len(gate.names), gate.passed) == (1, False)
    assert [model.model for model in gate.challenger.models] == [version.reference]
    assert any("a gate needs 20" in reason for reason in gate.reasons)
    assert "only 1 of the 24 clips of the set were compared" in gate.reasons
    (steps,) = gate.challenger.treatments.values()
    assert [step.name for step in steps] == ["deflicker"]
    asked = ["models", "promote", "gated@1", "--by", "B", "--gate", str(report)]
    refused = CliRunner().invoke(app, [*asked, "--store", str(registry_store.root)])
    assert refused.exit_code == 1
    said = str(refused.exception or refused.output)
    assert "a gate needs 20" in said
    assert "not written by a comparison" not in said
    assert json.loads(report.read_text())["format"] == "wetgate gate 3"
