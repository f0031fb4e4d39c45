"""A registry that several share, and people who are cut off: nothing is half done unseen."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from catalogs.errors import RecipeError, StoreError
from catalogs.model_shelf import Standing
from catalogs.model_version import read_version, version_json
from catalogs.recipe import RecipeStep
from catalogs.store import Store, open_store
from flows.registry import intentions
from flows.registry.moving import STALE, alone
from flows.registry.promotion import promote, register, rollback
from flows.registry.registry import Registry
from flows.registry.treatment import resolve_treatment
from flows.services.mlflow_client import artifact_root, mlflow_client, registry_name
from tasks.registry.gate import write_gate
from tasks.registry.register import Offered, Statement, offer

from .conftest import recipe, report, side

pytestmark = pytest.mark.filterwarnings("default")  # MLflow's own

MakeSteps = Callable[..., Offered]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a registry that is no store's own, asked from a folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("cwd"))
        address = f"sqlite:///{tmp_path_factory.mktemp('shared') / 'registry.db'}"
        patch.setenv("MLFLOW_TRACKING_URI", address)
        yield address


@pytest.fixture
def make_steps(tmp_path: Path) -> MakeSteps:
    """A function that makes a model of steps: no weights, a threshold."""

    def make(name: str, threshold: float, benchmark: bytes | None = None) -> Offered:
        file = tmp_path / f"{threshold}.toml"
        file.write_text(f'name = "dust"\n[[step]]\nname = "dirt"\nthreshold = {threshold}\n')
        table = None
        if benchmark is not None:
            table = tmp_path / "table"
            table.write_bytes(benchmark)
        said = Statement("MIT", "by eye", False, "A. Owner")
        return offer(name, file, said, benchmark=table)

    return make


def told(store: Store, name: str) -> list[tuple[str, str, str]]:
    rows = store.ledger().read("events", "models")
    rows = rows[rows["object"].str.split("@").str[0] == name]
    return list(zip(rows["event"], rows["outcome"], rows["agent"], strict=True))


def cut(
    monkeypatch: pytest.MonkeyPatch, place: object, method: str, change: Callable[[], object]
) -> None:
    """Make a change whose process dies where it calls something."""

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(place, method, die)
        change()


def test_artifacts_of_a_database_lie_beside_it(
    shared: str, tmp_path: Path, make_steps: MakeSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not in the working directory of whoever registers, nor in the store of another."""
    beside = Path(shared.removeprefix("sqlite:///")).parent / "mlartifacts"
    one, two = open_store(tmp_path / "one"), open_store(tmp_path / "two")
    register(one, make_steps("placed", 0.1))
    assert len(list(beside.rglob("model.json"))) == 1
    assert list(Path.cwd().iterdir()) == []
    assert Registry(two).version("placed", 1).licence == "MIT"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert artifact_root(one) is None
    mlflow_client(one)
    assert "_MLFLOW_SERVER_ARTIFACT_ROOT" not in os.environ
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://user:secret@models.example/x")
    assert registry_name(one) == "https://models.example/x"


@pytest.mark.usefixtures("shared")
def test_a_name_that_the_shelf_holds_otherwise_is_refused_before_anything_is_written(
    tmp_path: Path, make_steps: MakeSteps
) -> None:
    store = open_store(tmp_path / "store")
    theirs = make_steps("kept-here", 0.3).version
    store.shelf.put(replace(theirs, version=1), None, None)
    with pytest.raises(StoreError, match=r"kept-here@1 is not what this store knows.*another name"):
        register(store, make_steps("kept-here", 0.4))
    assert "kept-here" not in Registry(store).names()
    assert told(store, "kept-here") == []


@pytest.mark.usefixtures("shared")
def test_a_card_or_a_table_that_was_altered_is_refused(
    tmp_path: Path, make_steps: MakeSteps
) -> None:
    store = open_store(tmp_path / "store")
    register(store, make_steps("altered", 0.1, b"a table"))
    (entry,) = Registry(store)._entries("altered")
    folder = Path(entry.source.removeprefix("file://"))
    card, table = folder / "model.json", folder / "benchmark"
    kept = card.read_bytes()
    other = replace(
        read_version(kept), steps=(RecipeStep("dirt", {"threshold": 0.9}),), licence="GPL"
    )
    card.write_bytes(version_json(other))
    new = open_store(tmp_path / "new")
    with pytest.raises(StoreError, match=r"altered@1: its model.json is not what was registered"):
        Registry(new).version("altered", 1)
    card.write_bytes(kept)
    table.write_bytes(b"another table")
    with pytest.raises(StoreError, match=r"altered@1: its benchmark is missing or not what was"):
        Registry(new).version("altered", 1)
    assert list(new.shelf.versions()) == []
    table.write_bytes(b"a table")
    assert Registry(new).version("altered", 1).licence == "MIT"


