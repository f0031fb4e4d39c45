"""Paired: shots that two treatments, or two batches, restored, with every metric of both."""

import re
from dataclasses import dataclass

import pandas as pd

from catalogs.errors import StoreError
from catalogs.ledger import Ledger
from catalogs.mixtures import with_mixtures
from catalogs.treatments import recorded_treatments
from tasks.compare import STRATA
from tasks.gate import GatedModel

_PLACE = ["reel_id", "reel_digest", "start_frame", "stop_frame"]
_IDENTITY = re.compile(r"(?:.*-)?([0-9a-f]{8,64})")


@dataclass(frozen=True)
class Side:
    """One side of a comparison.

    Attributes:
        name: as it was asked for.
        shots: reel, frames and key of each, one row a shot.
        treatments: identities of what they were treated with.
    """

    name: str
    shots: pd.DataFrame
    treatments: tuple[str, ...]


def find_side(ledger: Ledger, name: str) -> Side:
    """The shots of a batch, or of a treatment by its identity, the start of it, or its label.

    Raises:
        StoreError: the ledger has none of that name, or more than one.
    """
    rows = ledger.read("restorations")
    own = rows[rows["batch_id"] == name]
    if own.empty:
        newest = rows.drop_duplicates(["reel_id", "key"], keep="last")
        everything = with_mixtures(newest, ledger.newest("mixtures"))
        own = everything[everything["treatment_id"] == _treatment(everything, name)]
    own = own.drop_duplicates(_PLACE, keep="last")
    original = rows.drop_duplicates("key").set_index("key")["treatment_id"]
    return Side(name, own[[*_PLACE, "key"]], tuple(sorted(set(own["key"].map(original)))))


def paired_values(ledger: Ledger, one: Side, other: Side) -> pd.DataFrame:
    """One row a shot and metric, as `tasks.compare.compare_pairs` takes it.

    Raises:
        StoreError: no shot was treated both ways.
    """
    both = one.shots.merge(other.shots, on=_PLACE, suffixes=("_before", "_after"))
    if both.empty:
        raise StoreError(f"no shot was restored by both {one.name} and {other.name}")
    measured = ledger.newest("measurements")
    values = measured.assign(value=measured["after"].where(measured["measurable"]))
    values = values[["key", "metric", "value", "verdict"]]
    pairs = both
    for side in ("before", "after"):
        named = values.rename(
            columns={"key": f"key_{side}", "value": side, "verdict": f"verdict_{side}"}
        )
        on = [f"key_{side}"] if side == "before" else [f"key_{side}", "metric"]
        pairs = pairs.merge(named, on=on)
    reels = ledger.newest("reels")[["reel_id", *STRATA]]
    pairs = pairs.merge(reels, on="reel_id", how="left")
    starts, stops = pairs["start_frame"].astype(str), pairs["stop_frame"].astype(str)
    pairs["shot"] = (
        pairs["reel_id"] + "/" + starts.str.zfill(7) + "-" + stops.str.zfill(7)
    )  # as `Shot.shot_id`
    return pairs


def models_of(ledger: Ledger, side: Side) -> tuple[GatedModel, ...]:
    """The registered models that a side was restored with."""
    known = recorded_treatments(ledger)
    found = {
        GatedModel(step.model, step.weights_sha256)
        for name in side.treatments
        if name in known
        for step in known[name].steps
        if step.model
    }
    return tuple(sorted(found, key=lambda model: model.model))


def _treatment(rows: pd.DataFrame, name: str) -> str:
    wanted = _IDENTITY.fullmatch(name)
    known = {str(name) for name in rows["treatment_id"]}
    found = sorted(t for t in known if wanted and t.startswith(wanted.group(1)))
    if len(found) != 1:
        several = f"more than one treatment begins with {name}" if found else f"no {name}"
        raise StoreError(
            f"{several}; name a batch, or a treatment by its label or the start of its identity: "
            + ", ".join(sorted(t[:12] for t in known))
        )
    return found[0]
