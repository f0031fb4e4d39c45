"""Who moves the aliases, why, and what the ledger says of it."""

from dataclasses import dataclass, replace
from pathlib import Path

from catalogs.durable import write_whole
from catalogs.errors import RecipeError, StoreError
from catalogs.fixity import sha256_file
from catalogs.model_shelf import Standing
from catalogs.model_version import ModelReference, ModelVersion, check_name, read_reference
from catalogs.store import Store
from flows.registry.gate_record import foreign
from flows.registry.intentions import (
    ALIASES,
    PROMOTION,
    REGISTRATION,
    ROLLBACK,
    Change,
    completed,
    cut_off,
    recorded,
)
from flows.registry.registry import Registry
from flows.registry.yardstick import yardstick
from tasks.registry.gate import read_gate
from tasks.registry.objections import objections
from tasks.registry.register import Offered


def register(store: Store, offered: Offered) -> ModelVersion:
    """Register a version and record who did.

    Raises:
        StoreError: the same content is registered already, or the name means something else here.
    """
    registry = Registry(store)
    name, content = offered.version.name, offered.version.content_sha256
    begun = cut_off(store, name, REGISTRATION)
    if begun and content in begun.detail and (found := registry.taken_up(name, content)):
        completed(store, replace(begun, subject=found.reference))
        return found
    registry.check(offered)
    version = offered.version
    detail = (
        f"{version.architecture} from {version.origin} (sha256 {version.origin_sha256}), content "
        f"sha256 {content}, licence: {version.licence}, training: {version.training}"
    )
    change = Change(REGISTRATION, name, detail, version.registered_by)
    with recorded(store, change) as named:
        made = registry.register(offered)
        named(made.reference)
    return made


def promote(store: Store, reference: str, person: str, gate: Path | None, because: str) -> Standing:
    """Make a version the champion.

    Args:
        store: where the registry is seen from.
        reference: `NAME@VERSION` or `NAME@challenger`.
        person: who decides.
        gate: report of the comparison with the champion.
        because: why without, or against, a report.

    Raises:
        RecipeError: no report that allows it, and no reason given instead.
        StoreError: no such version, or it is the champion already.
    """
    registry = Registry(store)
    named = read_reference(reference)
    left = _found_done(store, registry, named.name)
    standing = registry.standing(named.name)
    if left and left.event == PROMOTION and _is_left(named, standing):
        return standing
    version = named_version(registry, reference)
    if standing.champion == version.version:
        raise StoreError(f"{version.reference} is the champion already")
    ground = _ground(store, version, _in_use(registry, version.name, standing), gate, because)
    if gate is not None:
        ground += f"; the report is kept as {_kept(store, version, gate)}"
    earlier, took = standing.earlier, ""
    if standing.champion is not None:
        earlier = (*earlier, standing.champion)
        took = f", in place of {version.name}@{standing.champion}"
    change = Change(PROMOTION, version.reference, f"champion{took}; {ground}", person)
    with recorded(store, change):
        return registry.set_champion(standing, version.name, version.version, earlier)


def rollback(store: Store, name: str, person: str, because: str = "") -> Standing:
    """Make the champion before this one the champion again.

    Raises:
        StoreError: there was none before it, or it cannot be had any more.
    """
    registry = Registry(store)
    left = _found_done(store, registry, name)
    standing = registry.standing(name)
    if left and left.event == ROLLBACK:
        return standing
    if standing.champion is None or not standing.earlier:
        raise StoreError(f"{name} had no champion before; there is nothing to go back to")
    *earlier, back = standing.earlier
    try:
        if sha256 := registry.version(name, back).weights_sha256:
            store.shelf.verified_weights(sha256)
    except StoreError as error:
        raise StoreError(
            f"{name}@{back} cannot be the champion again: {error}; or promote another version"
        ) from error
    detail = f"champion again, in place of {name}@{standing.champion}"
    if because:
        detail += f"; {because}"
    with recorded(store, Change(ROLLBACK, f"{name}@{back}", detail, person)):
        return registry.set_champion(standing, name, back, tuple(earlier))


def _found_done(store: Store, registry: Registry, name: str) -> Change | None:
    """The last change of a model's aliases, if it was cut off when only its record was missing.

    It is completed, so that who made it is known, and a way back is not gone twice.
    """
    left = cut_off(store, check_name(name), *ALIASES)
    if left is None or left.subject != f"{name}@{registry.standing(name).champion}":
        return None
    completed(store, left)
    return left


def _is_left(named: ModelReference, standing: Standing) -> bool:
    """Whether what is to be promoted is the champion that a promotion which was cut off left."""
    challenger = named.version == "challenger" and standing.challenger is None
    return challenger or named.version == standing.champion


def named_version(registry: Registry, text: str) -> ModelVersion:
    """The version that `NAME@VERSION` or `NAME@ALIAS` means now.

    Raises:
        StoreError: there is none.
    """
    reference = read_reference(text)
    number = reference.version
    if isinstance(number, str):
        named = getattr(registry.standing(reference.name), number)
        if named is None:
            raise StoreError(f"{reference.name} has no {number}; name a version")
        number = int(named)
    return registry.version(reference.name, number)


@dataclass(frozen=True)
class _InUse:
    """The champion; where it cannot be had any more, why."""

    version: ModelVersion | None = None
    lost: str = ""


def _in_use(registry: Registry, name: str, standing: Standing) -> _InUse:
    if standing.champion is None:
        return _InUse()
    try:
        return _InUse(registry.version(name, standing.champion))
    except StoreError as error:
        return _InUse(lost=f"the champion cannot be had any more to compare with ({error})")


def _ground(
    store: Store, version: ModelVersion, in_use: _InUse, gate: Path | None, because: str
) -> str:
    """What the promotion rests on, in words."""
    if gate is None:
        if not because:
            raise RecipeError(
                f"{version.reference} is promoted by its gate (--gate REPORT, which `wetgate "
                "models gate` and `wetgate compare` write), or by a person's word (--because)"
            )
        return f"without a gate report, because: {because}"
    read = read_gate(gate)
    found = objections(read, version, in_use.version, yardstick())
    found += filter(None, (in_use.lost, foreign(store, gate)))
    report = f"gate report {gate.name} (sha256 {sha256_file(gate)}, {read.summary})"
    if not found:
        return f"{report} passed"
    if not because:
        raise RecipeError(
            f"{gate} does not let {version.reference} pass: {'; '.join(found)}; promote another, "
            "or say --because"
        )
    return f"against {report}: {'; '.join(found)}; because: {because}"


def _kept(store: Store, version: ModelVersion, gate: Path) -> str:
    """Copy a report beside the card of its version; returns where, within the store."""
    name = f"{version.version}.gate-{sha256_file(gate)[:12]}.json"
    target = store.shelf.folder / version.name / name
    write_whole(target, gate.read_bytes())
    return target.relative_to(store.root).as_posix()
