"""`wetgate review`: opens, says where, closes; and keeps accounts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalogs.errors import StoreError
from catalogs.store import Store
from dashboard.accounts import Accounts
from dashboard.serve import listen, opened
from dashboard.settings import Settings
from flows.commands.review import review_app

ROOT = Path(__file__).parent.parent.parent
PASSWORD = {"WETGATE_REVIEW_PASSWORD": "correct horse battery"}


def run(*words: str) -> tuple[int, str]:
    found = CliRunner().invoke(review_app, list(words), env=PASSWORD)
    return found.exit_code, found.output + str(found.exception or "")


def test_accounts_come_and_go(store: Store) -> None:
    here = ("--store", str(store.root))
    assert "no accounts" in run("accounts", "list", *here)[1]
    assert run("accounts", "add", "Ada L.", *here, "--role", "admin")[0] == 0
    assert "already" in run("accounts", "add", "ada l.", *here)[1]
    assert run("accounts", "list", *here)[1] == "admin     Ada L.\n"
    assert "reviewer" in run("accounts", "password", "ada l.", *here, "--role", "reviewer")[1]
    assert Accounts(store.root / "accounts.json").all()[0].role == "reviewer"
    assert run("accounts", "add", "Bob", *here, "--role", "king")[0] == 2
    assert run("accounts", "remove", "Ada L.", *here)[0] == 0
    assert "no account" in run("accounts", "remove", "Ada L.", *here)[1]


def test_wrong_usage_is_said_before_anything_opens(store: Store) -> None:
    assert run("--store", str(store.root), "--certificate", "x.pem")[0] == 2
    assert run("--store", str(store.root), "--hour-price", "cheap")[0] == 2
    assert "not a store" in run("--store", str(store.root / "none"))[1]


def test_a_port_that_is_taken_is_named() -> None:
    with listen(Settings(port=0)) as first:
        port = first.getsockname()[1]
        with pytest.raises(StoreError, match=f"{port}.*choose another"):
            listen(Settings(port=port))


def test_what_is_said_when_it_opens(store: Store) -> None:
    assert "Looking only" in "".join(opened(store, Settings(), 1, False))
    assert "as Ada" in "".join(opened(store, Settings(person="Ada"), 1, False))
    said = "".join(opened(store, Settings(host="192.0.2.7"), 1, False))
    assert "unencrypted" in said and "http://192.0.2.7:1/" in said
    assert "https://[::1]:1/" in "".join(opened(store, Settings(host="::1"), 1, True))


def test_it_opens_and_ctrl_c_closes_it(store: Store) -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "review", "--store", str(store.root), "--port", "0"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        assert running.stdout is not None
        line = running.stdout.readline()
        address = line.partition(": ")[2].split()[0]
        with urllib.request.urlopen(address) as answer:
            assert answer.status == 200
        running.send_signal(signal.SIGINT)
        said, problems = running.communicate(timeout=60)
    finally:
        running.kill()
    assert said.endswith("The dashboard is closed.\n")
    assert problems == ""
    assert running.returncode == 0
