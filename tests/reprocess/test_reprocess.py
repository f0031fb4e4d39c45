"""Reprocessing recomputes exactly what changes: proved from the ledger of a store of 200 shots."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from catalogs.errors import MediaError, RecipeError, StoreError
from catalogs.ledger import Ledger
from catalogs.mixtures import read_version, record_mixture, standing_version
from catalogs.model_shelf import Standing
from catalogs.model_version import ModelReference
from catalogs.policy import Policy
from catalogs.recipe import Recipe, RecipeStep, Treatment, read_recipe, steps_json
from catalogs.records import Shot
from catalogs.rows import known_reels, reel_row, shot_rows
from catalogs.store import Store
from catalogs.store_lock import hold_store
from catalogs.tables import TABLES
from catalogs.treatments import recorded_treatments
from flows import reprocess as flow_module
from flows.cli import app
from flows.night.jobs import Job
from flows.night.order import Order
from flows.night.tally import Tally
from flows.reprocess import Asked, prepare
from flows.words import reel_standings
from tasks.permit import find_policy
from tasks.report.night import read_night
from tasks.reprocess.plan import ChosenShot, ReprocessPlan
from tasks.reprocess.renew import with_version
from tasks.split import DETECTOR
from tasks.strata.measured import measured_shots
from tasks.treat import resolve_recipe

from .conftest import FRAMES, ONE, TWO, by_model, played

Archive = Callable[..., Store]
Reprocess = Callable[..., tuple[str, Tally]]
Nights = Callable[..., tuple[str, Tally]]

PLAIN = resolve_recipe(read_recipe("conservative"))
DUSTED = by_model(ONE)


def planned(store: Store, **asked: str) -> ReprocessPlan:
    return prepare(store, Asked(**asked), ask=False).plan


def computed(store: Store, batch: str) -> set[tuple[str, int]]:
    """Shots that a batch restored, by the ledger alone."""
    rows = store.ledger().read("restorations")
    rows = rows[rows["batch_id"] == batch]
    assert not rows["key"].duplicated().any()
    return set(zip(rows["reel_id"], rows["start_frame"], strict=True))


@pytest.fixture
def two_hundred(archive: Archive) -> Store:
    """Twenty reels of ten shots; three of the reels were restored with the model."""
    return archive([DUSTED if n in (2, 7, 11) else PLAIN for n in range(20)])


def test_of_200_shots_the_30_that_use_the_model_are_recomputed(
    two_hundred: Store, reprocess: Reprocess
) -> None:
    plan = planned(two_hundred, model="dust@2")
    assert (len(plan.to_compute), plan.frames, len(plan.reels)) == (30, 30 * FRAMES, 3)
    assert plan.left_out == {"its treatment stays the same": 170}
    before = len(two_hundred.ledger().read("restorations"))
    batch, tally = reprocess(two_hundred, model="dust@2")
    reels = ("R02.r1", "R07.r1", "R11.r1")
    assert computed(two_hundred, batch) == {(r, FRAMES * n) for r in reels for n in range(10)}
    assert len(two_hundred.ledger().read("restorations")) == before + 30
    assert (tally.shots_computed, tally.restored) == (30, set(reels))
    assert planned(two_hundred, model="dust@2").chosen == ()


def test_the_condition_chooses_shots_and_the_others_of_a_reel_are_taken_over(
    two_hundred: Store, reprocess: Reprocess
) -> None:
    where = "recipe = 'dusted' AND shot_index < 3"
    plan = planned(two_hundred, model="dust@2", where=where)
    assert plan.left_out == {"the condition is not true of it": 191}
    batch, tally = reprocess(two_hundred, model="dust@2", where=where)
    assert tally.shots_computed == 9
    reels = two_hundred.ledger().newest("reels").set_index("reel_id")
    version = reels.loc["R02.r1", "treatment_id"]
    assert version not in (DUSTED.treatment_id, by_model(TWO).treatment_id)
    standing = {s.reel_id: s for s in reel_standings(two_hundred)}["R02.r1"]
    assert (standing.status, standing.shots_done, standing.shots) == ("restored", 10, 10)
    batch, tally = reprocess(two_hundred, model="dust@2")
    assert len(computed(two_hundred, batch)) == 21  # the nine are known under the treatment
    newest = two_hundred.ledger().newest("reels").set_index("reel_id").loc["R02.r1"]
    assert newest["treatment_id"] == by_model(TWO).treatment_id
    batch, tally = reprocess(two_hundred, model="dust@1")
    assert computed(two_hundred, batch) == set()  # the way back costs nothing
    assert tally.restored == {"R02.r1", "R07.r1", "R11.r1"}


def test_a_condition_may_ask_any_table(two_hundred: Store) -> None:
    keys = two_hundred.ledger().newest("restorations")
    some = keys[(keys["reel_id"] == "R02.r1") & (keys["start_frame"] < 2 * FRAMES)]["key"]
    two_hundred.ledger("m").append("measurements", "R02.r1", [
        {"key": key, "reel_id": "R02.r1", "shot_index": n, "metric": "DIRT", "after": 9.0 - n,
         "verdict": "flag" if n == 0 else "ok", "seconds": 36.0, "measurable": True}
        for n, key in enumerate(some)
    ])  # fmt: skip
    flagged = planned(two_hundred, model="dust@2", where="list_contains(flagged, 'DIRT')")
    assert [c.shot.start_frame for c in flagged.chosen] == [0]
    assert flagged.hours == pytest.approx((3.6 + 36) / 3600)
    joined = "key IN (SELECT key FROM measurements WHERE metric = 'DIRT' AND after > 1)"
    assert len(planned(two_hundred, model="dust@2", where=joined).chosen) == 2
    collection = "collection = 'News' AND list_contains(models, 'dust@1')"
    assert {c.shot.reel_id for c in planned(two_hundred, model="dust@2", where=collection).chosen
            } == {"R07.r1", "R11.r1"}  # fmt: skip


@pytest.mark.parametrize(
    "where",
    [
        "nothing = 1", "SELECT", "", "true); DROP TABLE shot; SELECT (1",
        "key IN (SELECT content FROM read_text('/etc/hostname'))",
        "key IN (SELECT column0 FROM '/etc/passwd')",
        "EXISTS (SELECT * FROM where_the_condition_is_checked)",
    ],
)  # fmt: skip
def test_a_condition_that_is_none_or_reads_files_is_refused(archive: Archive, where: str) -> None:
    store = archive([DUSTED], 2)
    with pytest.raises(RecipeError, match="--where"):
        planned(store, model="dust@2", where=where)


def test_another_recipe_changes_every_chosen_shot(archive: Archive, reprocess: Reprocess) -> None:
    store = archive([PLAIN, DUSTED], 3)
    batch, _tally = reprocess(store, recipe="untouched", where="reel_id = 'R00.r1'")
    assert computed(store, batch) == {("R00.r1", FRAMES * n) for n in range(3)}
    labels = store.ledger().newest("reels").set_index("reel_id")["derivative_id"]
    assert labels["R00.r1"].startswith("R00.r1.untouched-")
    assert labels["R01.r1"].startswith("R01.r1.dusted-")


def test_why_a_shot_was_chosen_is_said_and_recorded(archive: Archive, reprocess: Reprocess) -> None:
    store = archive([DUSTED], 2)
    (why,) = {chosen.why for chosen in planned(store, model="dust@2").chosen}
    assert why == f"{DUSTED.label} (dust@1) becomes {by_model(TWO).label} (dust@2)"
    batch, _ = reprocess(store, model="dust@2")
    events = store.ledger().read("events", batch)
    (event,) = events[events["event"] == "reprocessing"]["detail"]
    assert event == f"2 of 2 shots: {why}"


def aged(treatment: Treatment, **parameters: Any) -> Treatment:
    """As an earlier software recorded it, whose deflicker was another and knew these parameters."""
    first, *others = treatment.steps
    known = {**first.parameters, **parameters}
    old = replace(first, version=first.version - 1, parameters=known)
    return replace(treatment, steps=(old, *others))


def test_shots_of_an_earlier_software_are_renewed_by_the_steps_of_today(
    archive: Archive, reprocess: Reprocess
) -> None:
    """What is computed today must not be recorded as what another code computed."""
    store = archive([aged(DUSTED), DUSTED, PLAIN], 2)
    plan = planned(store, model="dust@2")
    assert {reel.treatment.treatment_id for reel in plan.reels} == {by_model(TWO).treatment_id}
    (why,) = {chosen.why for chosen in plan.chosen if chosen.shot.reel_id == "R00.r1"}
    assert why.endswith("(dust@2), by newer code of deflicker")
    batch, _ = reprocess(store, model="dust@2")
    assert computed(store, batch) == {(r, FRAMES * n) for r in ("R00.r1", "R01.r1") for n in (0, 1)}


def test_newer_code_of_a_network_is_said() -> None:
    """The weights are the same and so is the step; what changed is its network's revision."""
    net = replace(ONE, name="net", architecture="ffdnet", content_sha256="a" * 64, steps=())
    steps = (RecipeStep("model", {"model": "net@1"}),)
    now = resolve_recipe(Recipe("netted", "", steps), {ModelReference("net", 1): net})
    (step,) = now.steps
    old = replace(now, steps=(replace(step, parameters={**step.parameters, "revision": "0"}),))
    shot = Shot("R00.r1", "digest", 0, 0, FRAMES)
    why = ChosenShot(shot, old, with_version(old, net), 1.0, is_known=False).why
    assert why == f"{old.label} (net@1) becomes {now.label} (net@1), by newer code of ffdnet"
    assert "newer code" not in ChosenShot(shot, now, DUSTED, 1.0, is_known=False).why


