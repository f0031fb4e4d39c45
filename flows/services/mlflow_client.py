"""MLflow as Wetgate uses it: the configured server, or the store's own database."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from catalogs.store import Store, existing_store, is_store, open_store
from flows.services.moved_store import follow
from flows.services.services import quiet_settings

_RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
_TIMEOUT = "MLFLOW_HTTP_REQUEST_TIMEOUT"
_ARTIFACTS = "_MLFLOW_SERVER_ARTIFACT_ROOT"


def shared_uri() -> str | None:
    """The tracking server that is configured for all stores, if one is."""
    return os.environ.get("MLFLOW_TRACKING_URI") or None


def tracking_uri(store: Store) -> str:
    """The configured tracking server, or the store's own database."""
    return shared_uri() or f"sqlite:///{_own_database(store)}"


def _own_database(store: Store) -> Path:
    return store.root / "mlflow.db"


def registry_name(store: Store) -> str:
    """The registry that is asked, as it may be named in messages: without a password."""
    parts = urlsplit(tracking_uri(store))
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def store_with_models(root: Path) -> Store:
    """The store; made where a server may have models for one that is not there yet.

    Raises:
        StoreError: there is no store, and no server is configured; or it cannot be made.
    """
    return open_store(root) if shared_uri() else existing_store(root)


def is_shared_only(root: Path) -> bool:
    """Whether models can be had of a configured server alone: there is no store yet."""
    return shared_uri() is not None and not is_store(root)


def mlflow_client(store: Store) -> Any:
    """A client of it; the database is made where there is none yet.

    Raises:
        Exception: whatever MLflow raises where its server or database cannot be used.
    """
    quiet_settings()  # also where a worker of Prefect began the flow
    from mlflow.tracking import MlflowClient

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # MLflow's only way to keep its default experiment out of the working directory.
    if (artifacts := artifact_root(store)) is not None:
        os.environ[_ARTIFACTS] = artifacts
        if shared_uri() is None:
            follow(_own_database(store), artifacts)
    else:
        os.environ.pop(_ARTIFACTS, None)  # of a store that was opened before
    uri = tracking_uri(store)  # never set for the process: another store may follow
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def experiment_id(client: Any, store: Store, name: str) -> str:
    """The experiment of that name; made where there is none."""
    found = client.get_experiment_by_name(name)
    if found:
        return str(found.experiment_id)
    return str(client.create_experiment(name, artifact_location=artifact_root(store)))


def artifact_root(store: Store) -> str | None:
    """Where artifacts go, as a URI: beside the database; None where a server decides.

    Left to itself, MLflow writes them into the working directory of whoever has a database.
    """
    kind, _, path = tracking_uri(store).partition(":///")
    if kind.partition("+")[0] != "sqlite":
        return None
    return (Path(path).resolve().parent / "mlartifacts").as_uri()


@contextmanager
def short_patience(seconds: int = 10) -> Iterator[None]:
    """Ask a server once more at most, and briefly: MLflow would go on asking for minutes."""
    before = {name: os.environ.get(name) for name in (_RETRIES, _TIMEOUT)}
    os.environ[_RETRIES], os.environ[_TIMEOUT] = "1", str(seconds)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
