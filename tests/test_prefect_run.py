"""The flow run's state is asked of the server that the night has."""

import threading
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from catalogs.recipe import Treatment
from catalogs.store import Store
from flows.night.order import Order
from flows.window import prefect_run
from flows.window.prefect_run import PrefectRun, watching

ADDRESS = "http://127.0.0.1:9/api"


def test_the_watching_thread_asks_the_server_of_the_night(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prefect's settings are those of a thread; without them it would start another server."""
    asked: list[str | None] = []
    heard = threading.Event()

    def get_client(**_: Any) -> Any:
        asked.append(PREFECT_API_URL.value())
        heard.set()
        return nullcontext(SimpleNamespace(read_flow_run=lambda _: SimpleNamespace(state=None)))

    run = SimpleNamespace(flow_run=SimpleNamespace(id="run"))
    monkeypatch.setattr(prefect_run, "get_client", get_client)
    monkeypatch.setattr(prefect_run, "FlowRunContext", SimpleNamespace(get=lambda: run))
    monkeypatch.setattr(prefect_run, "_LOOK_SECONDS", 0.01)
    gate = PrefectRun(Order(store, store.root, Treatment("none", ()), "night"), lambda _: None)
    with temporary_settings({PREFECT_API_URL: ADDRESS}), watching(gate):
        assert heard.wait(60)
    assert asked[0] == ADDRESS
