"""What the ledger has of every frame of restored shots: long, and read only where it is told."""

from catalogs.store import Store
from catalogs.tables import TABLES
from tasks.report.rows import Row, plain_rows

_HASHES, _PARAMETERS = "frame_md5", "step_parameters"
OF_SHOT = tuple(n for n in TABLES["restorations"].names if n not in (_HASHES, _PARAMETERS))


def with_hashes(store: Store, shot: Row) -> Row:
    """The row of a restored shot, with the hashes of its frames."""
    record = {"record_id": shot["record_id"]}
    found = store.ledger().find("restorations", shot["reel_id"], (_HASHES,), **record)
    (row,) = plain_rows(found[[_HASHES]])
    return shot | row


def step_parameters(store: Store, reel_id: str) -> dict[str, list[Row]]:
    """What steps decided frame by frame, by record of a reel's restored shots."""
    rows = store.ledger().read("restorations", reel_id, (_PARAMETERS,))
    return {row["record_id"]: row[_PARAMETERS] or [] for row in plain_rows(rows)}
