"""Who moves the aliases, why, and what the ledger says of it."""

from pathlib import Path

from catalogs.durable import write_whole
from catalogs.errors import RecipeError, StoreError
from catalogs.fixity import sha256_file
from catalogs.model_shelf import Standing
from catalogs.model_version import ModelVersion, read_reference
from catalogs.rows import event_row
from catalogs.store import Store
from flows.registry import Registry
from tasks.gate import objections, read_gate
from tasks.register import Offered

EVENTS = "models"  # partition of the ledger's events


def register(store: Store, offered: Offered) -> ModelVersion:
    """Register a version and record who did.

    Raises:
        StoreError: the same content is registered already.
    """
    version = Registry(store).register(offered)
    detail = (
        f"{version.architecture} from {version.origin} (sha256 {version.origin_sha256}), content "
        f"sha256 {version.content_sha256}, licence: {version.licence}, training: {version.training}"
    )
    _record(store, "model registration", version.reference, detail, version.registered_by)
    return version


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
    version = named_version(registry, reference)
    standing = registry.standing(version.name)
    if standing.champion == version.version:
        raise StoreError(f"{version.reference} is the champion already")
    champion = (
        registry.version(version.name, standing.champion) if standing.champion is not None else None
    )
    ground = _ground(version, champion, gate, because)
    if gate is not None:
        ground += f"; the report is kept as {_kept(store, version, gate)}"
    earlier = standing.earlier
    if standing.champion is not None:
        earlier = (*earlier, standing.champion)
    after = registry.set_champion(standing, version.name, version.version, earlier)
    took = f", in place of {champion.reference}" if champion else ""
    _record(store, "model promotion", version.reference, f"champion{took}; {ground}", person)
    return after


def rollback(store: Store, name: str, person: str, because: str = "") -> Standing:
    """Make the champion before this one the champion again.

    Raises:
        StoreError: there was none before it.
    """
    registry = Registry(store)
    standing = registry.standing(name)
    if standing.champion is None or not standing.earlier:
        raise StoreError(f"{name} had no champion before; there is nothing to go back to")
    *earlier, back = standing.earlier
    after = registry.set_champion(standing, name, back, tuple(earlier))
    detail = f"champion again, in place of {name}@{standing.champion}"
    if because:
        detail += f"; {because}"
    _record(store, "model rollback", f"{name}@{back}", detail, person)
    return after


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


def _ground(
    version: ModelVersion, champion: ModelVersion | None, gate: Path | None, because: str
) -> str:
    """What the promotion rests on, in words."""
    if gate is None:
        if not because:
            raise RecipeError(
                f"{version.reference} is promoted by its gate (--gate REPORT, which `wetgate "
                "models gate` and `wetgate compare` write), or by a person's word (--because)"
            )
        return f"without a gate report, because: {because}"
    found = objections(read_gate(gate), version, champion)
    report = f"gate report {gate.name} (sha256 {sha256_file(gate)})"
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


def _record(store: Store, event: str, subject: str, detail: str, person: str) -> None:
    row = event_row(event, subject, "success", detail, person)
    store.ledger().append("events", EVENTS, [row])
