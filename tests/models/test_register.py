"""Registering: what a user has becomes a version, or is refused with what is wrong with it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from catalogs.errors import RecipeError, VerificationError
from catalogs.model_version import (
    ModelReference,
    ModelVersion,
    is_noncommercial,
    read_reference,
    read_version,
    version_json,
)
from catalogs.policy import CollectionRules, Policy
from catalogs.recipe import Recipe, RecipeStep, read_steps, steps_json
from catalogs.records import CatalogReel
from flows.commands.models import pace_text
from models.contract import Change, Frame
from models.motion import Motion
from models.networks.architectures import Architecture
from models.networks.checkpoint import safetensors_bytes
from models.networks.learned import Learned, ModelSettings
from models.networks.rife import Rife
from tasks.permit import forbidden
from tasks.registry.register import Offered, Statement, offer, pace_of
from tasks.registry.trial import megapixel_seconds, try_out
from tasks.treat import resolve_recipe

Offer = Callable[..., Offered]
SAID = Statement("MIT", "made here", False, "A. Owner")


def recipe_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "gentle.toml"
    path.write_text(f'name = "gentle"\n{text}')
    return path


def test_weights_become_safetensors_that_name_their_network(make_offer: Offer) -> None:
    offered = make_offer("grainfree")
    assert (offered.version.architecture, offered.version.origin) == ("ffdnet", "1.pth")
    assert offered.weights is not None
    again = make_offer("grainfree")
    assert again.version.content_sha256 == offered.version.content_sha256
    assert make_offer("grainfree", seed=2).version.content_sha256 != again.version.content_sha256


class Timed(Learned):
    """Takes a second a frame, and so many for a megapixel, by a clock of the test's own."""

    def __init__(self, clock: list[float], pace: float) -> None:
        self.clock, self.pace, self.seen = clock, pace, 0

    def changes(
        self, frames: Iterator[Frame], motion: Motion, settings: ModelSettings
    ) -> Iterator[Change]:
        for frame in frames:
            self.seen += 1
            form = frame.format
            self.clock[0] += 1.0 + self.pace * form.width * form.height / 1e6
            yield Change.none(frame)


@pytest.mark.parametrize("pace", [7.0, 100.0])
def test_what_a_frame_will_take_is_told_from_what_it_takes_at_any_size(
    monkeypatch: pytest.MonkeyPatch, pace: float
) -> None:
    clock = [10.0]
    monkeypatch.setattr("tasks.registry.trial.time", SimpleNamespace(process_time=lambda: clock[0]))
    monkeypatch.setattr("tasks.registry.trial._PATIENCE", 1e3)
    assert megapixel_seconds(Timed(clock, pace), "timed") == pytest.approx(pace)


def test_a_network_that_is_very_slow_is_not_timed_on_a_larger_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [10.0]
    monkeypatch.setattr("tasks.registry.trial.time", SimpleNamespace(process_time=lambda: clock[0]))
    slow = Timed(clock, 1e4)
    found = megapixel_seconds(slow, "timed")
    assert found == pytest.approx(1e4 + 1e6 / (72 * 64))
    assert slow.seen == 6


def test_steps_and_what_touches_few_frames_have_no_pace(make_offer: Offer, tmp_path: Path) -> None:
    steps = offer("dust", recipe_file(tmp_path, '[[step]]\nname = "dirt"\n'), SAID)
    assert pace_of(steps) is None
    network = make_offer("grainfree")
    rebuilds = replace(network.version, architecture="rife")
    assert pace_of(replace(network, version=rebuilds)) is None
    assert (pace_of(network) or 0) > 0


@pytest.mark.parametrize(
    ("megapixel_seconds", "said"), [(2.0, "about 4.1 s"), (30.0, "62 s"), (440.0, "15 min")]
)
def test_the_command_says_it_of_a_frame_that_people_know(
    megapixel_seconds: float, said: str
) -> None:
    assert said in pace_text(megapixel_seconds)


def test_a_recipe_becomes_a_model_of_steps_known_by_what_it_does(tmp_path: Path) -> None:
    short = offer("dust", recipe_file(tmp_path, '[[step]]\nname = "dirt"\n'), SAID)
    long = recipe_file(tmp_path, '[[step]]\nname = "dirt"\nthreshold = 0.06\n')
    assert offer("dust", long, SAID).version.content_sha256 == short.version.content_sha256
    other = recipe_file(tmp_path, '[[step]]\nname = "dirt"\nthreshold = 0.07\n')
    assert offer("dust", other, SAID).version.content_sha256 != short.version.content_sha256
    assert (short.weights, short.version.weights_sha256) == (None, "")


def test_a_version_is_the_same_after_it_was_written_and_read(
    make_offer: Offer, tmp_path: Path
) -> None:
    steps = offer("dust", recipe_file(tmp_path, '[[step]]\nname="dirt"\nsmallest=3\n'), SAID)
    for version in (make_offer("grainfree").version, steps.version):
        assert read_version(version_json(version)) == version


