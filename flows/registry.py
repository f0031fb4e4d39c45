"""The registry of models: MLflow holds every version, the store's shelf holds a copy.

    register ──> a run with the artifacts model.safetensors, model.json, benchmark
                 a version of the registered model, alias `challenger`
    promote  ──> alias `champion`; the champion before it is remembered in a tag
    rollback ──> alias `champion` back where it was

MLflow's registry is the truth, so that several stores may share it. What a store has seen of it
lies on its shelf (`catalogs.model_shelf`); where MLflow cannot be asked, that is used, and said.
"""

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from catalogs.errors import StoreError
from catalogs.model_shelf import Standing
from catalogs.model_version import ModelVersion, read_version, version_json
from catalogs.store import Store
from flows.mlflow_client import experiment_id, mlflow_client
from tasks.register import Offered

EXPERIMENT = "wetgate models"

WEIGHTS, CARD, BENCHMARK = "model.safetensors", "model.json", "benchmark"
_MARK = "wetgate"  # registered models without it are other people's
_EARLIER = "wetgate.earlier"  # champions before this one, as a JSON list


class Registry:
    """The registry as one store sees it.

    Args:
        store: whose shelf is kept up to date.

    Raises:
        Exception: whatever MLflow raises where its server or database cannot be used.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._client = mlflow_client(store)

    def names(self) -> tuple[str, ...]:
        """Every model, by name."""
        found: list[str] = []
        token = None
        while True:
            page = self._client.search_registered_models(page_token=token)
            found += [model.name for model in page if _MARK in model.tags]
            if not (token := page.token):
                return tuple(sorted(found))

    def register(self, offered: Offered) -> ModelVersion:
        """Give a model a new version, alias `challenger`.

        Raises:
            StoreError: the same content is registered already, or the name is another's.
        """
        name = offered.version.name
        model = self._model(name)
        if model is None:
            self._client.create_registered_model(name, tags={_MARK: "1"})
        elif _MARK not in model.tags:
            raise StoreError(f"{name} is registered in MLflow by another program; choose a name")
        for known in self._client.search_model_versions(f"name = '{name}'"):
            if known.tags.get("content_sha256") == offered.version.content_sha256:
                raise StoreError(f"{name}@{known.version} has the same content; nothing registered")
        version = self._create(offered)
        self._client.set_registered_model_alias(name, "challenger", str(version.version))
        self._store.shelf.put(version, offered.weights, offered.benchmark)
        self.standing(name)
        return version

    def standing(self, name: str) -> Standing:
        """Where the aliases of a model stand; noted on the shelf.

        Raises:
            StoreError: there is no such model.
        """
        model = self._model(name)
        if model is None or _MARK not in model.tags:
            raise StoreError(f"no model {name!r} is registered; see `wetgate models list`")
        aliases = {alias: int(version) for alias, version in model.aliases.items()}
        earlier = tuple(json.loads(model.tags.get(_EARLIER, "[]")))
        found = Standing(aliases.get("champion"), aliases.get("challenger"), earlier)
        self._store.shelf.note(name, found)
        return found

    def version(self, name: str, number: int) -> ModelVersion:
        """A version, from the shelf or brought there.

        Raises:
            StoreError: there is no such version.
        """
        shelf = self._store.shelf
        known = shelf.find(name, number)
        if known and shelf.holds(known):
            return known
        found = [
            version
            for version in self._client.search_model_versions(f"name = '{name}'")
            if int(version.version) == number
        ]
        if not found:
            raise StoreError(f"no version {name}@{number} is registered; see `wetgate models list`")
        return self._fetch(found[0])

    def versions(self, name: str) -> tuple[ModelVersion, ...]:
        """Every version of a model, oldest first."""
        found = self._client.search_model_versions(f"name = '{name}'")
        return tuple(self.version(name, number) for number in sorted(int(v.version) for v in found))

    def set_champion(self, name: str, number: int, earlier: tuple[int, ...]) -> Standing:
        """Move the alias `champion`; what was challenger and is champion now is none any more."""
        if self.standing(name).challenger == number:
            self._client.delete_registered_model_alias(name, "challenger")
        self._client.set_registered_model_tag(name, _EARLIER, json.dumps(list(earlier)))
        self._client.set_registered_model_alias(name, "champion", str(number))
        return self.standing(name)

    def _create(self, offered: Offered) -> ModelVersion:
        client, draft = self._client, offered.version
        run = client.create_run(experiment_id(client, self._store, EXPERIMENT), run_name=draft.name)
        parts = {CARD: version_json(draft), WEIGHTS: offered.weights, BENCHMARK: offered.benchmark}
        with tempfile.TemporaryDirectory() as folder:
            for part, data in parts.items():
                if data is not None:
                    (Path(folder) / part).write_bytes(data)
            client.log_artifacts(run.info.run_id, folder)
        client.set_terminated(run.info.run_id)
        made = client.create_model_version(
            draft.name,
            source=run.info.artifact_uri,
            run_id=run.info.run_id,
            description=f"Licence: {draft.licence}. Training data: {draft.training}",
            tags={
                "content_sha256": draft.content_sha256,
                "architecture": draft.architecture,
                "licence": draft.licence,
                "commercial_use": "no" if draft.is_noncommercial else "not excluded",
                "registered_by": draft.registered_by,
            },
        )
        return replace(draft, version=int(made.version))

    def _fetch(self, found: Any) -> ModelVersion:
        with tempfile.TemporaryDirectory() as folder:
            self._client.download_artifacts(found.run_id, "", folder)
            parts = {file.name: file.read_bytes() for file in Path(folder).iterdir()}
        version = replace(read_version(parts[CARD]), version=int(found.version))
        shelf = self._store.shelf
        shelf.put(version, parts.get(WEIGHTS), parts.get(BENCHMARK))
        if version.weights_sha256:
            shelf.verified_weights(version.weights_sha256)
        return version

    def _model(self, name: str) -> Any:
        found = self._client.search_registered_models(f"name = '{name}'")
        return next(iter(found), None)
