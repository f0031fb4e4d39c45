"""What every request passes before a page sees it, and every answer before it leaves.

Refused are: hosts that the dashboard is not called by (DNS rebinding), methods other than GET,
HEAD and POST, paths with what no page of ours has in it, long queries and bodies, and forms from
elsewhere. Answers forbid everything that a page does not need; scripts, styles, pictures and films
come from this server only, and none of them stands in a page.
"""

import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

_log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MOST_BODY = 64 * 1024
MOST_QUERY = 4096
MOST_PATH = 1024

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # no-referrer would send forms with Origin: null
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_PATH = re.compile(r"/(?:[\w.,@+~-][\w .,@+~-]*(?:/[\w.,@+~-][\w .,@+~-]*)*/?)?")
_LENGTH = re.compile(r"\d{1,12}")


class Refused(Exception):
    """A request that goes no further."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Guard:
    """ASGI middleware.

    Args:
        app: what is guarded.
        hosts: what the header Host may name, without a port.
    """

    def __init__(self, app: App, hosts: frozenset[str]) -> None:
        self.app = app
        self.hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # no page opens a web socket
        try:
            body = await self._admitted(scope, receive)
        except Refused as refused:
            await _say(send, refused.status, str(refused))
            return
        await self._answered(scope, _replayed(body, receive), send)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the page answer; a fault of ours is logged here and told without its insides."""
        began = False

        async def sending(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self.app(scope, receive, _armoured(sending))
        except Exception:
            _log.exception("%s %s failed", scope["method"], scope["path"])
            if not began:
                await _say(send, 500, "Something went wrong here; the log of the server says what.")

    async def _admitted(self, scope: Scope, receive: Receive) -> bytes:
        """The whole body, of a request that may go on."""
        if scope["method"] not in ("GET", "HEAD", "POST"):
            raise Refused(405, "This server answers GET, HEAD and POST.")
        headers = _headers(scope)
        host = _host(headers)
        if _name(host) not in self.hosts:
            raise Refused(421, "This server is not called so; see `wetgate review --name`.")
        check_path(scope)
        if scope["method"] == "POST":
            check_origin(headers, host)
        elif "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
            raise Refused(400, "GET has no body here.")
        return await _body(headers, receive) if scope["method"] == "POST" else b""


def check_path(scope: Scope) -> None:
    """Refuse paths that no page has.

    Raises:
        Refused: says why.
    """
    path, raw = scope["path"], bytes(scope.get("raw_path") or b"")
    if len(path) > MOST_PATH or len(scope["query_string"]) > MOST_QUERY:
        raise Refused(414, "This address is too long.")
    if not _PATH.fullmatch(path) or any(part in (".", "..") for part in path.split("/")):
        raise Refused(400, "No page has such an address.")
    if b"%2f" in raw.lower() or b"%5c" in raw.lower() or b"%00" in raw:
        raise Refused(400, "No page has such an address.")


def check_origin(headers: dict[str, str], host: str) -> None:
    """Refuse a form that another site sent.

    Raises:
        Refused: says why.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        raise Refused(403, "This form came from elsewhere.")
    if origin is None and site is None:
        raise Refused(403, "This form does not say where it came from.")
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        raise Refused(403, "This form came from elsewhere.")


async def _body(headers: dict[str, str], receive: Receive) -> bytes:
    if not headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise Refused(415, "Forms are sent URL-encoded.")
    length = headers.get("content-length", "0")
    if not _LENGTH.fullmatch(length) or int(length) > MOST_BODY:
        raise Refused(413, f"More than {MOST_BODY // 1024} KiB is no form of ours.")
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Refused(400, "The form was cut off.")
        body += bytes(message.get("body", b""))
        if len(body) > MOST_BODY:
            raise Refused(413, f"More than {MOST_BODY // 1024} KiB is no form of ours.")
        if not message.get("more_body"):
            return body


def _headers(scope: Scope) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1").lower()
        if key in ("host", "origin", "content-length") and key in found:
            raise Refused(400, f"{key} is said twice.")
        found[key] = value.decode("latin-1")
    return found


def _host(headers: dict[str, str]) -> str:
    if not (host := headers.get("host")):
        raise Refused(400, "The header Host is missing.")
    return host


def _name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body once more for the page, then what the server says (that the browser left)."""
    given = False

    async def again() -> Message:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return again


def _armoured(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = [(n.encode(), v.encode()) for n, v in HEADERS.items()]
            names = {name for name, _ in own}
            others = [(n, v) for n, v in message.get("headers", ()) if n.lower() not in names]
            if b"cache-control" not in {n.lower() for n, _ in others}:
                others.append((b"cache-control", b"no-store"))
            message = {**message, "headers": [*others, *own]}
        await send(message)

    return sending


async def _say(send: Send, status: int, why: str) -> None:
    body = (why + "\n").encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"),
               (b"content-length", str(len(body)).encode())]  # fmt: skip
    armoured = _armoured(send)
    await armoured({"type": "http.response.start", "status": status, "headers": headers})
    await armoured({"type": "http.response.body", "body": body})
