"""Of an image sequence in a bucket a host copies what it works on, and no more."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from catalogs.errors import SourceError
from catalogs.origin import RemoteRoot
from catalogs.records import CatalogReel, Reel, Shot
from catalogs.rows import read_frame_index
from catalogs.shot_list import current_shots
from catalogs.store import Store
from flows.night import work
from flows.night.object_storage import ObjectStorage
from flows.night.order import Order
from flows.night.source_at_hand import copied, frames_of
from flows.registry.treatment import resolve_treatment
from tasks.media.read import read_frames
from tasks.split import DETECTOR
from tasks.storage.listed import Part, list_source
from tasks.storage.scratch import Scratch
from tests.faults.sources import FRAMES, make_source
from tests.storage.places import Place

ENTRY = CatalogReel("SCAN", "Scan", 1, 1, "scan/scan_%04d.dpx", 2, frame_rate=Fraction(18),
                    sound_path="scan.wav")  # fmt: skip
Film = Callable[..., Path]


@pytest.fixture
def archive(place: Place, tmp_path: Path, film: Film) -> Path:
    """A folder with a scan and its sound, and the same in the bucket."""
    folder = tmp_path / "archive"
    make_source("DPX", folder / "scan")
    film("archive/scan.wav", frames=FRAMES, rate="18", sounds=1, vn=None, acodec="pcm_s24le")
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        place.put(str(file.relative_to(folder)), file.read_bytes())
    return folder


@pytest.fixture
def order(store: Store, root: RemoteRoot, tmp_path: Path) -> Order:
    treatment = resolve_treatment("conservative", store.root).treatment
    return Order(store, root, treatment, "night", storage=on_host(tmp_path, "one"))


@pytest.fixture
def ingested(order: Order, archive: Path) -> tuple[Reel, Shot]:
    """The scan, ingested by one host, and frames 3 to 7 of it."""
    reel, _, _ = work.ingest(order, ENTRY)
    return reel, Shot(reel.reel_id, reel.digest, 1, 3, 8)


def on_host(folder: Path, name: str) -> ObjectStorage:
    return ObjectStorage(scratch=folder / f"scratch-{name}")


def another(order: Order, tmp_path: Path) -> Order:
    """The same work on a host that has no copies yet."""
    return replace(order, storage=on_host(tmp_path, "two"))


def lying(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def left(scratch: Scratch) -> list[Path]:
    return list(scratch.root.glob("*/*/files/*"))


def test_a_shot_has_its_own_frames_and_no_others(
    order: Order, ingested: tuple[Reel, Shot], archive: Path, tmp_path: Path
) -> None:
    """And they are those that were ingested."""
    reel, shot = ingested
    index = read_frame_index(order.ledger, reel.digest)
    assert index is not None
    scratch = another(order, tmp_path).scratch
    with copied(reel, scratch, frames_of(shot)) as here:
        files = sorted((archive / "scan").iterdir())[3:8]
        assert lying(here.source) == {file.name for file in files}
        frames = list(read_frames(here.source, here.header, index, 3, 8))
    local = read_frames(archive / "scan", reel.header, index, 3, 8)
    assert frames == list(local)
    assert left(scratch) == []


def test_a_night_on_two_hosts_is_a_night_on_one(
    order: Order, ingested: tuple[Reel, Shot], archive: Path, tmp_path: Path
) -> None:
    """One ingests, the other restores and joins; it never has more than one shot or the sound."""
    reel, _ = ingested
    there = another(order, tmp_path)
    for shot in current_shots(order.ledger, reel, DETECTOR):
        done = work.restore(there, reel, shot, 600)
        assert done.status == "restored", done.reason
    work.assemble(there, reel)
    said = [e["detail"] for e in order.ledger.read("events").to_dict("records")
            if e["event"] == "staging"]  # fmt: skip
    whole = sum(file.stat().st_size for file in archive.rglob("*") if file.is_file())
    picture = whole - (sound := (archive / "scan.wav").stat().st_size)
    sizes = sorted(int(text.split(" objects, ")[1].split()[0]) for text in said)
    assert sum(sizes) == whole + picture + sound
    assert sizes[0] == sound
    assert left(there.scratch) == []


def test_a_host_that_has_the_whole_source_copies_nothing(
    order: Order, ingested: tuple[Reel, Shot]
) -> None:
    reel, shot = ingested
    told: list[bool] = []
    with copied(reel, order.scratch, frames_of(shot), told=lambda c: told.append(c.fresh)) as here:
        assert len(lying(here.source)) == FRAMES
    assert told == [False]
    assert len(left(order.scratch)) > 0


def test_objects_that_were_written_again_are_had_whole_and_hashed(
    order: Order, ingested: tuple[Reel, Shot], archive: Path, place: Place, tmp_path: Path
) -> None:
    """With the same bytes they are taken, with others the reel is held by name."""
    reel, shot = ingested
    origin = replace(reel.origin, listing="0" * 64)  # type: ignore[type-var]
    before = replace(reel, origin=origin)
    scratch = another(order, tmp_path).scratch
    with copied(before, scratch, frames_of(shot)) as here:
        assert len(lying(here.source)) == FRAMES
    file = sorted((archive / "scan").iterdir())[-1]
    place.put(f"scan/{file.name}", os.urandom(file.stat().st_size))
    with (
        pytest.raises(SourceError, match="the source is not what was ingested"),
        copied(reel, scratch, frames_of(shot)),
    ):
        pass


def test_the_sound_alone_is_hashed(
    order: Order, ingested: tuple[Reel, Shot], tmp_path: Path
) -> None:
    reel, _ = ingested
    scratch = another(order, tmp_path).scratch
    with copied(reel, scratch, Part(sound=True)) as here:
        assert here.sound_source is not None
        assert lying(scratch.root) >= {"scan.wav"}
        assert not here.source.exists()
    other = replace(reel, content=replace(reel.content, sound_sha256="0" * 64))
    with (
        pytest.raises(SourceError, match="the sound is not what was ingested"),
        copied(other, scratch, Part(sound=True)),
    ):
        pass
    assert left(scratch) == []


def test_a_part_is_no_other_reel_s_whole_source(place: Place, root: RemoteRoot) -> None:
    """A film that another reel has as its sound."""
    for name in ("scan/s_0001.dpx", "tele.mov"):
        place.put(name, name.encode())
    scan = list_source(replace(ENTRY, path="scan/s_%04d.dpx", sound_path="tele.mov"), root)
    tele = list_source(replace(ENTRY, path="tele.mov", sound_path=None), root)
    assert (
        len({scan.key, scan.only(Part(sound=True)).key, scan.only(Part(0, 1)).key, tele.key}) == 4
    )
