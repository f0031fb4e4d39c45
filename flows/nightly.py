"""The nightly flow: `wetgate run`, and the deployment of `prefect.yaml`."""

from dataclasses import replace
from pathlib import Path

from prefect import State, flow
from prefect.task_runners import ThreadPoolTaskRunner

from catalogs.catalog import Catalog, read_catalog
from catalogs.mapping_report import mapping_summary, write_mapping_report
from catalogs.origin import archive_root
from catalogs.store import open_store
from catalogs.store_lock import hold_store
from flows.cluster.crew import MOST_SLOTS
from flows.decisions.carried import Carried
from flows.decisions.decided import for_tonight, prepare_decided
from flows.decisions.prepared import Prepared, bases_of, record_plan
from flows.night.batch import Means, new_batch_id, run_batch
from flows.night.choices import apply_choices, read_choices
from flows.night.loop import Night
from flows.night.object_storage import ObjectStorage, origins
from flows.night.order import Order
from flows.night.same_fault import SAME_FAULT
from flows.night.summary import NightSummary, ended
from flows.night.tally import Tally
from flows.registry.treatment import resolve_treatment
from flows.window.first_room import refuse_without_room
from flows.window.storages import Storages
from tasks.decisions.decided import update_copies
from tasks.permit import find_policy, permit
from tasks.reprocess.renewed import renewal_remarks
from tasks.storage.scratch import SCRATCH_GB


@flow(
    name="nightly",
    task_runner=ThreadPoolTaskRunner(max_workers=MOST_SLOTS),  # type: ignore[arg-type]
    persist_result=False,
    validate_parameters=True,
)
def nightly(
    catalog: str,
    store: str,
    recipe: str = "conservative",
    archive: str | None = None,
    profile: str | None = None,
    fps: list[str] | None = None,
    scan: list[str] | None = None,
    notice: str | None = None,
    sidecar: bool = True,
    policy: str | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    until: str | None = None,
    same_fault: int = SAME_FAULT,
    truth: str | None = None,
    cluster: str | None = None,
    scratch: str | None = None,
    scratch_gb: float = SCRATCH_GB,
    publish: str | None = None,
) -> NightSummary | State[NightSummary]:
    """Restore every reel of a catalog into a store.

    Args:
        catalog: the catalog, in any format that is read.
        store: folder of the store; made when missing.
        recipe: name of a shipped recipe, or path of a recipe file.
        archive: archive root that the catalog's paths are relative to, a folder or a URL such as
            s3://bucket/prefix; the catalog's folder when not given.
        profile: how the institution's catalog is read; by its format when not given.
        fps: frame rates that override catalog and header, `18` or `IDENTIFIER=18`.
        scan: how interlaced picture is read, `progressive` or `IDENTIFIER=deinterlace`.
        notice: text to burn into access copies, "" for none; finished reels keep theirs when
            it is left out.
        sidecar: whether the signal of each master is written beside it, for QCTools.
        policy: what may be done to which collection; the store's `policy.toml` when not given.
        scheduler: address of a running Dask scheduler; a local cluster when not given.
        workers: local worker processes; one a GPU, else one a core, when not given.
        until: HH:MM, local time, by which the night should be over.
        same_fault: so many shots that fail in a row of one fault stop the night; 0 for never.
        truth: folder of undamaged reels by reel_id, where damage was simulated.
        cluster: where the workers run: a cluster profile, a file or the name of a shipped one.
        scratch: folder for copies of sources in object storage; one in the store when not given.
        scratch_gb: what they may come to on a host, in 10^9 bytes.
        publish: URL to which finished reels are copied; nowhere when not given.

    Returns:
        How it ended; for Prefect the state is named NeedsAttention unless all is well.

    Raises:
        CatalogError, ClusterError, RecipeError, StoreError: the night could not begin.
    """
    means = Means(scheduler, workers, until, same_fault, cluster)
    root, storage = (
        archive_root(archive, Path(catalog)),
        ObjectStorage.of(scratch, scratch_gb, publish),
    )
    storage.refuse_sources(root)
    choices = read_choices(fps or (), scan or ())
    resolved = resolve_treatment(recipe, Path(store))
    treatment = resolved.treatment
    rules = find_policy(policy, Path(store))
    catalogued = apply_choices(read_catalog(Path(catalog), profile), choices)
    catalogued = permit(catalogued, rules, treatment)
    catalogued = replace(catalogued, remarks=(*catalogued.remarks, *resolved.remarks))
    opened = open_store(Path(store))
    order = Order(
        store=opened,
        archive=root,
        treatment=treatment,
        batch_id=new_batch_id(),
        truth=Path(truth) if truth else None,
        notice=notice,
        sidecar=sidecar,
        policy=rules,
        storage=storage,
    )

    def before(decided: Prepared) -> None:
        free = {reel.reel_id for reel in catalogued.reels} - set(decided.decided.locked)
        anew = renewal_remarks(order.ledger, free, treatment)
        for remark in (*catalogued.remarks, *anew):
            order.record("catalog remark", catalogued.path.name, "warning", remark)
        _record_mapping(order, catalogued)
        for said in resolved.models:
            order.record("model", order.batch_id, "success", said)
        for choice in choices:
            subject = choice.identifier or catalogued.path.name
            order.record("operator choice", subject, "success", choice.option)
        record_plan(order, decided)

    with hold_store(opened):  # so that the decisions are of what stands
        update_copies(opened, compact=True)
        decided = for_tonight(prepare_decided(opened, rules), opened, catalogued, treatment)
        storage.refuse_sources(*origins(decided.plan.reels))
        if not decided.plan.reels:
            at_hand = catalogued_at_hand(order, catalogued)
            refuse_without_room(at_hand, order.archive, treatment, opened, rules)
        reel_ids = dict.fromkeys(reel.reel_id for reel in catalogued.reels)
        reel_ids |= dict.fromkeys(reel.reel.reel_id for reel in decided.plan.reels)
        summary = run_batch(
            order,
            str(catalogued.path),
            lambda: before(decided),
            lambda night: run_night(order, night, decided, catalogued),
            reel_ids,
            means,
        )
    return ended(summary)


def run_night(order: Order, night: Night, decided: Prepared, catalog: Catalog) -> Tally:
    """Carry out what reviewers decided, then work through the catalog."""
    reels = decided.plan.reels
    order.treatments.update({reel.reel.reel_id: reel.treatment for reel in reels})
    order.bases.update(bases_of(order.ledger, reels))
    carried = Carried(order, decided)
    night.run_again(((reel.reel, reel.shots) for reel in reels), carried.record)
    tally = night.run(catalog)
    tally.decisions_open = decided.decided.need_attention + carried.failed
    return tally


def catalogued_at_hand(order: Order, catalog: Catalog) -> Catalog:
    """A catalog without the reels whose storage is under maintenance."""
    storages = Storages(order)
    return replace(catalog, reels=tuple(r for r in catalog.reels if not storages.why(r)))


def _record_mapping(order: Order, catalog: Catalog) -> None:
    """Say what became of every field of the catalog: in full in a file, in short as an event."""
    target = order.store.mapping_file(order.batch_id)
    target.parent.mkdir(exist_ok=True)
    write_mapping_report(catalog.mapping, target)
    said = f"{mapping_summary(catalog.mapping)} In full: {target.relative_to(order.store.root)}"
    order.record("catalog remark", catalog.path.name, "success", said)
