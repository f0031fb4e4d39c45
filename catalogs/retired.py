"""Restored shots whose files were given up: what was done to them stays on record.

A shot that is restored again under the same treatment has files again; the newer record holds.
"""

from collections.abc import Iterable

import pandas as pd

from catalogs.ledger import Ledger, Row

_SHOT = ["reel_id", "key"]


def retirement_rows(restorations: pd.DataFrame) -> Iterable[Row]:
    """Rows of the table `retirements`, of rows of the table `restorations`."""
    for row in restorations.itertuples(index=False):
        yield {"reel_id": row.reel_id, "key": row.key, "treatment_id": row.treatment_id}


def with_files(
    ledger: Ledger, restorations: pd.DataFrame, reel_id: str | None = None
) -> pd.DataFrame:
    """Those of the restored shots that were not retired since.

    Args:
        ledger: of the store.
        restorations: newest rows of the table.
        reel_id: whose rows they are; None where they are of more than one reel.
    """
    retired = ledger.newest("retirements", reel_id)
    if retired.empty or restorations.empty:
        return restorations
    since = retired.set_index(_SHOT)["recorded_at"]
    places = pd.MultiIndex.from_frame(restorations[_SHOT])
    given_up = since.reindex(places).reset_index(drop=True)
    gone = given_up > restorations["recorded_at"].reset_index(drop=True)
    return restorations[~gone.to_numpy()]
