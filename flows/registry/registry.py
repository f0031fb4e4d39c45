"""The registry of models: MLflow holds every version, the store's shelf holds a copy.

    register ──> a run with the artifacts model.safetensors, model.json, benchmark
                 a version of the registered model, alias `challenger`
    promote  ──> alias `champion`; the champion before it is remembered in a tag
    rollback ──> alias `champion` back where it was

MLflow's registry is the truth, so that several stores may share it. What a store has seen of it
lies on its shelf (`catalogs.model_shelf`); where MLflow cannot be asked, that is used, and said.
"""

import json
from dataclasses import replace
from typing import Any

from catalogs.errors import StoreError, UnknownModelError, WetgateError
from catalogs.model_shelf import Standing
from catalogs.model_version import ModelVersion, check_name, is_name
from catalogs.store import Store
from flows.registry.model_files import CARD, CONTENT, card_sha256, read_files, write_files
from flows.registry.moving import alone
from flows.services.mlflow_client import experiment_id, mlflow_client, registry_name
from tasks.registry.register import Offered

EXPERIMENT = "wetgate models"

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
            found += [model.name for model in page if _MARK in model.tags and is_name(model.name)]
            if not (token := page.token):
                return tuple(sorted(found))

    def register(self, offered: Offered) -> ModelVersion:
        """Give a model a new version, alias `challenger`.

        Raises:
            StoreError: the same content is registered already, or the name is another's.
        """
        self.check(offered)
        name = offered.version.name
        if self._model(name) is None:
            self._client.create_registered_model(name, tags={_MARK: "1"})
        version = self._create(offered)
        self._client.set_registered_model_alias(name, "challenger", str(version.version))
        self._store.shelf.put(version, offered.weights, offered.benchmark)
        self.standing(name)
        return version

    def check(self, offered: Offered) -> None:
        """Look whether a version may be registered, before anything is written.

        Raises:
            StoreError: the same content is registered already, the name is another program's, or
                the store knows other versions by it than this registry.
        """
        name = offered.version.name
        model = self._model(name)
        if model is not None and _MARK not in model.tags:
            raise StoreError(f"{name} is registered in MLflow by another program; choose a name")
        contents = {int(entry.version): entry.tags.get(CONTENT) for entry in self._entries(name)}
        for number, content in contents.items():
            if content == offered.version.content_sha256:
                raise StoreError(
                    f"{name}@{number} has the same content; nothing registered. To say something "
                    "else of it, register it under another name"
                )
        for known in self._store.shelf.versions():
            if known.name == name and _is_another(known, contents):
                raise self._another(known, str(contents.get(known.version, "nothing yet")))

    def taken_up(self, name: str, content_sha256: str) -> ModelVersion | None:
        """A version whose registration was cut off, with what was still missing of it; or None."""
        entries = self._entries(name)
        if not entries or entries[-1].tags.get(CONTENT) != content_sha256:
            return None
        version = self._kept(entries[-1])
        if self.standing(name).champion != version.version:
            self._client.set_registered_model_alias(name, "challenger", str(version.version))
        self.standing(name)
        return version

    def standing(self, name: str) -> Standing:
        """Where the aliases of a model stand; noted on the shelf.

        Raises:
            RecipeError: it is no name of a model.
            StoreError: there is no such model.
        """
        model = self._model(name)
        if model is None or _MARK not in model.tags:
            raise UnknownModelError(
                f"no model {name!r} is registered in {registry_name(self._store)}; see `wetgate "
                "models list`"
            )
        aliases = {alias: int(version) for alias, version in model.aliases.items()}
        champion, challenger = aliases.get("champion"), aliases.get("challenger")
        earlier = json.loads(model.tags.get(_EARLIER, "[]"))
        if earlier[-1:] == [champion]:  # a promotion or a way back was cut off
            earlier.pop()
        if challenger == champion:
            challenger = None
        found = Standing(champion, challenger, tuple(earlier))
        self._store.shelf.note(name, found)
        return found

    def version(self, name: str, number: int) -> ModelVersion:
        """A version, from the shelf or brought there.

        Raises:
            StoreError: there is no such version, or it is not what this store knows by that name.
        """
        for entry in self._entries(name):
            if int(entry.version) == number:
                return self._kept(entry)
        raise UnknownModelError(
            f"no version {name}@{number} is registered in {registry_name(self._store)}; see "
            "`wetgate models list`"
        )

    def versions(self, name: str) -> tuple[tuple[ModelVersion, ...], tuple[str, ...]]:
        """Every version of a model, oldest first, and what is wrong with those that cannot be had.

        One that another program put there, or whose files are gone, hides no other.
        """
        found, problems = [], []
        for entry in self._entries(name):
            try:
                found.append(self._kept(entry))
            except WetgateError as error:
                problems.append(str(error))
        return tuple(found), tuple(problems)

    def set_champion(
        self, seen: Standing, name: str, number: int, earlier: tuple[int, ...]
    ) -> Standing:
        """Move the alias `champion`; what was challenger and is champion now is none any more.

        Args:
            seen: where the aliases stood when it was decided.
            name: of the model.
            number: the version.
            earlier: champions before it, oldest first.

        MLflow changes one thing at a time, so it is held meanwhile. The longer list of champions is
        there in between, from which `standing` tells the champion itself: cut off anywhere, nothing
        is lost.

        Raises:
            StoreError: somebody else moved them meanwhile.
        """
        with alone(self._client, name):
            now = self.standing(name)
            if now != seen:
                raise _moved(name, now)
            self._no_challenger(name, seen.champion)
            if len(earlier) > len(seen.earlier):
                self._note_earlier(name, earlier)
            self._client.set_registered_model_alias(name, "champion", str(number))
            self._note_earlier(name, earlier)
            self._no_challenger(name, number)
            return self.standing(name)

    def _no_challenger(self, name: str, number: int | None) -> None:
        """Take the alias `challenger` from what is, or becomes, the champion."""
        challenger = self._model(name).aliases.get("challenger")
        if challenger is not None and int(challenger) == number:
            self._client.delete_registered_model_alias(name, "challenger")

    def _note_earlier(self, name: str, earlier: tuple[int, ...]) -> None:
        self._client.set_registered_model_tag(name, _EARLIER, json.dumps(list(earlier)))

    def _create(self, offered: Offered) -> ModelVersion:
        client, draft = self._client, offered.version
        run = client.create_run(experiment_id(client, self._store, EXPERIMENT), run_name=draft.name)
        write_files(client, run.info.run_id, offered)
        client.set_terminated(run.info.run_id)
        made = client.create_model_version(
            draft.name,
            source=run.info.artifact_uri,
            run_id=run.info.run_id,
            description=f"Licence: {draft.licence}. Training data: {draft.training}",
            tags={
                CONTENT: draft.content_sha256,
                CARD: card_sha256(draft),
                "architecture": draft.architecture,
                "licence": draft.licence,
                "commercial_use": "no" if draft.is_noncommercial else "not excluded",
                "registered_by": draft.registered_by,
            },
        )
        return replace(draft, version=int(made.version))

    def _entries(self, name: str) -> list[Any]:
        """MLflow's entries of a model's versions, oldest first."""
        found = self._client.search_model_versions(f"name = '{check_name(name)}'")
        return sorted(found, key=lambda entry: int(entry.version))

    def _kept(self, entry: Any) -> ModelVersion:
        """A version that MLflow names, from the shelf where it is the same one there."""
        shelf, reference = self._store.shelf, f"{entry.name}@{entry.version}"
        known = shelf.find(entry.name, int(entry.version))
        content = entry.tags.get(CONTENT)
        if content is None:
            raise StoreError(f"{reference} was not registered by Wetgate")
        if known is not None and known.content_sha256 != content:
            raise self._another(known, content)
        if known is not None and shelf.holds(known):
            return known
        try:
            found = read_files(self._client, entry)
        except WetgateError:
            raise
        except Exception as error:  # whatever MLflow raises where files are gone
            first = str(error).partition("\n")[0]
            raise StoreError(f"{reference} cannot be fetched: {first}") from error
        shelf.put(found.version, found.weights, found.benchmark)
        return found.version

    def _another(self, known: ModelVersion, content: str) -> StoreError:
        return StoreError(
            f"{known.reference} is not what this store knows by that number: content sha256 "
            f"{content} in {registry_name(self._store)}, {known.content_sha256} in "
            f"{self._store.shelf.folder}; name the registry that it is from (MLFLOW_TRACKING_URI), "
            "or register it under another name"
        )

    def _model(self, name: str) -> Any:
        found = self._client.search_registered_models(f"name = '{check_name(name)}'")
        return next(iter(found), None)


def _is_another(known: ModelVersion, contents: dict[int, str | None]) -> bool:
    """Whether the registry has, or would give next, a version's number to something else."""
    if known.version in contents:
        return contents[known.version] != known.content_sha256
    return known.version > max(contents, default=0)


def _moved(name: str, now: Standing) -> StoreError:
    return StoreError(
        f"{name} was promoted or rolled back meanwhile, its champion is {now.champion} now; look "
        "again and decide anew"
    )
