"""The registry: versions, who is champion, and nights that do not need MLflow."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalogs.errors import RecipeError, StoreError
from catalogs.model_shelf import Standing
from catalogs.model_version import ModelVersion, version_json
from catalogs.recipe import Recipe, RecipeStep
from catalogs.store import Store, open_store
from flows.cli import app
from flows.registry import promotion
from flows.registry.gate_record import keep_gate
from flows.registry.promotion import promote, register, rollback
from flows.registry.registry import Registry
from flows.registry.treatment import Resolved, resolve_treatment
from flows.registry.yardstick import yardstick
from flows.services.mlflow_client import experiment_id, mlflow_client
from tasks.registry.gate import GatedModel, gated_side, read_gate, write_gate
from tasks.registry.register import Offered, Statement, offer

from .conftest import recipe, report, side

pytestmark = pytest.mark.filterwarnings("default")  # MLflow's own

Offer = Callable[..., Offered]


def gate(
    store: Store, path: Path, champion: ModelVersion, challenger: ModelVersion, *worse: str
) -> Path:
    keep_gate(store, report(side(champion), side(challenger), worse=worse), path)
    return path


def resolved(store: Store, reference: str, **parameters: float) -> Resolved:
    return resolve_treatment(recipe(reference, **parameters), store.root)


def events(store: Store, kind: str, subject: str) -> list[tuple[str, str]]:
    rows = store.ledger().read("events", "models")
    rows = rows[(rows["event"] == kind) & (rows["object"] == subject)]
    rows = rows[rows["outcome"] == "success"]
    return list(zip(rows["agent"], rows["detail"], strict=True))


@pytest.fixture
def down(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow's server does not answer."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")


def test_versions_are_numbered_and_the_newest_is_challenger(
    registry_store: Store, make_offer: Offer
) -> None:
    store = registry_store
    assert register(store, make_offer("numbered", 1)).reference == "numbered@1"
    assert register(store, make_offer("numbered", 2)).reference == "numbered@2"
    assert Registry(store).standing("numbered") == Standing(None, 2, ())
    ((agent, detail),) = events(store, "model registration", "numbered@1")
    assert agent == "A. Owner"
    assert "licence: MIT" in detail
    with pytest.raises(StoreError, match=r"numbered@1 has the same content"):
        register(store, make_offer("numbered", 1))


def test_weights_and_card_come_back_from_mlflow_when_the_shelf_is_lost(
    registry_store: Store, make_offer: Offer, tmp_path: Path
) -> None:
    store = registry_store
    version = register(store, make_offer("lost"))
    shelf = store.shelf
    (shelf.folder / "lost" / "1.json").unlink()
    shelf.weights_file(version.weights_sha256).unlink()
    assert Registry(store).version("lost", 1) == version
    assert shelf.verified_weights(version.weights_sha256)


def test_promotion_needs_a_gate_report_or_a_persons_word(
    registry_store: Store, make_offer: Offer, tmp_path: Path
) -> None:
    store = registry_store
    first, second = (register(store, make_offer("gated", seed)) for seed in (11, 12))
    with pytest.raises(RecipeError, match="--gate REPORT"):
        promote(store, "gated@1", "B. Judge", None, "")
    promote(store, "gated@1", "B. Judge", None, "there is nothing to compare it with")
    failed = gate(store, tmp_path / "failed.json", first, second, "DIRT became worse")
    with pytest.raises(RecipeError, match="DIRT became worse"):
        promote(store, "gated@2", "B. Judge", failed, "")
    other = gate(store, tmp_path / "other.json", second, first)
    with pytest.raises(RecipeError, match=r"not about gated@2.*not compare with the champion"):
        promote(store, "gated@2", "B. Judge", other, "")
    assert Registry(store).standing("gated") == Standing(1, 2, ())
    passed = gate(store, tmp_path / "passed.json", first, second)
    assert promote(store, "gated@challenger", "B. Judge", passed, "") == Standing(2, None, (1,))
    ((agent, detail),) = events(store, "model promotion", "gated@2")
    assert agent == "B. Judge"
    assert detail.startswith("champion, in place of gated@1; gate report passed.json (sha256 ")
    assert f"of 2026-11-28, 30 shots of a store, calibration {yardstick().calibration_id}" in detail
    kept = store.root / detail.rpartition("the report is kept as ")[2]
    assert kept.parent == store.shelf.folder / "gated"
    assert kept.read_bytes() == passed.read_bytes()
    passed.unlink()
    assert read_gate(kept).passed
    assert [v.version for v in store.shelf.versions() if v.name == "gated"] == [1, 2]
    with pytest.raises(StoreError, match="champion already"):
        promote(store, "gated@2", "B. Judge", None, "again")


def test_a_report_that_this_store_did_not_make_needs_a_persons_word(
    registry_store: Store, make_offer: Offer, tmp_path: Path
) -> None:
    store, file = registry_store, tmp_path / "g.json"
    first, second = (register(store, make_offer("by-hand", seed)) for seed in (14, 15))
    promote(store, "by-hand@1", "B. Judge", None, "the first")
    write_gate(report(side(first), side(second)), file)
    unknown = r"g\.json \(sha256 [0-9a-f]{64}\) was not written by a comparison in this store"
    with pytest.raises(RecipeError, match=unknown):
        promote(store, "by-hand@2", "B. Judge", file, "")
    gate(store, file, first, second)
    file.write_bytes(file.read_bytes() + b"\n")
    with pytest.raises(RecipeError, match="or was changed since"):
        promote(store, "by-hand@2", "B. Judge", file, "")
    assert promote(store, "by-hand@2", "B. Judge", file, "made at home").champion == 2
    ((_, detail),) = events(store, "model promotion", "by-hand@2")
    assert "or was changed since; compare here; because: made at home" in detail


def test_a_gate_report_of_other_weights_does_not_count(
    registry_store: Store, make_offer: Offer, tmp_path: Path
) -> None:
    version = register(registry_store, make_offer("swapped", 13))
    other = replace(version, content_sha256="ab" * 32)
    forged = gate(registry_store, tmp_path / "g.json", other, other)
    with pytest.raises(RecipeError, match="not about swapped@1"):
        promote(registry_store, "swapped@1", "B. Judge", forged, "")


@pytest.mark.parametrize("text", ["", "{}", '{"passed": true}'])
def test_what_is_no_gate_report_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "g.json").write_text(text)
    with pytest.raises(RecipeError, match="no gate report"):
        read_gate(tmp_path / "g.json")


def test_a_report_of_another_store_with_the_same_names_does_not_count(
    registry_store: Store, tmp_path: Path
) -> None:
    """Models of steps have no weights: what they hold is known by the hash of the steps."""
    said = Statement("Apache-2.0", "by eye", False, "A. Owner")
    for threshold in (0.1, 0.2):
        file = tmp_path / "same.toml"
        file.write_text(f'name = "same"\n[[step]]\nname = "dirt"\nthreshold = {threshold}\n')
        register(registry_store, offer("same", file, said))
    one, two = (Registry(registry_store).version("same", number) for number in (1, 2))
    theirs = (replace(one, content_sha256="11" * 32), replace(two, content_sha256="22" * 32))
    file = gate(registry_store, tmp_path / "g.json", *theirs)
    with pytest.raises(RecipeError, match="not about same@2"):
        promote(registry_store, "same@2", "B. Judge", file, "")
    ours = gated_side(
        {"t": resolved(registry_store, "same@2").treatment.steps}, registry_store.shelf
    )
    assert ours.models == (GatedModel("same@2", two.content_sha256),)
    promote(registry_store, "same@1", "B. Judge", None, "the first")
    promote(registry_store, "same@2", "B. Judge", gate(registry_store, file, one, two), "")


def test_rollback_restores_champion_after_champion(
    registry_store: Store, make_offer: Offer
) -> None:
    store = registry_store
    for seed in (21, 22, 23):
        number = register(store, make_offer("rolled", seed)).version
        promote(store, f"rolled@{number}", "B. Judge", None, "a test")
    before = resolved(store, "rolled@2").treatment.treatment_id
    assert rollback(store, "rolled", "C. Chief", "waxy faces") == Standing(2, None, (1,))
    assert resolved(store, "rolled@champion").treatment.treatment_id == before
    assert rollback(store, "rolled", "C. Chief") == Standing(1, None, ())
    with pytest.raises(StoreError, match="no champion before"):
        rollback(store, "rolled", "C. Chief")
    ((agent, detail),) = events(store, "model rollback", "rolled@2")
    assert (agent, detail) == ("C. Chief", "champion again, in place of rolled@3; waxy faces")


def test_nobody_goes_back_to_weights_that_are_damaged(
    registry_store: Store, make_offer: Offer
) -> None:
    store = registry_store
    one, two = (register(store, make_offer("spoilt", seed)) for seed in (24, 25))
    for version in (one, two):
        promote(store, version.reference, "B. Judge", None, "a test")
    file = store.shelf.weights_file(one.weights_sha256)
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(StoreError, match=r"spoilt@1 cannot be the champion again.*has SHA-256"):
        rollback(store, "spoilt", "C. Chief")
    assert Registry(store).standing("spoilt") == Standing(2, None, (1,))
    file.unlink()  # as the error says: it is fetched again
    assert rollback(store, "spoilt", "C. Chief") == Standing(1, None, ())
    assert file.read_bytes() == whole


def test_a_treatment_is_all_that_is_said_of_it(registry_store: Store, make_offer: Offer) -> None:
    """Its weights, its parameters, and the version by name; not the alias it was found by."""
    store = registry_store
    register(store, make_offer("one-name", 31))
    register(store, make_offer("other-name", 31))
    register(store, make_offer("other-name", 32))
    one = resolved(store, "one-name@1")
    assert one.treatment.steps[0].weights_sha256
    assert one.treatment.steps[0].model == "one-name@1"
    assert resolved(store, "one-name@challenger").treatment == one.treatment
    others = {
        one.treatment.treatment_id,
        resolved(store, "other-name@1").treatment.treatment_id,
        resolved(store, "other-name@2").treatment.treatment_id,
        resolved(store, "one-name@1", noise=0.05).treatment.treatment_id,
        resolved(store, "one-name@1", strength=0.5).treatment.treatment_id,
        resolved(store, "one-name@1", steadiness=0.0).treatment.treatment_id,
    }
    assert len(others) == 6


def test_what_is_registered_already_is_told_its_version(
    registry_store: Store, make_offer: Offer
) -> None:
    """Whatever is said of it this time: a version never changes."""
    register(registry_store, make_offer("told", 33))
    again = make_offer("told", 33, licence="Apache-2.0", invents=True)
    with pytest.raises(StoreError, match=r"told@1 has the same content.*under another name"):
        register(registry_store, again)
    assert Registry(registry_store).version("told", 1).licence == "MIT"


def test_a_model_of_steps_is_its_steps(registry_store: Store, tmp_path: Path) -> None:
    file = tmp_path / "dust.toml"
    file.write_text('name = "dust"\n[[step]]\nname = "dirt"\nthreshold = 0.1\n')
    said = Statement("Apache-2.0", "chosen on ten reels", False, "A. Owner")
    register(registry_store, offer("dust", file, said))
    plain = Recipe("mine", "", (RecipeStep("dirt", {"threshold": 0.1}),))
    found = resolved(registry_store, "dust@1").treatment
    (own,), (step,) = resolve_treatment(plain, Path()).treatment.steps, found.steps
    assert (step.name, step.version, step.parameters) == (own.name, own.version, own.parameters)
    assert (step.model, step.licence) == ("dust@1", "Apache-2.0")
    with pytest.raises(RecipeError, match="take out noise"):
        resolved(registry_store, "dust@1", noise=0.1)


@pytest.mark.usefixtures("down")
def test_a_night_goes_on_when_mlflow_does_not_answer(
    registry_store: Store, make_offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = registry_store
    with monkeypatch.context() as up:
        up.delenv("MLFLOW_TRACKING_URI")
        register(store, make_offer("kept", 41))
        promote(store, "kept@1", "B. Judge", None, "a test")
    found = resolved(store, "kept@champion")
    assert found.treatment.steps[0].model == "kept@1"
    (remark,) = found.remarks
    assert remark.startswith("the model registry could not be asked")
    assert remark.endswith("as it was last seen, kept@champion is kept@1")
    with pytest.raises(StoreError, match="has no challenger"):
        resolved(store, "kept@challenger")
    listed = CliRunner().invoke(app, ["models", "list", "--store", str(store.root)])
    assert "kept@1 [champion]" in listed.output
    assert "could not be asked" in listed.output


def test_weights_that_were_tampered_with_stop_the_night_before_it_begins(
    registry_store: Store, make_offer: Offer
) -> None:
    store = registry_store
    version = register(store, make_offer("tampered", 51))
    file = store.shelf.weights_file(version.weights_sha256)
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    with pytest.raises(StoreError, match=r"has SHA-256 .*remove it"):
        resolved(store, "tampered@1")
    file.unlink()
    assert resolved(store, "tampered@1").treatment.steps


def test_a_licence_that_forbids_commercial_use_is_said_at_every_use(
    registry_store: Store, make_offer: Offer
) -> None:
    register(registry_store, make_offer("limited", 61, licence="CC BY-NC 4.0"))
    sentence = "model limited@1 is not licensed for commercial use (licence: CC BY-NC 4.0)"
    assert resolved(registry_store, "limited@1").remarks == (sentence,)
    listed = CliRunner().invoke(app, ["models", "list", "--store", str(registry_store.root)])
    assert "licence: CC BY-NC 4.0, not for commercial use" in listed.output


def test_models_that_are_not_there_are_named(registry_store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no model 'absent'"):
        resolved(registry_store, "absent@champion")
    with pytest.raises(StoreError, match="is not a store"):
        resolve_treatment(recipe("absent@1"), tmp_path / "nowhere")
    with pytest.raises(RecipeError, match="needs model"):
        resolve_treatment(Recipe("mine", "", (RecipeStep("model", {}),)), registry_store.root)


def test_promote_says_who_writes_a_report() -> None:
    said = " ".join(CliRunner().invoke(app, ["models", "promote", "--help"]).output.split())
    assert "wetgate models gate" in said.replace("│ │ ", "")


def test_the_command_line_registers_promotes_and_rolls_back(
    registry_store: Store, tmp_path: Path
) -> None:
    store = ["--store", str(registry_store.root)]
    for threshold in (0.1, 0.2):
        file = tmp_path / f"{threshold}.toml"
        file.write_text(f'name = "d"\n[[step]]\nname = "dirt"\nthreshold = {threshold}\n')
        said = ["--licence", "MIT", "--training", "by eye", "--by", "A", "--invents-nothing"]
        done = CliRunner().invoke(app, ["models", "register", "by-line", str(file), *said, *store])
        assert done.exit_code == 0, done.output
    for words in (["promote", "by-line@1"], ["promote", "by-line@2"], ["rollback", "by-line"]):
        line = ["models", *words, "--by", "B", "--because", "a test", *store]
        done = CliRunner().invoke(app, line)
        assert done.exit_code == 0, done.output
    assert done.output == "by-line@1 is the champion again\n"
    listed = CliRunner().invoke(app, ["models", "list", "--json", *store])
    assert '"aliases": ["champion"]' in listed.output


@pytest.fixture(scope="module")
def other_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A second store in the same process, with a database of its own."""
    return open_store(tmp_path_factory.mktemp("other") / "store")


