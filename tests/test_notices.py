"""Notices: sent where asked for, bounded in time, and never in the way of a night."""

import json
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from catalogs.store import Store
from flows.night import batch, notices
from flows.night.notices import Notices
from flows.night.order import Order
from flows.night.tally import Tally
from tests.played import UNTOUCHED

# Apprise imports a module that Python withdraws.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

SECRET = "s3cret"


@contextmanager
def serving(server: Any) -> Iterator[int]:
    """A server on a thread; its port."""
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def webhook(status: int = 200) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """A webhook that answers with a status; its port and what it was sent."""
    sent: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield port, sent


@contextmanager
def mailbox() -> Iterator[tuple[int, list[str]]]:
    """An SMTP server; its port and the letters that it took."""
    letters: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                word = line[:4].upper()
                if word == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    text = b""
                    while (part := self.rfile.readline()) != b".\r\n":
                        text += part
                    letters.append(text.decode())
                self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 well\r\n")

    with serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)) as port:
        yield port, letters


Conclude = Callable[..., float]


@pytest.fixture
def conclude(store: Store, monkeypatch: pytest.MonkeyPatch) -> Conclude:
    """End a night whose notices go to some addresses; how long that took."""
    monkeypatch.setattr(batch, "track_batches", lambda _: {})
    monkeypatch.setattr(notices, "MOST_SECONDS", 3.0)

    def end(*addresses: str, tally: Tally | None = None) -> float:
        (store.root / notices.FILE).write_text("# who is told\n" + "\n".join(addresses))
        order = Order(store, Path(), UNTOUCHED, "night")
        begun = time.monotonic()
        summary = batch._conclude(order, tally or Tally(restored={"a.r1"}), Notices(order))
        assert Path(summary.report).is_file()
        return time.monotonic() - begun

    return end


def said(store: Store) -> list[tuple[str, str]]:
    events = store.ledger().read("events")
    events = events[events["event"] == notices.EVENT]
    return list(zip(events["outcome"], events["detail"], strict=True))


def test_a_webhook_and_a_mailbox_are_told_of_the_end(store: Store, conclude: Conclude) -> None:
    with webhook() as (port, sent), mailbox() as (mail, letters):
        address = f"mailto://127.0.0.1:{mail}/?smtp=127.0.0.1&from=w@example.org&to=o@example.org"
        conclude(f"json://127.0.0.1:{port}/{SECRET}", address, tally=Tally(held={"a.r1"}))
    (told,) = sent
    assert (told["type"], told["title"]) == ("warning", "Wetgate: night night to look at")
    assert "0 restored, 1 held, 0 failed" in told["message"]
    assert "Subject: Wetgate: night night to look at" in letters[0]
    assert [outcome for outcome, _ in said(store)] == ["success", "success"]


def test_a_server_that_fails_is_dead_or_hangs_is_recorded_and_spoils_nothing(
    store: Store, conclude: Conclude
) -> None:
    """Each is tried beside the others; the secret in the address stands nowhere."""
    with webhook(500) as (failing, sent), socket.create_server(("127.0.0.1", 0)) as hanging:
        hangs = f"json://127.0.0.1:{hanging.getsockname()[1]}/{SECRET}?rto=60"
        seconds = conclude(
            hangs, f"json://127.0.0.1:{failing}/{SECRET}", f"json://127.0.0.1:9/{SECRET}", SECRET
        )
    assert len(sent) == 1
    assert seconds < 15
    assert said(store) == [
        ("failure", "notice 1 (JSON): no answer within 3 s"),
        ("failure", "notice 2 (JSON): its server did not take it"),
        ("failure", "notice 3 (JSON): its server did not take it"),
        ("failure", "notice 4: its address is none that Apprise knows; correct it"),
    ]
    for file in store.root.rglob("*"):
        if file.is_file() and file.name != notices.FILE:
            assert SECRET.encode() not in file.read_bytes(), file


def test_an_unreadable_file_of_addresses_is_said(store: Store) -> None:
    (store.root / notices.FILE).mkdir()
    order = Order(store, Path(), UNTOUCHED, "night")
    told = Notices(order)
    told.soon("t", "b", "success")
    told.finish()
    assert said(store) == [
        ("failure", "notify.txt cannot be read (IsADirectoryError); nobody was told")
    ]


def test_the_environment_comes_before_the_file_and_nothing_is_asked_for_by_default(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(notices.addresses(store)) == []
    (store.root / notices.FILE).write_text("json://one\n")
    assert list(notices.addresses(store)) == ["json://one"]
    monkeypatch.setenv(notices.VARIABLE, "json://two\njson://three")
    assert list(notices.addresses(store)) == ["json://two", "json://three"]
