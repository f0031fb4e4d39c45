"""The record of a batch: what it is to do, and what it came to."""

from catalogs.recipe import steps_json
from catalogs.rows import event_row
from catalogs.store_lock import name_batch
from flows.night.order import Order
from flows.night.software import software
from flows.night.tally import Tally


def record_batch(order: Order, subject: str, tally: Tally, status: str, seconds: float) -> None:
    """Write the row of a batch, and the event; one that runs is named as who holds the store.

    Args:
        order: of the batch.
        subject: the catalog, or what was asked for.
        tally: what it has come to.
        status: running, finished or stopped.
        seconds: that it took.
    """
    if status == "running":
        name_batch(order.store, order.batch_id)
    row = {
        "catalog": subject,
        "recipe": order.treatment.recipe_name,
        "treatment_id": order.treatment.treatment_id,
        "steps_json": steps_json(order.treatment.steps),
        "status": status,
        "reels_restored": len(tally.restored),
        "reels_held": len(tally.held),
        "reels_failed": len(tally.failed),
        "shots_restored": tally.shots_restored,
        "shots_computed": tally.shots_computed,
        "shots_original_kept": tally.shots_original_kept,
        "frames_computed": tally.frames_computed,
        "seconds": seconds,
        "software": software(),
    }
    order.ledger.append("batches", order.batch_id, [row])
    event = event_row("batch", order.batch_id, status, f"recipe {row['recipe']}", software())
    order.ledger.append("events", order.batch_id, [event])
