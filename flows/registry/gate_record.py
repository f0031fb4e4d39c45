"""Gate reports that a store made itself: its ledger knows each by its SHA-256.

A report is a file that goes from hand to hand, and a promotion rests on its figures. What the
ledger does not know was written elsewhere, or changed since.
"""

from pathlib import Path

from catalogs.fixity import sha256_file
from catalogs.store import Store
from flows.night.software import software
from flows.registry.intentions import EVENTS, Change, record
from tasks.registry.gate import Gate, write_gate

GATE = "model gate"  # the event


def keep_gate(store: Store, gate: Gate, path: Path) -> None:
    """Write a report, and record that this store made it."""
    write_gate(gate, path)
    models = ", ".join(model.model for model in gate.challenger.models) or "no model"
    verdict = "passed" if gate.passed else "not passed"
    detail = f"{_identity(path)}, {verdict}, {gate.summary}"
    record(store, Change(GATE, models, detail, software()))


def foreign(store: Store, path: Path) -> str:
    """Why a report is not this store's own; empty when it is."""
    events = store.ledger().find("events", EVENTS, event=GATE)
    if any(detail.startswith(f"{_identity(path)},") for detail in events["detail"]):
        return ""
    return (
        f"{path.name} ({_identity(path)}) was not written by a comparison in this store, or was "
        "changed since; compare here"
    )


def _identity(path: Path) -> str:
    return f"sha256 {sha256_file(path)}"
