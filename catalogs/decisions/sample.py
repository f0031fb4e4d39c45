"""Which shots of a night are looked at: a random sample that anyone can draw again, and a ranking.

The sample is drawn by hash: shots in the order of SHA-256 of the seed and the shot's name, where
the seed is the SHA-256 of the night's name. Nobody chooses it, and it is the same for ever. A
shot's place in that order, by hand:

    echo -n "$(echo -n NIGHT | sha256sum | cut -c1-64)SHOT" | sha256sum
"""

import hashlib
from collections.abc import Iterable

import pandas as pd

SHARE = 0.12


def seed_of(batch_id: str) -> str:
    """The seed of a night's sample, hexadecimal."""
    return hashlib.sha256(batch_id.encode()).hexdigest()


def draw_sample(batch_id: str, names: Iterable[str], share: float = SHARE) -> tuple[str, ...]:
    """A night's sample, in the order in which it was drawn.

    Args:
        batch_id: the night.
        names: of the shots that it restored, each once in whatever order; see `night_shots`.
        share: of the shots, 0..1; rounded to whole shots, at least one where there is any.
    """
    seed = seed_of(batch_id)
    drawn = sorted(
        set(names), key=lambda name: hashlib.sha256(f"{seed}{name}".encode()).hexdigest()
    )
    return tuple(drawn[: max(1, round(share * len(drawn)))])


def night_shots(restorations: pd.DataFrame, batch_id: str) -> tuple[str, ...]:
    """Names of the shots that a night computed, `REEL/START-STOP`, each once, in order.

    Args:
        restorations: all rows of the table, not the newest only: a shot that a later night
            computed again was of this night all the same.
        batch_id: the night.
    """
    rows = restorations[restorations["batch_id"] == batch_id]
    named = (
        f"{reel_id}/{start:07d}-{stop:07d}"
        for reel_id, start, stop in zip(
            rows["reel_id"], rows["start_frame"], rows["stop_frame"], strict=True
        )
    )
    return tuple(sorted(set(named)))


def risk_order(shots: pd.DataFrame, measurements: pd.DataFrame) -> pd.DataFrame:
    """The shots, the riskiest first.

    First those with the most metrics that flag them; of as many, the one whose value is furthest
    beyond its threshold, in thresholds; then those whose original was kept; then those with the
    most metrics worth a look; then by the share of samples that changed.

    Args:
        shots: rows with reel_id, key, start_frame, status and changed_share.
        measurements: newest rows of the table.

    Returns:
        The rows of `shots`, with `flags`, `beyond` and `looks`.
    """
    judged = measurements[measurements["verdict"].isin(("flag", "look"))]
    judged = judged.assign(
        flags=judged["verdict"] == "flag",
        looks=judged["verdict"] == "look",
        beyond=(judged["after"] - judged["threshold"]).abs() / judged["threshold"].abs(),
    )
    judged["beyond"] = judged["beyond"].where(judged["flags"], 0.0)
    sums = judged.groupby(["reel_id", "key"]).agg(
        flags=("flags", "sum"), beyond=("beyond", "max"), looks=("looks", "sum")
    )
    ranked = shots.merge(sums.reset_index(), on=["reel_id", "key"], how="left")
    ranked = ranked.fillna({"flags": 0, "beyond": 0.0, "looks": 0})
    ranked["kept"] = ranked["status"] == "original kept"
    by = ["flags", "beyond", "kept", "looks", "changed_share", "reel_id", "start_frame"]
    ascending = [False] * 5 + [True] * 2
    ranked = ranked.sort_values(by, ascending=ascending, ignore_index=True, kind="stable")
    return ranked.drop(columns="kept").astype({"flags": int, "looks": int})
