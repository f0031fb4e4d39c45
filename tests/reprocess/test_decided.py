"""What reviewers decide is carried out by the next run, once, and nights stand by it."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from catalogs.catalog import Catalog
from catalogs.decisions.decision import Decision, Draft
from catalogs.decisions.outcomes import outcomes
from catalogs.decisions.standing import standing_decisions
from catalogs.errors import DecisionError, MediaError, RecipeError, VerificationError
from catalogs.policy import Policy
from catalogs.recipe import Treatment, read_recipe
from catalogs.records import CatalogReel, HeldRow
from catalogs.rows import known_reels, reel_row, restored_row
from catalogs.shot_query import standing_shots
from catalogs.store import Store
from catalogs.treatments import recorded_treatments
from flows.cli import app
from flows.commands.reprocess import plan_text
from flows.decisions.carried import Carried
from flows.decisions.decided import for_tonight, prepare_decided
from flows.decisions.decided_words import plan_decided
from flows.decisions.prepared import record_plan
from flows.night import take_up as take_up_module
from flows.night.jobs import Job
from flows.night.loop import Night
from flows.night.order import Order, ShotDone
from flows.night.progress import NightProgress
from flows.night.tally import Tally
from flows.nightly import run_night
from flows.reprocess import Asked, prepare
from tasks.decisions.decide import decide, hashes, open_decisions, standing_outputs
from tasks.decisions.decided import ORIGINAL
from tasks.permit import find_policy
from tasks.report.attention import attention
from tasks.report.night import read_night
from tasks.report.write import write_report
from tasks.treat import resolve_recipe

from .conftest import FRAMES, ONE, Answer, by_model, outcome, played, stand

Archive = Callable[..., Store]
Reprocess = Callable[..., tuple[str, Tally]]
Run = Callable[..., Tally]

PLAIN = resolve_recipe(read_recipe("conservative"))
DUSTED = by_model(ONE)


@pytest.fixture
def filled(archive: Archive) -> Callable[..., Store]:
    """A store whose reels stand in their folders, manifests and all."""

    def fill(treatments: list[Treatment], shots_each: int = 4) -> Store:
        store = archive(treatments, shots_each)
        for reel, treatment in zip(known_reels(store.ledger()).values(), treatments, strict=True):
            stand(Order(store, Path(), treatment, "first"), reel)
        return store

    return fill


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """A function that runs a night over a store as `wetgate run` does, without a cluster."""
    monkeypatch.setattr(take_up_module, "is_unchanged", lambda *_: True)

    def go(
        store: Store,
        treatment: Treatment = PLAIN,
        batch: str = "night",
        policy: Policy | None = None,
        worker: Callable[[Order, Job], Any] = played,
        catalog: Catalog | None = None,
    ) -> Tally:
        rules = policy or Policy()
        entries = tuple(reel.catalog for reel in known_reels(store.ledger()).values())
        catalog = catalog or Catalog(Path("c.csv"), entries, (), ())
        order = Order(store, Path(), treatment, batch, policy=rules)
        prepared = prepare_decided(store, rules, ask=False)
        prepared = for_tonight(prepared, store, catalog, treatment)
        row = {"recipe": treatment.recipe_name, "treatment_id": treatment.treatment_id,
               "steps_json": json.dumps([asdict(step) for step in treatment.steps])}  # fmt: skip
        order.ledger.append("batches", batch, [{**row, "status": "running"}])
        record_plan(order, prepared)

        def submit(job: Job) -> Any:
            return Answer(lambda: worker(order, job))

        loop = Night(order, submit, 2, NightProgress(store, None), lambda: False)
        tally = run_night(order, loop, prepared, catalog)
        counts = {"reels_restored": len(tally.restored), "reels_held": len(tally.held),
                  "reels_failed": len(tally.failed)}  # fmt: skip
        order.ledger.append("batches", batch, [{**row, **counts, "status": "finished"}])
        return tally

    return go


def said(
    store: Store, verb: str, reel_id: str = "R00.r1", shot: int | None = 1, **more: Any
) -> Draft:
    """A decision on a shot or reel as it stands."""
    place = (reel_id, None, None)
    if shot is not None:
        place = (reel_id, FRAMES * shot, FRAMES * (shot + 1))
    output = standing_outputs(store, reel_id)[place]
    frames = {} if shot is None else {"start_frame": place[1], "stop_frame": place[2]}
    usual = {"person": "A. Reviewer", "reel_id": reel_id, "treatment_id": output.treatment_id,
             "output_sha256": output.sha256}  # fmt: skip
    return Draft(**{**usual, **frames, "verb": verb, **more})


def take(
    store: Store, verb: str, reel_id: str = "R00.r1", shot: int | None = 1, **more: Any
) -> Decision:
    return decide(store, store.decisions, said(store, verb, reel_id, shot, **more))


def recipes(store: Store, reel_id: str = "R00.r1") -> list[str]:
    """The recipe of each shot of the version that stands."""
    shots = standing_shots(store.ledger(), recorded_treatments(store.ledger()), reel_id)
    return list(shots["recipe"])


def still_open(store: Store) -> tuple[Decision, ...]:
    known = outcomes(store.ledger())
    return open_decisions(store.decisions.read(), standing_outputs(store), known)


def computed(store: Store, batch: str) -> set[tuple[str, int]]:
    rows = store.ledger().read("restorations")
    rows = rows[rows["batch_id"] == batch]
    return set(zip(rows["reel_id"], rows["start_frame"] // FRAMES, strict=True))


def lock(store: Store, reel_id: str = "R00.r1") -> None:
    take(store, "sign off", reel_id, None)
    take(store, "sign off", reel_id, None, person="B. Reviewer")
    take(store, "lock", reel_id, None, person="C. Head")


def test_keep_original_is_carried_out_once_and_stands(filled: Archive, run: Run) -> None:
    store = filled([PLAIN, PLAIN])
    decision = take(store, "keep original", comment="eyes flicker", codes=("AI/EYE-FLICKER",))
    tally = run(store)
    assert computed(store, "night") == {("R00.r1", 1)}
    assert tally.restored == {"R00.r1", "R01.r1"}
    assert (tally.shots_restored, tally.decisions_open) == (8, 0)
    assert recipes(store) == ["conservative", "untouched", "conservative", "conservative"]
    assert outcomes(store.ledger())[decision.sequence].outcome == "carried out"
    for batch in ("second", "third"):  # nights with the same recipe keep it
        tally = run(store, batch=batch)
        assert (computed(store, batch), tally.decisions_open) == (set(), 0)
        assert recipes(store)[1] == "untouched"
    events = store.ledger().read("events")
    assert len(events[events["outcome"] == "carried out"]) == 1


def test_a_decision_is_stale_after_it_was_carried_out(filled: Archive, run: Run) -> None:
    store = filled([PLAIN])
    take(store, "keep original")
    run(store)
    outputs = hashes(standing_outputs(store))
    (standing,) = standing_decisions(store.decisions.read(), outputs).values()
    assert standing.is_stale
    with pytest.raises(DecisionError, match="rendered anew"):
        store.decisions.append(
            replace(said(store, "accept"), output_sha256=standing.decision.output_sha256),
            outputs[standing.decision.place],
        )


def test_a_decision_on_what_stands_no_more_is_not_carried_out_and_said_once(
    filled: Archive, run: Run, reprocess: Reprocess
) -> None:
    store = filled([PLAIN])
    decision = take(store, "keep original")
    reprocess(store, recipe="stabilised", where="shot_index = 1")
    assert run(store).decisions_open == 1
    assert recipes(store) == ["conservative", "stabilised", "conservative", "conservative"]
    assert outcomes(store.ledger())[decision.sequence].outcome == "stale"
    assert run(store, batch="second").decisions_open == 0


@pytest.mark.parametrize("asks", [{"model": "dust@2"}, {"recipe": "untouched"}, {"recipe": "mild"}])
def test_redo_is_carried_out_with_what_was_named(
    filled: Archive, run: Run, asks: dict[str, str]
) -> None:
    store = filled([DUSTED])
    (store.root / "recipes").mkdir()
    (store.root / "recipes" / "mild.toml").write_text(
        'name = "mild"\n[[step]]\nname = "deflicker"\n'
    )
    take(store, "redo", **asks)
    run(store, DUSTED)
    assert computed(store, "night") == {("R00.r1", 1)}
    shots = standing_shots(store.ledger(), recorded_treatments(store.ledger()))
    if "model" in asks:
        assert [list(models) for models in shots["models"]] == [
            ["dust@1"],
            ["dust@2"],
            *2 * [["dust@1"]],
        ]
    else:
        assert recipes(store) == ["dusted", asks["recipe"], "dusted", "dusted"]
    assert run(store, DUSTED, "second").decisions_open == 0
    assert computed(store, "second") == set()


def test_a_reel_of_which_every_shot_keeps_its_original_stays_so(filled: Archive, run: Run) -> None:
    """The version is treated alike throughout, and nights stand by it all the same."""
    store = filled([PLAIN], 2)
    take(store, "keep original", shot=0)
    take(store, "keep original", shot=1)
    run(store)
    assert recipes(store) == ["untouched", "untouched"]
    version = store.ledger().newest("reels").iloc[0]["derivative_id"]
    assert version == f"R00.r1.{ORIGINAL.label}"
    assert run(store, batch="second").restored == {"R00.r1"}
    assert store.ledger().newest("reels").iloc[0]["derivative_id"] == version
    take(store, "redo", shot=0, recipe="conservative")
    run(store, batch="third")
    assert recipes(store) == ["conservative", "untouched"]
    take(store, "redo", shot=1, recipe="conservative")
    run(store, batch="fourth")
    assert recipes(store) == ["conservative", "conservative"]
    assert computed(store, "third") | computed(store, "fourth") == set()  # known from before
    run(store, batch="fifth")
    assert store.ledger().newest("reels").iloc[0]["derivative_id"] == f"R00.r1.{PLAIN.label}"


def test_only_the_newest_decision_of_a_shot_is_carried_out(filled: Archive, run: Run) -> None:
    store = filled([PLAIN])
    take(store, "keep original")
    take(store, "accept")
    take(store, "redo", shot=2, recipe="untouched")
    take(store, "keep original", shot=2)
    take(store, "question", shot=3, comment="is this a face?")
    run(store)
    assert recipes(store) == ["conservative", "conservative", "untouched", "conservative"]


def test_a_night_with_another_recipe_restores_the_whole_and_says_so(
    filled: Archive, run: Run
) -> None:
    store = filled([PLAIN])
    decision = take(store, "keep original")
    tally = run(store, DUSTED)
    assert tally.decisions_open == 1
    assert recipes(store) == ["dusted"] * 4
    held = outcomes(store.ledger())[decision.sequence]
    assert held.outcome == "held"
    assert "restores the whole reel anew" in held.detail
    assert run(store, DUSTED, "second").decisions_open == 1  # stale now, which is said once
    assert outcomes(store.ledger())[decision.sequence].outcome == "stale"
    assert run(store, DUSTED, "third").decisions_open == 0
    (attended,) = [a for a in attention(read_night(store, "second")) if "decision" in a]
    assert "rendered anew" in attended


def test_what_policy_forbids_is_held_with_the_reason_and_the_others_go_on(
    filled: Archive, run: Run, tmp_path: Path
) -> None:
    store = filled([PLAIN])
    policy = tmp_path / "policy.toml"
    policy.write_text('[[collection]]\nname = "Home"\nnever = ["stabilise"]\n')
    forbidden = take(store, "redo", recipe="stabilised")
    take(store, "keep original", shot=2)
    tally = run(store, policy=find_policy(policy, store.root))
    assert (tally.decisions_open, tally.restored, tally.held) == (1, {"R00.r1"}, set())
    assert recipes(store) == ["conservative", "conservative", "untouched", "conservative"]
    held = outcomes(store.ledger())[forbidden.sequence]
    assert held.outcome == "held"
    assert "step stabilise must never run" in held.detail
    said_so = attention(read_night(store, "night"))
    assert any("stabilise must never run" in line for line in said_so)
    report = write_report(store, "night").with_name("report.md").read_text()
    assert "carried out: decision 2, keep original by A. Reviewer" in report
    assert "held: decision 1, redo by A. Reviewer" in report


@pytest.mark.parametrize(
    ("asks", "why"),
    [({"model": "rust@1"}, "no model rust@1"), ({"recipe": "mild"}, "no recipe 'mild'"),
     ({"model": "dust@champion"}, "no champion"),
     ({"recipe": "access", "model": "dust@2"}, "does not use")],
)  # fmt: skip
def test_what_cannot_be_looked_up_is_held(
    filled: Archive, run: Run, asks: dict[str, str], why: str
) -> None:
    store = filled([PLAIN])
    take(store, "redo", **asks)
    take(store, "keep original", shot=0)
    assert run(store).decisions_open == 1
    assert why in outcomes(store.ledger())[1].detail
    assert recipes(store)[:2] == ["untouched", "conservative"]


def test_a_locked_reel_is_not_touched_by_nights_or_reprocessing(
    filled: Archive, run: Run, reprocess: Reprocess
) -> None:
    store = filled([DUSTED, DUSTED])
    lock(store)
    manifest = standing_outputs(store)[("R00.r1", None, None)]
    tally = run(store, PLAIN)
    assert computed(store, "night") == {("R01.r1", n) for n in range(4)}
    assert tally.restored == {"R00.r1", "R01.r1"}
    events = store.ledger().read("events", "night")
    (found,) = events[events["event"] == "found locked"]["detail"]
    assert "locked, by C. Head" in found
    assert "sign-off by A. Reviewer and B. Reviewer" in found
    prepared = prepare(store, Asked(recipe="untouched"), ask=False)
    assert [one.reel.reel_id for one in prepared.plan.reels] == ["R01.r1"]
    assert "reopen it" in prepared.plan.refused["R00.r1"]
    assert standing_outputs(store)[("R00.r1", None, None)] == manifest
    reel = {one.reel_id: one for one in read_night(store, "night").reels}["R00.r1"]
    assert (reel.status, reel.earlier) == ("restored", True)
    take(store, "reopen", shot=None, comment="a better print was found")
    assert run(store, PLAIN, "reopened").restored == {"R00.r1", "R01.r1"}
    assert recipes(store) == ["conservative"] * 4


def test_a_locked_reel_is_left_alone_whatever_its_row_says(filled: Archive, run: Run) -> None:
    store = filled([PLAIN, PLAIN])
    lock(store)
    entry = known_reels(store.ledger())["R00.r1"].catalog
    changed = replace(entry, title="Another title")
    tally = run(store, catalog=Catalog(Path("c.csv"), (changed,), (), ()))
    assert (tally.restored, tally.held) == ({"R00.r1"}, set())
    held = HeldRow.of(entry, "line 2: no path")
    tally = run(store, batch="second", catalog=Catalog(Path("c.csv"), (), (held,), ()))
    assert (tally.restored, tally.held) == ({"R00.r1"}, set())
    assert store.ledger().newest("reels").set_index("reel_id").loc["R00.r1", "status"] == "restored"


def test_a_locked_reel_that_is_damaged_is_not_called_restored(filled: Archive, run: Run) -> None:
    store = filled([PLAIN])
    lock(store)
    reel = known_reels(store.ledger())["R00.r1"]
    failed = reel_row(reel, "failed", PLAIN, "its master is damaged", f"R00.r1.{PLAIN.label}")
    store.ledger("fixity").append("reels", "R00.r1", [failed])
    tally = run(store)
    assert (tally.failed, tally.restored) == ({"R00.r1"}, set())
    assert any("failed: R00.r1" in line for line in attention(read_night(store, "night")))


def test_a_log_that_does_not_hold_carries_nothing_out_and_keeps_locks(
    filled: Archive, run: Run
) -> None:
    store = filled([PLAIN, PLAIN])
    take(store, "keep original", "R01.r1")
    lock(store)
    path = store.decisions.path
    path.write_bytes(path.read_bytes().replace(b"C. Head", b"D. Head"))
    tally = run(store, DUSTED)
    assert tally.decisions_open == 1
    assert recipes(store) == ["conservative"] * 4
    assert recipes(store, "R01.r1") == ["dusted"] * 4
    (line,) = [a for a in attention(read_night(store, "night")) if "log.jsonl" in a]
    assert "line 4" in line


def test_a_reel_that_fails_keeps_its_version_and_its_decision(filled: Archive, run: Run) -> None:
    store = filled([PLAIN])
    take(store, "keep original")

    def failing(order: Order, job: Job) -> Any:
        if job.kind == "assemble":
            raise MediaError("the disk is full")
        return played(order, job)

    tally = run(store, worker=failing)
    assert (tally.failed, tally.restored) == ({"R00.r1"}, set())
    assert outcomes(store.ledger())[1].outcome == "begun"
    assert run(store, batch="second").restored == {"R00.r1"}
    assert recipes(store)[1] == "untouched"
    assert computed(store, "second") == set()
    assert outcomes(store.ledger())[1].outcome == "carried out"


def test_reprocess_decisions_does_the_same_without_a_catalog(
    filled: Archive, reprocess: Reprocess
) -> None:
    store = filled([PLAIN, PLAIN])
    take(store, "keep original")
    batch, tally = reprocess(store, decisions=True)
    assert computed(store, batch) == {("R00.r1", 1)}
    assert tally.restored == {"R00.r1"}
    assert prepare(store, Asked(decisions=True), ask=False).plan.reels == ()
    with pytest.raises(RecipeError, match="leave --where out"):
        Asked(decisions=True, where="true")


def test_a_plan_says_what_becomes_of_decisions_and_changes_nothing(filled: Archive) -> None:
    store = filled([PLAIN, PLAIN, PLAIN])
    take(store, "keep original")
    take(store, "redo", "R01.r1", recipe="mild")
    lock(store, "R02.r1")
    before = sorted(store.root.rglob("*"))
    entries = tuple(reel.catalog for reel in known_reels(store.ledger()).values())
    read = plan_decided(store, Catalog(Path("c.csv"), entries, (), ()), PLAIN, Policy())
    assert [reel.reel_id for reel in read.reels] == ["R00.r1", "R01.r1"]
    locked, carried, held = read.remarks
    assert locked.startswith("R02.r1: left as it is: it is locked, by C. Head")
    assert carried.endswith("decision 1, keep original by A. Reviewer: to be carried out")
    assert "decision 2, redo by A. Reviewer: stays as it is: no recipe 'mild'" in held
    line = ["reprocess", "--store", str(store.root), "--decisions", "--dry-run"]
    done = CliRunner().invoke(app, line)
    assert done.exit_code == 1  # one of them is held
    assert carried in done.output
    assert held in done.output
    assert "1 shots of 1 reels to restore" in done.output
    said_so = json.loads(CliRunner().invoke(app, [*line, "--json"]).output)
    assert (said_so["decisions"]["carried"], list(said_so["decisions"]["held"])) == ([1], ["2"])
    assert sorted(store.root.rglob("*")) == before


def test_a_reel_is_not_signed_off_while_something_is_open(filled: Archive, run: Run) -> None:
    store = filled([PLAIN])
    take(store, "redo", recipe="untouched")
    take(store, "question", shot=2, comment="a face?")
    with pytest.raises(DecisionError, match=r"0000004-0000008: decision 1, redo .*; R00"):
        take(store, "sign off", shot=None)
    take(store, "accept", shot=2)
    run(store)
    assert still_open(store) == ()
    lock(store)
    with pytest.raises(DecisionError, match="locked"):
        take(store, "accept")


def test_a_decision_must_be_of_what_stands(filled: Archive) -> None:
    store = filled([PLAIN])
    with pytest.raises(DecisionError, match=r"no restored version of R00\.r1/0000000-0000003"):
        decide(store, store.decisions, replace(said(store, "accept", shot=0), stop_frame=3))
    with pytest.raises(DecisionError, match="rendered anew"):
        decide(store, store.decisions, replace(said(store, "accept"), output_sha256="0" * 64))
    assert store.decisions.read() == ()


def test_a_decision_is_in_the_ledger_at_once_and_sql_may_ask_it(filled: Archive) -> None:
    store = filled([PLAIN])
    taken = take(store, "question", comment="why?", codes=("AI/GHOST",))
    (row,) = store.ledger().newest("decisions").to_dict("records")
    assert (row["sequence"], row["sha256"], list(row["codes"])) == (1, taken.sha256, ["AI/GHOST"])
    where = "picture_sha256 IN (SELECT output_sha256 FROM decisions WHERE verb = 'question')"
    prepared = prepare(store, Asked(recipe="untouched", where=where), ask=False)
    assert [one.shot.start_frame for one in prepared.plan.chosen] == [FRAMES]


def test_a_reel_out_of_the_nights_catalog_is_carried_out_too(filled: Archive, run: Run) -> None:
    store = filled([PLAIN, DUSTED])
    take(store, "keep original", "R01.r1")
    entries = (known_reels(store.ledger())["R00.r1"].catalog,)
    tally = run(store, catalog=Catalog(Path("c.csv"), entries, (), ()))
    assert tally.restored == {"R00.r1", "R01.r1"}
    assert recipes(store, "R01.r1") == ["dusted", "untouched", "dusted", "dusted"]


def test_what_this_run_ingests_anew_waits(filled: Archive, run: Run) -> None:
    store = filled([PLAIN])
    take(store, "keep original")
    entry: CatalogReel = known_reels(store.ledger())["R00.r1"].catalog
    changed = replace(entry, title="Another title")
    catalog = Catalog(Path("c.csv"), (changed,), (), ())
    prepared = for_tonight(prepare_decided(store, Policy(), ask=False), store, catalog, PLAIN)
    ((held, why),) = prepared.decided.held
    assert (held.sequence, prepared.plan.reels) == (1, ())
    assert "has changed" in why


@pytest.mark.parametrize("lost", ["deleted", "cut"])
def test_a_log_that_was_deleted_or_cut_lifts_no_lock(filled: Archive, run: Run, lost: str) -> None:
    store = filled([PLAIN, PLAIN])
    lock(store)
    path = store.decisions.path
    lines = path.read_bytes().splitlines(keepends=True)
    path.unlink() if lost == "deleted" else path.write_bytes(b"".join(lines[:-1]))
    with pytest.raises(VerificationError, match=r"decision 3 .lock by C\. Head"):
        take(store, "accept", "R01.r1")
    assert not path.exists() or len(path.read_bytes().splitlines()) == 2
    tally = run(store, DUSTED)
    assert recipes(store) == ["conservative"] * 4
    assert recipes(store, "R01.r1") == ["dusted"] * 4
    assert tally.decisions_open == 1
    assert any("not in the log any more" in a for a in attention(read_night(store, "night")))
    path.write_bytes(b"".join(lines))
    assert take(store, "accept", "R01.r1").sequence == 4


@pytest.mark.parametrize("what", ["manifest", "row"])
def test_a_lock_can_be_taken_back_whatever_stands(filled: Archive, what: str) -> None:
    store = filled([PLAIN])
    lock(store)
    reopening = said(store, "reopen", shot=None, comment="it is damaged")
    reel = known_reels(store.ledger())["R00.r1"]
    if what == "row":
        failed = reel_row(reel, "failed", PLAIN, "damaged", f"R00.r1.{PLAIN.label}")
        store.ledger("fixity").append("reels", "R00.r1", [failed])
    else:
        (store.reel_folder("R00.r1", PLAIN.label) / "manifest.json").unlink()
    assert decide(store, store.decisions, reopening).verb == "reopen"


def test_what_a_shot_is_already_is_carried_out_at_once(filled: Archive, run: Run) -> None:
    store = filled([PLAIN])
    take(store, "redo", recipe="conservative")
    assert len(still_open(store)) == 1
    tally = run(store)
    assert (computed(store, "night"), tally.decisions_open) == (set(), 0)
    found = outcomes(store.ledger())[1]
    assert found.outcome == "carried out"
    assert found.detail == f"it is so already, {PLAIN.label}"
    lock(store)


def test_a_model_that_the_shot_does_not_use_is_held_and_says_what_to_do(
    filled: Archive, run: Run
) -> None:
    store = filled([PLAIN])
    take(store, "redo", model="dust@2")
    assert run(store).decisions_open == 1
    with pytest.raises(DecisionError, match=r"held: the shot is not restored with dust; decide"):
        take(store, "sign off", shot=None)
    take(store, "accept")
    lock(store)


def test_a_decision_that_was_carried_out_does_not_come_back_with_its_output(
    filled: Archive, run: Run, reprocess: Reprocess
) -> None:
    store = filled([PLAIN])
    take(store, "keep original")
    run(store)
    prepared = prepare(store, Asked(recipe="conservative"), ask=False)
    (line,) = [one for one in plan_text(prepared).splitlines() if "decision 1" in one]
    assert "no longer stands, untouched-" in line
    reprocess(store, recipe="conservative")
    assert recipes(store) == ["conservative"] * 4
    assert outcomes(store.ledger())[1].outcome == "undone"
    assert still_open(store) == ()
    assert run(store, batch="second").decisions_open == 0
    assert recipes(store) == ["conservative"] * 4
    lock(store)


def test_a_lock_taken_while_a_night_runs_is_respected(filled: Archive, run: Run) -> None:
    store = filled([PLAIN, PLAIN])
    manifest = standing_outputs(store)[("R00.r1", None, None)]

    def locking(order: Order, job: Job) -> Any:
        if not store.decisions.read():
            lock(store)
        return played(order, job)

    tally = run(store, DUSTED, worker=locking)
    assert standing_outputs(store)[("R00.r1", None, None)] == manifest
    assert tally.restored == {"R00.r1", "R01.r1"}
    assert recipes(store, "R01.r1") == ["dusted"] * 4
    events = store.ledger().read("events", "night")
    assert list(events[events["event"] == "found locked"]["object"]) == ["R00.r1"]


def test_a_redo_that_could_not_be_restored_is_held_for_that(filled: Archive, run: Run) -> None:
    store = filled([PLAIN])
    take(store, "redo", recipe="stabilised")

    def failing(order: Order, job: Job) -> Any:
        if job.kind == "restore":
            raise ValueError("no two frames are alike")
        if job.kind != "keep":
            return played(order, job)
        own = order.for_reel(job.catalog.reel_id)
        assert job.shot is not None
        treatment = own.treatment.of(job.shot.start_frame)
        kept = replace(outcome(store, job.shot, treatment), status="original kept",
                       reason=job.reason)  # fmt: skip
        own.ledger.append("restorations", job.shot.reel_id, [restored_row(kept, "test")])
        return ShotDone(job.shot, kept.status, job.reason, 1.0)

    assert run(store, worker=failing).decisions_open == 1
    found = outcomes(store.ledger())[1]
    assert found.outcome == "held"
    assert found.detail == "it could not be restored: ValueError: no two frames are alike"
    assert any("could not be restored" in a for a in attention(read_night(store, "night")))
    assert run(store, batch="second").decisions_open == 0


def test_a_night_that_takes_a_decision_back_says_so_once(filled: Archive, run: Run) -> None:
    store = filled([PLAIN])
    take(store, "keep original")
    run(store)
    catalog = Catalog(Path("c.csv"), (known_reels(store.ledger())["R00.r1"].catalog,), (), ())
    lines = plan_decided(store, catalog, DUSTED, Policy()).remarks
    assert "no longer stands, this run restores the whole reel anew, as dusted-" in lines[0]
    assert run(store, DUSTED, "second").decisions_open == 1
    (line,) = [a for a in attention(read_night(store, "second")) if "decision" in a]
    assert "no longer stands: decision 1, keep original by A. Reviewer: this run" in line
    assert line.endswith("decide again if it is still wanted.")
    assert run(store, DUSTED, "third").decisions_open == 0


def test_a_run_that_is_cut_off_after_joining_leaves_no_stale_decision(
    filled: Archive, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = filled([PLAIN])
    take(store, "keep original")
    with monkeypatch.context() as patch:
        patch.setattr("flows.decisions.carried.Carried.record", lambda *_: None)
        run(store)
    assert outcomes(store.ledger())[1].outcome == "begun"
    assert run(store, batch="second").decisions_open == 0
    found = outcomes(store.ledger())[1]
    assert (found.outcome, found.batch_id) == ("carried out", "second")


def test_each_reel_is_recorded_when_it_is_joined(
    filled: Archive, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = filled([PLAIN, PLAIN])
    take(store, "keep original")
    take(store, "keep original", "R01.r1")
    record = Carried.record

    def then_killed(carried: Carried, reel_id: str) -> None:
        record(carried, reel_id)
        raise KeyboardInterrupt

    monkeypatch.setattr(Carried, "record", then_killed)
    with pytest.raises(KeyboardInterrupt):
        run(store)
    assert [one.outcome for one in outcomes(store.ledger()).values()] == ["carried out", "begun"]