@pytest.mark.parametrize(
    "text", ["", '[[step]]\nname = "model"\nmodel = "a@1"\n', '[[step]]\nname = "miracle"\n']
)
def test_steps_that_cannot_be_a_model_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(RecipeError):
        offer("dust", recipe_file(tmp_path, text), SAID)


def test_weights_of_no_known_network_are_refused_with_the_reasons(tmp_path: Path) -> None:
    file = tmp_path / "other.safetensors"
    file.write_bytes(safetensors_bytes({"conv.weight": torch.zeros(1, 1, 3, 3)}))
    with pytest.raises(VerificationError, match=r"ffdnet: .*spandrel: "):
        offer("other", file, SAID)
    with pytest.raises(VerificationError, match="weights are not of ffdnet"):
        offer("other", file, SAID, "ffdnet")
    with pytest.raises(VerificationError, match="there are: ffdnet, restorer, rife, temporalfix"):
        offer("other", file, SAID, "miracle")


def test_weights_that_are_no_numbers_are_refused_by_name(make_offer: Offer, tmp_path: Path) -> None:
    make_offer("grainfree")
    read = torch.load(tmp_path / "1.pth")["params"]
    name = next(name for name in read if name.endswith("bias"))
    read[name][0] = torch.nan
    file = tmp_path / "broken.safetensors"
    file.write_bytes(safetensors_bytes(read))
    with pytest.raises(VerificationError, match=f"NaN or infinite in {name}"):
        offer("broken", file, SAID)


def test_weights_whose_answer_overflows_are_refused(make_offer: Offer, tmp_path: Path) -> None:
    make_offer("grainfree")
    read = torch.load(tmp_path / "1.pth")["params"]
    file = tmp_path / "loud.safetensors"
    file.write_bytes(safetensors_bytes({name: 1e30 * t for name, t in read.items()}))
    with pytest.raises(VerificationError, match="answered with numbers that are NaN"):
        offer("loud", file, SAID)


def test_a_network_for_destroyed_frames_is_tried_on_one(tmp_path: Path) -> None:
    torch.manual_seed(3)
    loud = {name: 1e20 * tensor for name, tensor in Rife().state_dict().items()}
    file = tmp_path / "loud.safetensors"
    file.write_bytes(safetensors_bytes(loud))
    with pytest.raises(VerificationError, match="answered with numbers that are NaN"):
        offer("loud", file, SAID)


@pytest.mark.parametrize("error", [KeyError("conv"), ValueError("shape"), IndexError("3")])
def test_whatever_a_detection_raises_is_a_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def detect(tensors: object) -> Learned:
        raise error

    known = (Architecture("ffdnet", detect),)
    monkeypatch.setattr("models.networks.architectures.ARCHITECTURES", known)
    file = tmp_path / "other.safetensors"
    file.write_bytes(safetensors_bytes({"conv.weight": torch.zeros(1, 1, 3, 3)}))
    with pytest.raises(VerificationError, match="weights are not of ffdnet"):
        offer("other", file, SAID)


def test_a_file_that_is_neither_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(b"x")
    with pytest.raises(VerificationError, match="neither a recipe"):
        offer("other", file, SAID)


@pytest.mark.parametrize("name", ["licence", "training", "person"])
def test_licence_training_and_person_must_be_said(name: str) -> None:
    said = {"licence": "MIT", "training": "film", "person": "A"}
    with pytest.raises(RecipeError, match=f"needs a {name}"):
        Statement(**{**said, name: " - "}, invents=False)


@pytest.mark.parametrize("name", ["..", "a/b", "", "A", "x" * 60])
def test_a_name_that_could_leave_a_folder_is_refused(make_offer: Offer, name: str) -> None:
    with pytest.raises(RecipeError, match="cannot name a model"):
        make_offer(name)


@pytest.mark.parametrize(
    ("licence", "limited"),
    [
        ("MIT", False), ("Apache-2.0", False), ("BSD-3-Clause", False), ("GPL-3.0", False),
        ("CC BY-NC-SA 4.0", True), ("CC-BY-NC-4.0", True), ("S-Lab License 1.0", True),
        ("PolyForm Noncommercial 1.0.0", True), ("for research use only", True),
        ("Non-commercial use", True), ("NTIRE data, CC0", False),
        ("not for commercial use", True), ("No commercial use", True), ("personal use only", True),
        ("Commercial use is prohibited", True), ("commercial use not permitted", True),
        ("non-profit use", True), ("for nonprofit organisations", True), ("only personal", True),
        ("educational purposes only", True), ("may not be used commercially", True),
        ("Free for commercial use", False), ("commercial use permitted", False),
        ("personal and commercial use", False), ("notice: commercial use allowed", False),
        ("research use", True), ("Adobe Research License", True), ("academic use", True),
        ("free for research; commercial licence on request", True),
        ("commercial use requires a licence", True), ("commercial use needs permission", True),
        ("ask the authors before commercial use", True), ("research purposes", True),
        ("commercial use requires attribution", False), ("Academic Free License 3.0", False),
        ("only weights, educational data was public domain", False),
        ("Educational Community License 2.0", False), ("research and commercial use", False),
    ],
)  # fmt: skip
def test_licences_that_forbid_commercial_use_are_known(licence: str, limited: bool) -> None:
    assert is_noncommercial(licence) == limited


