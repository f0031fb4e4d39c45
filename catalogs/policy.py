"""Policies: what may be done to the reels of which collection, and who allowed it.

A policy is a TOML file:

    [[collection]]
    name = "Nitrate news"       # as the catalog has it; "*" is every other, and none
    allow = ["missing"]         # steps that may invent picture there
    allowed_by = "A. Curator"   # the person who says so; needed with allow
    allowed_on = 2026-11-01     # or left out
    never = ["deflicker"]       # steps that must not run there

A collection that is not named, where there is no "*", is under the rule that holds without
any policy: what invents picture is not allowed, everything else is.
"""

import hashlib
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

from catalogs.errors import RecipeError
from catalogs.field_readers import plain_name, says_nothing

OTHERS = "*"


@dataclass(frozen=True)
class CollectionRules:
    """What holds for the reels of one collection.

    Attributes:
        name: of the collection; `OTHERS` for every one that has no rules of its own.
        allow: steps that may invent picture.
        allowed_by: the person who allowed them.
        never: steps that must not run.
    """

    name: str
    allow: tuple[str, ...] = ()
    allowed_by: str = ""
    allowed_on: date | None = None
    never: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field, steps in (("allow", self.allow), ("never", self.never)):
            if twice := _repeated(steps):
                raise RecipeError(f"{field} names {twice} twice; keep one")
        if both := [step for step in self.allow if step in self.never]:
            raise RecipeError(f"allow and never both name {', '.join(both)}; keep one of them")
        if self.allow and not any(map(str.isalpha, self.allowed_by)):
            raise RecipeError(
                'allow needs allowed_by = "..."; name the person who allowed it, or empty allow'
            )
        if not self.allow and (self.allowed_by or self.allowed_on):
            raise RecipeError(
                "allowed_by and allowed_on say who allowed what stands in allow, which is empty; "
                "fill it in, or take them out"
            )


@dataclass(frozen=True)
class Policy:
    """The rules of an archive; without any, nothing may be invented.

    Attributes:
        path: its file; None when there is none.
        sha256: of the file.
    """

    path: Path | None = None
    sha256: str = ""
    collections: tuple[CollectionRules, ...] = ()

    def __post_init__(self) -> None:
        if twice := _repeated(same_name(rules.name) for rules in self.collections):
            raise RecipeError(f"collection {twice!r} stands twice; write one [[collection]] of it")

    def of(self, collection: str | None) -> CollectionRules:
        """The rules of a collection: its own, else those of all others, else that of none."""
        named = {same_name(rules.name): rules for rules in self.collections}
        others = named.get(OTHERS, CollectionRules(OTHERS))
        return named.get(same_name(collection), others) if collection else others


def same_name(name: str) -> str:
    """Equal for names that differ in case and white space only: a slip must not lift a rule."""
    return plain_name(name).casefold()


def read_policy(path: Path) -> Policy:
    """Read a policy; whether its steps are known is for `tasks.permit` to say.

    Raises:
        RecipeError: not there, not TOML, or a mistake in it, named with its place.
    """
    try:
        data = path.read_bytes()
        written = tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"{path}: not TOML: {error}") from error
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    try:
        _check_names(written, ("collection",), "use [[collection]]")
        entries = written.get("collection", [])
        if not isinstance(entries, list):
            raise RecipeError("collection is not a list of tables; write [[collection]]")
        rules = tuple(_rules(number, entry) for number, entry in enumerate(entries, start=1))
        return Policy(path, hashlib.sha256(data).hexdigest(), rules)
    except RecipeError as error:
        raise RecipeError(f"{path}: {error}") from error


def _rules(number: int, written: object) -> CollectionRules:
    place = f"[[collection]] {number}"
    if not isinstance(written, dict):
        raise RecipeError(f"{place} is not a table; write [[collection]]")
    name = written.get("name")
    if not isinstance(name, str) or not name.strip():
        raise RecipeError(f'{place}: needs name = "..."; "*" means all others')
    try:
        known = tuple(field.name for field in fields(CollectionRules))
        _check_names(written, known, f"use: {', '.join(known)}")
        return CollectionRules(
            name=plain_name(name),
            allow=_steps(written, "allow"),
            allowed_by=_person(written),
            allowed_on=_day(written),
            never=_steps(written, "never"),
        )
    except RecipeError as error:
        raise RecipeError(f"{place} {plain_name(name)!r}: {error}") from error


def _check_names(written: dict[str, Any], known: tuple[str, ...], remedy: str) -> None:
    if unknown := sorted(set(written) - set(known)):
        raise RecipeError(f"unknown field {', '.join(unknown)}; {remedy}")


def _steps(written: dict[str, Any], field: str) -> tuple[str, ...]:
    steps = written.get(field, [])
    if not isinstance(steps, list) or not all(isinstance(step, str) for step in steps):
        raise RecipeError(f'{field} must be a list of steps; write {field} = ["dirt"]')
    return tuple(steps)


def _person(written: dict[str, Any]) -> str:
    person = written.get("allowed_by", "")
    if not isinstance(person, str):
        raise RecipeError("allowed_by must be a text; name the person who allowed it")
    return "" if says_nothing("allowed_by", person) else plain_name(person)


def _day(written: dict[str, Any]) -> date | None:
    day = written.get("allowed_on")
    if day is not None and (not isinstance(day, date) or isinstance(day, datetime)):
        raise RecipeError("allowed_on must be a day; write allowed_on = 2026-11-01")
    return day


def _repeated(names: Iterable[str]) -> str:
    """The first name that stands there more than once; empty when none does."""
    return next((name for name, times in Counter(names).items() if times > 1), "")