@pytest.fixture
def shared(other_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry that is asked is the second store's, whichever store asks."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{other_store.root / 'mlflow.db'}")


def test_a_second_store_of_a_process_has_its_own_registry(
    registry_store: Store, other_store: Store, make_offer: Offer
) -> None:
    register(registry_store, make_offer("first-store", 1))
    register(other_store, make_offer("second-store", 1))
    assert "MLFLOW_TRACKING_URI" not in os.environ
    assert "second-store" not in Registry(registry_store).names()
    assert Registry(other_store).names() == ("second-store",)
    artifacts = other_store.root / "mlartifacts"
    assert len(list(artifacts.rglob("model.safetensors"))) == 1


def test_another_registry_may_not_change_what_a_version_is(
    registry_store: Store, other_store: Store, make_offer: Offer, request: pytest.FixtureRequest
) -> None:
    """dust@1 of this store is not dust@1 of the registry that it is asked of now."""
    register(registry_store, make_offer("namesake", 1))
    register(other_store, make_offer("namesake", 2))
    request.getfixturevalue("shared")
    with pytest.raises(StoreError, match=r"namesake@1 is not what this store knows"):
        resolved(registry_store, "namesake@1")
    assert resolved(other_store, "namesake@1").treatment.steps
    listed = CliRunner().invoke(app, ["models", "list", "--store", str(registry_store.root)])
    assert "remark: namesake@1 is not what this store knows" in listed.output
    assert "second-store@1 [challenger]" in listed.output


def test_a_version_on_the_shelf_is_never_another(registry_store: Store, make_offer: Offer) -> None:
    shelf = registry_store.shelf
    one, two = (replace(make_offer("shelved", n).version, version=1) for n in (91, 92))
    shelf.put(one, make_offer("shelved", 91).weights, b"table")
    with pytest.raises(StoreError, match="shelved@1 is not what this store knows"):
        shelf.put(two, make_offer("shelved", 92).weights, b"table")
    with pytest.raises(StoreError, match=r"1\.benchmark holds something else"):
        shelf.put(one, make_offer("shelved", 91).weights, b"another")
    with pytest.raises(StoreError, match="are not those of shelved@2"):
        shelf.put(replace(two, version=2), make_offer("shelved", 91).weights, None)
    assert shelf.find("shelved", 2) is None
    assert not shelf.weights_file(two.weights_sha256).exists()


@pytest.mark.usefixtures("shared")
def test_a_new_store_begins_with_a_model_of_a_shared_registry(
    other_store: Store, make_offer: Offer, tmp_path: Path
) -> None:
    register(other_store, make_offer("travelling", 3))
    planned = resolve_treatment(recipe("travelling@1"), tmp_path / "planned", ask=False)
    assert planned.treatment.steps[0].model == "travelling@1"
    assert not (tmp_path / "planned").exists()
    found = resolve_treatment(recipe("travelling@1"), tmp_path / "new")
    assert found.treatment.steps[0].model == "travelling@1"
    listed = CliRunner().invoke(app, ["models", "list", "--store", str(tmp_path / "newer")])
    assert "travelling@1 [challenger]" in listed.output


def planted(store: Store, name: str, tag: str, artifacts: dict[str, bytes], folder: Path) -> None:
    """A version as another program, or a person of bad will, may have put it into MLflow."""
    client = mlflow_client(store)
    run = client.create_run(experiment_id(client, store, "wetgate models"))
    folder.mkdir()
    for part, data in artifacts.items():
        (folder / part).write_bytes(data)
    client.log_artifacts(run.info.run_id, str(folder))
    card = hashlib.sha256(artifacts.get("model.json", b"")).hexdigest()
    tags = {"content_sha256": tag, "card_sha256": card} if tag else {}
    source = run.info.artifact_uri
    client.create_model_version(name, source=source, run_id=run.info.run_id, tags=tags)


def test_what_a_registry_holds_is_checked_before_it_is_kept(
    registry_store: Store, make_offer: Offer, tmp_path: Path
) -> None:
    store = registry_store
    register(store, make_offer("planted", 1))
    good, other = make_offer("planted", 2), make_offer("planted", 3)
    assert good.weights and other.weights
    sha256 = good.version.content_sha256
    cards = {
        2: replace(good.version, name="../../planted"),
        3: replace(good.version, content_sha256="../escaped"),
        4: good.version,
        5: good.version,
    }
    tags = {2: sha256, 3: "../escaped", 4: sha256, 5: other.version.content_sha256}
    weights = {2: good.weights, 3: good.weights, 4: other.weights, 5: good.weights}
    for number, card in cards.items():
        parts = {"model.json": version_json(card), "model.safetensors": weights[number]}
        planted(store, "planted", tags[number], parts, tmp_path / str(number))
    before = sorted(store.root.parent.rglob("*"))
    for number in cards:
        with pytest.raises(StoreError, match=rf"planted@{number}"):
            Registry(store).version("planted", number)
    after = [path for path in store.root.parent.rglob("*") if "mlflow.db" not in path.name]
    assert set(after) <= set(before)


@pytest.mark.parametrize("name", ["' OR name LIKE '%", "../x", ""])
def test_a_name_that_is_none_never_reaches_the_registry(registry_store: Store, name: str) -> None:
    with pytest.raises(RecipeError, match="cannot name a model"):
        rollback(registry_store, name, "B. Judge")


def test_a_version_of_another_program_hides_no_other(
    registry_store: Store, make_offer: Offer, tmp_path: Path
) -> None:
    store = registry_store
    register(store, make_offer("mingled", 1))
    promote(store, "mingled@1", "B. Judge", None, "a test")
    planted(store, "mingled", "", {"MLmodel": b"flavors: {}"}, tmp_path / "a")
    planted(store, "mingled", "ab" * 32, {}, tmp_path / "b")
    assert resolved(store, "mingled@champion").remarks == ()
    with pytest.raises(StoreError, match="mingled@2 was not registered by Wetgate"):
        resolved(store, "mingled@2")
    listed = CliRunner().invoke(app, ["models", "list", "--store", str(store.root)])
    assert "mingled@1 [champion]" in listed.output
    assert "remark: mingled@2 was not registered by Wetgate" in listed.output
    assert "remark: mingled@3: " in listed.output
    assert "could not be asked" not in listed.output


def test_a_promotion_that_was_cut_off_leaves_champions_in_order(
    registry_store: Store, make_offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = registry_store
    for seed in (71, 72, 73):
        register(store, make_offer("cut-off", seed))
    for number in (1, 2):
        promote(store, f"cut-off@{number}", "B. Judge", None, "a test")

    def cut(change: Callable[[], object], method: str) -> None:
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            client = type(mlflow_client(store))
            patch.setattr(client, method, lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
            change()

    for method in ("set_registered_model_tag", "set_registered_model_alias"):
        cut(lambda: promote(store, "cut-off@3", "B. Judge", None, "a test"), method)
        assert Registry(store).standing("cut-off") == Standing(2, 3, (1,))
    cut(lambda: promote(store, "cut-off@3", "B. Judge", None, "a test"),
        "delete_registered_model_alias")  # fmt: skip
    assert Registry(store).standing("cut-off") == Standing(3, None, (1, 2))
    cut(lambda: rollback(store, "cut-off", "C. Chief"), "set_registered_model_alias")
    assert Registry(store).standing("cut-off") == Standing(3, None, (1, 2))
    cut(lambda: rollback(store, "cut-off", "C. Chief"), "set_registered_model_tag")
    assert Registry(store).standing("cut-off") == Standing(2, None, (1,))


def test_of_two_who_promote_at_once_the_later_is_told(
    registry_store: Store, make_offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = registry_store
    for seed in (81, 82):
        register(store, make_offer("contended", seed))

    def meanwhile(*_: object) -> str:
        monkeypatch.undo()
        promote(store, "contended@2", "C. Chief", None, "a test")
        return "because"

    monkeypatch.setattr(promotion, "_ground", meanwhile)
    with pytest.raises(StoreError, match="contended was promoted or rolled back meanwhile"):
        promote(store, "contended@1", "B. Judge", None, "a test")
    assert Registry(store).standing("contended") == Standing(2, None, ())
