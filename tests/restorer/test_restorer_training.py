"""Training: what is drawn, that it learns, and that it goes on as if never interrupted."""

import ast
import http.server
import json
import threading
from collections.abc import Callable, Iterator
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
from models.restorer.training.checkpoint import RESULT, checkpoints, load_training, save_training
from models.restorer.training.clips import (
    RUN,
    decode_runs,
    evaluation_paths,
    starts_of,
    training_clips,
)
from models.restorer.training.draws import Crops, draw
from models.restorer.training.loop import Rules, new_training, train
from models.restorer.training.pool import Plan, Pool
from models.restorer.training.tracking import MLflowRun
from models.restorer.weights import load_restorer, notes_of
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
    assert starts == [0, 10, 25]
    assert starts_of([(0, 1000)], 3) == [0, 500, 990]


@pytest.fixture
def run(texture: Texture) -> list[Frame]:
    return texture("yuv420p", count=4, size=(48, 64), grain=0)


def test_a_draw_is_its_seeds_and_no_other_ones(run: list[Frame]) -> None:
    first, again, other = (draw(run, seed, 32, 2) for seed in (5, 5, 6))
    assert torch.equal(first.seen.source, again.seen.source)
    assert torch.equal(first.truth, again.truth)
    assert torch.equal(first.asked, again.asked)
    assert not torch.equal(first.seen.source, other.seen.source)
    assert first.truth.shape == (8, 3, 32, 32)
    assert first.frames == 4


def test_the_truth_keeps_the_damage_that_is_not_asked(
    run: list[Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = [Grain(strength=0.05, seed=1), Dirt(density=400, seed=1)]
    monkeypatch.setattr(draws, "kinds_of", lambda chance, seed: kinds)
    only_dirt = torch.tensor([float(task == "dirt") for task in TASKS])
    monkeypatch.setattr(draws, "asked_of", lambda chance: only_dirt)
    crops = draw(run, 3, 48, 1)
    dirty = crops.masks[:, :1].expand_as(crops.truth[:, :1]) > 0
    difference = (crops.seen.source - crops.truth)[:, :1].abs()
    assert 0.01 < float(dirty.float().mean()) < 0.9
    assert float(difference[dirty].mean()) > 0.1
    assert float(difference[~dirty].max()) == 0


def test_crops_are_chosen_by_shot(run: list[Frame]) -> None:
    crops = draw(run, 5, 32, 3)
    both = Crops.side_by_side([crops.chosen([2]), crops.chosen([0])])
    assert torch.equal(both.truth[::2], crops.truth[2::3])
    assert torch.equal(both.seen.levels[1::2], crops.seen.levels[0::3])
    assert both.asked.shape == (2, 5)


def make_of(run: list[Frame]) -> Callable[[int], Crops]:
    return lambda number: draw(run, number, 32, 2)


def test_batches_do_not_depend_on_the_workers(run: list[Frame]) -> None:
    plan = Plan(seed=1, batch=3, held=2, steps_a_draw=1)
    with Pool(plan, make_of(run), 1) as one, Pool(plan, make_of(run), 3) as three:
        for step in range(3):
            assert torch.equal(one.batch(step).truth, three.batch(step).truth)
    with Pool(plan, make_of(run)) as late, Pool(plan, make_of(run)) as early:
        early.batch(0)
        assert torch.equal(late.batch(2).truth, early.batch(2).truth)


def test_the_loss_falls(run: list[Frame], tiny: RestorerConfig) -> None:
    rules = Rules(rate=3e-3)
    batch = Crops.side_by_side([draw(run, number, 32, 2) for number in range(2)])
    training = new_training(tiny, rules, CPU)
    steps = train(training, lambda step: batch, rules)
    figures = [next(steps) for _ in range(60)]
    assert figures[-1]["loss"] < 0.7 * figures[0]["loss"]
    assert figures[-1]["after"] > figures[-1]["before"] + 1
    assert training.step == 60
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


def trained(footage: Path, name: str, *calls: int, **options: str) -> Path:
    """Run the command, once for each number of steps; returns the folder of the run."""
    fixed = {"data": footage / "data", "split": footage / "split.json", "out": footage / name,
             "crop": 32, "crops": 2, "batch": 2, "held": 2, "every": 2, "report": 1,
             "precision": "float32", "device": "cpu", **options}  # fmt: skip
    for steps in calls:
        words = [str(w) for key, value in fixed.items() for w in (f"--{key}", value)]
        command.main([*words, "--steps", str(steps)])
    return footage / name


@pytest.fixture
def tiny_command(tiny: RestorerConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size `small` of the command is tiny."""
    monkeypatch.setitem(command.SIZES, "small", tiny)


@pytest.mark.usefixtures("tiny_command")
def test_a_run_that_was_stopped_ends_as_one_that_was_not(footage: Path) -> None:
    whole, again = trained(footage, "whole", 5), trained(footage, "again", 5)
    resumed, other = trained(footage, "resumed", 3, 5), trained(footage, "other", 5, seed="1")
    states = [
        torch.cat([p.flatten() for p in load_restorer(place / RESULT).state_dict().values()])
        for place in (whole, again, resumed, other)
    ]
    assert torch.equal(states[0], states[1])
    assert torch.equal(states[0], states[2])
    assert not torch.equal(states[0], states[3])
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
    lines = [json.loads(line) for line in (resumed / "figures.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4, 5]


def test_a_checkpoint_of_other_sizes_is_refused(tiny: RestorerConfig, tmp_path: Path) -> None:
    training = new_training(tiny, Rules(), CPU)
    place = save_training(training, tmp_path, {})
    other = new_training(RestorerConfig(widths=(8, 16, 24), state=8), Rules(), CPU)
    with pytest.raises(ValueError, match="holds RestorerConfig"):
        load_training(place, other)


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