def test_shots_of_an_earlier_software_stay_where_the_model_does(archive: Archive) -> None:
    store = archive([aged(DUSTED)], 2)
    plan = planned(store, model="dust@1")
    assert (plan.chosen, plan.left_out) == ((), {"its treatment stays the same": 2})


def test_a_reel_whose_parameters_no_step_knows_any_more_is_named_and_the_others_go_on(
    archive: Archive,
) -> None:
    store = archive([aged(DUSTED, passes=2), DUSTED, aged(PLAIN, passes=2)], 2)
    plan = planned(store, model="dust@2")
    assert [reel.reel.reel_id for reel in plan.reels] == ["R01.r1"]
    assert "step deflicker" in plan.refused["R00.r1"]
    assert "--recipe" in plan.refused["R00.r1"]
    assert set(plan.refused) == {"R00.r1"}
    assert len(planned(store, recipe="untouched").reels) == 3


def test_the_dry_run_says_how_much_and_changes_nothing(archive: Archive) -> None:
    store = archive([DUSTED, PLAIN], 5)
    before = sorted(store.root.rglob("*"))
    line = ["reprocess", "--store", str(store.root), "--model", "dust@2", "--dry-run"]
    done = CliRunner().invoke(app, line)
    assert done.exit_code == 0, done.output
    assert "R00.r1  5 of 5 shots: dusted-" in done.output
    assert "5 shots left out: its treatment stays the same" in done.output
    assert done.output.endswith(
        "5 shots of 1 reels to restore, 20 frames, about 0.01 worker hours, "
        "at the speed seen before\n"
    )
    as_json = CliRunner().invoke(app, [*line, "--json"])
    assert '"shots": 5' in as_json.output
    assert sorted(store.root.rglob("*")) == before


