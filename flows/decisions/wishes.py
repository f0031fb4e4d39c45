"""What decisions ask for: the treatment that each shot is to have, or why it cannot have it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from catalogs.decisions.decision import Decision
from catalogs.errors import RecipeError, StoreError
from catalogs.policy import Policy
from catalogs.recipe import Treatment, read_recipe
from catalogs.records import Reel
from catalogs.store import Store
from flows.registry.treatment import Renewal, renewing
from tasks.decisions.decided import ORIGINAL, DueDecision
from tasks.permit import forbidden
from tasks.steps import build_steps


@dataclass
class Wishes:
    """What decisions ask for, each recipe and model looked up once."""

    store: Store
    policy: Policy
    ask: bool
    treatments: Mapping[str, Treatment]
    reels: Mapping[str, Reel]
    locked: Mapping[str, str]
    models: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    _known: dict[tuple[str, str], Renewal | str] = field(default_factory=dict)

    def treatment(self, due: DueDecision) -> Treatment | str:
        """The treatment that the shot is to have, or why it cannot have it."""
        decision = due.decision
        if why := self.locked.get(decision.reel_id):
            return why
        before = self.treatments.get(str(due.row["treatment_id"]))
        if before is None:
            return f"no night of the ledger names the steps of {due.row['treatment_id']}"
        try:
            found = ORIGINAL if decision.verb == "keep original" else self._redone(decision, before)
            build_steps(found, self.store.shelf)
        except (RecipeError, StoreError) as error:
            return str(error)
        catalog = self.reels[decision.reel_id].catalog
        return forbidden(catalog, self.policy, found) or found

    def _redone(self, decision: Decision, before: Treatment) -> Treatment:
        place = (decision.recipe, decision.model)
        if place not in self._known:
            self._known[place] = self._renewal(*place)
        renewal = self._known[place]
        if isinstance(renewal, str):
            raise RecipeError(renewal)
        model = decision.model.partition("@")[0]
        used = {step.model.partition("@")[0] for step in before.steps}
        if not decision.recipe and model not in used:
            raise RecipeError(f"the shot is not restored with {model}; decide otherwise")
        return renewal.renew(before)

    def _renewal(self, name: str, model: str) -> Renewal | str:
        try:
            recipe = None
            if name:
                file = self.store.recipes.get(name)
                if file is None:
                    return f"no recipe {name!r} is known; put {name}.toml into STORE/recipes"
                recipe = read_recipe(str(file))
            found = renewing(self.store, recipe, model or None, self.ask)
        except (RecipeError, StoreError) as error:
            return str(error)
        self.models += found.models
        self.remarks += found.remarks
        return found
