"""Finished reels in a bucket: every object proved, the manifest last, nothing sent twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from catalogs.errors import StorageError, VerificationError
from catalogs.origin import RemoteRoot
from catalogs.publications import Publication, read_publications, record_publication, was_published
from catalogs.recipe import Treatment
from catalogs.rows import reel_row
from catalogs.store import Store
from flows.cli import app
from flows.fixity.copies import check_copies
from flows.fixity.due import Asked, due_reels
from flows.fixity.reading import TimeIsUp
from flows.verify import verify_store
from tasks.storage.bucket import Bucket
from tasks.storage.publish import Plan, check_published, is_listed_whole, publish_reel
from tests.played import entry, ingested
from tests.storage.places import Place

NAMES = ("A.mkv", "A.access.mp4", "A.change.mkv", "A.mkv.qctools.xml.gz")


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """A finished reel as a store has it."""
    folder = tmp_path / "A.r1" / "conservative-0123"
    folder.mkdir(parents=True)
    for name in NAMES:
        (folder / name).write_bytes(name.encode() * 1000)
    write_manifest(folder)
    return folder


def write_manifest(folder: Path) -> None:
    files = {name: {"bytes": (folder / name).stat().st_size,
                    "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()}
             for name in NAMES}  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps({"files": files}))


def lying(folder: Path) -> dict[str, bytes]:
    below = f"{folder.parent.name}/{folder.name}"
    return {f"{below}/{path.name}": path.read_bytes() for path in folder.iterdir()}


def there(place: Place) -> dict[str, bytes]:
    return {name: place.get(name) for name in place.names()}


def test_a_reel_is_published_whole_and_once(place: Place, root: RemoteRoot, finished: Path) -> None:
    done = publish_reel(Plan.of(finished), root)
    assert (done.object_count, done.sent_count, done.status) == (5, 5, "published")
    assert there(place) == lying(finished)
    before = place.everything()
    assert publish_reel(Plan.of(finished), root).sent_count == 0
    assert place.everything() == before
    assert is_listed_whole(Plan.of(finished), root)
    assert list(check_published(done)) == []


def test_the_manifest_comes_last_and_a_broken_try_goes_on(
    place: Place, root: RemoteRoot, finished: Path
) -> None:
    """Ended before each object in turn: no manifest stands before all else does."""

    class Ended(Exception):
        pass

    def end_at(number: int) -> None:
        left = [number]

        def proceed() -> None:
            if not left[0]:
                raise Ended
            left[0] -= 1

        publish_reel(Plan.of(finished), root, proceed)

    for number in range(5):
        with pytest.raises(Ended):
            end_at(number)
        assert len(place.names()) == number
        assert not any(name.endswith("manifest.json") for name in place.names())
    assert publish_reel(Plan.of(finished), root).sent_count == 1
    assert there(place) == lying(finished)


def test_a_reel_that_was_joined_anew_takes_the_place(
    place: Place, root: RemoteRoot, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest of the former one is gone before anything is replaced."""
    publish_reel(Plan.of(finished), root)
    (finished / "A.access.mp4").write_bytes(b"with a notice")
    write_manifest(finished)
    seen: list[bool] = []
    write = Bucket.write

    def noted(self: Bucket, source: Path, path: str) -> None:
        seen.append(any(name.endswith("manifest.json") for name in place.names()))
        write(self, source, path)

    monkeypatch.setattr(Bucket, "write", noted)
    assert publish_reel(Plan.of(finished), root).sent_count == 2
    assert seen == [False, False]
    assert there(place) == lying(finished)


def test_a_sidecar_that_another_program_wrote_is_left_out(
    place: Place, root: RemoteRoot, finished: Path
) -> None:
    (finished / NAMES[3]).write_bytes(b"another")
    done = publish_reel(Plan.of(finished), root)
    assert done.object_count == 4
    assert not any(name.endswith("qctools.xml.gz") for name in place.names())
    assert list(check_published(done)) == []


def test_a_film_that_is_damaged_in_the_store_is_not_published(
    place: Place, root: RemoteRoot, finished: Path
) -> None:
    (finished / "A.mkv").write_bytes(b"A.mkX" * 1000)
    with pytest.raises(VerificationError, match="wetgate verify"):
        publish_reel(Plan.of(finished), root)
    assert not any(name.endswith("manifest.json") for name in place.names())


