"""Which shots are shown, and why: the worst, and a few by chance.

The choice by chance is seeded by the night's name, so that anyone can draw it again.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tasks.report.flags import flag_words, flagged_rows
from tasks.report.night import Night, ReelNight
from tasks.report.rows import Row

MOST_WORST = 6
MOST_RANDOM = 4
_PER_REASON = 2
_FLAGS_NAMED = 3


@dataclass(frozen=True)
class ChosenShot:
    """A shot to be shown.

    Attributes:
        reason: why, in words.
        frame: frame of the shot that is shown; the one that changed most when None.
    """

    reel: ReelNight
    shot: Row
    reason: str
    frame: int | None = None


def choose_shots(night: Night) -> tuple[ChosenShot, ...]:
    """At most `MOST_WORST` shots for a reason, then at most `MOST_RANDOM` by chance."""
    everything = [(reel, shot) for reel in night.reels for shot in reel.shots]
    chosen: dict[str, ChosenShot] = {}
    for choice in _worst(everything):
        if len(chosen) < MOST_WORST:
            chosen.setdefault(choice.shot["key"], choice)
    others = [(reel, shot) for reel, shot in everything if shot["key"] not in chosen]
    others.sort(key=lambda entry: str(entry[1]["key"]))
    drawn = random.Random(night.batch_id).sample(others, min(MOST_RANDOM, len(others)))
    reason = "drawn by chance"
    return (*chosen.values(), *(ChosenShot(reel, shot, reason) for reel, shot in drawn))


def damage_share(shot: Row) -> float:
    """Samples changed by steps that repair damage, over all samples, 0..1."""
    return sum(
        float(step["changed_share"] or 0)
        for step in shot["steps"] or ()
        if step["touches"] == "damage"
    )


def _worst(everything: list[tuple[ReelNight, Row]]) -> Iterator[ChosenShot]:
    kept = [entry for entry in everything if entry[1]["status"] == "original kept"]
    for reel, shot in kept[:_PER_REASON]:
        yield ChosenShot(reel, shot, f"kept its original picture: {shot['reason'] or 'no reason'}")
    flagged = _flagged({reel.reel_id: reel for reel, _ in everything}.values())
    for reel, shot, flags in _largest(everything, lambda r, s: len(flagged.get(_place(r, s), ()))):
        rows = flagged[_place(reel, shot)]
        words = ", ".join(flag_words(row) for row in rows[:_FLAGS_NAMED])
        more = f" and {int(flags) - _FLAGS_NAMED} more" if flags > _FLAGS_NAMED else ""
        frames = [int(row["worst_frame"]) for row in rows if row["worst_frame"] is not None]
        yield ChosenShot(reel, shot, f"flagged: {words}{more}", next(iter(frames), None))
    for reel, shot, share in _largest(everything, lambda _, shot: damage_share(shot)):
        yield ChosenShot(
            reel, shot, f"among the shots most repaired: {100 * share:.2f} % of its samples"
        )


def _largest(
    everything: list[tuple[ReelNight, Row]], value: Callable[[ReelNight, Row], float]
) -> list[tuple[ReelNight, Row, float]]:
    rated = [(reel, shot, value(reel, shot)) for reel, shot in everything]
    rated = [entry for entry in rated if entry[2] > 0]
    return sorted(rated, key=lambda entry: -entry[2])[:_PER_REASON]


def _flagged(reels: Iterable[ReelNight]) -> dict[tuple[str, str], list[Row]]:
    """Measurements that are flagged, by shot."""
    found: dict[tuple[str, str], list[Row]] = {}
    for reel in reels:
        for row in flagged_rows(reel):
            found.setdefault(_place(reel, row), []).append(row)
    return found


def _place(reel: ReelNight, row: Row) -> tuple[str, str]:
    return reel.reel_id, str(row["key"])
