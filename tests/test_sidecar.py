"""The sidecar of a finished master: there for QCTools, and never in the way of the reel."""

import gzip
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import pytest

from catalogs.errors import MediaError
from catalogs.fixity import sha256_file
from catalogs.picture import PictureFormat
from catalogs.recipe import read_recipe
from catalogs.records import CatalogReel, Reel, Shot
from catalogs.store import Store, open_store
from flows.fixity.due import Asked, due_reels
from flows.night import work
from flows.night.order import Order
from flows.verify import summary_line, verify_store
from tasks.export.gather import verified_files
from tasks.manifest import is_assembled, read_manifest
from tasks.media import program
from tasks.media.probe import probe
from tasks.media.signal import NAMES, Signal, read_signals, signal_output
from tasks.metrics.shown.signalstats import sidecar_of, write_sidecar
from tasks.report.write import write_report
from tasks.treat import resolve_recipe

UNTOUCHED = resolve_recipe(read_recipe("untouched"))
FRAMES = 6


@dataclass
class Done:
    """A reel whose shots are restored, on its way to being joined."""

    order: Order
    reel: Reel
    shots: tuple[Shot, ...]

    @property
    def store(self) -> Store:
        return self.order.store

    @property
    def folder(self) -> Path:
        return self.store.reel_folder("A.r1", UNTOUCHED.label)

    @property
    def sidecar(self) -> Path:
        return sidecar_of(self.folder / f"A.r1.{UNTOUCHED.label}.mkv")

    def join(self, **options: Any) -> dict[str, Any]:
        work.assemble(replace(self.order, **options), self.reel)
        return read_manifest(self.folder)

    def is_finished(self) -> bool:
        return is_assembled(self.reel, self.shots, UNTOUCHED, self.store)

    def status(self) -> str:
        return str(self.store.ledger().newest("reels", "A.r1")["status"].iloc[-1])

    def report(self) -> str:
        page = write_report(self.store, self.order.batch_id)
        return page.with_suffix(".md").read_text(encoding="utf-8").replace("\\", "")


Decodings = Callable[[str], int]


@pytest.fixture
def decodings(monkeypatch: pytest.MonkeyPatch) -> Decodings:
    """Counts the ffmpegs that read a master whose name begins so."""
    lines: list[list[str]] = []
    plain = program.command

    def noted(*arguments: Any, **options: Any) -> list[str]:
        lines.append(plain(*arguments, **options))
        return lines[-1]

    monkeypatch.setattr(program, "command", noted)

    def count(name: str) -> int:
        read = [line[at + 1] for line in lines for at, word in enumerate(line) if word == "-i"]
        return sum(Path(url).name.startswith(name) and url.endswith(".mkv") for url in read)

    return count


@pytest.fixture
def done(make_reel: Callable[..., tuple[Path, list[bytes]]], tmp_path: Path) -> Done:
    path, _ = make_reel("a.mkv", "yuv422p10le", FRAMES)
    order = Order(open_store(tmp_path / "store"), path.parent, UNTOUCHED, "night")
    reel, shots, _ = work.ingest(order, CatalogReel("A", "T", 1, 1, path.name, 2))
    for shot in shots:
        work.restore(order, reel, shot, 60)
    return Done(order, reel, shots)


def test_a_finished_master_has_its_signal_beside_it(done: Done) -> None:
    """Whole, under the name that QCTools looks for, and listed with its hash."""
    manifest = done.join()
    text = gzip.decompress(done.sidecar.read_bytes()).decode()
    assert text.count("<frame ") == FRAMES
    assert text.count("lavfi.signalstats.") == FRAMES * len(NAMES)
    assert text.rstrip().endswith("</ffprobe:ffprobe>")
    assert manifest["sidecar"] == "written"
    assert manifest["files"][done.sidecar.name] == {
        "bytes": done.sidecar.stat().st_size, "sha256": sha256_file(done.sidecar)
    }  # fmt: skip
    assert f"QCTools sidecar of its master: {done.sidecar.relative_to(done.store.root)}" in (
        done.report()
    )
    assert [file.role for file in verified_files(done.folder, manifest)][-1] == "signal report"


def test_an_operator_leaves_it_off_and_the_reel_is_finished(done: Done) -> None:
    manifest = done.join(sidecar=False)
    assert not done.sidecar.exists() and len(manifest["files"]) == 3
    assert done.is_finished() and done.status() == "restored"
    text = done.report()
    assert "QCTools sidecar of its master: left off by the operator" in text
    assert "without a QCTools sidecar" not in text


def test_a_reel_of_an_earlier_version_is_not_joined_again_for_it(done: Done) -> None:
    manifest = done.join(sidecar=False)
    older = {name: fact for name, fact in manifest.items() if name not in ("sidecar", "time")}
    (done.folder / "manifest.json").write_text(json.dumps(older))
    assert done.is_finished()
    assert "QCTools sidecar of its master: none: the reel was joined by an earlier version" in (
        done.report()
    )


