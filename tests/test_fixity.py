"""Fixity: what was recorded is read again; a difference is found, held, and put right."""

import inspect
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from prefect import State
from typer.testing import CliRunner, Result

from catalogs.catalog import Catalog
from catalogs.errors import StoreError
from catalogs.fixity import sha256_file
from catalogs.recipe import Treatment
from catalogs.records import CatalogReel
from catalogs.rows import event_row, known_reels, read_frame_index
from catalogs.store import Store, existing_store, open_store
from catalogs.store_lock import hold_store
from flows.cli import app, main
from flows.fixity import due as due_module
from flows.fixity.due import Asked, due_reels
from flows.fixity.reading import TimeIsUp
from flows.fixity.round import Round
from flows.night import work
from flows.night.jobs import Job
from flows.night.loop import Night
from flows.night.order import Order
from flows.night.progress import NightProgress
from flows.night.tally import Tally
from flows.verify import fixity, verify_store
from flows.words import reel_standings
from tasks.find import is_unchanged
from tasks.fixity import check_derivative, check_file, check_source

UNTOUCHED = Treatment("untouched", ())
FRAMES = 6
A, B = (
    CatalogReel("A", "Market", 1, 1, "a.mkv", 2),
    CatalogReel("B", "Scan", 1, 1, "scan", 3, frame_rate=Fraction(18)),
)

MakeReel = Callable[..., tuple[Path, list[bytes]]]
Film = Callable[..., Path]


class Done:
    """A future of work that was done when it was asked for."""

    def __init__(self, job: Job, order: Order) -> None:
        self.state = self
        self._error: BaseException | None = None
        try:
            self._answer = _do(job, order)
        except Exception as error:  # what the night makes of it is what is tested
            self._error = error

    def is_completed(self) -> bool:
        return self._error is None

    def wait(self) -> None:
        pass

    def result(self, raise_on_failure: bool = True) -> Any:
        return self._answer if self._error is None else self._error

    def add_done_callback(self, note: Callable[["Done"], None]) -> None:
        note(self)


def _do(job: Job, order: Order) -> Any:
    if job.kind == "ingest":
        return work.ingest(order, job.catalog)
    assert job.reel is not None
    if job.kind == "assemble":
        return work.assemble(order, job.reel)
    assert job.shot is not None
    return work.restore(order, job.reel, job.shot, 60)


def night(root: Path, name: str = "later", *reels: CatalogReel) -> Tally:
    """A night over the archive with every piece of work done for real, in this process."""
    store = open_store(root / "store")
    order = Order(store, root / "archive", UNTOUCHED, name)

    def submit(job: Job) -> Any:
        return Done(job, order)

    loop = Night(order, submit, 1, NightProgress(store, None), lambda: False)
    return loop.run(Catalog(Path("c.csv"), reels or (A, B), (), ()))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fixity")


@pytest.fixture
def root(place: Path, make_reel: MakeReel, film: Film) -> Path:
    """An archive of a file and a DPX sequence, and a store in which both are restored.

    Built once; each test gets it as new, at the same path, times included.
    """
    live, kept = place / "live", place / "kept"
    if not kept.exists():
        (live / "archive").mkdir(parents=True)
        make_reel(str(live / "archive" / "a.mkv"), "gray", FRAMES)
        film(str(live / "archive" / "scan" / "frame_%05d.dpx"), frames=FRAMES, rate="18",
             vcodec="dpx", pix_fmt="gbrp10be")  # fmt: skip
        tally = night(live, "first")
        assert tally.restored == {"A.r1", "B.r1"}
        shutil.copytree(live, kept)
    shutil.rmtree(live)
    shutil.copytree(kept, live)
    return live


@pytest.fixture
def kept(root: Path) -> Store:
    return existing_store(root / "store")


def flip(path: Path, at: int = -40) -> None:
    """Flip one bit; size and time stay as they were."""
    before, data = path.stat(), bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def verify(root: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["verify", "--store", str(root / "store"), *words])


def standing(store: Store, reel_id: str) -> tuple[str, str]:
    """Status and reason, as `wetgate status` has them."""
    (found,) = [reel for reel in reel_standings(store) if reel.reel_id == reel_id]
    return found.status, found.reason


