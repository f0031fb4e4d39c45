"""A reel that was joined, and whose answer was lost with its host, is not joined again."""

from collections.abc import Callable
from pathlib import Path

import pytest

from catalogs.store import Store
from flows.night import work
from flows.night.order import Order
from tests.played import UNTOUCHED, entry


def test_a_reel_that_was_joined_already_is_not_joined_again(
    store: Store,
    make_reel: Callable[..., tuple[Path, list[bytes]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, _ = make_reel("a.mkv", frames=12)
    order = Order(store, path.parent, UNTOUCHED, "night")
    reel, shots, _ = work.ingest(order, entry("a"))
    for shot in shots:
        work.restore(order, reel, shot, 600.0)
    first = work.assemble(order, reel)
    monkeypatch.setattr(work, "assemble_reel", None)
    assert work.assemble(order, reel) == first
    events = store.ledger().read("events")
    said = list(events[events["event"] == "assembly"]["detail"])
    assert said[0].startswith("verified: ")
    assert said[1:] == ["joined already; the answer had been lost"]
    reels = store.ledger().read("reels")
    assert list(reels["status"]) == ["ingested", "restored"]
