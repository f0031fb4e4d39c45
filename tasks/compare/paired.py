"""Paired: shots that two treatments, or two batches, restored, with every metric of both.

Shots that either side kept the original of say nothing of what was done to the others. They are
counted and left out.
"""

import re
from dataclasses import dataclass, replace

import pandas as pd

from catalogs.errors import StoreError
from catalogs.ledger import Ledger
from catalogs.mixtures import with_mixtures
from catalogs.model_shelf import Shelf
from catalogs.rows import known_reels
from catalogs.shot_list import of_holding_lists
from catalogs.tables import SHOT_PLACE
from catalogs.treatments import recorded_treatments
from tasks.compare.anew import judged_anew
from tasks.compare.treatments import STRATA, Compared, compare_pairs
from tasks.metrics.calibration import Calibration
from tasks.registry.gate import GatedSide, gated_side

_IDENTITY = re.compile(r"(?:.*-)?([0-9a-f]{8,64})")


@dataclass(frozen=True)
class Side:
    """One side of a comparison.

    Attributes:
        name: as it was asked for.
        shots: reel, frames, key, treatment_id and status of each, one row a shot.
    """

    name: str
    shots: pd.DataFrame

    @property
    def treatments(self) -> tuple[str, ...]:
        """Identities of what the shots were treated with."""
        return tuple(sorted(set(self.shots["treatment_id"])))


@dataclass(frozen=True)
class Differing:
    """Two sides on the shots that both restored, and differently.

    Attributes:
        before: the side that is compared with.
        after: the same shots on the other side.
        kept_before: shots that one side restored and of which the former kept the original.
        kept_after: of which the latter did.
    """

    before: Side
    after: Side
    kept_before: int
    kept_after: int


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
    own = of_holding_lists(ledger, own).drop_duplicates(SHOT_PLACE, keep="last")
    original = rows.drop_duplicates("key").set_index("key")["treatment_id"]
    shots = own[[*SHOT_PLACE, "key", "status"]]
    return Side(name, shots.assign(treatment_id=own["key"].map(original)))


def differing(one: Side, other: Side) -> Differing:
    """Both sides on the shots that they treated differently.

    A shot that both treated alike says nothing of the two.

    Raises:
        StoreError: no shot was treated both ways, none differently, or none was restored by both.
    """
    both = one.shots.merge(other.shots, on=SHOT_PLACE, suffixes=("_before", "_after"))
    if both.empty:
        raise StoreError(f"no shot was restored by both {one.name} and {other.name}")
    both = both[both["key_before"] != both["key_after"]]
    if both.empty:
        raise StoreError(f"{one.name} and {other.name} treated every shot alike; name two versions")

    kept = [both[f"status_{when}"] != "restored" for when in ("before", "after")]
    count = int((kept[0] & ~kept[1]).sum()), int((kept[1] & ~kept[0]).sum())
    both = both[~(kept[0] | kept[1])]
    if both.empty:
        raise StoreError(
            f"no shot was restored by both {one.name} and {other.name}: they kept the original"
        )

    def of(side: Side, when: str) -> Side:
        names = {f"{own}_{when}": own for own in ("key", "treatment_id", "status")}
        return Side(side.name, both[[*SHOT_PLACE, *names]].rename(columns=names))

    return Differing(of(one, "before"), of(other, "after"), *count)


def paired_values(ledger: Ledger, found: Differing, calibration: Calibration) -> pd.DataFrame:
    """One row a shot and metric, as `tasks.compare.treatments.compare_pairs` takes it.

    Args:
        ledger: of the store.
        found: the two sides.
        calibration: that every verdict is to rest on; `anew` is True where one did not.
    """
    measured = ledger.newest("measurements")
    values = measured.assign(value=measured["after"].where(measured["measurable"]))
    values = values.rename(columns={"calibration_id": "calibration"})
    values = values[["reel_id", "key", "metric", "value", "verdict", "threshold", "calibration"]]
    before, after = (
        side.shots[[*SHOT_PLACE, "key"]].merge(values, on=["reel_id", "key"]).drop(columns="key")
        for side in (found.before, found.after)
    )
    pairs = before.merge(
        after, on=[*SHOT_PLACE, "metric"], how="outer", suffixes=("_before", "_after")
    )  # what one side lacks is not measurable there
    pairs = pairs.rename(columns={"value_before": "before", "value_after": "after"})
    pairs = judged_anew(pairs, calibration).merge(_strata(ledger), on="reel_id", how="left")
    starts, stops = pairs["start_frame"].astype(str), pairs["stop_frame"].astype(str)
    pairs["shot"] = (
        pairs["reel_id"] + "/" + starts.str.zfill(7) + "-" + stops.str.zfill(7)
    )  # as `Shot.shot_id`
    return pairs


def compare_sides(ledger: Ledger, found: Differing, calibration: Calibration) -> Compared:
    """Compare two sides, shot by shot, and count what one of them could not restore.

    Args:
        ledger: of the store.
        found: the two sides.
        calibration: that verdicts rest on.
    """
    pairs = paired_values(ledger, found, calibration)
    compared = compare_pairs(pairs)
    kept = found.kept_before, found.kept_after
    reasons = compared.reasons
    if kept[1] > kept[0]:
        reasons += (f"the original was kept of {kept[1]} shots, before of {kept[0]}",)
    anew = int(pairs[pairs["anew"]]["shot"].nunique())
    return replace(compared, kept=kept, judged_anew=anew, reasons=reasons)


def _strata(ledger: Ledger) -> pd.DataFrame:
    """What reels are by their catalog, as they were ingested: a reel that is held stays one."""
    facts = [
        {"reel_id": name, **{stratum: getattr(reel.catalog, stratum) for stratum in STRATA}}
        for name, reel in known_reels(ledger).items()
    ]
    return pd.DataFrame(facts, columns=["reel_id", *STRATA])


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
