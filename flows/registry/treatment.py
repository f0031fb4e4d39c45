"""What a night will do: its recipe with every model looked up, once, before anything begins."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from catalogs.errors import RecipeError, StoreError, UnknownModelError, WetgateError
from catalogs.model_shelf import Shelf, Standing
from catalogs.model_version import ModelReference, ModelVersion, read_reference
from catalogs.recipe import Recipe, Treatment, read_recipe
from catalogs.store import Store, existing_store, open_store, recipes_folder
from flows.services.mlflow_client import is_shared_only, short_patience, store_with_models
from tasks.registry.licence import licence_remarks
from tasks.reprocess.renew import with_version
from tasks.steps import build_steps
from tasks.treat import Models, model_references, pinned, resolve_recipe


@dataclass(frozen=True)
class Resolved:
    """A treatment, and what must be said of the models in it.

    Attributes:
        models: sentences for the record: which version a name was found to be.
        remarks: what an operator should know: licences, a registry that did not answer.
    """

    treatment: Treatment
    models: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def resolve_treatment(recipe: Recipe | str, root: Path, ask: bool = True) -> Resolved:
    """Resolve a recipe, models and all, and try that each of them loads.

    Args:
        recipe: a recipe, the name of one that is shipped or that the store has, or a file.
        root: folder of the store, which keeps the models; made where a registry is shared.
        ask: whether the registry is asked; else what the store last saw of it holds, and a shared
            registry is asked only where there is no store yet, which is then not made.

    Raises:
        RecipeError: the recipe does not hold together.
        StoreError: a model is not registered, or its weights cannot be used; or there is no store.
    """
    recipe = read_recipe(recipe, recipes_folder(root)) if isinstance(recipe, str) else recipe
    if not model_references(recipe):
        return Resolved(resolve_recipe(recipe))
    if not ask and is_shared_only(root):
        with TemporaryDirectory() as folder:  # a plan makes no store
            return _resolved(recipe, open_store(Path(folder) / "store"), True)
    return _resolved(recipe, store_with_models(root) if ask else existing_store(root), ask)


def _resolved(recipe: Recipe, store: Store, ask: bool) -> Resolved:
    models, remarks = look_up_models(store, model_references(recipe), ask)
    treatment = resolve_recipe(recipe, models)
    build_steps(treatment, store.shelf)
    return Resolved(
        treatment,
        tuple(model_sentence(reference, version) for reference, version in models.items()),
        (*remarks, *licence_remarks(treatment)),
    )


@dataclass(frozen=True)
class Renewal:
    """How shots are restored anew.

    Attributes:
        renew: the treatment that a shot of the given treatment is to have.
        name: of the recipe; None where shots keep theirs, with another model.
        models, remarks: as of `Resolved`.
    """

    renew: Callable[[Treatment], Treatment]
    name: str | None
    models: tuple[str, ...]
    remarks: tuple[str, ...]


def renewing(store: Store, recipe: Recipe | None, model: str | None, ask: bool) -> Renewal:
    """How shots are restored with a recipe, another version of a model, or both.

    Args:
        store: whose shots are restored.
        recipe: that they are to have; their own when None.
        model: `NAME@VERSION` or `NAME@ALIAS`.
        ask: whether MLflow's registry is asked for models; else the store's copy of it.

    Raises:
        RecipeError: they do not hold together.
        StoreError: a model is not registered, or its weights cannot be used.
    """
    reference = read_reference(model) if model else None
    if recipe is not None:
        if reference is not None:
            recipe = pinned(recipe, reference)
        resolved = resolve_treatment(recipe, store.root, ask)
        return Renewal(lambda _: resolved.treatment, recipe.name, resolved.models, resolved.remarks)
    if reference is None:
        raise RecipeError("say what shots are to be restored with: a recipe, a model, or both")
    models, remarks = look_up_models(store, (reference,), ask)
    version: ModelVersion = models[reference]
    said = (model_sentence(reference, version),)
    return Renewal(lambda treatment: with_version(treatment, version), None, said, remarks)


def look_up_models(
    store: Store, references: tuple[ModelReference, ...], ask: bool
) -> tuple[Models, tuple[str, ...]]:
    """What models are now, and what must be said of how that was found out.

    Raises:
        StoreError: one is not registered.
    """
    if not ask:
        seen = {r: _on_shelf(store.shelf, r) for r in references}
        return seen, _last_seen(seen)
    try:
        return _asked(store, references)
    except WetgateError:
        raise
    except Exception as error:  # whatever MLflow raises, the night goes on with what it has
        found = {r: _on_shelf(store.shelf, r) for r in references}
        named = ", ".join(f"{r} is {version.reference}" for r, version in found.items())
        first = str(error).partition("\n")[0]
        said = f"the model registry could not be asked ({first}); as it was last seen, {named}"
        return found, (said,)


def _last_seen(models: Models) -> tuple[str, ...]:
    """That aliases may have moved since the store saw them."""
    named = [f"{r} is {v.reference}" for r, v in models.items() if isinstance(r.version, str)]
    if not named:
        return ()
    return (f"as this store last saw it, {', '.join(named)}; the run asks the model registry",)


def _asked(
    store: Store, references: tuple[ModelReference, ...]
) -> tuple[dict[ModelReference, ModelVersion], tuple[str, ...]]:
    """What the registry says; of a model that it does not know, what the shelf does."""
    from flows.registry.registry import Registry

    found, remarks = {}, []
    with short_patience():
        registry = Registry(store)
        for r in references:
            try:
                found[r] = registry.version(r.name, _number(r, registry.standing(r.name)))
            except UnknownModelError as error:
                if not any(known.name == r.name for known in store.shelf.versions()):
                    raise
                found[r] = _on_shelf(store.shelf, r)
                remarks.append(
                    f"{error}; as this store last saw it, {r} is {found[r].reference}. Another "
                    "registry is named by MLFLOW_TRACKING_URI"
                )
    return found, tuple(remarks)


def _on_shelf(shelf: Shelf, reference: ModelReference) -> ModelVersion:
    found = shelf.find(reference.name, _number(reference, shelf.standing(reference.name)))
    if found is None:
        raise StoreError(f"no model {reference} is kept in this store; see `wetgate models list`")
    return found


def _number(reference: ModelReference, standing: Standing) -> int:
    if isinstance(reference.version, int):
        return reference.version
    number: int | None = getattr(standing, reference.version)
    if number is None:
        raise StoreError(f"{reference.name} has no {reference.version}; `wetgate models promote`")
    return number


def model_sentence(reference: ModelReference, version: ModelVersion) -> str:
    """Which version a reference was found to be, for the record."""
    return (
        f"{reference} is {version.reference}: {version.architecture}, content sha256 "
        f"{version.content_sha256}, licence: {version.licence}"
    )