def checks(store: Store) -> dict[str, str]:
    """The newest outcome of a fixity check of each thing."""
    events = store.ledger().read("events")
    events = events[events["event"] == "fixity check"].drop_duplicates("object", keep="last")
    return dict(zip(events["object"], events["outcome"], strict=True))


def reel_files(store: Store, reel_id: str) -> dict[str, Path]:
    """Master, access copy and change map, by the last words of their names."""
    (folder,) = (store.root / "reels" / reel_id).iterdir()
    names = {"master": f"{UNTOUCHED.label}.mkv", "change": ".change.mkv", "access": ".access.mp4"}
    return {
        word: path for word, end in names.items() for path in folder.iterdir()
        if path.name.endswith(end)
    }  # fmt: skip


def test_what_is_as_recorded_is_said_and_recorded(root: Path, kept: Store) -> None:
    result = verify(root)
    assert result.exit_code == 0, result.output
    assert f"B.r1: as recorded: source ({FRAMES} files); B.r1.{UNTOUCHED.label} (4 files)" in (
        result.output
    )
    assert checks(kept) == {
        name: "success"
        for reel in ("A.r1", "B.r1")
        for name in (reel, f"{reel}.{UNTOUCHED.label}", f"shots/{reel}")
    }
    assert standing(kept, "A.r1") == standing(kept, "B.r1") == ("restored", "")
    assert "as recorded" in kept.log_file("A.r1").read_text()


