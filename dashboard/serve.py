"""Serving: a port of its own, one line when it is open and one when it is closed."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from catalogs.errors import StoreError
from catalogs.store import Store
from dashboard.app import create_app
from dashboard.settings import FIRST_PORT, PORTS_TRIED, Settings

_HELD_SECONDS = 5
_START_SECONDS = 30.0


def serve(
    store: Store, settings: Settings, tls: tuple[Path, Path] | None, say: Callable[[str], object]
) -> None:
    """Serve until the process is interrupted.

    Args:
        store: whose dashboard it is.
        settings: how it listens.
        tls: certificate and key, PEM.
        say: where lines for the operator go.

    Raises:
        StoreError: it would be open without accounts, or the port is taken.
    """
    app = create_app(store, settings)
    with listen(settings) as listening:
        for line in opened(store, settings, listening.getsockname()[1], tls is not None):
            say(line)
        server = _server(app, tls)
        with suppress(KeyboardInterrupt):  # uvicorn hands the signal on after it has closed
            server.run(sockets=[listening])
    say("The dashboard is closed.")


@contextmanager
def serving(app: FastAPI, settings: Settings) -> Iterator[str]:
    """Serve from a thread for a while, for tests and measurements; gives the address.

    Raises:
        StoreError: the port is taken, or the server did not start.
    """
    with listen(settings) as listening:
        server = _server(app, None)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            until = time.monotonic() + _START_SECONDS
            while not server.started:
                if time.monotonic() > until or not thread.is_alive():
                    raise StoreError("the dashboard did not start; its log says why")
                time.sleep(0.01)
            yield f"http://{settings.host}:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(_HELD_SECONDS + 1)


def _server(app: FastAPI, tls: tuple[Path, Path] | None) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_HELD_SECONDS,
            ssl_certfile=tls[0] if tls else None,
            ssl_keyfile=tls[1] if tls else None,
        )
    )


def opened(store: Store, settings: Settings, port: int, has_tls: bool) -> Iterator[str]:
    """What is said when it is open."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    yield f"{store.root}: {'https' if has_tls else 'http'}://{host}:{port}/ (Ctrl-C closes it)"
    if settings.is_local and not (store.root / "accounts.json").is_file():
        yield (
            f"Decisions are made as {settings.person}; this machine only."
            if settings.person
            else "Looking only: give --as NAME to decide; this machine only."
        )
    if not settings.is_local and not settings.is_encrypted:
        yield "Passwords travel unencrypted: give --certificate and --key, or --behind-tls."


def listen(settings: Settings) -> socket.socket:
    """A listening socket.

    Raises:
        StoreError: no port is free, or there is no such address.
    """
    first, tried = (FIRST_PORT, PORTS_TRIED) if settings.port is None else (settings.port, 1)
    ports = range(first, first + tried)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    reason = ""
    for port in ports:
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((settings.host, port))
            listening.listen(128)
            return listening
        except OSError as error:
            listening.close()
            reason = error.strerror or str(error)
    raise StoreError(f"{settings.host}, port {ports[0]}: {reason}; choose another with --port")
