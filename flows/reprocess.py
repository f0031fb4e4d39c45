"""Reprocessing: `wetgate reprocess`, and the deployment of `prefect.yaml`.

What is chosen is restored as a night restores, recorded as a night records, and assembled as new
versions of the reels concerned. The versions before stay where they are.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from prefect import State, flow
from prefect.task_runners import ThreadPoolTaskRunner

from catalogs.errors import RecipeError
from catalogs.recipe import read_recipe
from catalogs.store import Store, existing_store, recipes_folder
from catalogs.store_lock import hold_store
from flows.cluster.crew import MOST_SLOTS
from flows.decisions.carried import Carried
from flows.decisions.decided import prepare_decided, undone_by
from flows.decisions.prepared import Decided, Prepared, bases_of, record_plan, record_settled
from flows.night.batch import Means, new_batch_id, run_batch
from flows.night.loop import Night
from flows.night.object_storage import ObjectStorage, origins
from flows.night.order import Order
from flows.night.same_fault import SAME_FAULT
from flows.night.summary import NightSummary, ended
from flows.night.tally import Tally
from flows.registry.treatment import renewing
from tasks.decisions.decided import ORIGINAL, decisions_at_hand, update_copies
from tasks.permit import find_policy
from tasks.registry.licence import licence_remarks
from tasks.reprocess.choose import plan_reprocess
from tasks.steps import build_steps
from tasks.storage.scratch import SCRATCH_GB


@dataclass(frozen=True)
class Asked:
    """What an operator asks for.

    Attributes:
        recipe: that chosen shots are to have; their own, with another model, when None.
        model: `NAME@VERSION` or `NAME@ALIAS` that takes the place of that model's other versions.
        where: SQL that must be true of a shot, see `catalogs.shot_query`.
        policy: what may be done to which collection; the store's when None.
        decisions: that what reviewers decided is carried out, and nothing else.
    """

    recipe: str | None = None
    model: str | None = None
    where: str | None = None
    policy: str | None = None
    decisions: bool = False

    def __post_init__(self) -> None:
        said = [name for name in ("recipe", "model", "where") if getattr(self, name) is not None]
        if self.decisions and said:
            raise RecipeError(f"--decisions says it all; leave --{' and --'.join(said)} out")
        if not self.decisions and self.recipe is None and self.model is None:
            raise RecipeError(
                "say what shots are to be restored with: --recipe, --model, or both; or carry out "
                "what reviewers decided: --decisions"
            )

    def __str__(self) -> str:
        if self.decisions:
            return "reprocess --decisions" + (f" --policy {self.policy}" if self.policy else "")
        own = ("recipe", "model", "where", "policy")
        named = ((name, getattr(self, name)) for name in own)
        said = (f"--{name} {value}" for name, value in named if value is not None)
        return "reprocess " + " ".join(said)


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
    if asked.decisions:
        return prepare_decided(store, find_policy(asked.policy, store.root), ask)
    own = recipes_folder(store.root)
    recipe = read_recipe(asked.recipe, own) if asked.recipe is not None else None
    renewal = renewing(store, recipe, asked.model, ask)
    policy = find_policy(asked.policy, store.root)
    at_hand = decisions_at_hand(store)
    plan = plan_reprocess(store, renewal.renew, policy, asked.where, renewal.name, at_hand.locked)
    remarks = renewal.remarks
    for treatment in plan.treatments:
        build_steps(treatment, store.shelf)
        remarks = (*remarks, *licence_remarks(treatment))
    undone = undone_by(store, at_hand.decisions, plan)
    decided = Decided(undone=undone, locked=at_hand.locked, fault=at_hand.fault)
    return Prepared(plan, policy, renewal.models, tuple(dict.fromkeys(remarks)), decided)


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
    decisions: bool = False,
    scheduler: str | None = None,
    workers: int | None = None,
    until: str | None = None,
    same_fault: int = SAME_FAULT,
    cluster: str | None = None,
    scratch: str | None = None,
    scratch_gb: float = SCRATCH_GB,
    publish: str | None = None,
) -> NightSummary | State[NightSummary]:
    """Restore shots of a store anew, and assemble their reels as new versions.

    Args:
        store: folder of the store.
        recipe: name of a shipped recipe, or path of a recipe file, for the chosen shots.
        model: NAME@VERSION or NAME@champion that takes the place of other versions of NAME.
        where: SQL that must be true of a shot.
        policy: what may be done to which collection; the store's `policy.toml` when not given.
        decisions: whether what reviewers decided is carried out; without the three above.
        scheduler: address of a running Dask scheduler; a local cluster when not given.
        workers: local worker processes; one a GPU, else one a core, when not given.
        until: HH:MM, local time, by which the night should be over.
        same_fault: so many shots that fail in a row of one fault stop the night; 0 for never.
        cluster: where the workers run: a cluster profile, a file or the name of a shipped one.
        scratch: folder for copies of sources in object storage; one in the store when not given.
        scratch_gb: what they may come to on a host, in 10^9 bytes.
        publish: URL to which finished reels are copied; nowhere when not given.

    Raises:
        ClusterError, RecipeError, StoreError: it could not begin.
    """
    means = Means(scheduler, workers, until, same_fault, cluster)
    storage = ObjectStorage.of(scratch, scratch_gb, publish)
    opened, asked = existing_store(Path(store)), Asked(recipe, model, where, policy, decisions)
    with hold_store(opened):  # so that the plan is of what stands
        update_copies(opened, compact=True)
        prepared = prepare(opened, asked)
        storage.refuse_sources(*origins(prepared.plan.reels))
        if not prepared.plan.reels:
            return ended(_nothing_done(opened, prepared))
        return ended(_carried_out(opened, asked, prepared, means, storage))


def _carried_out(
    store: Store, asked: Asked, prepared: Prepared, means: Means, storage: ObjectStorage
) -> NightSummary:
    plan = prepared.plan
    order = replace(reprocess_order(store, prepared), storage=storage)

    def go(night: Night) -> Tally:
        carried = Carried(order, prepared)
        reels = ((reel.reel, reel.shots) for reel in plan.reels)
        tally = night.run_again(reels, carried.record)
        tally.held |= set(plan.refused)
        tally.decisions_open = prepared.decided.need_attention + carried.failed
        return tally

    return run_batch(
        order, str(asked), lambda: record_plan(order, prepared), go, list(order.treatments), means
    )


def _nothing_done(store: Store, prepared: Prepared) -> NightSummary:
    """What a plan without reels comes to: no batch is begun; what decisions came to is recorded."""
    decided, refused = prepared.decided, prepared.plan.refused
    order = Order(store, Path(), ORIGINAL, new_batch_id(), policy=prepared.policy)
    record_settled(order, decided)
    stay = [f"{reel_id} stays as it is: {why}" for reel_id, why in refused.items()]
    stay += [f"{one.subject}: {one.sentence}: {why}" for one, why in decided.held]
    stay += [f"{one.subject}: {one.sentence}: {why}" for one, _, why in decided.settled]
    stay += [decided.fault] if decided.fault else []
    report = "; ".join(("none, no shot changes", *stay))
    waiting = decided.need_attention - len(decided.stale)  # which a run that does something says
    return NightSummary("", report, 0, len(refused), 0, 0, 0, False, waiting)


def reprocess_order(store: Store, prepared: Prepared) -> Order:
    """What the work of a plan that has reels has in common: each with its own treatment."""
    plan = prepared.plan
    return Order(
        store=store,
        archive=Path(),  # nothing is ingested: reels say where their sources lie
        treatment=plan.treatments[0],
        batch_id=new_batch_id(),
        sidecar=None,
        policy=prepared.policy,
        treatments={reel.reel.reel_id: reel.treatment for reel in plan.reels},
        bases=bases_of(store.ledger(), plan.reels),
    )