def test_a_plan_says_that_an_alias_is_as_it_was_last_seen(archive: Archive) -> None:
    """The run asks the registry, where the alias may have moved."""
    store = archive([DUSTED], 2)
    store.shelf.note("dust", Standing(champion=2, challenger=2))
    said = "remark: as this store last saw it, dust@champion is dust@2; the run asks the model"
    line = ["reprocess", "--store", str(store.root), "--dry-run", "--model"]
    assert said in CliRunner().invoke(app, [*line, "dust@champion"]).output
    assert "last saw" not in CliRunner().invoke(app, [*line, "dust@2"]).output


def test_a_night_leaves_a_reel_as_it_was_reprocessed(
    archive: Archive, reprocess: Reprocess, night: Nights
) -> None:
    """A night with the recipe of before finds its own version, and does not put it back."""
    store = archive([DUSTED], 4)
    reprocess(store, model="dust@2", where="shot_index = 1")
    version = store.ledger().newest("reels").iloc[-1]["derivative_id"]
    batch, tally = night(store, DUSTED)
    assert (tally.restored, tally.shots_computed) == ({"R00.r1"}, 0)
    assert tally.shots_restored == 4
    assert store.ledger().newest("reels").iloc[-1]["derivative_id"] == version
    assert computed(store, batch) == set()


