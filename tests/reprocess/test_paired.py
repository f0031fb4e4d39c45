"""What is compared with what: shots that both sides restored, by today's thresholds, each once."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest

from catalogs.errors import StoreError
from catalogs.recipe import Treatment
from catalogs.records import HeldRow
from catalogs.rows import held_row, known_reels, restored_row
from catalogs.shot_list import current_shots, ranges_of, record_correction
from catalogs.store import Store
from tasks.compare.paired import compare_sides, differing, find_side
from tasks.compare.said import compared_text
from tasks.compare.treatments import Compared
from tasks.measure import shipped_calibration
from tasks.metrics.registry import METRICS
from tasks.metrics.verdict import limits
from tasks.split import DETECTOR

from .conftest import ONE, TWO, by_model, outcome

Archive = Callable[..., Store]
Of = Callable[[int], Any]

BEFORE, AFTER = by_model(ONE), by_model(TWO)
CALIBRATION = shipped_calibration()


def measured(
    store: Store,
    treatment: Treatment,
    value: Of,
    status: Of = lambda _: "restored",
    verdict: Of = lambda _: "ok",
    **columns: Any,
) -> None:
    """Restore every shot of a store with a treatment, and measure BOIL; by the shot's number."""
    ledger = store.ledger(f"b-{treatment.treatment_id[:6]}")
    ledger.append("batches", ledger.batch_id, [{
        "recipe": treatment.recipe_name, "treatment_id": treatment.treatment_id,
        "steps_json": json.dumps([asdict(s) for s in treatment.steps]), "status": "finished",
    }])  # fmt: skip
    known = known_reels(ledger).values()
    shots = [shot for reel in known for shot in current_shots(ledger, reel, DETECTOR)]
    for number, shot in enumerate(shots):
        restored = replace(outcome(store, shot, treatment), status=status(number))
        ledger.append("restorations", shot.reel_id, [restored_row(restored, "test")])
        ledger.append("measurements", shot.reel_id, [{
            "key": restored.key, "reel_id": shot.reel_id, "shot_index": shot.index,
            "treatment_id": treatment.treatment_id, "metric": "BOIL", "measurable": True,
            "after": value(number), "verdict": verdict(number), "threshold": None,
            "calibration_id": CALIBRATION.calibration_id, "seconds": 1.0,
        } | columns])  # fmt: skip


def compared(store: Store) -> Compared:
    ledger = store.ledger()
    sides = (find_side(ledger, treatment.treatment_id) for treatment in (BEFORE, AFTER))
    return compare_sides(ledger, differing(*sides), CALIBRATION)


def empty(archive: Archive, reels: int, **given: Any) -> Store:
    return archive([Treatment("nothing", ())] * reels, 10, **given)


def test_originals_that_were_kept_are_no_success(archive: Archive) -> None:
    """Their values are the source's own, which no restoration made worse."""
    store = empty(archive, 3)
    measured(store, BEFORE, lambda _: 1.0)
    measured(store, AFTER, lambda _: 0.5, lambda n: "restored" if n < 25 else "original kept")
    found = compared(store)
    assert (found.shots, found.kept) == (25, (0, 5))
    assert found.reasons == ("the original was kept of 5 shots, before of 0",)
    assert "the original was kept of 5 more, before of 0" in compared_text(found)


def test_what_the_other_side_could_not_restore_is_no_reason(archive: Archive) -> None:
    store = empty(archive, 3)
    measured(store, BEFORE, lambda _: 1.0, lambda n: "restored" if n < 25 else "original kept")
    measured(store, AFTER, lambda _: 0.5, lambda n: "restored" if n > 0 else "original kept")
    found = compared(store)
    assert (found.shots, found.kept, found.passed) == (24, (5, 1), True)


def test_where_nothing_was_restored_nothing_is_compared(archive: Archive) -> None:
    store = empty(archive, 1)
    measured(store, BEFORE, lambda _: 1.0)
    measured(store, AFTER, lambda _: 1.0, lambda _: "original kept")
    with pytest.raises(StoreError, match="they kept the original"):
        compared(store)


