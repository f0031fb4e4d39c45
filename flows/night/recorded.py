"""What the ledger has of a reel's work already, and what is said there once it stands."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress

from catalogs.errors import StoreError
from catalogs.fixity import sha256_file
from catalogs.ledger import Ledger
from catalogs.mixtures import read_restored_reel_shots
from catalogs.recipe import Treatment
from catalogs.records import Reel, RestoredShot, Shot
from catalogs.rows import reel_row
from catalogs.store import Store
from flows.night.order import Order
from tasks.manifest import derivative_id, read_manifest
from tasks.permit import allowances
from tasks.sidecar import LEFT_OFF

READ_AT_ONCE = 4  # files
LOOK_SECONDS = 1.0


def as_before(order: Order, reel: Reel) -> tuple[str, bool]:
    """Notice and sidecar as ordered, else as the version has them whose place is taken."""
    rows = order.ledger.read("reels", reel.reel_id)
    rows = rows[rows["status"] == "restored"]
    labels = rows["derivative_id"].str.removeprefix(f"{reel.reel_id}.")
    folders = (
        order.store.reel_folder(reel.reel_id, label)
        for label in (order.treatment.label, *labels.tail(1))
    )
    before = next(filter(None, map(read_manifest, folders)), {})
    notice, sidecar = order.notice, order.sidecar
    return (
        str(before.get("notice", "")) if notice is None else notice,
        before.get("sidecar") != LEFT_OFF if sidecar is None else sidecar,
    )


def merge(ledger: Ledger, table: str, partition: str) -> None:
    """Merge the files of a table's partition into one.

    What cannot be read or written stays as it is: it keeps no night from its work or its report.
    """
    with suppress(OSError, StoreError):
        ledger.compact(table, partition)


def record_allowances(order: Order, reel: Reel) -> None:
    """Say who allowed what is about to be invented in a reel, before it is."""
    for allowed in allowances(order.policy, reel.catalog.collection, order.treatment):
        order.record(
            "allowance", reel.reel_id, "success", allowed.sentence, agent=allowed.allowed_by
        )


def record_restored(order: Order, reel: Reel) -> None:
    """Say in the ledger that a reel stands complete, unless that is the last word on it."""
    ledger = order.ledger
    derivative = derivative_id(reel, order.treatment)
    newest = ledger.newest("reels", reel.reel_id)
    said = newest[
        (newest["status"] == "restored")
        & (newest["derivative_id"] == derivative)
        & (newest["base_treatment_id"].fillna("") == order.base)
    ]
    if said.empty:
        row = reel_row(reel, "restored", order.treatment, derivative=derivative, base=order.base)
        ledger.append("reels", reel.reel_id, [row])


def finished_shots(
    order: Order,
    reel: Reel,
    shots: tuple[Shot, ...],
    is_over: Callable[[], bool] = lambda: False,
) -> dict[Shot, RestoredShot] | None:
    """Shots that are recorded under the treatment and whose files are as recorded.

    Args:
        order: of the night.
        reel: the reel.
        shots: of the list that holds.
        is_over: asked while files are read, which of a large reel takes long: whether to leave it.

    Returns:
        What was recorded of each; None where it was left.
    """
    known = read_restored_reel_shots(order.ledger, reel, order.treatment)
    found = {shot: known.get(shot_key(shot, order.treatment)) for shot in shots}
    recorded = {shot: restored for shot, restored in found.items() if restored is not None}
    pool = ThreadPoolExecutor(READ_AT_ONCE)
    try:
        proved = [pool.submit(_files_verify, order.store, one) for one in recorded.values()]
        while wait(proved, timeout=LOOK_SECONDS).not_done:
            if is_over():
                return None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # a second Ctrl-C waits for none of them
    pairs = zip(recorded.items(), proved, strict=True)
    return {shot: restored for (shot, restored), proof in pairs if proof.result()}


def shot_key(shot: Shot, treatment: Treatment) -> str:
    """Identity of a shot under the part of a treatment that it has."""
    return shot.key(treatment.of(shot.start_frame).treatment_id)


def _files_verify(store: Store, restored: RestoredShot) -> bool:
    """Whether the files of a shot are as recorded; one that cannot be read is not."""
    files = ((restored.picture_file, restored.picture_sha256),
             (restored.change_file, restored.change_sha256))  # fmt: skip
    try:
        return all(
            (store.root / name).is_file() and sha256_file(store.root / name) == sha256
            for name, sha256 in files
        )
    except OSError:
        return False