def test_a_night_with_what_some_shots_were_reprocessed_with_finishes_the_reel(
    archive: Archive, reprocess: Reprocess, night: Nights
) -> None:
    """However many times it was reprocessed: what the reel came from decides."""
    store = archive([DUSTED], 6)
    reprocess(store, model="dust@2", where="shot_index < 2")
    reprocess(store, model="dust@2", where="shot_index = 4")
    batch, tally = night(store, by_model(TWO))
    assert computed(store, batch) == {("R00.r1", FRAMES * n) for n in (2, 3, 5)}
    assert tally.restored == {"R00.r1"}
    newest = store.ledger().newest("reels").iloc[-1]
    assert newest["treatment_id"] == by_model(TWO).treatment_id
    reprocess(store, model="dust@1", where="shot_index = 4")
    _, tally = night(store, by_model(TWO), "again")
    assert tally.shots_computed == 0
    assert store.ledger().newest("reels").iloc[-1]["treatment_id"] != by_model(TWO).treatment_id


@pytest.mark.parametrize(
    ("again", "asked"), [("dusted", {"model": "dust@2"}), ("untouched", {"recipe": "untouched"})]
)
def test_a_night_leaves_a_reel_that_was_reprocessed_as_a_whole(
    archive: Archive, reprocess: Reprocess, night: Nights, again: str, asked: dict[str, str]
) -> None:
    """Nine of ten shots or all ten: what an operator did is not undone by the next night."""
    store = archive([DUSTED], 4)
    reprocess(store, **asked)
    version = store.ledger().newest("reels").iloc[-1]["derivative_id"]
    assert version.startswith(f"R00.r1.{again}-")
    batch, tally = night(store, DUSTED)
    assert (tally.restored, tally.shots_computed, tally.shots_restored) == ({"R00.r1"}, 0, 4)
    assert store.ledger().newest("reels").iloc[-1]["derivative_id"] == version
    events = store.ledger().read("events", batch)
    (said,) = events[events["event"] == "found finished"]["detail"]
    assert said == "stands as it was reprocessed"
    assert "stands as it was reprocessed" in (store.root / "logs" / "R00.r1.log").read_text()
    shutil.rmtree(store.root / "reels")
    shutil.rmtree(store.root / "shots")
    _, tally = night(store, DUSTED, "after")
    assert tally.shots_computed == 4
    assert store.ledger().newest("reels").iloc[-1]["derivative_id"] == version


def test_a_changed_recipe_restores_a_reprocessed_reel_anew(
    archive: Archive, reprocess: Reprocess, night: Nights
) -> None:
    store = archive([DUSTED], 4)
    reprocess(store, model="dust@2")
    _, tally = night(store, PLAIN)
    assert tally.shots_computed == 4
    assert store.ledger().newest("reels").iloc[-1]["treatment_id"] == PLAIN.treatment_id


def test_going_back_leaves_no_trace_of_a_reprocessing(
    archive: Archive, reprocess: Reprocess, night: Nights
) -> None:
    """A reel that went back is a night's own again, and follows the recipe of nights."""
    store = archive([DUSTED], 4)
    reprocess(store, model="dust@2")
    reprocess(store, model="dust@1")
    assert store.ledger().newest("reels").iloc[-1]["treatment_id"] == DUSTED.treatment_id
    night(store, by_model(TWO))
    assert store.ledger().newest("reels").iloc[-1]["treatment_id"] == by_model(TWO).treatment_id


