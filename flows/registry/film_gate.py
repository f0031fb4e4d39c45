"""The gate of a promotion on the film set: `wetgate models gate`."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import pandas as pd

from catalogs.errors import RecipeError
from catalogs.model_version import ModelReference, ModelVersion
from catalogs.recipe import Recipe, RecipeStep, Treatment, read_recipe
from catalogs.store import Store, recipes_folder
from flows.registry.promotion import named_version
from flows.registry.registry import Registry
from flows.registry.treatment import resolve_treatment
from flows.registry.yardstick import yardstick
from models.networks.architectures import only_rebuilds
from tasks.compare.said import compared_text
from tasks.compare.treatments import Compared
from tasks.measure import shipped_calibration
from tasks.metrics.metric import Metric
from tasks.metrics.registry import METRICS
from tasks.registry.film_gate import LIKENESS, OF_SOURCE, compare_films, judged_by, likeness, psnr
from tasks.registry.gate import Gate, GatedSide, gate_of, gated_side
from tasks.reprocess.renew import with_version
from tasks.selftest.film_set import Setting, film_table, refuse_moving
from tasks.selftest.injection import SUITE
from tasks.selftest.run import Listener
from tasks.treat import pinned

UNTREATED = Treatment("nothing", ())

Watch = Callable[[str], AbstractContextManager[Listener]]


@dataclass(frozen=True)
class Contest:
    """Who stands beside whom.

    Attributes:
        challenger: the version that is to be promoted.
        champion: the version in use; None where a recipe of the engine is.
        before: what is in use.
        after: what is to take its place.
    """

    challenger: ModelVersion
    champion: ModelVersion | None
    before: Treatment
    after: Treatment


@dataclass(frozen=True)
class Outcome:
    """What the contest came to.

    Attributes:
        compared: metric by metric.
        likeness: mean difference of likeness to the truth, dB, and its 95 % interval.
        means: likeness to the truth, dB: of the damaged source, before, after.
        gate: the report that a promotion asks for.
    """

    compared: Compared
    likeness: tuple[float, float, float]
    means: tuple[float, float, float]
    gate: Gate


def contest(store: Store, reference: str, recipe: str | None, against: str) -> Contest:
    """Look up who is to be compared.

    Args:
        store: where the registry is seen from.
        reference: `NAME@VERSION` or `NAME@challenger`.
        recipe: that both run in, which names the model; the model alone when None.
        against: recipe that it is compared with where the model has no champion.

    Raises:
        RecipeError: the recipe does not use the model, or the set shows nothing of its work.
        StoreError: no such version, or it is the champion.
    """
    registry = Registry(store)
    version = named_version(registry, reference)
    number = registry.standing(version.name).champion
    if number == version.version:
        raise RecipeError(f"{version.reference} is the champion; gate another version of it")
    if only_rebuilds(version.architecture):
        raise RecipeError(
            f"{version.reference} works on destroyed frames, and the film set has none; compare it "
            "on shots that have (`wetgate compare A B --gate`), or promote it with --because"
        )
    champion = None if number is None else registry.version(version.name, number)
    base = read_recipe(recipe, recipes_folder(store.root)) if recipe else _alone(version)
    own = pinned(base, ModelReference(version.name, version.version))
    after = resolve_treatment(own, store.root).treatment
    if champion is None:
        return Contest(version, None, resolve_treatment(against, store.root).treatment, after)
    return Contest(version, champion, with_version(after, champion), after)


def hold_contest(
    store: Store,
    who: Contest,
    setting: Setting,
    watch: Watch = lambda _: nullcontext(Listener()),
) -> Outcome:
    """Restore the film set both ways and compare.

    Args:
        store: holds the weights.
        who: is compared.
        setting: footage, cache, processes.
        watch: gives who hears of the progress of a treatment, told its label.

    Raises:
        RecipeError: a treatment moves the picture.
        SourceError: there is no footage.
    """
    for treatment in (who.before, who.after):
        refuse_moving(treatment, store.shelf)
    judged = judged_by(who.before, who.after)

    def table(treatment: Treatment, metrics: Sequence[Metric]) -> pd.DataFrame:
        with watch(treatment.label) as listener:
            return film_table(treatment, store.shelf, setting, listener, metrics, judged)

    damaged = table(UNTREATED, ())
    before, after = (_with_source(table(one, METRICS), damaged) for one in (who.before, who.after))
    compared = compare_films(before, after, shipped_calibration())
    clips = len(SUITE.clips(setting.data))
    if compared.shots < clips:
        few = f"only {compared.shots} of the {clips} clips of the set were compared"
        compared = replace(compared, reasons=(*compared.reasons, few))
    means = tuple(float(psnr(one).mean()) for one in (damaged, before, after))
    sides = _side(store, who.before), _side(store, who.after)
    gate = gate_of(sides, "clips of the film set", compared, yardstick())
    return Outcome(compared, likeness(before, after), (means[0], means[1], means[2]), gate)


def _alone(version: ModelVersion) -> Recipe:
    step = RecipeStep("model", {"model": version.reference})
    return Recipe(version.name, "", (step,))


def _with_source(table: pd.DataFrame, damaged: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**{OF_SOURCE: damaged[LIKENESS].to_numpy()})


def _side(store: Store, treatment: Treatment) -> GatedSide:
    return gated_side({treatment.treatment_id: treatment.steps}, store.shelf)


def outcome_text(outcome: Outcome) -> str:
    """What the contest came to, in words."""
    mean, low, high = outcome.likeness
    damaged, before, after = outcome.means
    return "\n".join((
        f"likeness to the truth (PSNR of luma): {before:.2f} to {after:.2f} dB, the damaged source "
        f"{damaged:.2f}; difference {mean:+.2f} ({low:+.2f} to {high:+.2f}, 95 %)",
        compared_text(outcome.compared),
    ))  # fmt: skip
