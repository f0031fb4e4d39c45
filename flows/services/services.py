"""The embedded default: a local Prefect server for the length of a night.

Where `PREFECT_API_URL` is set, that server is used and left alone.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from catalogs.errors import StoreError

START_SECONDS = 600.0  # on a machine at its limit it took more than 120; then no night began

# Telemetry off; the recorder in batches, or the server is busy for 20 s per 1,000 tasks.
_SETTINGS = {
    "DO_NOT_TRACK": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_CLI_WRAP_LINES": "false",
}


def quiet_settings() -> None:
    """Put our settings for Prefect and MLflow into the environment, unless set already."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)


@contextmanager
def prefect_api(home: Path, meanwhile: Callable[[], object] = lambda: None) -> Iterator[str]:
    """The address of a Prefect API: the configured one, or a server started here.

    Args:
        home: folder for the server's database and log.
        meanwhile: done while a server starts, which takes seconds: the flows are loaded.

    Raises:
        StoreError: the server did not start; names its log.
    """
    quiet_settings()
    if configured := os.environ.get("PREFECT_API_URL"):
        yield configured
        return
    home.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    address = f"http://127.0.0.1:{port}/api"
    with (home / "server.log").open("ab") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "flows.services.prefect_server", str(port)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env={**os.environ, "PREFECT_HOME": str(home.resolve())},
            start_new_session=True,  # Ctrl-C is for the night, which ends the server itself
        )
        try:
            with _client_settings(address, home):
                meanwhile()
                _wait_until_healthy(server, address, home / "server.log")
                yield address
        finally:
            assert server.stdin is not None  # asked for above
            server.stdin.close()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


@contextmanager
def _client_settings(address: str, home: Path) -> Iterator[None]:
    """Point Prefect at a server, whether it was imported before or is imported now."""
    os.environ["PREFECT_API_URL"] = address
    os.environ.setdefault("PREFECT_HOME", str(home.resolve()))
    try:
        from prefect.settings import PREFECT_API_URL, temporary_settings

        with temporary_settings({PREFECT_API_URL: address}):
            yield
    finally:
        del os.environ["PREFECT_API_URL"]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_until_healthy(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise StoreError(f"the Prefect server did not start; see {log}")