def test_entries_of_one_file_have_one_value_a_shot(archive: Archive) -> None:
    """Shots of one file have one key in every reel that shows it."""
    store = empty(archive, 3, digest="same")
    measured(store, BEFORE, lambda n: 1.0 + 0.01 * n)
    measured(store, AFTER, lambda n: 0.5 + 0.01 * n)
    found = compared(store)
    (boil,) = [d for d in found.differences if d.stratum == "all shots"]
    assert (found.shots, boil.shots, boil.measurable_after) == (30, 30, 30)


def test_a_reel_that_is_held_stays_in_its_stratum(archive: Archive) -> None:
    store = empty(archive, 10)
    measured(store, BEFORE, lambda _: 1.0)
    measured(store, AFTER, lambda n: 1.3 + 0.01 * (n % 3) if n // 10 % 2 else 0.5)
    before = compared(store).reasons
    assert before[0].startswith("BOIL (collection: News) became worse")
    for name, reel in known_reels(store.ledger()).items():
        if reel.catalog.collection == "News":
            row = held_row(HeldRow.of(reel.catalog, "its source is away"))
            store.ledger("held").append("reels", name, [row])
    assert compared(store).reasons == before


def boil() -> float:
    (metric,) = [m for m in METRICS if m.identifier == "BOIL"]
    known = limits(metric, "", CALIBRATION)
    assert known is not None
    return known.flag


def test_verdicts_of_another_calibration_are_given_anew(archive: Archive) -> None:
    """The same values may not be flagged on one side alone."""
    store = empty(archive, 3)
    level = boil() + 0.1
    measured(store, BEFORE, lambda _: level, verdict=lambda _: "ok", calibration_id="earlier")
    measured(store, AFTER, lambda n: level + 0.001 * (n % 2), verdict=lambda _: "flag",
             threshold=level - 0.05)  # fmt: skip
    found = compared(store)
    (all_shots,) = [d for d in found.differences if d.stratum == "all shots"]
    assert (all_shots.flagged_before, all_shots.flagged_after) == (30, 30)
    assert found.judged_anew == 30
    assert "30 of them are judged anew" in compared_text(found)


def test_a_value_is_judged_anew_by_the_threshold_beside_it(archive: Archive) -> None:
    """That is of the class of the same source; without one, the threshold of all classes holds."""
    store = empty(archive, 3)
    measured(store, BEFORE, lambda _: boil() + 0.1, verdict=lambda _: "flag", calibration_id="old")
    measured(store, AFTER, lambda _: 0.0, threshold=boil() + 0.2)
    (all_shots,) = [d for d in compared(store).differences if d.stratum == "all shots"]
    assert (all_shots.flagged_before, all_shots.flagged_after) == (0, 0)


def test_two_sides_of_an_earlier_calibration_are_both_judged_by_todays(archive: Archive) -> None:
    store = empty(archive, 3)
    measured(store, BEFORE, lambda _: boil() + 0.1, threshold=9.0, calibration_id="old")
    measured(store, AFTER, lambda _: boil() - 0.1, threshold=9.0, calibration_id="older",
             verdict=lambda _: "flag")  # fmt: skip
    (all_shots,) = [d for d in compared(store).differences if d.stratum == "all shots"]
    assert (all_shots.flagged_before, all_shots.flagged_after) == (30, 0)


def test_shots_of_a_superseded_list_are_not_compared(archive: Archive) -> None:
    """A person joined two of them; what was restored of the two is no shot any more."""
    store = archive([BEFORE], 4)
    (reel,) = known_reels(store.ledger()).values()
    first, second, *others = ranges_of(current_shots(store.ledger(), reel, DETECTOR))
    joined = (first[0], second[1])
    record_correction(store.ledger(), reel, (joined, *others), "A. Editor", "", DETECTOR)
    for name in (BEFORE.label, "first"):
        shots = find_side(store.ledger(), name).shots
        assert list(zip(shots["start_frame"], shots["stop_frame"], strict=True)) == others
