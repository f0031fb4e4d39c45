"""MLflow as Wetgate uses it: the configured server, or the store's own database."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from catalogs.store import Store

_RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
_TIMEOUT = "MLFLOW_HTTP_REQUEST_TIMEOUT"


def tracking_uri(store: Store) -> str:
    """The configured tracking server, or the store's own database."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{store.root / 'mlflow.db'}"


def mlflow_client(store: Store) -> Any:
    """A client of it; the database is made where there is none yet.

    Raises:
        Exception: whatever MLflow raises where its server or database cannot be used.
    """
    import mlflow
    from mlflow.tracking import MlflowClient

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    if (artifacts := artifact_root(store)) is not None:
        # MLflow's only way to keep its default experiment out of the working directory.
        os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = artifacts
    mlflow.set_tracking_uri(tracking_uri(store))
    return MlflowClient()


def experiment_id(client: Any, store: Store, name: str) -> str:
    """The experiment of that name; made where there is none."""
    found = client.get_experiment_by_name(name)
    if found:
        return str(found.experiment_id)
    return str(client.create_experiment(name, artifact_location=artifact_root(store)))


def artifact_root(store: Store) -> str | None:
    """Where artifacts go, as a URI; None where a server decides."""
    if os.environ.get("MLFLOW_TRACKING_URI"):
        return None
    return (store.root / "mlartifacts").as_uri()


@contextmanager
def short_patience() -> Iterator[None]:
    """Ask a server once and briefly: MLflow would go on asking for minutes."""
    before = {name: os.environ.get(name) for name in (_RETRIES, _TIMEOUT)}
    os.environ[_RETRIES], os.environ[_TIMEOUT] = "1", "10"
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