def test_a_failure_half_way_leaves_no_file_fails_no_reel_and_is_named(
    done: Done, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(stream: IO[bytes]) -> Iterator[dict[str, str]]:
        yield next(read_signals(stream))
        raise MediaError("signalstats gave up\nwith a long story")

    monkeypatch.setattr("tasks.sidecar.read_signals", fails)
    manifest = done.join()
    assert sorted(path.name for path in done.folder.iterdir()) == sorted(
        ["manifest.json", *manifest["files"]]
    )
    assert len(manifest["files"]) == 3
    assert manifest["sidecar"] == "not written: signalstats gave up"
    assert done.is_finished() and done.status() == "restored"
    attention = done.report().partition("## Reels")[0]
    assert "A.r1: finished without a QCTools sidecar, not written: signalstats gave up" in attention


def test_a_filter_that_fails_costs_a_second_decoding_and_not_the_reel(
    done: Done, monkeypatch: pytest.MonkeyPatch, decodings: Decodings
) -> None:
    """One ffmpeg makes the signal and the access copy: nobody can say whose fault it was."""

    def impossible(video: Any, picture: PictureFormat, url: str) -> Any:
        return signal_output(video.filter("crop", 2 * picture.width), picture, url)

    monkeypatch.setattr("tasks.sidecar.signal_output", impossible)
    manifest = done.join()
    assert manifest["sidecar"].startswith("not written: ffmpeg")
    assert done.is_finished() and done.status() == "restored"
    assert len(manifest["files"]) == 3 and not done.sidecar.exists()
    assert decodings("A.r1.untouched") == 2


def test_what_fails_without_it_as_well_is_said_of_the_reel(
    done: Done, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.media.access._burned_in", lambda video, _: video.filter("gone"))
    with pytest.raises(MediaError, match="No such filter: 'gone'"):
        done.join()
    assert not done.folder.exists() and not done.is_finished()


@pytest.mark.parametrize("sidecar", [True, False])
def test_a_master_is_decoded_once_while_its_reel_is_joined(
    done: Done, decodings: Decodings, sidecar: bool
) -> None:
    """For its verification, its access copy and its sidecar together."""
    done.join(sidecar=sidecar)
    assert decodings("A.r1.untouched") == 1
    assert done.sidecar.exists() == sidecar


def test_a_sidecar_says_what_a_decoding_of_its_own_says(
    done: Done, tmp_path: Path, signals_of: Callable[[Path], Iterator[Signal]]
) -> None:
    done.join()
    master = done.sidecar.with_name(f"A.r1.{UNTOUCHED.label}.mkv")
    picture = probe(master).picture
    own = tmp_path / "own"
    write_sidecar(own, signals_of(master), picture, done.reel.frame_rate, FRAMES)
    assert done.sidecar.read_bytes() == own.read_bytes()


@pytest.mark.parametrize("how", ["replaced", "gone"])
def test_one_that_is_not_as_recorded_is_found_and_the_reel_stays(done: Done, how: str) -> None:
    """A reviewer's QCTools may write its own over it; the films are what they were."""
    manifest = done.join()
    if how == "gone":
        done.sidecar.unlink()
    else:
        done.sidecar.write_bytes(gzip.compress(b"<ffprobe/>"))
    summary = verify_store(done.store, Asked((), False, True, None))
    (note,) = summary.notes
    word = "is gone" if how == "gone" else "was rewritten by another program"
    assert f"the films are as recorded; its QCTools sidecar {word}: {done.sidecar.name}" in (
        note.detail
    )
    assert summary.all_well and summary.problems == ()
    assert summary_line(summary).endswith("all as recorded, but for 1 QCTools sidecar")
    assert not due_reels(done.store, Asked((), False, True, 30)), "it was looked at"
    assert summary.files == 4 + 2 * len(done.shots)
    assert done.is_finished() and done.status() == "restored"
    assert len(verified_files(done.folder, manifest)) == 3
    text = done.report()
    assert "QCTools sidecar of its master: no longer there as it was written" in text
    assert "not there as recorded" not in text


def test_it_is_written_again_when_the_reel_is_joined_again(done: Done) -> None:
    """As docs/operators.md says: the access copy is moved away, and a night goes over it."""
    done.join(notice="Archive")
    files = [done.sidecar, done.folder / f"A.r1.{UNTOUCHED.label}.mkv"]
    first = [sha256_file(file) for file in files]
    done.sidecar.write_bytes(gzip.compress(b"<ffprobe/>"))
    assert done.is_finished()
    (done.folder / f"A.r1.{UNTOUCHED.label}.access.mp4").unlink()
    assert not done.is_finished(), "the next night joins it"
    assert done.join()["notice"] == "Archive"
    assert [sha256_file(file) for file in files] == first
    assert verify_store(done.store, Asked((), False, True, None)).notes == ()


def test_a_film_that_is_damaged_with_it_fails_the_reel(done: Done) -> None:
    done.join()
    done.sidecar.unlink()
    master = done.sidecar.with_name(f"A.r1.{UNTOUCHED.label}.mkv")
    kept = master.with_suffix(".kept")
    shutil.copy(master, kept)
    master.write_bytes(b"broken")
    assert len(verify_store(done.store, Asked((), False, True, None)).problems) == 1
    assert not done.is_finished() and done.status() == "failed"
    kept.replace(master)
    verify_store(done.store, Asked((), False, True, None))
    assert done.is_finished(), "the film is back, the sidecar is not"
