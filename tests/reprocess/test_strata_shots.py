"""Strata look at what stands: after going back, not at what was restored last."""

from collections.abc import Callable
from typing import Any

import pytest

from catalogs.store import Store
from tasks.strata.measured import measured_shots

from .conftest import ONE, TWO, by_model

Archive = Callable[..., Store]
Reprocess = Callable[..., Any]


def measured(store: Store) -> None:
    ledger = store.ledger("measuring")
    for row in ledger.newest("restorations").itertuples():
        ledger.append("measurements", row.reel_id, [{
            "key": row.key, "reel_id": row.reel_id, "metric": "BOIL", "after": 1.0,
            "treatment_id": row.treatment_id, "measurable": True, "verdict": "ok",
        }])  # fmt: skip


def looked_at(store: Store, **asked: str) -> list[str]:
    return [shot.treatment for shot in measured_shots(store, **asked).shots]


@pytest.mark.parametrize("where", ["true", "shot_index = 1"])
def test_after_going_back_the_version_that_stands_is_compared(
    archive: Archive, reprocess: Reprocess, where: str
) -> None:
    one, two = by_model(ONE), by_model(TWO)
    store = archive([one], 3)
    batch, _ = reprocess(store, model="dust@2", where=where)
    measured(store)
    changed = [where == "true" or index == 1 for index in range(3)]
    assert looked_at(store) == [two.label if new else one.label for new in changed]
    reprocess(store, model="dust@1")
    assert looked_at(store) == [one.label] * 3
    assert looked_at(store, batch=batch) == [two.label] * sum(changed)
    assert looked_at(store, treatment_id=two.treatment_id) == [two.label] * sum(changed)
