"""Permit: what a policy lets a recipe do to the reels of each collection.

Looked at before a night begins. A reel whose collection forbids a step of the recipe is held
and the others go on; what may invent picture is said with who allowed it.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from catalogs.catalog import Catalog
from catalogs.errors import RecipeError
from catalogs.policy import OTHERS, Policy, read_policy, same_name
from catalogs.recipe import Treatment
from catalogs.records import CatalogReel, HeldRow
from catalogs.store import POLICY
from models.supported import step_named


@dataclass(frozen=True)
class Allowance:
    """That a step may invent picture in a collection, and who allowed it."""

    step: str
    collection: str | None
    allowed_by: str
    allowed_on: date | None

    @property
    def sentence(self) -> str:
        """For reports, manifests and events."""
        day = f" on {self.allowed_on}" if self.allowed_on else ""
        return (
            f"step {self.step} may invent picture: allowed by {self.allowed_by}{day} for "
            f"{_spoken(self.collection)}"
        )


def find_policy(named: str | Path | None, store: Path) -> Policy:
    """The policy of a night: the file that is named, else the store's, else none.

    Raises:
        RecipeError: it cannot be read, or names a step that is not known.
    """
    path = Path(named) if named else store / POLICY
    if not named and not os.path.lexists(path):  # a link that leads nowhere is an error, not none
        return Policy()
    policy = read_policy(path)
    for rules in policy.collections:
        for field, steps in (("allow", rules.allow), ("never", rules.never)):
            for step in steps:
                _check_step(step, f"{path}: [[collection]] {rules.name!r}: {field}")
    return policy


def permit(catalog: Catalog, policy: Policy, treatment: Treatment) -> Catalog:
    """The catalog with every reel held whose collection forbids a step of the treatment."""
    reels = []
    held = list(catalog.held)
    allowed: dict[Allowance, None] = {}
    for reel in catalog.reels:
        if reason := forbidden(reel, policy, treatment):
            held.append(replace(HeldRow.of(reel, reason), by_policy=True))
        else:
            reels.append(reel)
            allowed |= dict.fromkeys(allowances(policy, reel.collection, treatment))
    return replace(
        catalog,
        reels=tuple(reels),
        held=tuple(sorted(held, key=lambda row: row.line)),
        remarks=(*catalog.remarks, *_remarks(catalog, policy), *(a.sentence for a in allowed)),
    )


def allowances(
    policy: Policy, collection: str | None, treatment: Treatment
) -> tuple[Allowance, ...]:
    """Who allowed what the steps of a treatment invent in a collection."""
    rules = policy.of(collection)
    return tuple(
        Allowance(step, collection, rules.allowed_by, rules.allowed_on)
        for step in _inventing(treatment)
        if step in rules.allow
    )


def _inventing(treatment: Treatment) -> list[str]:
    steps = [s for s in treatment.steps if s.invents or step_named(s.name).invents]
    return list(dict.fromkeys(step.name for step in steps))


def _works(treatment: Treatment) -> dict[str, str]:
    """Steps that run, and steps whose work a model does, which must then be said."""
    own = dict.fromkeys((step.name for step in treatment.steps), "")
    done = {
        name: f", and model {step.model} does its work"
        for step in treatment.steps
        for name in step.does
    }
    return done | own


def forbidden(reel: CatalogReel, policy: Policy, treatment: Treatment) -> str:
    """Why a reel must not be treated so, and what to do; empty when it may."""
    rules = policy.of(reel.collection)
    works = _works(treatment)
    never = [name for name in works if name in rules.never]
    unasked = [s for s in _inventing(treatment) if s not in (*rules.allow, *never)]
    if not never and not unasked:
        return ""
    named = f"[[collection]] {rules.name!r} of " if rules in policy.collections else ""
    where = f" in {named}{policy.path}" if policy.path else ": there is no policy"
    reasons = [
        f"step {step} must never run on it{works[step]}, by {named}{policy.path}" for step in never
    ]
    reasons += [f"step {step} invents picture, which nobody allowed{where}" for step in unasked]
    steps = ", ".join((*never, *unasked))
    change = ["take it out of never"] if never else []
    if unasked:
        file = policy.path or f"STORE/{POLICY}"
        change.append(f"let a named person allow it (allow, allowed_by) in {file}")
    return (
        f"{_spoken(reel.collection)}: {', and '.join(reasons)}; name a recipe without {steps}, "
        f"or {' and '.join(change)}"
    )


def _spoken(collection: str | None) -> str:
    return f"collection {collection!r}" if collection else "a reel of no collection"


def _remarks(catalog: Catalog, policy: Policy) -> Iterator[str]:
    """A rule that no reel is under may be misspelt, here or in the catalog."""
    found = {same_name(reel.collection) for reel in catalog.reels if reel.collection}
    unused = [
        rules.name
        for rules in policy.collections
        if rules.name != OTHERS and same_name(rules.name) not in found
    ]
    if policy.path and unused:
        yield f"{policy.path.name}: no reel is of collection {', '.join(map(repr, unused))}"


def _check_step(step: str, place: str) -> None:
    try:
        step_named(step)
    except RecipeError as error:
        raise RecipeError(f"{place}: {error}") from error
