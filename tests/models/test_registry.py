"""The registry: versions, who is champion, and nights that do not need MLflow."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalogs.errors import RecipeError, StoreError
from catalogs.model_shelf import Standing
from catalogs.model_version import ModelVersion
from catalogs.recipe import Recipe, RecipeStep
from catalogs.store import Store
from flows.cli import app
from flows.promotion import promote, register, rollback
from flows.registry import Registry
from flows.treatment import Resolved, resolve_treatment
from tasks.gate import Gate, GatedModel, GatedSide, gated_side, objections, read_gate, write_gate
from tasks.register import Offered, Statement, offer

pytestmark = pytest.mark.filterwarnings("default")  # MLflow's own

Offer = Callable[..., Offered]


def gate(path: Path, champion: str, challenger: str, sha256: dict[str, str], *worse: str) -> Path:
    def side(reference: str, treatment: str) -> GatedSide:
        return GatedSide({treatment: ()}, (GatedModel(reference, sha256[reference]),))

    sides = (side(champion, "t1"), side(challenger, "t2"))
    write_gate(Gate(*sides, 30, not worse, worse), path)
    return path


def recipe(reference: str, **parameters: float) -> Recipe:
    return Recipe("mine", "", (RecipeStep("model", {"model": reference, **parameters}),))


def resolved(store: Store, reference: str, **parameters: float) -> Resolved:
    return resolve_treatment(recipe(reference, **parameters), store.root)


def events(store: Store, kind: str, subject: str) -> list[tuple[str, str]]:
    rows = store.ledger().read("events", "models")
    rows = rows[(rows["event"] == kind) & (rows["object"] == subject)]
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
    hashes = {v.reference: v.content_sha256 for v in (first, second)}
    with pytest.raises(RecipeError, match="--gate REPORT"):
        promote(store, "gated@1", "B. Judge", None, "")
    promote(store, "gated@1", "B. Judge", None, "there is nothing to compare it with")
    failed = gate(tmp_path / "failed.json", "gated@1", "gated@2", hashes, "DIRT became worse")
    with pytest.raises(RecipeError, match="DIRT became worse"):
        promote(store, "gated@2", "B. Judge", failed, "")
    other = gate(tmp_path / "other.json", "gated@2", "gated@1", hashes)
    with pytest.raises(RecipeError, match=r"not about gated@2.*not compare with the champion"):
        promote(store, "gated@2", "B. Judge", other, "")
    assert Registry(store).standing("gated") == Standing(1, 2, ())
    passed = gate(tmp_path / "passed.json", "gated@1", "gated@2", hashes)
    assert promote(store, "gated@challenger", "B. Judge", passed, "") == Standing(2, None, (1,))
    ((agent, detail),) = events(store, "model promotion", "gated@2")
    assert agent == "B. Judge"
    assert detail.startswith("champion, in place of gated@1; gate report passed.json (sha256 ")
    kept = store.root / detail.rpartition("the report is kept as ")[2]
    assert kept.parent == store.shelf.folder / "gated"
    assert kept.read_bytes() == passed.read_bytes()
    passed.unlink()
    assert read_gate(kept).passed
    assert [v.version for v in store.shelf.versions() if v.name == "gated"] == [1, 2]
    with pytest.raises(StoreError, match="champion already"):
        promote(store, "gated@2", "B. Judge", None, "again")


def test_a_gate_report_of_other_weights_does_not_count(
    registry_store: Store, make_offer: Offer, tmp_path: Path
) -> None:
    register(registry_store, make_offer("swapped", 13))
    forged = gate(tmp_path / "g.json", "swapped@1", "swapped@1", {"swapped@1": "ab" * 32})
    with pytest.raises(RecipeError, match="not about swapped@1"):
        promote(registry_store, "swapped@1", "B. Judge", forged, "")


@pytest.mark.parametrize("text", ["", "{}", '{"passed": true}'])
def test_what_is_no_gate_report_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "g.json").write_text(text)
    with pytest.raises(RecipeError, match="no gate report"):
        read_gate(tmp_path / "g.json")


def test_a_gate_report_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    side = GatedSide({"t1": ()}, (GatedModel("a@1", "ab"),))
    write_gate(Gate(side, side, 30, True, ("worse",)), tmp_path / "g.json")
    with pytest.raises(RecipeError, match="contradicts itself"):
        read_gate(tmp_path / "g.json")


def test_a_report_that_compares_a_version_with_itself_promotes_nobody(make_offer: Offer) -> None:
    one, two, three = (replace(make_offer("own", n).version, version=n) for n in (1, 2, 3))

    def side(treatment: str, *versions: ModelVersion) -> GatedSide:
        used = (GatedModel(v.reference, v.content_sha256) for v in versions)
        return GatedSide({treatment: ()}, tuple(used))

    def said(before: GatedSide, after: GatedSide, champion: ModelVersion | None = one) -> list[str]:
        return objections(Gate(before, after, 30, True, ()), two, champion)

    assert said(side("t1", one), side("t2", two)) == []
    assert said(side("t1"), side("t2", two), None) == []
    itself = "the report compares own@2 with itself"
    assert said(side("t2", two), side("t2", two), None) == [itself]
    assert said(side("t1"), side("t1", two), None) == [itself]
    both = side("mixed", one, two)
    assert said(both, both) == [
        "its challenger used other versions of own beside own@2",
        "what it compares with used several versions of own",
        itself,
    ]
    assert said(side("t1", one, three), side("t2", two)) == [
        "what it compares with used several versions of own"
    ]


def test_a_report_of_another_store_with_the_same_names_does_not_count(
    registry_store: Store, tmp_path: Path
) -> None:
    """Models of steps have no weights: what they hold is known by the hash of the steps."""
    said = Statement("Apache-2.0", "by eye", False, "A. Owner")
    for threshold in (0.1, 0.2):
        file = tmp_path / "same.toml"
        file.write_text(f'name = "same"\n[[step]]\nname = "dirt"\nthreshold = {threshold}\n')
        register(registry_store, offer("same", file, said))
    theirs = {"same@1": "11" * 32, "same@2": "22" * 32}
    report = gate(tmp_path / "g.json", "same@1", "same@2", theirs)
    with pytest.raises(RecipeError, match="not about same@2"):
        promote(registry_store, "same@2", "B. Judge", report, "")
    one, two = (Registry(registry_store).version("same", number) for number in (1, 2))
    side = gated_side(
        {"t": resolved(registry_store, "same@2").treatment.steps}, registry_store.shelf
    )
    assert side.models == (GatedModel("same@2", two.content_sha256),)
    ours = {v.reference: v.content_sha256 for v in (one, two)}
    promote(registry_store, "same@1", "B. Judge", None, "the first")
    promote(registry_store, "same@2", "B. Judge", gate(report, "same@1", "same@2", ours), "")


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


def test_a_treatment_changes_exactly_when_weights_or_parameters_do(
    registry_store: Store, make_offer: Offer
) -> None:
    """Neither the name of a model, nor its number, nor the alias it was found by matter."""
    store = registry_store
    register(store, make_offer("one-name", 31))
    register(store, make_offer("other-name", 31))
    register(store, make_offer("other-name", 32))
    one = resolved(store, "one-name@1")
    assert one.treatment.steps[0].weights_sha256
    assert one.treatment.steps[0].model == "one-name@1"
    assert resolved(store, "one-name@challenger").treatment == one.treatment
    same = resolved(store, "other-name@1").treatment
    assert same.treatment_id == one.treatment.treatment_id
    assert same.steps[0].model == "other-name@1"
    others = {
        one.treatment.treatment_id,
        resolved(store, "other-name@2").treatment.treatment_id,
        resolved(store, "one-name@1", noise=0.05).treatment.treatment_id,
        resolved(store, "one-name@1", strength=0.5).treatment.treatment_id,
        resolved(store, "one-name@1", steadiness=0.0).treatment.treatment_id,
    }
    assert len(others) == 5


def test_a_model_of_steps_is_its_steps(registry_store: Store, tmp_path: Path) -> None:
    file = tmp_path / "dust.toml"
    file.write_text('name = "dust"\n[[step]]\nname = "dirt"\nthreshold = 0.1\n')
    said = Statement("Apache-2.0", "chosen on ten reels", False, "A. Owner")
    register(registry_store, offer("dust", file, said))
    plain = Recipe("mine", "", (RecipeStep("dirt", {"threshold": 0.1}),))
    found = resolved(registry_store, "dust@1").treatment
    assert found.treatment_id == resolve_treatment(plain, Path()).treatment.treatment_id
    assert found.steps[0].model == "dust@1"
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
