"""Who gets in, what they may do, and what the dashboard refuses."""

from __future__ import annotations

import itertools
import shutil
import socket
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from catalogs.errors import StoreError
from catalogs.store import Store
from dashboard.accounts import Accounts
from dashboard.app import create_app
from dashboard.attempts import MOST_KEPT, OF_ADDRESS, OF_NAME, WINDOW_SECONDS, Attempts
from dashboard.sessions import IDLE_SECONDS, WHOLE_SECONDS, Sessions
from dashboard.settings import Settings
from tests.dashboard.conftest import Browser, Open, key_of

PASSWORD = "correct horse battery"
SHOT = "/reels/R0.r1/shots/0"
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An account of each role; hashing them is slow on purpose."""
    file = tmp_path_factory.mktemp("people") / "accounts.json"
    for name, role in (("Vera", "viewer"), ("Rita", "reviewer"), ("Ada", "admin")):
        Accounts(file).set(name, role, PASSWORD)  # type: ignore[arg-type]
    return file


@pytest.fixture
def guarded(filled: Store, open_dashboard: Open, people: Path) -> Browser:
    """A dashboard with accounts."""
    shutil.copy(people, filled.root / "accounts.json")
    return open_dashboard(filled)


def sign_in(browser: Browser, name: str, password: str = PASSWORD) -> int:
    browser.cookies.clear()
    return browser.submit("/login", {"name": name, "password": password}).status_code


@pytest.mark.parametrize("address", ("/", "/shots", SHOT, "/audit", "/queue",
                                     f"/pictures/R0.r1/{key_of(0, 0)}"))  # fmt: skip
def test_nothing_is_shown_to_one_who_has_not_signed_in(guarded: Browser, address: str) -> None:
    answer = guarded.get(address)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?then=")
    assert "R0" not in answer.text


def test_signing_in_leads_where_one_wanted_to_go_and_nowhere_else(guarded: Browser) -> None:
    said = {"name": "rita", "password": PASSWORD}
    for then, goes in (("/audit?text=x", "/audit?text=x"), ("https://evil.test/", "/"),
                       ("//evil.test/", "/"), ("/\\evil.test", "/"), ("/%5cevil.test", "/"),
                       ("javascript:alert(1)", "/"), ("/\tx", "/")):  # fmt: skip
        guarded.cookies.clear()
        answer = guarded.submit("/login", {**said, "then": then})
        assert (answer.status_code, answer.headers["location"]) == (303, goes)


def test_the_cookie_is_for_this_site_only_and_changes_at_sign_in(guarded: Browser) -> None:
    first = guarded.get("/login").headers["set-cookie"]
    before = guarded.cookies["wetgate"]
    assert "HttpOnly" in first and "SameSite=strict" in first and "Path=/" in first
    assert guarded.submit("/login", {"name": "Vera", "password": PASSWORD}).status_code == 303
    assert guarded.cookies["wetgate"] != before
    assert guarded.get("/").status_code == 200


def test_signing_out_ends_the_session_for_every_copy_of_the_cookie(guarded: Browser) -> None:
    sign_in(guarded, "Vera")
    token = guarded.cookies["wetgate"]
    assert guarded.submit("/logout", {}, page="/").status_code == 303
    guarded.cookies.set("wetgate", token)
    assert guarded.get("/").status_code == 303


@pytest.mark.parametrize("change", ("remove", "password"))
def test_an_account_that_changes_ends_its_sessions(
    guarded: Browser, filled: Store, change: str
) -> None:
    sign_in(guarded, "Rita")
    accounts = Accounts(filled.root / "accounts.json")
    if change == "remove":
        accounts.remove("Rita")
    else:
        accounts.set("Rita", "reviewer", "another long password")
    assert guarded.get("/").status_code == 303


def test_a_viewer_looks_a_reviewer_decides_an_admin_reopens(guarded: Browser) -> None:
    sign_in(guarded, "Vera")
    said = {"verb": "accept", "output_sha256": key_of(0, 0)[::-1]}
    assert guarded.get(SHOT).status_code == 200
    assert guarded.submit(f"{SHOT}/decide", said, page=SHOT).status_code == 403
    sign_in(guarded, "Rita")
    assert guarded.submit(f"{SHOT}/decide", said, page=SHOT).status_code == 303
    again = guarded.submit("/reels/R0.r1/decide", {"verb": "reopen"}, page="/reels/R0.r1")
    assert again.status_code == 403
    sign_in(guarded, "Ada")
    again = guarded.submit("/reels/R0.r1/decide", {"verb": "reopen"}, page="/reels/R0.r1")
    assert again.status_code == 409 and "Not recorded" in again.text


def test_guessing_a_password_is_slowed_down(guarded: Browser) -> None:
    answers = [sign_in(guarded, "Ada", "wrong password 1") for _ in range(OF_NAME)]
    assert answers == [401] * OF_NAME
    assert sign_in(guarded, "Ada") == 429
    assert sign_in(guarded, "Rita") == 303


def test_failures_are_forgotten_in_time_and_an_address_has_its_own_limit() -> None:
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    for number in range(OF_ADDRESS):
        assert attempts.begin(f"name {number}", "a") == 0
    assert attempts.begin("another", "a") == WINDOW_SECONDS + 1
    assert attempts.begin("another", "b") == 0
    now[0] = WINDOW_SECONDS + 2
    assert attempts.begin("another", "a") == 0


def test_an_attempt_that_succeeds_is_no_failure() -> None:
    attempts = Attempts(lambda: 0.0)
    for _ in range(2 * OF_ADDRESS):
        assert attempts.begin("Rita", "a") == 0
        attempts.succeeded("rita", "a")


def test_what_is_remembered_of_failures_is_bounded() -> None:
    attempts = Attempts(lambda: 0.0)
    for number in range(2 * MOST_KEPT):
        attempts.begin(f"name {number}", f"address {number}")
    assert len(attempts._failures) <= MOST_KEPT + 2


def test_sessions_run_out(filled: Store) -> None:
    now = [0.0]
    sessions = Sessions(lambda: now[0])
    accounts = Accounts(filled.root / "accounts.json")
    accounts.set("Rita", "reviewer", PASSWORD)
    (account,) = accounts.all()
    idle = sessions.begin(account)
    now[0] += IDLE_SECONDS + 1
    assert sessions.find(idle) is None
    used = sessions.begin(account)
    for _ in range(int(WHOLE_SECONDS / IDLE_SECONDS) + 1):
        now[0] += IDLE_SECONDS - 1
        sessions.find(used)
    assert sessions.find(used) is None


def test_passwords_are_hashed_and_the_file_is_the_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    accounts = Accounts(file)
    accounts.set("Rita Löwe", "reviewer", PASSWORD)
    assert "$argon2id$" in file.read_text() and PASSWORD not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert accounts.check("rita löwe", PASSWORD) == accounts.all()[0]
    assert accounts.check("rita löwe", PASSWORD + "x") is None
    assert accounts.check("nobody", PASSWORD) is None
    assert accounts.check("rita löwe", "x" * 10_000) is None


@pytest.mark.parametrize("name", ("", " x", "x ", "../x", "a\nb", "<b>", "_x", "x" * 65))
def test_names_are_plain(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoreError):
        Accounts(tmp_path / "accounts.json").set(name, "viewer", PASSWORD)


def test_a_short_password_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="12 to 256"):
        Accounts(tmp_path / "accounts.json").set("Rita", "viewer", "x" * 11)


def test_accounts_that_cannot_be_read_let_nobody_in(filled: Store, open_dashboard: Open) -> None:
    (filled.root / "accounts.json").write_text("{")
    with pytest.raises(StoreError, match="cannot be read"):
        create_app(filled, Settings())


@pytest.mark.parametrize("host", ("0.0.0.0", "192.0.2.7", "::", "archive.example"))
def test_it_does_not_open_to_a_network_without_accounts(store: Store, host: str) -> None:
    with pytest.raises(StoreError, match="accounts add"):
        create_app(store, Settings(host=host))


@pytest.mark.parametrize("host", ("127.0.0.1", "::1", "localhost", "127.9.9.9"))
def test_this_machine_alone_needs_none(store: Store, host: str) -> None:
    create_app(store, Settings(host=host))


@pytest.mark.parametrize(
    "settings",
    (
        Settings(is_encrypted=True),
        Settings(is_encrypted=True, is_behind_proxy=True, person="N. Reviewer"),
        Settings(names=("archive.example",), person="N. Reviewer"),
    ),
)
def test_nor_to_those_who_reach_a_proxy(store: Store, settings: Settings) -> None:
    with pytest.raises(StoreError, match="accounts add"):
        create_app(store, settings)


def test_when_the_last_account_goes_a_proxy_lets_nobody_in(
    filled: Store, open_dashboard: Open, people: Path
) -> None:
    shutil.copy(people, filled.root / "accounts.json")
    browser = open_dashboard(filled, is_behind_proxy=True)
    (filled.root / "accounts.json").unlink()
    assert browser.get("/").status_code == 303


def test_with_accounts_nobody_decides_by_an_option(filled: Store) -> None:
    Accounts(filled.root / "accounts.json").set("Rita", "reviewer", PASSWORD)
    with pytest.raises(StoreError, match="--as"):
        create_app(filled, Settings(person="Rita"))


def test_without_a_name_one_may_only_look(filled: Store, open_dashboard: Open) -> None:
    browser = open_dashboard(filled)
    assert "--as NAME" in browser.get(SHOT).text
    origin = str(browser.base_url).rstrip("/")
    answer = browser.post(f"{SHOT}/decide", data={"verb": "accept"}, headers={"origin": origin})
    assert answer.status_code == 403


def test_every_answer_forbids_what_a_page_does_not_need(browser: Browser) -> None:
    for address in ("/", "/x", "/static/style.css", "/shots"):
        headers = browser.get(address).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
    assert browser.get("/").headers["cache-control"] == "no-store"
    assert "server" not in browser.get("/").headers


_BAD_PATHS = (
    "/../etc/passwd", "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py",
    "/static/..%5capp.py", "/reels/..", "/reels/../../x", "/reels/%2e%2e%2f", "/reels/R0.r1%00",
    "/reels/R0.r1/shots/..%2f0", "//etc/passwd", "/reels//R0.r1", "/.", "/reels/~root%2f",
    "/pictures/R0.r1/..%2f..%2faccounts.json", "/pictures/../accounts.json", "/reels/a%0d%0ab",
    "/reels/<script>", "/reels/%3Cscript%3E", "/reels/'%20OR%201=1", "/static/%252e%252e/app.py",
    "/nights/*", "/reels/R0.r1;x", "/reels/|ls", "/x" * 600, "/accounts.json", "/static/",
    "/static//etc/passwd", "/static/vendored/../../app.py", "/tables/reels", "/.git/config",
    "/reels/\\windows", "/%c0%ae%c0%ae/", "/reels/" + "%F0%9F%8E%9E", "/openapi.json", "/docs",
)  # fmt: skip


@pytest.mark.parametrize("path", _BAD_PATHS)
def test_hostile_paths_are_refused(browser: Browser, path: str) -> None:
    """Written to the socket as they are: a client would tidy them up."""
    status, body = spoken(browser, f"GET {path} HTTP/1.1\r\nHost: {{host}}\r\n\r\n")
    assert status in (400, 404, 414), body
    assert "root:" not in body and "argon2" not in body and "Traceback" not in body


_BAD_REQUESTS = {
    "another host": "GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n",
    "another host with our port": "GET / HTTP/1.1\r\nHost: evil.test:{port}\r\n\r\n",
    "no host": "GET / HTTP/1.1\r\n\r\n",
    "two hosts": "GET / HTTP/1.1\r\nHost: {host}\r\nHost: evil.test\r\n\r\n",
    "host with a user": "GET / HTTP/1.1\r\nHost: 127.0.0.1@evil.test\r\n\r\n",
    "absolute address": "GET http://evil.test/ HTTP/1.1\r\nHost: evil.test\r\n\r\n",
    "PUT": "PUT / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n",
    "DELETE": "DELETE /reels/R0.r1 HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "TRACE": "TRACE / HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "OPTIONS": "OPTIONS / HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "GET with a body": "GET / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 3\r\n\r\nabc",
    "GET in chunks": "GET / HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    "\r\n",
    "a long query": "GET /?" + "x" * 5000 + " HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "no HTTP": "\x16\x03\x01\x02\x00\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("request_text", _BAD_REQUESTS.values(), ids=_BAD_REQUESTS.keys())
def test_hostile_requests_are_refused(browser: Browser, request_text: str) -> None:
    status, body = spoken(browser, request_text)
    assert status in (400, 403, 405, 414, 421), body


_FORMS: dict[str, dict[str, str]] = {
    "no origin": {},
    "another origin": {"origin": "http://evil.test"},
    "null origin": {"origin": "null"},
    "another port": {"origin": "http://127.0.0.1:1"},
    "origin with a user": {"origin": "http://{host}@evil.test"},
    "cross-site": {"origin": "{own}", "sec-fetch-site": "cross-site"},
    "same-site": {"origin": "{own}", "sec-fetch-site": "same-site"},
    "no proof": {"origin": "{own}"},
    "JSON": {"origin": "{own}", "content-type": "application/json"},
    "multipart": {"origin": "{own}", "content-type": "multipart/form-data; boundary=x"},
    "plain text": {"origin": "{own}", "content-type": "text/plain"},
}


@pytest.mark.parametrize("headers", _FORMS.values(), ids=_FORMS.keys())
def test_forms_from_elsewhere_are_refused(
    filled: Store, open_dashboard: Open, headers: dict[str, str]
) -> None:
    browser = open_dashboard(filled, person="N. Reviewer")
    own = str(browser.base_url).rstrip("/")
    host = own.removeprefix("http://")
    said = {name: value.format(own=own, host=host) for name, value in headers.items()}
    body = f"verb=accept&output_sha256={key_of(0, 0)[::-1]}"
    if headers != _FORMS["no proof"]:
        body += f"&csrf={browser.proof(SHOT)}"
    browser.get(SHOT)
    answer = browser.post(f"{SHOT}/decide", content=body, headers={**FORM, **said})
    assert answer.status_code in (403, 415)
    assert not (filled.root / "decisions").exists()


_ODD_FORMS = {
    "a proof of another visitor": "csrf=" + "0" * 64,
    "an empty proof": "csrf=",
    "a proof that is no text": "csrf=%ff%fe",
    "many fields": "&".join(f"a{n}=1" for n in range(500)),
    "a large body": "comment=" + "x" * 70_000,
}


@pytest.mark.parametrize("body", _ODD_FORMS.values(), ids=_ODD_FORMS.keys())
def test_odd_forms_are_refused(browser: Browser, body: str) -> None:
    own = str(browser.base_url).rstrip("/")
    answer = browser.post(f"{SHOT}/decide", content=body, headers={**FORM, "origin": own})
    assert answer.status_code in (403, 413)


def test_a_body_that_claims_to_be_small_is_cut(browser: Browser) -> None:
    text = ("POST /login HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            "Transfer-Encoding: chunked\r\n\r\n") + "8000\r\n" + "x" * 0x8000 + "\r\n"  # fmt: skip
    status, _ = spoken(browser, text + ("8000\r\n" + "x" * 0x8000 + "\r\n") * 2 + "0\r\n\r\n")
    assert status == 413


_ODD_QUERIES = ("/shots?page=99999999999999999999", "/shots?page=-1", "/shots?sort=;drop",
                "/shots?text=%00", "/shots?stratum=:::", "/shots?metric=%F0%9F%8E%9E",
                "/audit?number=1e9", "/reels?number=٣", "/compare?a=../../x&b=y",
                "/shots?sample=../x&sort=drawn", "/shots?text=%ff", "/audit?what='--")  # fmt: skip


@pytest.mark.parametrize("address", _ODD_QUERIES)
def test_odd_queries_are_answered_calmly(browser: Browser, address: str) -> None:
    assert browser.get(address).status_code == 200


def test_there_are_enough_hostile_requests() -> None:
    kinds = itertools.chain(_BAD_PATHS, _BAD_REQUESTS, _FORMS, _ODD_FORMS)
    assert len(list(kinds)) >= 40


def spoken(browser: Browser, text: str) -> tuple[int, str]:
    """Status and rest of an answer to a request as it is written."""
    host = str(browser.base_url.netloc, "ascii")
    name, _, port = host.partition(":")
    said = text.replace("{host}", host).replace("{port}", port).encode("utf-8")
    with socket.create_connection((name, int(port)), timeout=10) as line:
        line.sendall(said)
        answer = b""
        while b"\r\n\r\n" not in answer and (part := line.recv(65536)):
            answer += part
        line.settimeout(0.2)
        with suppress(TimeoutError):
            answer += line.recv(65536)
    head = answer.split(b"\r\n", 1)[0].split()
    return int(head[1]) if len(head) > 1 else 400, answer.decode("utf-8", "replace")
