"""The restorer that comes with Wetgate: its weights, what is said of them, and its recipe."""

from importlib import resources
from pathlib import Path

from catalogs.durable import write_whole
from catalogs.errors import RecipeError
from catalogs.store import Store, recipes_folder
from tasks.registry.register import Offered, Statement, offer

NAME = "restorer"
RECIPE = "mended"
_LICENCE = "Apache-2.0"
_TRAINING = "twelve clips and simulated damage; the card lists the clips and their licences"


def offer_shipped(name: str, person: str) -> Offered:
    """What is to be registered of weights that come with Wetgate.

    Args:
        name: of the model.
        person: who registers it.

    Raises:
        RecipeError: none of that name come with Wetgate.
    """
    if name != NAME:
        raise RecipeError(
            f"no weights of {name!r} come with Wetgate, those of {NAME!r} do; name a file"
        )
    statement = Statement(_LICENCE, _TRAINING, invents=True, person=person)
    weights, card = _folder() / f"{NAME}.safetensors", _folder() / "card.md"
    return offer(NAME, weights, statement, architecture=NAME, benchmark=card)


def add_recipe(store: Store) -> str:
    """Put the recipe that asks for it into the store, unless one of that name is there.

    Returns:
        What became of it, in words.
    """
    target = recipes_folder(store.root) / f"{RECIPE}.toml"
    own = (_folder() / target.name).read_bytes()
    if target.exists() and target.read_bytes() != own:
        return f"{target} is another recipe of that name, and was left as it is"
    write_whole(target, own)
    return f"recipe that uses it: {target}"


def _folder() -> Path:
    return Path(str(resources.files("models") / "restorer" / "weights"))
