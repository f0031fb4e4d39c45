"""Every fault of a storage ends in one error that says what to do, within a time."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from catalogs.errors import SourceError
from catalogs.origin import RemoteRoot
from tasks.storage import bucket as bucket_module
from tasks.storage.scratch import Scratch
from tests.storage.conftest import forget
from tests.storage.places import SECRET, Place, Wire, spoilt
from tests.storage.test_stage import files_of, staged, taken

pytestmark = pytest.mark.usefixtures("anew")


class _Refusing(BaseHTTPRequestHandler):
    """Answers everything with one error of S3."""

    status, code = 403, "AccessDenied"

    def do_GET(self) -> None:
        body = f"<Error><Code>{self.code}</Code><Message>key {SECRET}</Message></Error>".encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def refusing(status: int, code: str) -> Iterator[str]:
    handler = type("Handler", (_Refusing,), {"status": status, "code": code})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def reason(root: RemoteRoot, scratch: Scratch) -> str:
    """Why the reel is held; nothing is left behind and no secret is told."""
    with pytest.raises(SourceError) as raised, staged(root, scratch, "a.mkv"):
        pass
    assert taken(scratch) == 0
    assert SECRET not in str(raised.value)
    assert str(raised.value).startswith("a.mkv: ")
    return str(raised.value)


def test_no_credentials(
    root: RemoteRoot, scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert "AWS_PROFILE" in reason(root, scratch)


def test_a_profile_that_is_not_there(
    root: RemoteRoot, scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "of-nobody")
    assert "profile" in reason(root, scratch)


def test_no_bucket(scratch: Scratch) -> None:
    assert "no such bucket" in reason(RemoteRoot("s3://of-nobody/films"), scratch)


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (403, "AccessDenied", "what they may do"),
        (403, "InvalidAccessKeyId", "AWS_ACCESS_KEY_ID"),
        (403, "ExpiredToken", "credentials"),
        (403, "InvalidObjectState", "archive tier|credentials"),
        (503, "SlowDown", "breaks off"),
        (500, "InternalError", "breaks off"),
    ],
)
def test_a_storage_that_refuses(
    status: int, code: str, said: str, root: RemoteRoot, scratch: Scratch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with refusing(status, code) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        assert re.search(said, reason(root, scratch))


def test_no_storage_at_all(
    root: RemoteRoot, scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert "AWS_ENDPOINT_URL" in reason(root, scratch)


def test_a_storage_that_never_answers(
    s3_server: str, root: RemoteRoot, scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within the time limit of a request, times the tries."""
    monkeypatch.setattr(bucket_module, "READ_SECONDS", 0.2)
    with spoilt(Wire(s3_server, silent=True)) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        assert "look at the network" in reason(root, scratch)


DATA = os.urandom(3_000_000)


def test_a_connection_that_is_reset_now_and_then_does_no_harm(
    s3_server: str,
    place: Place,
    root: RemoteRoot,
    scratch: Scratch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place.put("a.mkv", DATA)
    wire = Wire(s3_server, cut_after=1_000_000, cuts=2)
    with spoilt(wire) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        with staged(root, scratch, "a.mkv") as copies:
            assert files_of(copies) == {"a.mkv": DATA}
    assert wire.hurt == 2


def test_a_connection_that_always_breaks_in_the_middle_of_an_object(
    s3_server: str,
    place: Place,
    root: RemoteRoot,
    scratch: Scratch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place.put("a.mkv", DATA)
    wire = Wire(s3_server, cut_after=1_000_000)
    with spoilt(wire) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        assert "breaks off" in reason(root, scratch)
    assert 1 < wire.hurt <= bucket_module.TRIES**3


def test_an_answer_that_ends_early_and_says_it_is_whole(
    place: Place, root: RemoteRoot, scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a proxy may have it: the length that is announced is that of the part that came."""
    place.put("a.mkv", DATA)
    forget()
    files = bucket_module.open_bucket(root).files
    whole = files.cat_file
    monkeypatch.setattr(files, "cat_file", lambda *a, **named: whole(*a, **named)[:-1])
    assert "2999999 bytes came for the 3000000" in reason(root, scratch)


def test_a_byte_that_is_turned_on_the_way_is_found(
    s3_server: str,
    place: Place,
    root: RemoteRoot,
    scratch: Scratch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the checksum that the storage has of the whole object."""
    place.put("a.mkv", DATA, ChecksumAlgorithm="SHA256")
    wire = Wire(s3_server, flip=True)
    with spoilt(wire) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        monkeypatch.setenv("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required")
        assert "sha256 is" in reason(root, scratch)
    assert wire.hurt
