"""What a run of the suite found, as one JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
from pydantic import TypeAdapter, ValidationError

from catalogs.durable import write_whole
from catalogs.errors import VerificationError
from tasks.metrics.canonical import plain
from tasks.selftest.columns import FAULT, harmless
from tasks.selftest.judge import Judgement

_REMEDY = "write it anew: wetgate selftest --out FILE"


@dataclass(frozen=True)
class Summary:
    """A judgement and what it rests on.

    Attributes:
        date: ISO 8601.
        calibration_id: of the thresholds that were judged.
        refitted: whether the thresholds were fitted to these same outputs.
        whole: whether all faults of the suite were injected.
        clips: how many.
        persons: how many, where they are known.
        harmless: outputs without a fault.
        faulty: outputs with one.
        judgement: what was found.
    """

    date: str
    calibration_id: str
    refitted: bool
    whole: bool
    clips: int
    persons: int
    harmless: int
    faulty: int
    judgement: Judgement

    @property
    def all_well(self) -> bool:
        """True when no rule is broken."""
        return not self.judgement.broken


def summarise(
    table: pd.DataFrame,
    judgement: Judgement,
    date: str,
    calibration_id: str,
    refitted: bool,
    whole: bool,
) -> Summary:
    """Say what a judgement rests on."""
    return Summary(
        date=date,
        calibration_id=calibration_id,
        refitted=refitted,
        whole=whole,
        clips=int(table["clip"].nunique()),
        persons=int(table["person"].nunique()),
        harmless=len(harmless(table)),
        faulty=int((table["kind"] == FAULT).sum()),
        judgement=judgement,
    )


def summary_json(summary: Summary) -> str:
    """The text of a summary."""
    return json.dumps(plain(asdict(summary)), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_summary(summary: Summary, path: Path) -> None:
    """Write a summary, whole or not at all."""
    write_whole(path, summary_json(summary).encode())


def read_summary(path: Path) -> Summary:
    """Read a summary.

    Raises:
        VerificationError: there is none, or it is damaged.
    """
    try:
        return TypeAdapter(Summary).validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "content"
        raise VerificationError(f"{path}: {field}: {first['msg']}; {_REMEDY}") from error
    except OSError as error:
        raise VerificationError(f"{path}: no summary: {error}; {_REMEDY}") from error