def test_what_a_night_has_made_its_own_follows_the_recipe_of_nights(
    archive: Archive, reprocess: Reprocess, night: Nights
) -> None:
    """After `promote` nights have the new version; when nights go back, so do the reels."""
    store = archive([DUSTED], 4)
    reprocess(store, model="dust@2")
    _, tally = night(store, by_model(TWO))
    assert tally.shots_computed == 0
    _, tally = night(store, DUSTED, "rolled back")
    assert store.ledger().newest("reels").iloc[-1]["treatment_id"] == DUSTED.treatment_id


def test_a_night_puts_back_what_a_reprocessed_version_has_lost(
    archive: Archive, reprocess: Reprocess, night: Nights
) -> None:
    store = archive([DUSTED], 4)
    reprocess(store, model="dust@2", where="shot_index = 1")
    version = store.ledger().newest("reels").iloc[-1]["derivative_id"]
    shutil.rmtree(store.root / "reels")
    _, tally = night(store, DUSTED)
    assert (tally.restored, tally.shots_computed) == ({"R00.r1"}, 0)
    assert (store.root / "reels" / "R00.r1" / version.removeprefix("R00.r1.")).is_dir()
    shutil.rmtree(store.root / "reels")
    shutil.rmtree(store.root / "shots")
    batch, tally = night(store, DUSTED, "after")
    assert len(computed(store, batch)) == 4
    rows = store.ledger().newest("restorations")
    of_two = rows[(rows["batch_id"] == batch) & (rows["start_frame"] == FRAMES)]
    assert list(of_two["treatment_id"]) == [by_model(TWO).treatment_id]
    assert store.ledger().newest("reels").iloc[-1]["derivative_id"] == version


def test_a_mixture_is_of_one_source(archive: Archive, reprocess: Reprocess, night: Nights) -> None:
    """A source that is put back after another finds the version that was made of it."""
    store = archive([DUSTED], 4)
    ledger = store.ledger("b")
    reprocess(store, model="dust@2", where="shot_index = 1")
    reel = known_reels(ledger)["R00.r1"]
    version = standing_version(ledger, reel)
    other = replace(reel, content=replace(reel.content, sha256="scanned again"))
    mixture = read_version(ledger, reel, version, recorded_treatments(ledger))
    assert mixture is not None
    record_mixture(ledger, other, mixture)
    _, tally = night(store, DUSTED)
    assert (tally.restored, tally.shots_computed) == ({"R00.r1"}, 0)
    assert standing_version(ledger, reel) == version
    assert (reel_standings(store)[0].shots_done, len(mixture.parts)) == (4, 4)


def test_a_night_does_not_stand_by_a_version_that_policy_forbids_now(
    archive: Archive, reprocess: Reprocess, night: Nights, tmp_path: Path
) -> None:
    store = archive([PLAIN], 4)
    recipe = tmp_path / "faded.toml"
    recipe.write_text('name = "faded"\n[[step]]\nname = "fade"\n')
    reprocess(store, recipe=str(recipe), where="shot_index = 1")
    policy = tmp_path / "policy.toml"
    policy.write_text('[[collection]]\nname = "Home"\nnever = ["fade"]\n')
    batch, _ = night(store, PLAIN, policy=find_policy(policy, store.root))
    events = store.ledger().read("events", batch)
    (said,) = events[events["event"] == "reprocessed version"]["detail"]
    assert said.startswith("does not stay as it was reprocessed: collection 'Home': step fade must")
    assert store.ledger().newest("reels").iloc[-1]["treatment_id"] == PLAIN.treatment_id


def test_what_failed_is_begun_again_where_it_stopped(
    archive: Archive, reprocess: Reprocess
) -> None:
    """The version before stands meanwhile; shots that were recorded are not computed again."""
    store = archive([DUSTED], 4)

    def failing(order: Order, job: Job) -> Any:
        if job.kind == "assemble":
            raise MediaError("the disk is full")
        return played(order, job)

    _, tally = reprocess(store, failing, model="dust@2")
    assert (tally.failed, tally.shots_computed) == ({"R00.r1"}, 4)
    plan = planned(store, model="dust@2")
    assert (len(plan.chosen), plan.to_compute) == (4, ())
    _, tally = reprocess(store, model="dust@2")
    assert (tally.restored, tally.shots_computed) == ({"R00.r1"}, 0)


