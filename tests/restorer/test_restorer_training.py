"""Training: what is drawn, that it learns, and that it goes on as if never interrupted."""

import ast
import functools
import http.server
import json
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest
import torch

from catalogs.errors import SourceError
from models import train as command
from models.contract import Frame
from models.degrade import Dirt, Grain
from models.restorer import TASKS, RestorerConfig
from models.restorer.card import card_of
from models.restorer.training import draws
from models.restorer.training.chances import drawn, task_of
from models.restorer.training.checkpoint import (
    RESULT,
    begin_with,
    checkpoints,
    load_training,
    save_training,
)
from models.restorer.training.clips import (
    RUN,
    decode_runs,
    evaluation_paths,
    starts_of,
    training_clips,
)
from models.restorer.training.crops import Crops, Cut
from models.restorer.training.draws import as_bright, draw
from models.restorer.training.loop import Rules, new_training, train
from models.restorer.training.pool import Plan, Pool
from models.restorer.training.tracking import MLflowRun
from models.restorer.weights import load_restorer, notes_of, sha256_of
from tasks.selftest.clips import FOOTAGE

Texture = Callable[..., list[Frame]]
ROOT = Path(__file__).parent.parent.parent
CPU = torch.device("cpu")


def benchmark_clips() -> set[str]:
    """The list in `benchmarks/clips.py`, which is no package of the tests."""
    tree = ast.parse((ROOT / "benchmarks" / "clips.py").read_text(encoding="utf-8"))
    (names,) = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "CLIPS"
    ]
    return {f"clean/{name}" for name in names}


def test_what_is_evaluated_is_never_trained_on() -> None:
    evaluated = benchmark_clips() | {film.file for film in FOOTAGE}
    assert evaluated <= set(evaluation_paths())
    trained = {clip.path for clip in training_clips()}
    assert trained & set(evaluation_paths()) == set()
    assert len(trained) >= 10
    assert all(clip.licence and len(clip.sha256) == 64 for clip in training_clips())


def test_runs_cross_no_cut() -> None:
    starts = starts_of([(0, 25), (25, 44), (44, 50)], 99)
    assert starts == [0, 12, 25]
    assert starts_of([(0, 1000)], 3) == [0, 492, 984]


@pytest.fixture
def run(texture: Texture) -> list[Frame]:
    return texture("yuv420p", count=5, size=(48, 64), grain=0)


def cut(crops: int = 2, size: int = 32) -> Cut:
    return Cut(size, frames=4, crops=crops, across=48)


def test_a_draw_is_its_seeds_and_no_other_ones(run: list[Frame]) -> None:
    first, again, other = (draw(run, seed, cut()) for seed in (5, 5, 6))
    assert torch.equal(first.seen.even, again.seen.even)
    assert torch.equal(first.truth, again.truth)
    assert torch.equal(first.asked, again.asked)
    assert not torch.equal(first.seen.even, other.seen.even)
    assert first.truth.shape == (8, 3, 32, 32)
    assert first.frames == 4


