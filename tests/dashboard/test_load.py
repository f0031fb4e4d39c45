"""What many requests at once do to the others: nothing."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import HTTPException

from catalogs.errors import StoreError
from catalogs.store import Store
from dashboard.accounts import Accounts
from dashboard.attempts import OF_ADDRESS, OF_NAME
from dashboard.pictures import routes as picture_routes
from dashboard.routes import compare as compare_route
from dashboard.turns import Busy, Turns
from tests.dashboard.conftest import NIGHT, TREATMENT, Browser, Open, key_of
from tests.dashboard.test_access import PASSWORD

FORWARDED = "x-forwarded-for"


@pytest.fixture
def with_accounts(filled: Store, tmp_path: Path) -> Store:
    made = tmp_path / "accounts.json"
    Accounts(made).set("Ada", "admin", PASSWORD)
    shutil.copy(made, filled.root / "accounts.json")
    return filled


def attempt(browser: Browser, name: str, password: str, **headers: str) -> int:
    """Sign in with a cookie of its own."""
    at = str(browser.base_url).rstrip("/")
    with Browser(base_url=at, timeout=60) as own:
        said = {"csrf": own.proof("/login"), "name": name, "password": password}
        return own.post("/login", data=said, headers={"origin": at, **headers}).status_code


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_passwords_that_are_guessed_at_once_are_no_more_than_one_by_one(
    with_accounts: Store, open_dashboard: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = open_dashboard(with_accounts)
    own, verified, at_once, most = Accounts.check, [], [0], [0]
    lock = threading.Lock()

    def check(self: Accounts, name: str, password: str) -> Any:
        with lock:
            verified.append(name)
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        time.sleep(0.1)
        found = own(self, name, password)
        with lock:
            at_once[0] -= 1
        return found

    monkeypatch.setattr(Accounts, "check", check)
    with ThreadPoolExecutor(40) as pool:
        found = list(pool.map(lambda n: attempt(browser, "Ada", f"wrong password {n}"), range(40)))
    assert Counter(found) == {401: OF_NAME, 429: 40 - OF_NAME}
    assert (len(verified), most[0]) == (OF_NAME, 2)


def test_behind_a_proxy_each_visitor_has_an_address(
    with_accounts: Store, open_dashboard: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Accounts, "check", lambda self, *said: self.find(said[0]))
    browser = open_dashboard(with_accounts, is_behind_proxy=True)
    for number in range(OF_ADDRESS):
        said = {FORWARDED: f"10.0.0.{number}, 192.0.2.7"}  # the first: invented
        assert attempt(browser, f"nobody {number}", "x", **said) == 401
    assert attempt(browser, "Ada", PASSWORD, **{FORWARDED: "192.0.2.7"}) == 429
    assert attempt(browser, "Ada", PASSWORD, **{FORWARDED: "192.0.2.7, 192.0.2.8"}) == 303


def test_without_a_proxy_nobody_chooses_an_address(
    with_accounts: Store, open_dashboard: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Accounts, "check", lambda self, *said: None)
    browser = open_dashboard(with_accounts)
    for number in range(OF_ADDRESS):
        said = {FORWARDED: f"10.0.0.{number}"}
        assert attempt(browser, f"nobody {number}", "x", **said) == 401
    assert attempt(browser, "Ada", PASSWORD, **{FORWARDED: "10.0.1.1"}) == 429


def test_crops_that_wait_hold_up_no_page(
    filled: Store, open_dashboard: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()

    def slow(*_: Any) -> Any:
        goes_on.wait(60)
        raise HTTPException(404)

    monkeypatch.setattr(picture_routes, "_cut", slow)
    browser = open_dashboard(filled)
    crop = f"{str(browser.base_url).rstrip('/')}/pictures/R0.r1/{key_of(0, 0)}/frames/0/source.png"
    most = picture_routes._AT_ONCE + picture_routes._WAITING
    with ThreadPoolExecutor(48) as pool:
        asked = [pool.submit(httpx.get, crop, timeout=90) for _ in range(48)]
        try:
            wait_until(lambda: sum(one.done() for one in asked) == 48 - most)
            assert browser.get("/metrics", timeout=20).status_code == 200
            refused = [one.result() for one in asked if one.done()]
            assert {one.status_code for one in refused} == {503}
            assert all(int(one.headers["retry-after"]) >= 1 for one in refused)
        finally:
            goes_on.set()
        assert Counter(one.result().status_code for one in asked) == {503: 48 - most, 404: most}


def test_comparisons_that_wait_hold_up_no_page(
    filled: Store, open_dashboard: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, goes_on = [], threading.Event()

    def slow(*sides: Any) -> Any:
        begun.append(sides)
        goes_on.wait(60)
        raise StoreError("nothing differs")

    monkeypatch.setattr(compare_route, "_compare", slow)
    browser = open_dashboard(filled)
    at = str(browser.base_url).rstrip("/")
    address = f"{at}/compare?a={NIGHT}&b={TREATMENT.treatment_id}"
    with ThreadPoolExecutor(45) as pool:
        asked = [pool.submit(httpx.get, address, timeout=90) for _ in range(45)]
        try:
            wait_until(lambda: bool(begun))
            time.sleep(0.5)
            assert browser.get("/metrics", timeout=20).status_code == 200
            assert len(begun) == 1
        finally:
            goes_on.set()
        assert all("nothing differs" in one.result().text for one in asked)


def test_those_who_ask_for_the_same_get_the_same_and_others_are_turned_away() -> None:
    begun, goes_on = [], threading.Event()

    def work() -> int:
        begun.append(1)
        goes_on.wait(60)
        return len(begun)

    async def ask() -> tuple[list[int], int]:
        turns = Turns(at_once=1, waiting=0)
        asked = [asyncio.create_task(turns.run(work, key="same")) for _ in range(45)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await turns.run(work, key="another")
        goes_on.set()
        return await asyncio.gather(*asked), await turns.run(work, key="same")

    assert asyncio.run(ask()) == ([1] * 45, 2)