def test_a_reel_that_is_held_stays_and_is_named(archive: Archive) -> None:
    """After a night without the archive's disk nothing may be left out in silence."""
    store = archive([DUSTED, DUSTED, PLAIN], 2)
    for reel_id in ("R00.r1", "R02.r1"):
        row = {"reel_id": reel_id, "status": "held", "reason": "a.mkv: no such file; restore it"}
        store.ledger("later").append("reels", reel_id, [row])
    plan = planned(store, model="dust@2")
    assert {chosen.shot.reel_id for chosen in plan.chosen} == {"R01.r1"}
    assert set(plan.refused) == {"R00.r1"}  # of the other no shot would change
    said = "it is held (a.mkv: no such file; restore it); put that right and run the night first"
    assert plan.refused["R00.r1"] == said
    assert planned(store, model="dust@2", where="reel_id = 'R01.r1'").refused == {}


def test_the_report_of_a_reprocessing_names_the_reels_that_it_left(
    archive: Archive, reprocess: Reprocess
) -> None:
    store = archive([DUSTED, DUSTED], 2)
    row = {"reel_id": "R00.r1", "status": "held", "reason": "the source is damaged"}
    store.ledger("later").append("reels", "R00.r1", [row])
    batch, _ = reprocess(store, model="dust@2")
    first, second = read_night(store, batch).reels
    assert (first.reel_id, first.status, second.status) == ("R00.r1", "held", "restored")
    assert "the source is damaged" in first.row["reason"]


def test_a_reel_that_policy_forbids_stays_and_is_named(archive: Archive, tmp_path: Path) -> None:
    store = archive([PLAIN, DUSTED], 2)
    policy = tmp_path / "policy.toml"
    policy.write_text('[[collection]]\nname = "News"\nnever = ["deflicker"]\n')
    prepared = prepare(store, Asked(recipe="conservative", policy=str(policy)), ask=False)
    assert prepared.plan.reels == ()
    assert "step deflicker must never run" in prepared.plan.refused["R01.r1"]
    assert prepared.policy != Policy()


def test_the_policy_of_a_reprocessing_is_an_event(
    archive: Archive, reprocess: Reprocess, tmp_path: Path
) -> None:
    store = archive([DUSTED], 1)
    policy = tmp_path / "policy.toml"
    policy.write_text('[[collection]]\nname = "News"\nnever = ["deflicker"]\n')
    batch, _ = reprocess(store, model="dust@2", policy=str(policy))
    events = store.ledger().read("events", batch)
    (event,) = events[events["event"] == "policy"].to_dict("records")
    found = find_policy(policy, store.root)
    assert (event["object"], event["detail"]) == (str(policy), f"sha256 {found.sha256}")


def test_what_to_restore_with_must_be_said() -> None:
    with pytest.raises(RecipeError, match="--recipe, --model, or both"):
        Asked(where="true")


def test_a_recipe_is_pinned_to_a_version(archive: Archive, tmp_path: Path) -> None:
    store = archive([PLAIN], 2)
    file = tmp_path / "dusted.toml"
    text = 'name = "dusted"\n[[step]]\nname = "deflicker"\n[[step]]\nname = "model"\nmodel = "{}"\n'
    file.write_text(text.format("dust@1"))
    plan = planned(store, recipe=str(file), model="dust@2")
    assert plan.treatments[0].treatment_id == by_model(TWO).treatment_id
    with pytest.raises(RecipeError, match="does not use the model rust"):
        planned(store, recipe=str(file), model="rust@1")


def test_a_treatment_without_the_model_stays_the_very_same() -> None:
    assert with_version(PLAIN, TWO) == PLAIN
    assert with_version(DUSTED, TWO).treatment_id == by_model(TWO).treatment_id
    assert with_version(DUSTED, ONE).treatment_id == DUSTED.treatment_id
    assert with_version(Treatment("none", ()), TWO).steps == ()


