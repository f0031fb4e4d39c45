"""The steps Wetgate knows, in the order in which they usually run."""

from catalogs.errors import RecipeError
from models.contract import Step
from models.dirt.step import Dirt
from models.grain.denoise import Denoise
from models.grain.step import Grain
from models.missing.step import Missing
from models.networks.learned import ModelStep
from models.scratch.step import Scratch
from models.tone.deflicker import Deflicker
from models.tone.fade import Fade
from models.weave.stabilise import Stabilise

STEPS: tuple[type[Step], ...] = (
    Stabilise,
    Deflicker,
    Missing,
    Scratch,
    Dirt,
    Denoise,
    Grain,
    Fade,
)


def step_named(name: str) -> type[Step]:
    """Look a step up by the word that recipes use; `model` is there for every registered network.

    Raises:
        RecipeError: no step has that name.
    """
    known: tuple[type[Step], ...] = (*STEPS, ModelStep)
    for step in known:
        if step.name == name:
            return step
    names = ", ".join(step.name for step in known)
    raise RecipeError(f"no step is named {name!r}; the steps are: {names}")
