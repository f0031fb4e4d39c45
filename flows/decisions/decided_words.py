"""What a plan says of decisions before anything is done."""

from dataclasses import replace

from catalogs.catalog import Catalog
from catalogs.policy import Policy
from catalogs.recipe import Treatment
from catalogs.store import Store
from flows.decisions.decided import for_tonight, prepare_decided
from flows.decisions.prepared import Decided
from tasks.reprocess.renewed import renewal_remarks


def decided_lines(decided: Decided) -> list[str]:
    """What becomes of each decision, a line each; what is wrong with the log comes last."""
    lines = [f"{one.subject}  {one.sentence}: to be carried out" for one in decided.carried]
    lines += [f"{one.subject}  {one.sentence}: stays as it is: {why}" for one, why in decided.held]
    lines += [
        f"{one.subject}  {one.sentence}: is stale, its shot was rendered anew"
        for one in decided.stale
    ]
    lines += [f"{one.subject}  {one.sentence}: {why}" for one, _, why in decided.settled]
    lines += [
        f"{one.subject}  {one.sentence}: no longer stands, {why}" for one, why in decided.undone
    ]
    return lines + ([decided.fault] if decided.fault else [])


def plan_decided(store: Store, catalog: Catalog, treatment: Treatment, policy: Policy) -> Catalog:
    """The catalog without what is locked, with a remark on it, on each decision and on renewal.

    Args:
        store: whose decisions a night would carry out.
        catalog: of that night.
        treatment: of that night.
        policy: what may be done to which collection.
    """
    prepared = prepare_decided(store, policy, ask=False)
    decided = for_tonight(prepared, store, catalog, treatment).decided
    locked = decided.locked
    names = [*(reel.reel_id for reel in catalog.reels), *(row.reel_id for row in catalog.held)]
    said = [f"{name}: left as it is: {locked[name]}" for name in names if name in locked]
    reels = tuple(reel for reel in catalog.reels if reel.reel_id not in locked)
    said += renewal_remarks(store.ledger(), (reel.reel_id for reel in reels), treatment)
    return replace(
        catalog,
        reels=reels,
        held=tuple(row for row in catalog.held if row.reel_id not in locked),
        remarks=(*catalog.remarks, *said, *decided_lines(decided)),
    )