def test_for_programs_there_is_one_json_object(root: Path) -> None:
    flip(root / "archive" / "a.mkv")
    result = verify(root, "A", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (found["reels"], found["reels_left"]) == (1, 0)
    assert [(p["reel_id"], p["subject"]) for p in found["problems"]] == [("A.r1", "A.r1")]


def test_a_changed_source_holds_its_reel_until_it_is_restored(root: Path, kept: Store) -> None:
    """Size and time are as they were, so that a night alone would have seen nothing."""
    source = root / "archive" / "a.mkv"
    good, before = source.read_bytes(), sha256_file(source)
    flip(source)
    assert is_unchanged(known_reels(kept.ledger())["A.r1"], root / "archive")
    assert verify(root, "--no-outputs").exit_code == 1
    status, reason = standing(kept, "A.r1")
    assert status == "held"
    assert f"sha256 was {before}, is {sha256_file(source)}" in reason
    assert f"1 derivative made from it held: A.r1.{UNTOUCHED.label}" in reason
    assert checks(kept) == {"A.r1": "failure", "B.r1": "success"}
    assert known_reels(kept.ledger())["A.r1"].content.sha256 == before

    again = night(root)
    assert (again.held, again.restored) == ({"A.r1"}, {"B.r1"})
    source.write_bytes(good)
    whole = night(root)
    assert (whole.restored, whole.shots_computed) == ({"A.r1", "B.r1"}, 0)
    assert standing(kept, "A.r1") == ("restored", "")
    assert verify(root).exit_code == 0


def test_a_changed_source_is_accepted_when_its_checksum_is_catalogued(
    root: Path, kept: Store, make_reel: MakeReel
) -> None:
    """What was made of the former source is still watched, but nothing can build it again."""
    source, _ = make_reel(str(root / "archive" / "a.mkv"), "gray", FRAMES, seed=2)
    assert verify(root, "A").exit_code == 1
    vouched = replace(A, checksum=("sha256", sha256_file(source)))
    assert night(root, "accepted", vouched).restored == {"A.r1"}
    assert verify(root, "A").exit_code == 0
    (aside,) = (root / "store" / "reels" / "A.r1").glob("*.source-*")
    events = open_store(root / "store").ledger().read("events")
    said = events[(events["event"] == "disclosure") & (events["object"] == "A.r1")]["detail"]
    assert any(f"kept aside in reels/A.r1/{aside.name[:-7]}" in detail for detail in said)
    flip(aside / f"A.r1.{UNTOUCHED.label}.mkv")
    result = verify(root, "A")
    assert result.exit_code == 1
    assert f"A.r1.{aside.name} is damaged" in result.output
    assert "made from an earlier source" in result.output
    assert (aside / "manifest.json").is_file()
    assert standing(kept, "A.r1") == ("restored", "")


def test_of_a_changed_sequence_the_first_files_are_named(root: Path, kept: Store) -> None:
    for number in (1, 2, 4, 5):
        flip(root / "archive" / "scan" / f"frame_{number:05d}.dpx")
    assert verify(root, "B.r1").exit_code == 1
    status, reason = standing(kept, "B.r1")
    assert status == "held"
    assert f"4 of {FRAMES} files: frame_00001.dpx (planned sha256" in reason
    assert "frame_00004.dpx" in reason
    assert "frame_00005.dpx" not in reason
    assert "and 1 more" in reason


def test_a_sequence_that_lost_a_file_has_changed(root: Path, kept: Store) -> None:
    (root / "archive" / "scan" / "frame_00003.dpx").unlink()
    assert verify(root).exit_code == 1
    status, reason = standing(kept, "B.r1")
    assert (status, "frame_00003.dpx (missing" in reason) == ("held", True)


@pytest.mark.parametrize("path", ["a.mkv", "scan"])
def test_a_source_that_is_not_there_holds_nothing(path: str, root: Path, kept: Store) -> None:
    """Its storage may be offline; that is said, and fails the check."""
    (root / "archive" / path).rename(root / "elsewhere")
    result = verify(root)
    assert result.exit_code == 1
    assert "the source is missing" in result.output
    assert "no verdict" in result.output
    assert standing(kept, "A.r1")[0] == standing(kept, "B.r1")[0] == "restored"


def test_a_source_that_cannot_be_read_holds_nothing(root: Path, kept: Store) -> None:
    source = root / "archive" / "a.mkv"
    source.unlink()
    source.mkdir()
    result = verify(root)
    assert result.exit_code == 1
    assert "the source is unreadable: 1 of 1 files: a.mkv (unreadable" in result.output
    assert (checks(kept)["A.r1"], standing(kept, "A.r1")[0]) == ("failure", "restored")


@pytest.mark.parametrize("word", ["master", "access", "change"])
def test_a_flipped_byte_of_a_restored_reel_is_found(word: str, root: Path, kept: Store) -> None:
    file = reel_files(kept, "A.r1")[word]
    planned = sha256_file(file)
    flip(file)
    result = verify(root, "--no-sources")
    assert result.exit_code == 1
    status, reason = standing(kept, "A.r1")
    assert status == "failed"
    assert f"{file.name} (planned sha256 {planned}, found {sha256_file(file)})" in reason
    assert checks(kept)[f"A.r1.{UNTOUCHED.label}"] == "failure"
    assert (file.parent / "manifest.damaged.json").is_file()
    assert not (file.parent / "manifest.json").exists()
    assert verify(root, "--no-sources").exit_code == 1, "found once more while it stands"


def test_a_damaged_reel_is_built_again_by_the_next_night(root: Path, kept: Store) -> None:
    master = reel_files(kept, "A.r1")["master"]
    first = master.read_bytes()
    flip(master)
    assert verify(root).exit_code == 1
    rebuilt = night(root)
    assert (rebuilt.restored, rebuilt.shots_computed) == ({"A.r1", "B.r1"}, 0)
    assert master.read_bytes() == first
    assert not (master.parent / "manifest.damaged.json").exists()
    assert verify(root).exit_code == 0
    assert standing(kept, "A.r1") == ("restored", "")


@pytest.mark.parametrize("loss", ["a file", "the manifest", "the folder", "sense of the manifest"])
def test_whatever_a_restored_reel_lost_is_built_again(loss: str, root: Path, kept: Store) -> None:
    files = reel_files(kept, "A.r1")
    folder = files["master"].parent
    if loss == "a file":
        files["access"].unlink()
    elif loss == "the manifest":
        (folder / "manifest.json").unlink()
    elif loss == "the folder":
        shutil.rmtree(folder)
    else:
        (folder / "manifest.json").write_text("[]")
    assert verify(root, "A", "--no-sources").exit_code == 1
    assert standing(kept, "A.r1")[0] == "failed"
    assert night(root, "later", A).restored == {"A.r1"}
    assert verify(root, "A").exit_code == 0


def test_files_put_back_from_a_copy_make_a_restored_reel_whole(root: Path, kept: Store) -> None:
    master = reel_files(kept, "A.r1")["master"]
    copy = master.read_bytes()
    flip(master)
    assert verify(root).exit_code == 1
    master.write_bytes(copy)
    result = verify(root)
    assert result.exit_code == 0
    assert "put right again" in result.output
    assert (master.parent / "manifest.json").is_file()
    assert night(root).shots_computed == 0
    assert standing(kept, "A.r1") == ("restored", "")


def test_a_damaged_shot_is_computed_again_when_its_reel_is(root: Path, kept: Store) -> None:
    (shot, *_) = sorted((kept.root / "shots" / "A.r1").iterdir())
    flip(shot)
    damaged = shot.read_bytes()
    result = verify(root)
    assert result.exit_code == 1
    assert f"shot A.r1/0000000-000000{FRAMES}: 1 of 2 files: {shot.name}" in result.output
    assert checks(kept)["shots/A.r1"] == checks(kept)["A.r1/0000000-0000006"] == "failure"
    assert shot.read_bytes() == damaged
    assert standing(kept, "A.r1")[0] == "restored"
    flip(reel_files(kept, "A.r1")["master"])
    assert verify(root).exit_code == 1
    assert night(root).shots_computed == 1
    assert verify(root).exit_code == 0


def test_a_held_reel_is_not_called_failed(root: Path, kept: Store) -> None:
    """The next night would take a failed reel's source for what it was, by size and time."""
    source = root / "archive" / "a.mkv"
    flip(source)
    flip(reel_files(kept, "A.r1")["master"])
    assert verify(root).exit_code == 1
    assert standing(kept, "A.r1")[0] == "held"
    assert verify(root, "--no-sources").exit_code == 1
    assert standing(kept, "A.r1")[0] == "held"
    flip(source)
    result = verify(root, "A", "--no-outputs")
    assert (result.exit_code, "held until a night has run" in result.output) == (0, True)
    assert night(root).restored == {"A.r1", "B.r1"}
    assert verify(root).exit_code == 0


def test_older_than_leaves_out_what_was_found_well_since(
    root: Path, kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked(older_than_days=30)
    assert due_reels(kept, asked) == []
    today = datetime.now(UTC) + timedelta(days=40)

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return today

    monkeypatch.setattr(due_module, "datetime", Later)
    assert [d.reel.reel_id for d in due_reels(kept, asked)] == ["A.r1", "B.r1"]

    def looked(name: str, outcome: str) -> None:
        row = event_row("fixity check", name, outcome, "", "test")
        kept.ledger("b").append("events", "b", [{**row, "recorded_at": today - timedelta(days=9)}])

    looked("A.r1", "success")
    looked("shots/A.r1", "success")
    looked(f"A.r1.{UNTOUCHED.label}", "failure")
    looked("B.r1", "success")
    first, last = due_reels(kept, asked)
    assert (first.reel.reel_id, first.source, len(first.derivatives), first.shots) == (
        "B.r1", False, 1, True,
    )  # fmt: skip
    assert (last.reel.reel_id, last.source, len(last.derivatives), last.shots) == (
        "A.r1", False, 1, False,
    )  # fmt: skip
    assert not due_reels(kept, replace(asked, outputs=False))
    assert verify(root, "--older-than", "30").exit_code == 0
    assert verify(root, "--older-than", "30", "--json").exit_code == 0


def test_a_round_is_cut_short_in_the_midst_of_a_file(root: Path, kept: Store) -> None:
    """What was not read to its end is not recorded, and is due again."""
    blocks: list[int] = []

    def on_bytes(count: int) -> None:
        blocks.append(count)
        if len(blocks) == 2:
            raise TimeIsUp

    (due,) = due_reels(kept, Asked(("A",)))
    with pytest.raises(TimeIsUp):
        Round(kept, on_bytes).check(due)
    assert checks(kept) == {"A.r1": "success"}
    with hold_store(kept):
        pass  # the store is free again
    result = verify(root, "--at-most", "0")
    assert (result.exit_code, "2 reels are left" in result.output) == (0, True)


def test_the_source_is_only_read(root: Path) -> None:
    source = root / "archive" / "a.mkv"
    source.chmod(0o444)
    before = source.read_bytes(), source.stat().st_mtime_ns
    assert verify(root).exit_code == 0
    assert before == (source.read_bytes(), source.stat().st_mtime_ns)


def test_a_sequence_whose_frames_are_not_on_record_is_compared_as_a_whole(
    root: Path, kept: Store
) -> None:
    reel = known_reels(kept.ledger())["B.r1"]
    assert check_source(reel, None).outcome == "unchanged"
    flip(root / "archive" / "scan" / "frame_00001.dpx")
    found = check_source(reel, None)
    assert (found.outcome, found.differing) == ("changed", ())
    named = check_source(reel, read_frame_index(kept.ledger(), reel.digest))
    assert [file.name for file in named.differing] == ["frame_00001.dpx"]
    assert (named.found, named.file_count) == (found.found, FRAMES)


def test_the_bytes_count_not_the_reading_of_them(root: Path, kept: Store) -> None:
    """A deinterlaced reel's digest tells how it is read; its file has its own."""
    reel = known_reels(kept.ledger())["A.r1"]
    woven = replace(reel, header=replace(reel.header, deinterlaced=True))
    assert woven.digest != reel.digest
    assert check_source(woven, None).outcome == "unchanged"


def test_a_pipe_in_place_of_a_file_does_not_stop_the_round(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "reel.mkv")
    assert check_file(tmp_path / "reel.mkv", "0" * 64).outcome == "unreadable"
    assert check_derivative(tmp_path / "nothing").differing[0].outcome == "missing"


def test_a_store_in_use_is_left_alone(
    root: Path, kept: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["wetgate", "verify", "--store", str(kept.root)])
    with hold_store(kept), pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "another night or check is running" in capsys.readouterr().err
    assert checks(kept) == {}


@pytest.mark.parametrize(
    "words", [["C"], ["--no-sources", "--no-outputs"], ["--older-than", "-1"], ["--at-most", "x"]]
)
def test_wrong_usage(words: list[str], root: Path) -> None:
    assert verify(root, *words).exit_code == 2


def test_the_flow_says_what_needs_attention(root: Path, kept: Store) -> None:
    with pytest.raises(StoreError, match="no reel C"):
        verify_store(kept, Asked(("C",)))
    well = fixity.fn(str(kept.root), older_than_days=30)
    assert not isinstance(well, State)
    assert (well.all_well, well.files) == (True, 0)
    flip(root / "archive" / "a.mkv")
    state = fixity.fn(str(kept.root), ["A"])
    assert isinstance(state, State)
    assert (state.name, "1 not as recorded" in str(state.message)) == ("NeedsAttention", True)


def test_deployments_give_their_flows_what_they_take() -> None:
    path = Path(__file__).parent.parent / "prefect.yaml"
    deployments = yaml.safe_load(path.read_text())["deployments"]
    assert "fixity" in [deployment["name"] for deployment in deployments]
    for deployment in deployments:
        module, _, name = deployment["entrypoint"].rpartition(".")
        flow = getattr(import_module(module), name)
        given = deployment["parameters"]
        needed = inspect.signature(flow.fn).parameters.values()
        assert {p.name for p in needed if p.default is p.empty} - set(given) == set()
        assert given.items() <= flow.validate_parameters(given).items()


def test_events_open_in_pandas_with_both_digests(root: Path, kept: Store) -> None:
    flip(root / "archive" / "a.mkv")
    before = known_reels(kept.ledger())["A.r1"].content.sha256
    verify(root, "A", "--no-outputs")
    events = pd.concat(pd.read_parquet(p) for p in kept.tables.glob("events/fixity-*/*.parquet"))
    (detail,) = events["detail"]
    assert before in detail
    assert sha256_file(root / "archive" / "a.mkv") in detail
