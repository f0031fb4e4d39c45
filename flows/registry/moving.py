"""Moving: one at a time moves the aliases of a model, from whatever machine.

MLflow changes one thing at a time and compares nothing, but it gives a name to one registered model
only. So who moves aliases takes the name `NAME.moving`, which no model of Wetgate can have, and
gives it back. One that was left by somebody who was cut off is taken over after `STALE` seconds.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from catalogs.errors import StoreError

STALE = 600


@contextmanager
def alone(client: Any, name: str) -> Iterator[None]:
    """Keep everybody else from moving the aliases of a model.

    Raises:
        StoreError: somebody else is at it.
    """
    held = f"{name}.moving"
    if not _taken(client, held):
        since = _since(client, held)
        if since is not None and since < STALE:
            raise StoreError(
                f"{name} is being promoted or rolled back by somebody else for {since:.0f} s; look "
                f"again, and decide anew. What was cut off is put aside after {STALE} s"
            )
        client.delete_registered_model(held)
        if not _taken(client, held):
            raise StoreError(f"{name} is being promoted or rolled back by somebody else")
    try:
        yield
    finally:
        client.delete_registered_model(held)


def _taken(client: Any, held: str) -> bool:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(held)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        return False
    return True


def _since(client: Any, held: str) -> float | None:
    """For how many seconds it is taken; None where it was given back meanwhile."""
    found = client.search_registered_models(f"name = '{held}'")
    return time.time() - found[0].creation_timestamp / 1000 if found else None