def test_references_name_a_version_or_an_alias() -> None:
    assert read_reference("grainfree@12") == ModelReference("grainfree", 12)
    assert str(read_reference("grainfree@champion")) == "grainfree@champion"
    for wrong in ("grainfree", "grainfree@", "grainfree@0", "grainfree@latest", "@3", "a b@3"):
        with pytest.raises(RecipeError):
            read_reference(wrong)


def test_a_version_is_called_by_name_and_number(make_offer: Offer) -> None:
    version: ModelVersion = make_offer("grainfree").version
    assert version.reference == "grainfree@0"
    assert not version.is_noncommercial


def test_what_a_network_does_is_declared_and_shots_are_judged_anew_when_it_changes(
    make_offer: Offer, tmp_path: Path
) -> None:
    said = Statement("MIT", "nothing; random", False, "A. Owner", ("denoise",))
    make_offer("grainfree")  # writes the file
    offered = offer("grainfree", tmp_path / "1.pth", said)
    named = replace(offered.version, version=1)
    recipe = Recipe("mine", "", (RecipeStep("model", {"model": "grainfree@1"}),))
    treatment = resolve_recipe(recipe, {ModelReference("grainfree", 1): named})
    assert treatment.declared == {"model", "denoise"}
    silent = resolve_recipe(recipe, {ModelReference("grainfree", 1): replace(named, does=())})
    assert silent.treatment_id != treatment.treatment_id  # else it would keep the other's flags
    assert read_steps(steps_json(treatment.steps)) == treatment.steps


def rife_file(folder: Path) -> Path:
    file = folder / "between.safetensors"
    file.write_bytes(safetensors_bytes(Rife().state_dict()))
    return file


def test_a_network_that_rebuilds_invents_and_does_the_work_of_missing(tmp_path: Path) -> None:
    file = rife_file(tmp_path)
    with pytest.raises(RecipeError, match="draws picture that no frame shows"):
        offer("between", file, SAID)
    version = replace(offer("between", file, replace(SAID, invents=True)).version, version=1)
    assert version.does == ("missing",)
    earlier = replace(version, does=(), invents=False)  # as another store may have registered it
    recipe = Recipe("mine", "", (RecipeStep("model", {"model": "between@1"}),))
    for known in (version, earlier):
        (step,) = resolve_recipe(recipe, {ModelReference("between", 1): known}).steps
        assert (step.invents, step.does) == (True, ("missing",))


def test_a_policy_that_forbids_a_step_forbids_models_that_do_its_work(tmp_path: Path) -> None:
    said = replace(SAID, invents=True)
    version = replace(offer("between", rife_file(tmp_path), said).version, version=1)
    recipe = Recipe("mine", "", (RecipeStep("model", {"model": "between@1"}),))
    treatment = resolve_recipe(recipe, {ModelReference("between", 1): version})
    reel = CatalogReel("A", "T", 1, 1, "a.mkv", 2)
    rules = CollectionRules("*", ("model",), "A. Curator")
    assert forbidden(reel, Policy(Path("policy.toml"), "", (rules,)), treatment) == ""
    strict = Policy(Path("policy.toml"), "", (replace(rules, never=("missing",)),))
    assert "step missing must never run on it, and model between@1 does its work" in forbidden(
        reel, strict, treatment
    )


def test_a_network_says_what_it_does_or_that_it_does_nothing(
    make_offer: Offer, tmp_path: Path
) -> None:
    """One that says neither would escape a policy that forbids its work."""
    assert make_offer("quiet").version.does == ()  # which says that it does nothing
    with pytest.raises(RecipeError, match=r"say whose work .*--does denoise.*or --does nothing"):
        offer("quiet", tmp_path / "1.pth", SAID)
    with pytest.raises(RecipeError, match="say one of both"):
        Statement("MIT", "made here", False, "A. Owner", ("nothing", "denoise"))


@dataclass(frozen=True)
class Failing(Learned):
    """A network that fails in its own way."""

    failure: Exception

    def changes(self, *_: object) -> Iterator[Change]:
        raise self.failure


@pytest.mark.parametrize("failure", [AssertionError("shape"), KeyError("a"), ZeroDivisionError()])
def test_a_network_that_fails_however_is_refused_in_words(failure: Exception) -> None:
    with pytest.raises(VerificationError, match="spandrel: fails on a small picture"):
        try_out(Failing(failure), "spandrel")


def test_what_cannot_be_done_cannot_be_declared(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"cannot be said to do wash; there are deflicker, dirt"):
        Statement("MIT", "made here", False, "A. Owner", ("wash",))
    file = recipe_file(tmp_path, '[[step]]\nname = "dirt"\n')
    with pytest.raises(RecipeError, match="leave out --does"):
        offer("dust", file, replace(SAID, does=("dirt",)))