def test_a_storage_that_gives_back_other_bytes_is_not_believed(
    place: Place, root: RemoteRoot, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Bucket.read
    monkeypatch.setattr(Bucket, "read", lambda *a: bytes([read(*a)[0] ^ 1]) + read(*a)[1:])
    with pytest.raises(StorageError, match="other bytes"):
        publish_reel(Plan.of(finished), root)
    assert not any(name.endswith("manifest.json") for name in place.names())


@pytest.mark.parametrize("harm", ["turned", "shorter", "gone", "manifest gone", "manifest turned"])
def test_a_copy_that_is_harmed_is_found_and_then_put_right(
    harm: str, place: Place, root: RemoteRoot, finished: Path, store: Store
) -> None:
    ledger = store.ledger("night")
    done = publish_reel(Plan.of(finished), root)
    record_publication(ledger, done)
    assert check_copies(ledger, "A.r1", [done.url]) == ([], 5)
    name = f"A.r1/conservative-0123/{'manifest.json' if 'manifest' in harm else 'A.mkv'}"
    data = place.get(name)
    if "gone" in harm:
        place.delete(name)
    else:
        place.put(name, data[:-1] if harm == "shorter" else data[:-1] + bytes([data[-1] ^ 1]))
    (problem,), _ = check_copies(ledger, "A.r1", [done.url])
    assert name.rpartition("/")[2] in problem.detail
    assert "--publish" in problem.detail
    (copy,) = read_publications(ledger)
    assert copy.status == "differs"
    assert not was_published(ledger, done)
    assert publish_reel(Plan.of(finished), root).sent_count >= 1
    assert there(place) == lying(finished)
    assert check_copies(ledger, "A.r1", [done.url]) == ([], 5)
    assert was_published(ledger, done)


def test_a_storage_that_does_not_answer_is_no_verdict_on_a_copy(
    root: RemoteRoot, finished: Path, store: Store, anew: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = store.ledger("night")
    done = publish_reel(Plan.of(finished), root)
    record_publication(ledger, done)
    from tests.storage.conftest import forget

    forget()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    (problem,), _ = check_copies(ledger, "A.r1", [done.url])
    assert "no verdict" in problem.detail
    failed = Publication("A.r1", done.derivative_id, done.url, "", "failed", "not reached")
    record_publication(ledger, failed)
    assert was_published(ledger, done)  # a night without storage is none either
    (problem,), objects = check_copies(ledger, "A.r1", [done.url])
    assert objects == 5  # and such a row hides no copy from a check
    assert "no verdict" in problem.detail


def test_no_manifest_stands_while_a_harmed_film_is_replaced(
    place: Place, root: RemoteRoot, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in between, the copy says that it is none."""
    publish_reel(Plan.of(finished), root)
    place.put("A.r1/conservative-0123/A.mkv", b"harmed")
    write, seen = Bucket.write, []

    def noted(self: Bucket, source: Path, path: str) -> None:
        seen.append(any(name.endswith("manifest.json") for name in place.names()))
        write(self, source, path)

    monkeypatch.setattr(Bucket, "write", noted)
    assert publish_reel(Plan.of(finished), root).sent_count == 2
    assert seen == [False, False]
    assert there(place) == lying(finished)


def test_reading_copies_is_counted_and_can_be_ended_within_one(
    root: RemoteRoot, finished: Path, store: Store
) -> None:
    ledger = store.ledger("night")
    done = publish_reel(Plan.of(finished), root)
    record_publication(ledger, done)
    read: list[int] = []
    check_copies(ledger, "A.r1", [done.url], read.append)
    assert sum(read) == sum((finished / name).stat().st_size for name in NAMES)

    def end(_: int) -> None:
        raise TimeIsUp

    with pytest.raises(TimeIsUp):
        check_copies(ledger, "A.r1", [done.url], end)


def test_copies_alone_are_due_until_they_were_found_well(
    root: RemoteRoot, finished: Path, store: Store, header_maker: Callable[..., Any]
) -> None:
    known, _ = ingested(entry("A"), header_maker)
    ledger = store.ledger("night")
    ledger.append("reels", "A.r1", [reel_row(known, "restored", Treatment("conservative", ()))])
    done = publish_reel(Plan.of(finished), root)
    record_publication(ledger, done)
    alone = Asked((), sources=False, outputs=False, published=True)
    (due,) = due_reels(store, alone)
    assert (due.source, due.derivatives, due.shots, due.copies) == (False, (), False, (done.url,))
    assert verify_store(store, alone, at_most_hours=0).reels_left == 1
    checked = verify_store(store, alone)
    assert (checked.reels, checked.files, checked.all_well) == (1, 5, True)
    assert checked.bytes >= sum((finished / name).stat().st_size for name in NAMES)
    assert due_reels(store, replace(alone, older_than_days=1)) == []
    found = CliRunner().invoke(
        app, ["verify", "--published", "--no-sources", "--no-outputs", "--store", str(store.root)]
    )
    assert found.exit_code == 0, found.output
