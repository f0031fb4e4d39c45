"""What a benchmark of whole nights restores with: a recipe, or a registered network alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from catalogs.store import open_store
from flows.registry.promotion import register
from flows.registry.treatment import resolve_treatment
from models.contract import Step
from tasks.registry.register import NOTHING, Statement, offer
from tasks.steps import build_steps

NAME = "network"
ALONE = f"""name = "{NAME}"
description = "A network alone, asked for all that it can."

[[step]]
name = "model"
model = "{NAME}@1"
"""
ALLOWED = """[[collection]]
name = "*"
allow = ["model"]
allowed_by = "Benchmark"
"""


@dataclass(frozen=True)
class Means:
    """What restores.

    Attributes:
        recipe: name of a recipe, or its file.
        weights: of the network that the recipe names; None where it names none.
    """

    recipe: str
    weights: Path | None = None

    def prepare(self, store: Path) -> None:
        """Make the network known to a store, and allow it there."""
        if self.weights is not None:
            said = Statement("see its card", "see its card", True, "benchmark", (NOTHING,))
            register(open_store(store), offer(NAME, self.weights, said))
            (store / "policy.toml").write_text(ALLOWED)

    def steps(self, store: Path) -> tuple[Step, ...]:
        """The steps, by weights from a store that was prepared."""
        treatment = resolve_treatment(self.recipe, store).treatment
        return build_steps(treatment, open_store(store).shelf)


def chosen_means(recipe: str, weights: Path | None, folder: Path) -> Means:
    """The means of a benchmark's options.

    Args:
        recipe: name of a recipe, or its file; not used where there is a network.
        weights: of a network, or None.
        folder: where the recipe of a network is written.
    """
    if weights is None:
        return Means(recipe)
    file = folder / f"{NAME}.toml"
    file.write_text(ALONE)
    return Means(str(file), weights)