@pytest.mark.usefixtures("shared")
def test_a_registration_that_was_cut_off_is_completed(
    tmp_path: Path, make_steps: MakeSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(tmp_path / "store")
    offered = make_steps("begun", 0.1)
    client = type(mlflow_client(store))
    cut(monkeypatch, client, "set_registered_model_alias", lambda: register(store, offered))
    assert told(store, "begun") == [("model registration", "intended", "A. Owner")]
    assert register(store, offered).reference == "begun@1"
    assert Registry(store).standing("begun") == Standing(None, 1, ())
    assert store.shelf.find("begun", 1) is not None
    assert told(store, "begun")[-1] == ("model registration", "success", "A. Owner")
    with pytest.raises(StoreError, match="has the same content"):
        register(store, offered)


@pytest.mark.usefixtures("shared")
def test_who_promoted_is_recorded_though_the_promotion_was_cut_off(
    tmp_path: Path, make_steps: MakeSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a way back that was done is not gone twice."""
    store = open_store(tmp_path / "store")
    for number in (1, 2, 3):
        register(store, make_steps("moved", number / 10))
    promote(store, "moved@1", "B. Judge", None, "the first")
    promote(store, "moved@2", "B. Judge", None, "better")
    real = intentions.record

    def dies(*given: object) -> None:
        if "intended" not in given:
            raise KeyboardInterrupt
        real(*given)  # type: ignore[arg-type]

    def last_words(change: Callable[[], object]) -> None:
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(intentions, "record", dies)
            change()

    last_words(lambda: promote(store, "moved@3", "B. Judge", None, "best"))
    assert told(store, "moved")[-1] == ("model promotion", "intended", "B. Judge")
    assert promote(store, "moved@3", "C. Chief", None, "x") == Standing(3, None, (1, 2))
    assert told(store, "moved")[-1] == ("model promotion", "success", "B. Judge")
    last_words(lambda: rollback(store, "moved", "C. Chief"))
    assert rollback(store, "moved", "D. Deputy") == Standing(2, None, (1,))
    assert told(store, "moved")[-1] == ("model rollback", "success", "C. Chief")
    assert rollback(store, "moved", "D. Deputy") == Standing(1, None, ())


@pytest.mark.usefixtures("shared")
def test_a_champion_that_is_gone_can_be_replaced_and_not_be_gone_back_to(
    tmp_path: Path, make_steps: MakeSteps
) -> None:
    store = open_store(tmp_path / "store")
    for number in (1, 2):
        register(store, make_steps("gone", number / 10))
    promote(store, "gone@1", "B. Judge", None, "the first")
    client = mlflow_client(store)
    client.delete_model_version("gone", "1")
    assert Registry(store).standing("gone").champion is None  # MLflow takes aliases with a version
    client.set_registered_model_tag("gone", "wetgate.earlier", "[1]")
    promote(store, "gone@2", "B. Judge", None, "what there is")
    with pytest.raises(StoreError, match=r"gone@1 cannot be the champion again: no version"):
        rollback(store, "gone", "C. Chief")
    assert Registry(store).standing("gone").champion == 2


@pytest.mark.usefixtures("shared")
def test_a_champion_without_files_makes_way_for_a_persons_word(
    tmp_path: Path, make_steps: MakeSteps
) -> None:
    first = open_store(tmp_path / "first")
    one, two = (register(first, make_steps("bare", number / 10)) for number in (1, 2))
    promote(first, "bare@1", "B. Judge", None, "the first")
    entry = Registry(first)._entries("bare")[0]
    (Path(entry.source.removeprefix("file://")) / "model.json").unlink()
    other = open_store(tmp_path / "other")
    write_gate(report(side(one), side(two)), tmp_path / "g.json")
    with pytest.raises(RecipeError, match="the champion cannot be had any more to compare with"):
        promote(other, "bare@2", "B. Judge", tmp_path / "g.json", "")
    assert promote(other, "bare@2", "B. Judge", None, "it is gone").champion == 2
    with pytest.raises(StoreError, match=r"bare@1 cannot be the champion again"):
        rollback(other, "bare", "C. Chief")
    assert Registry(other).standing("bare").champion == 2


@pytest.mark.usefixtures("shared")
def test_one_at_a_time_moves_the_aliases(
    tmp_path: Path, make_steps: MakeSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that were interleaved would both be told success, and one version forgotten."""
    store = open_store(tmp_path / "store")
    for number in (1, 2):
        register(store, make_steps("held", number / 10))
    client = mlflow_client(store)
    with alone(client, "held"), pytest.raises(StoreError, match="by somebody else for 0 s"):
        promote(store, "held@1", "B. Judge", None, "the first")
    assert told(store, "held")[-1][:2] == ("model promotion", "failure")
    assert Registry(store).standing("held") == Standing(None, 2, ())
    client.create_registered_model("held.moving")  # left by somebody who was cut off
    later = time.time() + STALE + 1
    monkeypatch.setattr("flows.registry.moving.time.time", lambda: later)
    assert promote(store, "held@1", "B. Judge", None, "the first").champion == 1
    assert "held.moving" not in [m.name for m in client.search_registered_models()]


def test_a_night_that_asks_the_wrong_registry_goes_on_from_the_shelf(
    shared: str, tmp_path: Path, make_steps: MakeSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable is missing where cron begins: the store's own database, empty, answers."""
    store = open_store(tmp_path / "store")
    register(store, make_steps("asked", 0.1))
    promote(store, "asked@1", "B. Judge", None, "the first")
    assert resolve_treatment(recipe("asked@champion"), store.root).remarks == ()
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    found = resolve_treatment(recipe("asked@champion"), store.root)
    assert found.treatment.steps[0].model == "asked@1"
    (remark,) = found.remarks
    assert f"no model 'asked' is registered in {registry_name(store)}" in remark
    assert "as this store last saw it, asked@champion is asked@1" in remark
    assert store.shelf.standing("asked").champion == 1
    with pytest.raises(StoreError, match=f"is registered in {registry_name(store)}"):
        resolve_treatment(recipe("never@champion"), store.root)
