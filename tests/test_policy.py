"""Policies: nothing is invented unless a person allowed it, and what is forbidden is held."""

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from typer.testing import CliRunner, Result

from catalogs.catalog import Catalog, read_catalog
from catalogs.errors import RecipeError, StoreError
from catalogs.exports.premis import premis_document
from catalogs.policy import Policy, read_policy
from catalogs.recipe import Treatment, TreatmentStep
from catalogs.records import CatalogReel
from catalogs.rows import reels_at_hand
from catalogs.store import Store, open_store
from flows.cli import app
from flows.night import work
from flows.night.jobs import Job
from flows.night.loop import Night
from flows.night.order import Order
from flows.night.progress import NightProgress
from flows.night.tally import Tally
from models.contract import Change, Frame, Step, Touches
from models.motion import Motion
from models.supported import STEPS
from tasks.export.gather import read_restored_reel
from tasks.manifest import read_manifest
from tasks.permit import allowances, find_policy, permit
from tasks.report.write import write_report

MakeReel = Callable[..., tuple[Path, list[bytes]]]

UNTOUCHED = Treatment("untouched", ())
DIRT = Treatment("mine", (TreatmentStep("dirt", 1, {}),))
DREAMT = Treatment("dreamt", (TreatmentStep("dream", 1, {"depth": 1.0}),))
CURATOR = 'allow = ["dream"]\nallowed_by = "A. Curator"\nallowed_on = 2026-11-01\n'
SENTENCE = (
    "step dream may invent picture: allowed by A. Curator on 2026-11-01 for collection 'News'"
)


@dataclass(frozen=True)
class Dream(Step):
    """Makes up the first sample of every frame."""

    name: ClassVar[str] = "dream"
    version: ClassVar[int] = 1
    touches: ClassVar[Touches] = "damage"
    invents: ClassVar[bool] = True

    depth: float = 1.0

    def changes(self, frames: Iterator[Frame], motion: Motion) -> Iterator[Change]:
        for frame in frames:
            deltas = [plane.int() * 0 for plane in frame.planes]
            deltas[0][0, 0] = 1
            yield Change(tuple(deltas))


@pytest.fixture(autouse=True)
def a_step_that_invents(monkeypatch: pytest.MonkeyPatch) -> None:
    """No step that is shipped does."""
    for place in ("models.supported.STEPS", "tasks.export.gather.STEPS"):
        monkeypatch.setattr(place, (*STEPS, Dream))