def test_the_deployment_is_on_demand() -> None:
    text = (Path(__file__).parents[2] / "prefect.yaml").read_text()
    deployments: list[dict[str, Any]] = yaml.safe_load(text)["deployments"]
    (found,) = [d for d in deployments if d["entrypoint"] == "flows.reprocess.reprocess"]
    assert "schedules" not in found


def test_every_table_of_the_ledger_can_be_asked(archive: Archive) -> None:
    store = archive([DUSTED], 2)
    for table in TABLES:
        where = f"(SELECT count(*) FROM {table}) >= 0"
        assert len(planned(store, model="dust@2", where=where).chosen) == 2


def test_only_tables_that_a_condition_asks_are_read(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`frames` is a column of a shot, and the largest table as well."""
    store, read = archive([DUSTED], 2), []
    newest = Ledger.newest_table

    def noted(ledger: Ledger, table: str) -> Any:
        read.append(table)
        return newest(ledger, table)

    monkeypatch.setattr(Ledger, "newest_table", noted)
    for where, tables in (
        ("frames < 200 AND reel_id <> 'events'", []),
        ("frames < 200 AND (SELECT count(*) FROM Frames) = 0", ["frames"]),
        ("key IN (WITH a AS (SELECT key FROM restorations) SELECT key FROM a)", ["restorations"]),
    ):
        assert len(planned(store, model="dust@2", where=where).chosen) == 2
        assert read == tables
        read.clear()


def test_of_two_reels_of_one_file_only_the_selected_one_changes(
    archive: Archive, reprocess: Reprocess
) -> None:
    """Equal pixels have equal keys, whichever reel they are of; files and records are a reel's."""
    store = archive([DUSTED, DUSTED], 3, digest="same")
    plan = planned(store, model="dust@2", where="reel_id = 'R01.r1'")
    assert {chosen.shot.reel_id for chosen in plan.chosen} == {"R01.r1"}
    assert plan.left_out == {"the condition is not true of it": 3}
    reprocess(store, model="dust@2", where="reel_id = 'R01.r1'")
    plan = planned(store, model="dust@2")
    assert {chosen.shot.reel_id for chosen in plan.to_compute} == {"R00.r1"}
    assert len(plan.to_compute) == 3


@pytest.mark.parametrize("part", [{}, {"where": "shot_index = 1"}])
def test_strata_take_what_stands_after_going_back(
    archive: Archive, reprocess: Reprocess, part: dict[str, str]
) -> None:
    """Not what was restored last: on the way back nothing is restored."""
    store = archive([DUSTED], 3)
    reprocess(store, model="dust@2")
    reprocess(store, model="dust@1", **part)
    rows = store.ledger().newest("restorations")
    values = [{"key": key, "reel_id": "R00.r1", "metric": "DIRT"} for key in rows["key"]]
    store.ledger("m").append("measurements", "R00.r1", values)
    shots = measured_shots(store).shots
    one, two = DUSTED.label, by_model(TWO).label
    assert [shot.treatment for shot in shots] == ([two, one, two] if part else [one] * 3)
    only = measured_shots(store, treatment_id=by_model(TWO).treatment_id).shots
    assert [shot.treatment for shot in only] == [two] * 3


def test_a_flag_is_of_one_reel(archive: Archive) -> None:
    store = archive([DUSTED, DUSTED], 1, digest="same")
    (key,) = set(store.ledger().newest("restorations")["key"])
    flag = {"key": key, "reel_id": "R01.r1", "shot_index": 0, "metric": "DIRT", "verdict": "flag",
            "seconds": 36.0}  # fmt: skip
    store.ledger("m").append("measurements", "R01.r1", [flag])
    plan = planned(store, model="dust@2", where="list_contains(flagged, 'DIRT')")
    assert {chosen.shot.reel_id for chosen in plan.chosen} == {"R01.r1"}
    assert planned(store, model="dust@2").hours == pytest.approx((3.6 + 3.6 + 36) / 3600)


def test_a_reel_whose_source_was_ingested_anew_waits_for_its_night(archive: Archive) -> None:
    store = archive([DUSTED, DUSTED], 2)
    reel = known_reels(store.ledger())["R00.r1"]
    new = replace(reel, content=replace(reel.content, sha256="scanned again"))
    shots = [Shot(new.reel_id, new.digest, n, FRAMES * n, FRAMES * (n + 1)) for n in range(2)]
    ledger = store.ledger("second")
    ledger.append("shots", new.reel_id, shot_rows(shots, DETECTOR))
    ledger.append("reels", new.reel_id, [reel_row(new, "ingested", DUSTED)])
    plan = planned(store, model="dust@2")
    assert [one.reel.reel_id for one in plan.reels] == ["R01.r1"]
    assert plan.refused == {"R00.r1": "its source was ingested anew; run the night first"}


@pytest.mark.parametrize("where", [{}, {"where": "frames > 0"}])
def test_a_store_without_restored_reels_has_nothing_to_reprocess(
    archive: Archive, where: dict[str, str]
) -> None:
    store = archive([])
    assert planned(store, model="dust@2", **where) == ReprocessPlan((), {}, {})


def test_a_condition_that_is_true_of_nothing_chooses_nothing(archive: Archive) -> None:
    plan = planned(archive([DUSTED], 2), model="dust@2", where="frames > 1000")
    assert (plan.chosen, plan.left_out) == ((), {"the condition is not true of it": 2})


def flow(store: Store, monkeypatch: pytest.MonkeyPatch, **asked: str) -> Any:
    """The flow without Prefect, with the models of the store's shelf; it must begin no batch."""
    monkeypatch.setattr(flow_module, "run_batch", lambda *_: pytest.fail("a batch was begun"))
    monkeypatch.setattr(flow_module, "prepare", partial(prepare, ask=False))
    return flow_module.reprocess.fn(str(store.root), **asked)


def test_a_plan_is_made_while_the_store_is_held(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a night does meanwhile would make it a plan of yesterday."""
    store = archive([DUSTED], 2)
    with hold_store(store), pytest.raises(StoreError, match="another night"):
        flow(store, monkeypatch, model="rust@1")  # not looked for: there is no such model

    def held(*_: Any) -> Any:
        with pytest.raises(StoreError, match="another night"), hold_store(store):
            pass
        raise RecipeError("planned")

    monkeypatch.setattr(flow_module, "prepare", held)
    with pytest.raises(RecipeError, match="planned"):
        flow_module.reprocess.fn(str(store.root), model="dust@2")


def test_where_no_shot_changes_no_batch_is_begun(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = archive([PLAIN, aged(DUSTED, passes=2)], 2)
    before = sorted(store.tables.rglob("*"))
    summary = flow(store, monkeypatch, model="dust@2", where="reel_id = 'R00.r1'")
    assert (summary.batch_id, summary.all_well) == ("", True)
    assert "no shot changes" in summary.report
    attention = flow(store, monkeypatch, model="dust@2")
    assert (attention.name, attention.data.held) == ("NeedsAttention", 1)
    assert "R01.r1 stays as it is: recipe dusted, step deflicker" in attention.data.report
    assert sorted(store.tables.rglob("*")) == before


def test_a_time_that_is_none_is_refused_before_anything_is_planned(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="'25:99' is not HH:MM"):
        flow(archive([DUSTED], 1), monkeypatch, model="dust@2", until="25:99")


def test_a_recipe_of_the_same_steps_is_not_the_model(archive: Archive) -> None:
    """Whatever night named the steps last: shots of the model are chosen by it, others are not."""
    steps = (RecipeStep("deflicker", {}), RecipeStep("dirt", {"threshold": 0.1}))
    plain = resolve_recipe(Recipe("plainly", "", steps))
    store = archive([DUSTED, plain, DUSTED], 3)
    for treatment in (plain, DUSTED, plain):
        store.ledger("again").append("batches", "again", [{
            "recipe": treatment.recipe_name, "treatment_id": treatment.treatment_id,
            "steps_json": steps_json(treatment.steps), "status": "finished",
        }])  # fmt: skip
        plan = planned(store, model="dust@2")
        assert [reel.reel.reel_id for reel in plan.reels] == ["R00.r1", "R02.r1"]
        assert len(plan.chosen) == 6
