"""Reprocessing: `wetgate reprocess`, and the deployment of `prefect.yaml`.

What is chosen is restored as a night restores, recorded as a night records, and assembled as new
versions of the reels concerned. The versions before stay where they are.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

from prefect import State, flow
from prefect.task_runners import ThreadPoolTaskRunner

from catalogs.errors import RecipeError
from catalogs.model_version import ModelVersion, read_reference
from catalogs.policy import Policy
from catalogs.recipe import read_recipe, steps_json
from catalogs.store import Store, existing_store, hold_store
from flows import work
from flows.batch import MOST_SLOTS, Means, NightSummary, ended, new_batch_id, run_batch
from flows.night import Night, Tally
from flows.software import software
from flows.treatment import look_up_models, model_sentence, resolve_treatment
from tasks.licence import licence_remarks
from tasks.permit import find_policy
from tasks.reprocess import Renew, plan_reprocess
from tasks.reprocess_plan import ReprocessPlan
from tasks.restore import build_steps
from tasks.treat import pinned, with_version


@dataclass(frozen=True)
class Asked:
    """What an operator asks for.

    Attributes:
        recipe: that chosen shots are to have; their own, with another model, when None.
        model: `NAME@VERSION` or `NAME@ALIAS` that takes the place of that model's other versions.
        where: SQL that must be true of a shot, see `catalogs.shot_query`.
        policy: what may be done to which collection; the store's when None.
    """

    recipe: str | None = None
    model: str | None = None
    where: str | None = None
    policy: str | None = None

    def __post_init__(self) -> None:
        if self.recipe is None and self.model is None:
            raise RecipeError("say what shots are to be restored with: --recipe, --model, or both")

    def __str__(self) -> str:
        named = ((name, value) for name, value in asdict(self).items() if value is not None)
        return "reprocess " + " ".join(f"--{name} {value}" for name, value in named)


@dataclass(frozen=True)
class Prepared:
    """A plan, and what must be said of the models in it."""

    plan: ReprocessPlan
    policy: Policy
    models: tuple[str, ...]
    remarks: tuple[str, ...]


def prepare(store: Store, asked: Asked, ask: bool = True) -> Prepared:
    """Plan a reprocessing; nothing is computed.

    Args:
        store: whose shots are chosen.
        asked: what the operator wants.
        ask: whether MLflow's registry is asked for models; else the store's copy of it.

    Raises:
        RecipeError: recipe, model or condition do not hold together.
        StoreError: a model is not registered, or its weights cannot be used.
    """
    renew, name, models, remarks = _renewing(store, asked, ask)
    policy = find_policy(asked.policy, store.root)
    plan = plan_reprocess(store, renew, policy, asked.where, name)
    for treatment in plan.treatments:
        build_steps(treatment, store.shelf)
        remarks = (*remarks, *licence_remarks(treatment))
    return Prepared(plan, policy, models, tuple(dict.fromkeys(remarks)))


@flow(
    name="reprocess",
    task_runner=ThreadPoolTaskRunner(max_workers=MOST_SLOTS),  # type: ignore[arg-type]
    persist_result=False,
    validate_parameters=True,
)
def reprocess(
    store: str,
    recipe: str | None = None,
    model: str | None = None,
    where: str | None = None,
    policy: str | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    until: str | None = None,
) -> NightSummary | State[NightSummary]:
    """Restore shots of a store anew, and assemble their reels as new versions.

    Args:
        store: folder of the store.
        recipe: name of a shipped recipe, or path of a recipe file, for the chosen shots.
        model: NAME@VERSION or NAME@champion that takes the place of other versions of NAME.
        where: SQL that must be true of a shot.
        policy: what may be done to which collection; the store's `policy.toml` when not given.
        scheduler: address of a running Dask scheduler; a local cluster when not given.
        workers: local worker processes; one a GPU, else one a core, when not given.
        until: HH:MM, local time, after which no new work is begun.

    Raises:
        RecipeError, StoreError: it could not begin.
    """
    means = Means(scheduler, workers, until)
    opened, asked = existing_store(Path(store)), Asked(recipe, model, where, policy)
    with hold_store(opened):  # so that the plan is of what stands
        prepared = prepare(opened, asked)
        if not prepared.plan.reels:
            return ended(_nothing_done(prepared.plan))
        return ended(_carried_out(opened, asked, prepared, means))


def _carried_out(store: Store, asked: Asked, prepared: Prepared, means: Means) -> NightSummary:
    plan, order = prepared.plan, reprocess_order(store, prepared)

    def go(night: Night) -> Tally:
        tally = night.run_again((reel.reel, reel.shots) for reel in plan.reels)
        tally.held |= set(plan.refused)
        return tally

    return run_batch(
        order, str(asked), lambda: record_plan(order, prepared), go, list(order.treatments), means
    )


def _nothing_done(plan: ReprocessPlan) -> NightSummary:
    """What a plan without reels comes to: no batch is begun."""
    stay = (f"; {reel_id} stays as it is: {why}" for reel_id, why in plan.refused.items())
    report = "".join(("none, no shot changes", *stay))
    return NightSummary("", report, 0, len(plan.refused), 0, 0, 0, stopped=False)


def reprocess_order(store: Store, prepared: Prepared) -> work.Order:
    """What the work of a plan that has reels has in common: each with its own treatment."""
    plan = prepared.plan
    return work.Order(
        store=store,
        archive=Path(),  # nothing is ingested: reels say where their sources lie
        treatment=plan.treatments[0],
        batch_id=new_batch_id(),
        sidecar=None,
        policy=prepared.policy,
        treatments={reel.reel.reel_id: reel.treatment for reel in plan.reels},
    )


def record_plan(order: work.Order, prepared: Prepared) -> None:
    """Say before anything is done what was chosen, and why."""
    plan = prepared.plan
    for other in plan.treatments[1:]:
        row = {"recipe": other.recipe_name, "treatment_id": other.treatment_id}
        row |= {"steps_json": steps_json(other.steps), "status": "running", "software": software()}
        order.ledger.append("batches", order.batch_id, [row])
    for said in prepared.models:
        order.record("model", order.batch_id, "success", said)
    for remark in prepared.remarks:
        order.record("catalog remark", order.batch_id, "warning", remark)
    for reel_id, why in plan.refused.items():
        order.record("reprocessing", reel_id, "held", why)
    for reel in plan.reels:
        why = "; ".join(dict.fromkeys(chosen.why for chosen in reel.chosen))
        detail = f"{len(reel.chosen)} of {len(reel.shots)} shots: {why}"
        order.record("reprocessing", reel.reel.reel_id, "begun", detail)


def _renewing(
    store: Store, asked: Asked, ask: bool
) -> tuple[Renew, str | None, tuple[str, ...], tuple[str, ...]]:
    """How a treatment is renewed, the recipe's name, and what must be said."""
    reference = read_reference(asked.model) if asked.model else None
    if asked.recipe is not None:
        recipe = read_recipe(asked.recipe)
        if reference is not None:
            recipe = pinned(recipe, reference)
        resolved = resolve_treatment(recipe, store.root, ask)
        return (lambda _: resolved.treatment), recipe.name, resolved.models, resolved.remarks
    assert reference is not None  # `Asked` saw to it
    models, remarks = look_up_models(store, (reference,), ask)
    version: ModelVersion = models[reference]
    said = (model_sentence(reference, version),)
    return (lambda treatment: with_version(treatment, version)), None, said, remarks