def write(folder: Path, text: str, name: str = "policy.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def rules(name: str, text: str = "") -> str:
    return f'[[collection]]\nname = "{name}"\n{text}\n'


def policy(folder: Path, *collections: str) -> Policy:
    return find_policy(write(folder, "\n".join(collections)), folder)


def reel(name: str, collection: str | None = None) -> CatalogReel:
    return CatalogReel(name, name, 1, 1, f"{name}.mkv", ord(name[0]), collection=collection)


def catalog_of(*reels: CatalogReel) -> Catalog:
    return Catalog(Path("c.csv"), reels, (), ())


def held(catalog: Catalog) -> dict[str, str]:
    return {row.identifier: row.reason for row in catalog.held}


# What is written


def test_a_policy_is_read_field_by_field(tmp_path: Path) -> None:
    path = write(tmp_path, rules("Nitrate  news", f'{CURATOR}never = ["dirt"]') + rules("*"))
    found = read_policy(path)
    news, others = found.collections
    assert (news.name, news.allow, news.never) == ("Nitrate news", ("dream",), ("dirt",))
    assert (news.allowed_by, news.allowed_on) == ("A. Curator", date(2026, 11, 1))
    assert (others.allow, others.never) == ((), ())
    assert (found.path, len(found.sha256)) == (path, 64)


MISTAKES = {
    "not TOML": ("[[collection", "not TOML"),
    "far too deep": ("a = " + "[" * 20_000, "not TOML"),
    "unknown table": ('[[collections]]\nname = "x"', "unknown field collections; use"),
    "one table": ('[collection]\nname = "x"', r"collection is not a list .*; write \[\[collection"),
    "a text": ('collection = ["News"]', r"1 is not a table; write \[\[collection\]\]"),
    "no name": ('[[collection]]\nnever = ["dirt"]', r"\[\[collection\]\] 1: needs name ="),
    "empty name": (rules(" "), "1: needs name ="),
    "unknown field": (rules("x", 'nevr = ["dirt"]'), "1 'x': unknown field nevr; use: name, allow"),
    "a step alone": (rules("x", 'never = "dirt"'), r"never must be a list of steps; write never"),
    "a number": (rules("x", "never = [3]"), "never must be a list of steps"),
    "unknown step": (rules("x", 'never = ["drit"]'), "never: no step is named 'drit'; .* dirt"),
    "unknown step allowed": (rules("x", 'allow = ["y"]\nallowed_by = "A"'), "allow: no step is"),
    "twice": (rules("x", 'never = ["dirt", "dirt"]'), "never names dirt twice; keep one"),
    "both": (rules("x", f'{CURATOR}never = ["dream"]'), "allow and never both name dream; keep"),
    "by nobody": (rules("x", 'allow = ["dream"]'), "allow needs allowed_by .*; name the person"),
    "by no one named": (rules("x", 'allow = ["dream"]\nallowed_by = "unknown"'), "name the per"),
    "by a list": (rules("x", 'allow = ["dream"]\nallowed_by = ["A"]'), "allowed_by must be a text"),
    "nothing allowed": (rules("x", 'allowed_by = "A"'), "allow, which is empty; fill it in"),
    "no day": (rules("x", f'{CURATOR.replace("2026-11-01", "2026")}'), "allowed_on must be a day"),
    "an hour": (
        rules("x", f'{CURATOR.replace("2026-11-01", "2026-11-01T10:00:00")}'), "must be a day"
    ),
    "a collection twice": (rules("News") + rules("NEWS"), "collection 'news' stands twice; write"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_in_a_policy_is_named_with_its_file(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        find_policy(write(tmp_path, text), tmp_path)
    assert "policy.toml: " in str(caught.value)


def test_the_file_that_is_named_comes_before_the_store_s(tmp_path: Path) -> None:
    write(tmp_path, rules("stored"))
    named = write(tmp_path, rules("named"), "other.toml")
    assert find_policy(named, tmp_path).collections[0].name == "named"
    assert find_policy(None, tmp_path).collections[0].name == "stored"
    assert find_policy(None, tmp_path / "elsewhere") == Policy()


def test_a_policy_that_cannot_be_read_is_not_taken_for_none(tmp_path: Path) -> None:
    """A rule must not be lifted by a share that is not mounted."""
    (tmp_path / "policy.toml").symlink_to(tmp_path / "share" / "policy.toml")
    for named in (None, tmp_path / "absent.toml"):
        with pytest.raises(RecipeError, match=r"cannot be read .* check the path"):
            find_policy(named, tmp_path)


def test_a_new_store_may_hold_its_policy_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, rules("*"))
    assert open_store(tmp_path).root == tmp_path
    other = tmp_path / "other"
    other.mkdir()
    write(other, "", "recipe.toml")
    with pytest.raises(StoreError, match="neither empty nor a store"):
        open_store(other)


# What holds


def test_without_a_policy_nothing_is_invented_and_all_else_is_done() -> None:
    reels = catalog_of(reel("a"), reel("b", "News"))
    assert permit(reels, Policy(), DIRT) == reels
    reasons = held(permit(reels, Policy(), DREAMT))
    assert reasons["a"] == (
        "a reel of no collection: step dream invents picture, which nobody allowed: there is no "
        "policy; name a recipe without dream, or let a named person allow it (allow, allowed_by) "
        "in STORE/policy.toml"
    )
    assert reasons["b"].startswith("collection 'News': step dream invents picture")


def test_what_a_named_person_allowed_is_allowed_there_only(tmp_path: Path) -> None:
    found = policy(tmp_path, rules("News", CURATOR))
    permitted = permit(catalog_of(reel("a", "news "), reel("b", "Ads"), reel("c")), found, DREAMT)
    assert [r.identifier for r in permitted.reels] == ["a"]
    assert list(held(permitted)) == ["b", "c"]
    assert f"which nobody allowed in {tmp_path}/policy.toml" in held(permitted)["b"]
    assert [a.sentence for a in allowances(found, "News", DREAMT)] == [SENTENCE]
    assert allowances(found, "Ads", DREAMT) == allowances(found, "News", DIRT) == ()


def test_a_step_that_must_never_run_holds_its_reels_and_the_others_go_on(tmp_path: Path) -> None:
    found = policy(tmp_path, rules("News", 'never = ["dirt"]'))
    permitted = permit(catalog_of(reel("a", "News"), reel("b", "Ads")), found, DIRT)
    assert [r.identifier for r in permitted.reels] == ["b"]
    assert held(permitted) == {
        "a": "collection 'News': step dirt must never run on it, by [[collection]] 'News' of "
        f"{tmp_path}/policy.toml; name a recipe without dirt, or take it out of never"
    }
    assert permitted.held[0].by_policy


def test_the_star_is_every_collection_without_rules_of_its_own(tmp_path: Path) -> None:
    found = policy(tmp_path, rules("*", 'never = ["dirt"]'), rules("News"))
    permitted = permit(catalog_of(reel("a", "News"), reel("b", "Ads"), reel("c")), found, DIRT)
    assert [r.identifier for r in permitted.reels] == ["a"]


def test_a_step_that_is_forbidden_twice_over_is_told_once(tmp_path: Path) -> None:
    found = policy(tmp_path, rules("News", 'never = ["dream"]'))
    reason = held(permit(catalog_of(reel("a", "News")), found, DREAMT))["a"]
    assert ("must never run" in reason, "invents" in reason) == (True, False)


def test_rows_that_are_held_already_keep_their_place(tmp_path: Path) -> None:
    earlier = permit(catalog_of(reel("b")), Policy(), DREAMT).held
    catalog = replace(catalog_of(reel("a"), reel("c")), held=earlier)
    assert list(held(permit(catalog, Policy(), DREAMT))) == ["a", "b", "c"]


def test_what_was_allowed_and_a_rule_that_no_reel_is_under_are_remarked(tmp_path: Path) -> None:
    found = policy(tmp_path, rules("News", CURATOR), rules("Nws", 'never = ["dirt"]'), rules("*"))
    permitted = permit(catalog_of(reel("a", "News"), reel("b", "News")), found, DREAMT)
    assert permitted.remarks == ("policy.toml: no reel is of collection 'Nws'", SENTENCE)


# Nights


class Done:
    """A future that is done already: the job ran when it was submitted."""

    def __init__(self, value: Any) -> None:
        self._value, self.state = value, self

    def is_completed(self) -> bool:
        return True

    def wait(self) -> None:
        pass

    def result(self, raise_on_failure: bool = True) -> Any:
        return self._value

    def add_done_callback(self, note: Callable[["Done"], None]) -> None:
        note(self)


def night(order: Order, catalog: Catalog) -> tuple[Tally, list[str]]:
    """A night of real work without a cluster; how it ended, and the kinds of jobs it did."""
    kinds: list[str] = []

    def submit(job: Job) -> Any:
        kinds.append(job.kind)
        if job.kind == "ingest":
            return Done(work.ingest(order, job.catalog))
        assert job.reel is not None
        if job.kind == "assemble":
            return Done(work.assemble(order, job.reel))
        assert job.shot is not None
        return Done(work.restore(order, job.reel, job.shot, 100))

    step = asdict(order.treatment)["steps"]
    batch = {"treatment_id": order.treatment.treatment_id, "recipe": order.treatment.recipe_name,
             "steps_json": json.dumps(step), "status": "running"}  # fmt: skip
    order.ledger.append("batches", order.batch_id, [batch])
    loop = Night(order, submit, 1, NightProgress(order.store, None), lambda: False)  # type: ignore[arg-type]
    return loop.run(permit(catalog, order.policy, order.treatment)), kinds


@pytest.fixture
def catalog(make_reel: MakeReel, tmp_path: Path) -> Path:
    make_reel("a.mkv", "gray", 6, seed=1)
    make_reel("b.mkv", "gray", 6, seed=2)
    return write(
        tmp_path,
        "identifier,title,reel,path,frame_rate,collection\n"
        "A,One,1 of 1,a.mkv,18,News\nB,Two,1 of 1,b.mkv,18,Ads\n",
        "catalog.csv",
    )


def test_who_allowed_it_is_recorded_with_the_reel_and_disclosed(
    catalog: Path, store: Store, tmp_path: Path
) -> None:
    """In the ledger before it is done, in the manifest, the report and the PREMIS document."""
    found = policy(tmp_path, rules("News", CURATOR))
    order = Order(store, tmp_path, DREAMT, "night-1", policy=found)
    tally, _ = night(order, read_catalog(catalog))
    assert (tally.restored, tally.held) == ({"A.r1"}, {"B.r1"})
    events = store.ledger().read("events")
    (allowed,) = events[events["event"] == "allowance"].to_dict("records")
    assert (allowed["object"], allowed["agent"]) == ("A.r1", "A. Curator")
    assert allowed["detail"] == SENTENCE
    assert list(events["event"]).index("allowance") < list(events["event"]).index("restoration")
    folder = store.reel_folder("A.r1", DREAMT.label)
    assert read_manifest(folder)["disclosures"] == [SENTENCE]
    report = write_report(store, "night-1").with_name("report.md").read_text()
    disclosed = report.partition("## Disclosed")[2].partition("## Pictures")[0]
    assert f"A reel 1 of 1: {SENTENCE}" in disclosed
    subject = read_restored_reel(store, "A.r1", "wetgate 0")
    assert subject.reel.disclosures == (SENTENCE,)
    document = premis_document(subject).decode()
    assert "<agentName>A. Curator</agentName>" in document
    assert "allowance" in document


def test_a_reel_that_a_policy_held_is_taken_up_where_it_stood(
    catalog: Path, store: Store, tmp_path: Path
) -> None:
    """A recipe that was named by mistake costs no second reading of the archive."""
    read = read_catalog(catalog)
    first = Order(store, tmp_path, UNTOUCHED, "night-1")
    assert night(first, read)[0].restored == {"A.r1", "B.r1"}
    tally, kinds = night(Order(store, tmp_path, DREAMT, "night-2"), read)
    assert (tally.held, kinds) == ({"A.r1", "B.r1"}, [])
    assert set(store.ledger().newest("reels")["status"]) == {"held"}
    tally, kinds = night(replace(first, batch_id="night-3"), read)
    assert (tally.restored, kinds) == ({"A.r1", "B.r1"}, [])
    assert set(store.ledger().newest("reels")["status"]) == {"restored"}


def test_a_policy_lifts_no_other_hold(catalog: Path, store: Store, tmp_path: Path) -> None:
    """A source that was found changed is looked at anew, whatever a policy said since."""
    read = read_catalog(catalog)
    order = Order(store, tmp_path, UNTOUCHED, "night-1")
    night(order, read)
    row = {"reel_id": "A.r1", "status": "held", "reason": "the source differs"}
    store.ledger("fixity").append("reels", "A.r1", [row])
    night(Order(store, tmp_path, DREAMT, "night-2"), read)
    assert list(reels_at_hand(store.ledger())) == ["B.r1"]


# The command line


def call(*words: str, **environment: str) -> Result:
    return CliRunner().invoke(app, list(words), env=environment)


def test_a_plan_says_what_a_policy_would_hold(catalog: Path, tmp_path: Path) -> None:
    write(tmp_path, rules("News", 'never = ["dirt"]'))
    store = str(tmp_path / "store")
    words = ["plan", str(catalog), "--store", store]
    assert call(*words).exit_code == 0
    by_option = call(*words, "--policy", str(tmp_path / "policy.toml"))
    by_environment = call(*words, WETGATE_POLICY=str(tmp_path / "policy.toml"))
    of_the_store = call(*words[:-1], str(tmp_path))
    for result in (by_option, by_environment, of_the_store):
        assert result.exit_code == 1
        assert "A.r1  would be held: collection 'News': step dirt must never run" in result.output
        assert "B.r1  to be restored" in result.output


def test_a_mistake_in_a_policy_is_told_before_a_plan(catalog: Path, tmp_path: Path) -> None:
    path = write(tmp_path, rules("News", 'never = ["drit"]'))
    result = call("plan", str(catalog), "--policy", str(path))
    assert isinstance(result.exception, RecipeError)


def test_a_night_reads_the_policy_of_its_store_and_says_so(
    catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every reel is forbidden, so that no cluster is needed: it ends like any night that holds."""
    from flows import nightly
    from flows.night import batch, batch_work

    monkeypatch.setattr(batch_work, "night_cluster", lambda *_: nullcontext())
    crew = SimpleNamespace(workers=None, places=None, slots=1)
    monkeypatch.setattr(batch_work, "night_crew", lambda *_: nullcontext(crew))
    monkeypatch.setattr(batch, "track_batches", lambda _: {})
    store = tmp_path / "store"
    store.mkdir()
    path = write(store, rules("*", 'never = ["dirt"]'))
    state = nightly.nightly.fn(str(catalog), str(store))
    assert (state.name, state.message) == (
        "NeedsAttention", "reels: 0 restored, 2 held, 0 failed",
    )  # fmt: skip
    (report,) = store.glob("reports/*/report.md")
    text = report.read_text()
    assert "Name a recipe without dirt, or take it out of never." in text
    assert f"- Policy: {path}: sha256 {find_policy(path, store).sha256}" in text.replace("\\", "")


def test_the_run_command_hands_its_policy_on(
    catalog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}

    def refuse(**parameters: Any) -> None:
        given.update(parameters)
        raise RecipeError("enough")

    monkeypatch.setattr("flows.commands.run.start_night", refuse)
    call("run", str(catalog), WETGATE_POLICY="ours.toml")
    assert given["policy"] == "ours.toml"
    call("run", str(catalog), "--policy", "mine.toml", WETGATE_POLICY="ours.toml")
    assert given["policy"] == "mine.toml"


def test_the_policy_that_the_documentation_shows_is_sound(tmp_path: Path) -> None:
    text = (Path(__file__).parent.parent / "docs" / "recipes.md").read_text(encoding="utf-8")
    shown = text.partition("# policy.toml\n")[2].partition("```")[0]
    found = policy(tmp_path, shown)
    assert [entry.name for entry in found.collections] == ["Nitrate news", "*"]
