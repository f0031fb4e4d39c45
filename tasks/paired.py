"""Paired: shots that two treatments, or two batches, restored, with every metric of both."""

import re
from dataclasses import dataclass

import pandas as pd

from catalogs.errors import StoreError
from catalogs.ledger import Ledger
from catalogs.mixtures import with_mixtures
from catalogs.model_shelf import Shelf
from catalogs.treatments import recorded_treatments
from tasks.compare import STRATA
from tasks.gate import GatedSide, gated_side

_PLACE = ["reel_id", "reel_digest", "start_frame", "stop_frame"]
_IDENTITY = re.compile(r"(?:.*-)?([0-9a-f]{8,64})")


@dataclass(frozen=True)
class Side:
    """One side of a comparison.

    Attributes:
        name: as it was asked for.
        shots: reel, frames, key and treatment_id of each, one row a shot.
    """

    name: str
    shots: pd.DataFrame

    @property
    def treatments(self) -> tuple[str, ...]:
        """Identities of what the shots were treated with."""
        return tuple(sorted(set(self.shots["treatment_id"])))


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
    return Side(name, own[[*_PLACE, "key"]].assign(treatment_id=own["key"].map(original)))


def differing(one: Side, other: Side) -> tuple[Side, Side]:
    """Both sides on the shots that they treated differently.

    A shot that both treated alike says nothing of the two.

    Raises:
        StoreError: no shot was treated both ways, or none differently.
    """
    both = one.shots.merge(other.shots, on=_PLACE, suffixes=("_before", "_after"))
    if both.empty:
        raise StoreError(f"no shot was restored by both {one.name} and {other.name}")
    both = both[both["key_before"] != both["key_after"]]
    if both.empty:
        raise StoreError(f"{one.name} and {other.name} treated every shot alike; name two versions")

    def of(side: Side, when: str) -> Side:
        names = {f"{own}_{when}": own for own in ("key", "treatment_id")}
        return Side(side.name, both[[*_PLACE, *names]].rename(columns=names))

    return of(one, "before"), of(other, "after")


def paired_values(ledger: Ledger, one: Side, other: Side) -> pd.DataFrame:
    """One row a shot and metric, as `tasks.compare.compare_pairs` takes it.

    Raises:
        StoreError: as `differing`.
    """
    measured = ledger.newest("measurements")
    values = measured.assign(value=measured["after"].where(measured["measurable"]))
    values = values[["key", "metric", "value", "verdict"]]
    before, after = (
        side.shots[[*_PLACE, "key"]].merge(values, on="key").drop(columns="key")
        for side in differing(one, other)
    )
    pairs = before.merge(
        after, on=[*_PLACE, "metric"], how="outer", suffixes=("_before", "_after")
    )  # what one side lacks is not measurable there
    pairs = pairs.rename(columns={"value_before": "before", "value_after": "after"})
    reels = ledger.newest("reels")[["reel_id", *STRATA]]
    pairs = pairs.merge(reels, on="reel_id", how="left")
    starts, stops = pairs["start_frame"].astype(str), pairs["stop_frame"].astype(str)
    pairs["shot"] = (
        pairs["reel_id"] + "/" + starts.str.zfill(7) + "-" + stops.str.zfill(7)
    )  # as `Shot.shot_id`
    return pairs


def reported_side(ledger: Ledger, side: Side, shelf: Shelf) -> GatedSide:
    """A side as a gate report has it; steps that no batch names are left out."""
    known = recorded_treatments(ledger)
    steps = {name: known[name].steps if name in known else () for name in side.treatments}
    return gated_side(steps, shelf)


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
