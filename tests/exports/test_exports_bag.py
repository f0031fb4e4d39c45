"""The bag: valid to the Library of Congress's own program, and whole or not there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import bagit
import pytest

from catalogs.errors import VerificationError
from catalogs.exports.subject import RestoredReel
from catalogs.fixity import sha256_file
from catalogs.records import Reel
from catalogs.rows import event_row
from catalogs.store import Store
from tasks.export.bag import check_bag, write_bag
from tasks.export.formats import approve

FinishReel = Callable[..., Reel]
Gather = Callable[[Reel], RestoredReel]
MakeRecord = Callable[..., Reel]


@pytest.fixture
def subject(finish_reel: FinishReel, gather: Gather) -> RestoredReel:
    return gather(finish_reel())


@pytest.fixture
def bag(store: Store, subject: RestoredReel, tmp_path: Path) -> Path:
    path, written = write_bag(store, subject, tmp_path / "out", "Archive of X")
    assert written
    return path


def bagit_validates(bag: Path) -> bool:
    command = [sys.executable, "-m", "bagit", "--validate", str(bag)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_bagit_validates_it(bag: Path) -> None:
    assert bagit_validates(bag)


def test_a_flipped_bit_is_found(bag: Path) -> None:
    film = next(bag.glob("data/*.change.mkv"))
    content = bytearray(film.read_bytes())
    content[100] ^= 1
    film.unlink()  # a hard link: the store keeps its file
    film.write_bytes(content)
    assert not bagit_validates(bag)
    with pytest.raises(VerificationError, match=film.name):
        check_bag(bag)


def test_it_holds_the_reel_and_all_that_belongs_to_it(bag: Path, subject: RestoredReel) -> None:
    found = {str(path.relative_to(bag / "data")) for path in bag.rglob("data/**/*.*")}
    metadata = ("premis.xml", "shots.otio", "shots.edl", "shots.csv", "catalog.csv")
    assert found == {
        *(file.name for file in subject.files),
        "manifest.json",
        *(f"metadata/{name}" for name in metadata),
        "report/report.html",
        "logs/A-1.r1.log",
    }
    assert {path.name for path in bag.glob("manifest-*")} == {
        "manifest-sha256.txt",
        "manifest-sha512.txt",
    }


def test_it_says_what_it_is(bag: Path, subject: RestoredReel) -> None:
    info = bagit.Bag(str(bag)).info
    assert info["External-Identifier"] == [subject.derivative_id, "A-1"]
    assert info["Source-Organization"] == "Archive of X"
    assert info["Internal-Sender-Description"].startswith("Restored derivative of A-1, reel 1 of 2")
    assert info["Bag-Software-Agent"] == "wetgate 0.1.0, bagit-python"
    sizes = [path.stat().st_size for path in bag.glob("data/**/*") if path.is_file()]
    assert info["Payload-Oxum"] == f"{sum(sizes)}.{len(sizes)}"


def test_films_are_linked_and_what_nights_go_on_writing_is_copied(
    bag: Path, store: Store, subject: RestoredReel
) -> None:
    for path in bag.glob("data/*.mkv"):
        assert path.stat().st_nlink == 2
    log = store.log_file(subject.reel.reel_id)
    log.write_text(log.read_text() + "another night\n")
    assert bagit_validates(bag)


def test_the_report_is_that_of_the_night_that_assembled_the_reel(
    store: Store, subject: RestoredReel, gather: Gather, tmp_path: Path
) -> None:
    event = event_row("assembly", subject.derivative_id, "success", "", "wetgate 0.1.0")
    store.ledger("later").append("events", "later", [event])
    store.report_folder("later").mkdir()
    (store.report_folder("later") / "report.html").write_text("later")
    path, _ = write_bag(store, gather(subject.reel), tmp_path / "out")
    assert (path / "data/report/report.html").read_text() == "later"


def test_films_are_copied_where_links_are_not_possible(
    store: Store, subject: RestoredReel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("tasks.export.bag.os.link", refuse)
    path, _ = write_bag(store, subject, tmp_path / "other")
    assert bagit_validates(path)


def test_a_rate_without_edl_leaves_the_edl_out(
    store: Store,
    finish_reel: FinishReel,
    gather: Gather,
    make_record: MakeRecord,
    tmp_path: Path,
) -> None:
    path, _ = write_bag(store, gather(finish_reel(make_record(rate=Fraction(18)))), tmp_path / "o")
    assert not (path / "data/metadata/shots.edl").exists()
    assert (path / "data/metadata/shots.otio").exists()


def test_a_valid_bag_is_left_a_broken_or_outdated_one_replaced(
    bag: Path, store: Store, subject: RestoredReel, tmp_path: Path
) -> None:
    born = bag.stat().st_ino

    def again(subject: RestoredReel, force: bool = False) -> bool:
        return write_bag(store, subject, tmp_path / "out", force=force)[1]

    assert not again(subject)
    assert bag.stat().st_ino == born
    assert again(subject, force=True)
    assert not again(subject)
    approved = approve(store, subject, "A. Curator")
    assert again(approved)
    assert not again(approved)
    (bag / "data" / "manifest.json").unlink()
    assert again(approved)
    assert bagit_validates(bag)
    assert [path.name for path in bag.parent.iterdir()] == [bag.name]


def test_a_bag_of_the_same_films_without_a_sidecar_is_replaced_by_one_with_it(
    bag: Path, store: Store, subject: RestoredReel, tmp_path: Path
) -> None:
    """A sidecar is no film: one that is new is not another version of what is in the bag."""
    master = subject.file("restored master")
    folder = store.root / "reels" / subject.reel.reel_id
    sidecar = next(folder.glob(f"*/{master.name}")).with_name(f"{master.name}.qctools.xml.gz")
    sidecar.write_bytes(b"signal")
    report = replace(master, role="signal report", name=sidecar.name, size_bytes=6,
                     sha256=sha256_file(sidecar))  # fmt: skip
    found = replace(subject, files=(*subject.files, report))
    assert write_bag(store, found, tmp_path / "out") == (bag, True)
    assert (bag / "data" / sidecar.name).read_bytes() == b"signal"


def test_what_does_not_validate_never_gets_its_name(
    store: Store, subject: RestoredReel, tmp_path: Path
) -> None:
    """A film that changes between being verified and being bagged."""
    planned = tuple(replace(file, sha256="0" * 64) for file in subject.files)
    with pytest.raises(VerificationError, match="changed while it was bagged"):
        write_bag(store, replace(subject, files=planned), tmp_path / "out")
    assert list((tmp_path / "out" / subject.derivative_id).iterdir()) == []
