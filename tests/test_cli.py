"""The command line: what it says and with which status it ends."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from flows.cli import app, main

MakeReel = Callable[..., tuple[Path, list[bytes]]]


def call(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


@pytest.fixture
def catalog(make_reel: MakeReel, tmp_path: Path) -> Path:
    make_reel("a.mkv", "gray", 6)
    path = tmp_path / "catalog.csv"
    path.write_text(
        "identifier,title,reel,path,frame_rate\nA,One,1 of 1,a.mkv,18\nB,Two,1 of 1,b.mkv,18\n"
    )
    return path


def test_plan_says_what_would_be_held_and_changes_nothing(catalog: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    result = call("plan", str(catalog), "--store", str(tmp_path / "store"))
    assert result.exit_code == 1
    assert "A.r1  to be restored" in result.output
    assert "B.r1  would be held: b.mkv: no such file" in result.output
    assert sorted(tmp_path.iterdir()) == before


def test_plan_for_programs_is_json(catalog: Path, tmp_path: Path) -> None:
    result = call("plan", str(catalog), "--store", str(tmp_path / "store"), "--json")
    plan = json.loads(result.output)
    assert [reel["reel_id"] for reel in plan["reels"]] == ["A.r1"]
    assert [row["reel_id"] for row in plan["held"]] == ["B.r1"]


def test_doctor_finds_this_installation_well(tmp_path: Path) -> None:
    result = call("doctor", "--store", str(tmp_path / "store"), "--json")
    findings = {finding["name"]: finding for finding in json.loads(result.output)}
    failed = {n: f["found"] for n, f in findings.items() if not f["ok"] and n != "disk"}
    assert failed == {}


def test_doctor_says_what_to_do_about_a_folder_that_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "something").touch()
    result = call("doctor", "--store", str(tmp_path))
    assert result.exit_code == 1
    assert "FAIL store" in result.output
    assert "choose another --store" in result.output


def test_a_wrong_clock_is_wrong_usage(catalog: Path) -> None:
    assert call("run", str(catalog), "--until", "six").exit_code == 2


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["plan", "missing.csv"], 2, "missing.csv"),
        (["plan", "{catalog}", "--recipe", "miracle"], 2, "conservative"),
        (["status", "--store", "{nowhere}"], 1, "is not a store"),
        (["report", "--store", "{nowhere}"], 1, "is not a store"),
    ],
)
def test_an_error_is_one_line_that_says_what_to_do(
    words: list[str], status: int, said: str, catalog: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    names = {"catalog": str(catalog), "nowhere": str(tmp_path / "nowhere")}
    line = [word.format(**names) for word in words]
    monkeypatch.setattr("sys.argv", ["wetgate", *line])
    with pytest.raises(SystemExit) as ended:
        main()
    stderr = capsys.readouterr().err
    assert (ended.value.code, stderr.count("\n")) == (status, 1)
    assert said in stderr


def test_every_command_is_documented() -> None:
    result = call("--help")
    for name in ("demo", "plan", "run", "status", "report", "strata", "doctor"):
        assert f" {name} " in result.output
        assert call(name, "--help").exit_code == 0