def test_the_truth_keeps_the_damage_that_is_not_asked(
    run: list[Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = [Grain(strength=0.05, seed=1), Dirt(density=150, seed=1)]
    only_dirt = torch.tensor([float(task == "dirt") for task in TASKS])
    monkeypatch.setattr(draws, "drawn", lambda chance, seed: (kinds, only_dirt))
    crops = draw(run, 3, cut(1, 48))
    dirty = crops.masks[:, :1].expand_as(crops.truth[:, :1]) > 0
    difference = (crops.seen.even - crops.truth)[:, :1].abs()
    assert 0.01 < float(dirty.float().mean()) < 0.9
    assert float(difference[dirty].mean()) > 0.05
    assert float(difference[~dirty].max()) == 0


def test_draws_are_old_films_most_often_and_a_quarter_have_no_damage() -> None:
    found = [drawn(random.Random(f"draw {seed}"), seed) for seed in range(400)]
    counts = [len(kinds) for kinds, _ in found]
    assert 0.4 < sum(count > 5 for count in counts) / 400 < 0.5
    assert 0.1 < counts.count(0) / 400 < 0.2
    kinds = {kind.name for seed in range(400) for kind in drawn(random.Random(seed), seed)[0]}
    tasks = {task_of(kind) for seed in range(400) for kind in drawn(random.Random(seed), seed)[0]}
    assert {"white_noise", "grain", "dirt", "scratches", "missing", "weave"} <= kinds
    assert tasks == {*TASKS, None}


def test_the_truth_is_as_bright_as_the_engines_answer() -> None:
    truth = torch.rand(2, 3, 24, 32, generator=torch.Generator().manual_seed(1))
    engine = truth.clone()
    engine[:, 0] = 0.9 * truth[:, 0] + 0.04
    masks = torch.zeros(2, 3, 24, 32)
    masks[:, 0, :5] = 1
    engine[:, 0, :5] = 1  # dirt does not count
    found = as_bright(truth, engine, masks)
    torch.testing.assert_close(found[:, 0, 5:], engine[:, 0, 5:])
    torch.testing.assert_close(found[:, 0, :5], 0.9 * truth[:, 0, :5] + 0.04)
    assert torch.equal(found[:, 1:], truth[:, 1:])


def test_crops_are_chosen_by_shot(run: list[Frame]) -> None:
    crops = draw(run, 5, cut(3))
    both = Crops.side_by_side([crops.chosen([2]), crops.chosen([0])])
    assert torch.equal(both.truth[::2], crops.truth[2::3])
    assert torch.equal(both.seen.levels[1::2], crops.seen.levels[0::3])
    assert both.asked.shape == (2, 5)


def make_of(run: list[Frame]) -> Callable[[int], Crops]:
    return functools.cache(lambda number: draw(run, number, cut()))


def test_batches_do_not_depend_on_the_workers(run: list[Frame]) -> None:
    plan = Plan(seed=1, batch=3, held=2, steps_a_draw=1)
    make = make_of(run)
    with Pool(plan, make, 1) as one, Pool(plan, make, 3) as three:
        for step in range(3):
            assert torch.equal(one.batch(step).truth, three.batch(step).truth)
    with Pool(plan, make) as late, Pool(plan, make) as early:
        early.batch(0)
        assert torch.equal(late.batch(2).truth, early.batch(2).truth)


def test_the_loss_falls(run: list[Frame], tiny: RestorerConfig) -> None:
    rules = Rules(rate=3e-3, steps=40)
    batch = Crops.side_by_side([draw(run, number, cut()) for number in range(2)])
    training = new_training(tiny, rules, CPU)
    steps = train(training, lambda step: batch, rules)
    figures = [next(steps) for _ in range(40)]
    assert figures[0]["after"] == figures[0]["before"]  # the engine's answer
    assert figures[-1]["after"] > figures[-1]["before"] + 0.5
    assert figures[-1]["loss"] < figures[0]["loss"] - 0.05
    assert training.step == 40
    mean, now = (next(r.parameters()) for r in (training.average, training.restorer))
    assert not torch.equal(mean, now)


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    """A folder with one small clip and a split that names it."""
    data = tmp_path / "data"
    data.mkdir()
    chance = np.random.default_rng(5)
    ground = cv2.GaussianBlur(chance.random((140, 200, 3), np.float32), (0, 0), 3)
    ground = ((ground - ground.min()) / np.ptp(ground) * 255).astype(np.uint8)
    writer = cv2.VideoWriter(
        str(data / "pan.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25, (128, 96), True
    )
    for t in range(RUN + 2):
        writer.write(np.ascontiguousarray(ground[t : t + 96, 2 * t : 2 * t + 128]))
    writer.release()
    clip = {"path": "pan.avi", "licence": "made here", "sha256": "", "shots": [[0, RUN + 2]]}
    (tmp_path / "split.json").write_text(json.dumps({"training": [clip], "evaluation": []}))
    return tmp_path


def test_clips_are_decoded_once_and_checked(footage: Path) -> None:
    clips = training_clips(footage / "split.json")
    (run,) = decode_runs(footage / "data", clips, 5)
    assert len(run) == RUN
    assert (run[0].format.height, run[0].format.width) == (96, 128)
    (footage / "data" / "pan.avi").unlink()
    with pytest.raises(SourceError, match="is not there"):
        decode_runs(footage / "data", clips, 5)


def trained(footage: Path, name: str, **options: str) -> Path:
    """Run the command; returns the folder of the run."""
    fixed = {"data": footage / "data", "split": footage / "split.json", "out": footage / name,
             "crop": 32, "crops": 2, "batch": 2, "held": 1, "every": 2, "report": 1,
             "frames": 3, "across": 64, "steps": 5,
             "precision": "float32", "device": "cpu", **options}  # fmt: skip
    command.main([str(w) for key, value in fixed.items() for w in (f"--{key}", value)])
    return footage / name


@pytest.fixture
def tiny_command(tiny: RestorerConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size `small` of the command is tiny."""
    monkeypatch.setitem(command.SIZES, "small", tiny)


@pytest.mark.usefixtures("tiny_command")
def test_a_run_that_was_stopped_ends_as_one_that_was_not(
    footage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, other = trained(footage, "whole"), trained(footage, "other", seed="1")

    def stop(step: int, figures: Mapping[str, float]) -> None:
        if step == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(command, "print_line", stop)
        trained(footage, "resumed")
    resumed = footage / "resumed"
    assert [place.name for place in checkpoints(resumed)] == ["step-000002"]
    trained(footage, "resumed")
    states = [
        torch.cat([p.flatten() for p in load_restorer(place / RESULT).state_dict().values()])
        for place in (whole, resumed, other)
    ]
    assert torch.equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])
    assert [place.name for place in checkpoints(resumed)] == ["step-000005"]
    notes = notes_of(resumed / RESULT)
    assert json.loads(notes["clips"]) == [["pan.avi", "made here"]]
    assert notes["steps"] == "5"
    card = card_of(resumed / RESULT, "dirt 30 dB")
    for words in (
        "| pan.avi | made here |",
        "| seed | 0 |",
        "dirt 30 dB",
        "| steps of training | 5",
    ):
        assert words in card
    assert "start" not in notes
    lines = [json.loads(line) for line in (resumed / "figures.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 3, 4, 5]


@pytest.mark.usefixtures("tiny_command")
def test_a_run_may_begin_with_given_weights_and_says_so(footage: Path) -> None:
    first = trained(footage, "first", steps="2", rate="0") / RESULT
    plain = trained(footage, "plain", steps="2", rate="0", seed="3") / RESULT
    given = trained(footage, "given", steps="2", rate="0", seed="3", start=str(first)) / RESULT
    states = [load_restorer(path).state_dict() for path in (first, plain, given)]
    name = "enter.weight"
    assert not torch.equal(states[1][name], states[0][name])
    torch.testing.assert_close(states[2], states[0], atol=1e-6, rtol=0)
    start = json.loads(notes_of(given)["start"])
    assert (start["sha256"], start["steps"]) == (sha256_of(first), "2")
    assert json.loads(start["recipe"])["seed"] == 0
    card = card_of(given)
    assert f"| begun with | `{start['sha256']}`, 2 steps |" in card


def test_the_rate_rises_and_falls_to_almost_nothing() -> None:
    rules = Rules(rate=1e-3, steps=1000)
    rates = [rules.rate_at(step) for step in range(1000)]
    assert rates[0] < 1e-4
    assert max(rates) > 0.99e-3
    assert rates[500] == pytest.approx(0.5e-3)
    assert rates[-1] == pytest.approx(1e-5)


def test_the_commands_of_the_documentation_are_understood() -> None:
    text = (ROOT / "docs" / "restorer.md").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.split() for line in text.splitlines() if "python -m models.train" in line]
    sizes = [command.options_of(words[3:]).size for words in lines]
    assert {"small", "large"} == set(sizes)


def test_a_checkpoint_of_other_sizes_is_refused(tiny: RestorerConfig, tmp_path: Path) -> None:
    training = new_training(tiny, Rules(), CPU)
    place = save_training(training, tmp_path, {})
    other = new_training(RestorerConfig(widths=(8, 16, 24), state=8), Rules(), CPU)
    with pytest.raises(ValueError, match="holds RestorerConfig"):
        load_training(place, other)
    narrow = new_training(RestorerConfig(widths=(8, 8, 24), state=8), Rules(), CPU)
    with pytest.raises(ValueError, match=f"{RESULT}: .* has no room for"):
        begin_with(tmp_path / RESULT, narrow)


class _Server(http.server.BaseHTTPRequestHandler):
    """What MLflow answers to the few things that are asked of it."""

    asked: ClassVar[list[tuple[str, dict[str, Any]]]] = []

    def do_POST(self) -> None:
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        what = self.path.removeprefix("/api/2.0/mlflow/")
        self.asked.append((what, content))
        answers = {
            "experiments/create": {"experiment_id": "7"},
            "runs/create": {"run": {"info": {"run_id": "abc"}}},
        }
        body = json.dumps(answers.get(what, {})).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def server() -> Iterator[str]:
    _Server.asked.clear()
    with http.server.HTTPServer(("127.0.0.1", 0), _Server) as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()
        thread.join()


def test_a_run_is_reported_to_mlflow(server: str) -> None:
    run = MLflowRun(server, "small", {"seed": "3"})
    run(25, {"loss": 0.5})
    run.end()
    names = [what for what, _ in _Server.asked]
    assert names == ["experiments/search", "experiments/create", "runs/create",
                     "runs/log-batch", "runs/log-batch", "runs/update"]  # fmt: skip
    (metric,) = _Server.asked[4][1]["metrics"]
    assert (metric["key"], metric["value"], metric["step"]) == ("loss", 0.5, 25)
    assert _Server.asked[5][1]["status"] == "FINISHED"
    with pytest.raises(ValueError, match="not the address"):
        MLflowRun("sqlite:///mlflow.db", "small", {})
