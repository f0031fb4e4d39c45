"""Decisions in the ledger's table `decisions`, where nights, reports and SQL find them.

The log is the record, the table a copy of it: a decision's row is the same whoever copies it, and
copying twice leaves one row. `batch_id` of a row is the night that the decision was looked at in.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from catalogs.decisions.decision import Decision
from catalogs.ledger import Ledger

_A_PARTITION = 1000  # decisions
_MOST_FILES = 20_000  # whose copies are kept in memory


@dataclass(frozen=True)
class Sealed:
    """A copied decision, as far as it must agree with the log."""

    sequence: int
    sha256: str
    person: str
    verb: str
    decided_at: str


def copy_decision(ledger: Ledger, decision: Decision) -> None:
    """Copy a decision that was just taken.

    Raises:
        StoreError: the ledger cannot be written; the decision stands in the log all the same.
    """
    _copy(ledger, [decision])


def copy_decisions(ledger: Ledger, decisions: Iterable[Decision]) -> int:
    """Bring the table up to date with the log.

    Args:
        ledger: of the store.
        decisions: all of the log.

    Returns:
        How many were missing.
    """
    known = set(ledger.read("decisions")["sequence"])
    missing: dict[str, list[Decision]] = {}
    for decision in decisions:
        if decision.sequence not in known:
            missing.setdefault(_partition(decision), []).append(decision)
    for own in missing.values():
        _copy(ledger, own)
    return sum(map(len, missing.values()))


def compact_copies(ledger: Ledger) -> None:
    """Merge the files that single decisions were copied to; only while the store is held."""
    folders = (ledger.folder / "decisions").glob("*/")
    for partition in sorted(folder.name for folder in folders):
        ledger.compact("decisions", partition)


def copied_decisions(ledger: Ledger) -> tuple[Decision, ...]:
    """The decisions as copied, oldest first; what is to hold while the log itself does not."""
    rows = ledger.newest("decisions").sort_values("sequence")
    own = [field.name for field in fields(Decision)]
    known = rows[own].astype(object).where(rows[own].notna(), None)
    return tuple(_decision(dict(zip(own, row, strict=True))) for row in known.to_numpy())


def sealed_copies(ledger: Ledger) -> frozenset[Sealed]:
    """What the copies say of the log; a file that was read once is not read again."""
    while True:
        files = sorted((ledger.folder / "decisions").glob("*/*.parquet"))
        try:
            return frozenset(row for file in files for row in _sealed(file))
        except FileNotFoundError:  # merged with others meanwhile
            continue


def differing(copies: Iterable[Sealed], decisions: Iterable[Decision]) -> list[str]:
    """Where the ledger's copies say otherwise than the log, in words; empty where they agree.

    A decision that is not copied yet is no difference; one that the log has lost is.

    Args:
        copies: read before the log was, so that none is of a decision taken since.
        decisions: of the log.
    """
    sealed = {decision.sequence: decision.sha256 for decision in decisions}
    said = []
    wrong = [row for row in copies if sealed.get(row.sequence) != row.sha256]
    for row in sorted(wrong, key=lambda row: row.sequence):
        became = "is another" if row.sequence in sealed else "is not in the log any more"
        said.append(
            f"decision {row.sequence} ({row.verb} by {row.person}, {row.decided_at}) {became}"
        )
    return said


def _copy(ledger: Ledger, decisions: list[Decision]) -> None:
    name = f"{decisions[0].sequence:08d}-{decisions[-1].sequence:08d}-{decisions[-1].sha256[:12]}"
    ledger.append("decisions", _partition(decisions[0]), map(_row, decisions), name=name)


@lru_cache(maxsize=_MOST_FILES)
def _sealed(file: Path) -> tuple[Sealed, ...]:
    columns = [field.name for field in fields(Sealed)]
    return tuple(Sealed(**row) for row in pq.read_table(file, columns=columns).to_pylist())


def _partition(decision: Decision) -> str:
    return f"{(decision.sequence - 1) // _A_PARTITION:06d}"


def _row(decision: Decision) -> dict[str, Any]:
    said = asdict(decision)
    return {**said, "codes": list(decision.codes), "record_id": decision.sha256}


def _decision(row: dict[str, Any]) -> Decision:
    frames = ("start_frame", "stop_frame", "frame")
    whole = {name: None if row[name] is None else int(row[name]) for name in frames}
    return Decision(**{**row, **whole, "codes": tuple(row["codes"])})
