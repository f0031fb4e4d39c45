"""Restore and assemble: nothing else changes, what changed can be undone, and it is verified."""

import hashlib
import itertools
import json
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np
import psutil
import pytest

from catalogs.errors import MediaError, SourceError, VerificationError
from catalogs.picture import PictureFormat
from catalogs.recipe import Treatment, read_recipe
from catalogs.records import AssembledReel, CatalogReel, Reel, RestoredShot, Shot
from catalogs.source import FrameIndex, Header
from catalogs.store import Store
from tasks import assemble
from tasks import restore as restore_module
from tasks.assemble import assemble_reel
from tasks.ingest import ingest_reel
from tasks.manifest import is_assembled
from tasks.measure import measure_shot
from tasks.media.check import index_frames
from tasks.media.probe import probe
from tasks.media.program import file_url, run
from tasks.media.read import read_picture
from tasks.media.write import FrameWriter, count_packets, ffv1_writer
from tasks.metrics.shown.signalstats import sidecar_of
from tasks.restore import keep_original, restore_shot
from tasks.samples import source_bytes
from tasks.treat import resolve_recipe
from tasks.verify import verify_reel

Film = Callable[..., Path]
MakeReel = Callable[..., tuple[Path, list[bytes]]]
UNTOUCHED = resolve_recipe(read_recipe("untouched"))
CONSERVATIVE = resolve_recipe(read_recipe("conservative"))


def md5(frame: bytes) -> str:
    return hashlib.md5(frame, usedforsecurity=False).hexdigest()


@dataclass
class Work:
    """A reel on its way through a store."""

    reel: Reel
    index: FrameIndex
    store: Store

    @staticmethod
    def of(path: Path, store: Store) -> "Work":
        return Work(*ingest_reel(CatalogReel("AFA 1", "T", 1, 1, path.name, 2), path.parent), store)

    def shot(self, start: int, stop: int) -> Shot:
        return Shot(self.reel.reel_id, self.reel.digest, start, start, stop)

    def restore(self, treatment: Treatment, *cuts: int) -> list[RestoredShot]:
        ends = (0, *cuts, len(self.index))
        return [
            restore_shot(self.reel, self.index, self.shot(a, b), treatment, self.store)
            for a, b in itertools.pairwise(ends)
        ]

    def assemble(self, shots: Sequence[RestoredShot], treatment: Treatment) -> AssembledReel:
        return assemble_reel(self.reel, shots, treatment, self.store)

    def frames(self, name: str) -> list[bytes]:
        return list(read_picture(self.store.root / name, self.reel.header.picture))

    def files(self) -> list[str]:
        kept = (self.store.root / part for part in ("shots", "reels"))
        paths = (path for folder in kept for path in folder.rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self.store.root)) for path in paths)


@pytest.fixture
def work(make_reel: MakeReel, store: Store) -> Work:
    make_reel(frames=10)
    return Work.of(store.root.parent / "reel.mkv", store)


@pytest.fixture
def dirty(tmp_path: Path, store: Store, make_header: Callable[..., Header]) -> Work:
    """Twelve frames of 10-bit 4:2:2 with specks on three of them; six more of another scene."""
    picture = PictureFormat(96, 64, "yuv422p10le")
    path = tmp_path / "dirty.mkv"
    with ffv1_writer(path, make_header(picture), Fraction(18)) as writer:
        for n, frame in enumerate(specked(picture)):
            writer.write(frame)
            assert n < 18
    return Work.of(path, store)


def specked(picture: PictureFormat) -> Iterator[bytes]:
    chance = np.random.default_rng(4)
    for scene, length in ((0.3, 12), (0.7, 6)):
        coarse = [
            chance.random((lines // 8 + 1, across // 8 + 1))
            for lines, across in picture.plane_shapes
        ]
        for n in range(length):
            planes = []
            for plane, (lines, across) in zip(coarse, picture.plane_shapes, strict=True):
                smooth = np.kron(plane, np.ones((8, 8)))[:lines, :across] * 0.2 + scene
                planes.append((smooth * picture.peak).astype("<u2"))
            if scene < 0.5 and n in (3, 6, 9):
                planes[0][20:27, 30 + n : 37 + n] = picture.peak
                planes[0][40:45, 60 - n : 66 - n] = 0
            yield b"".join(plane.tobytes() for plane in planes)


@pytest.mark.parametrize(
    "pixel_format",
    ["gray", "yuv420p", "yuvj420p", "yuv422p10le", "yuv444p12le", "gray16le", "gbrp", "gbrp10le"],
)
def test_a_recipe_without_steps_gives_identical_frames_all_the_way(
    make_reel: MakeReel, store: Store, pixel_format: str
) -> None:
    """Source, shots and assembled reel have one list of frame hashes."""
    path, raw = make_reel(pixel_format=pixel_format, size=(65, 47))
    work = Work.of(path, store)
    shots = work.restore(UNTOUCHED, 1, 7)
    expected = [md5(frame) for frame in raw]
    assert [digest for shot in shots for digest in shot.frame_md5] == expected
    built = work.assemble(shots, UNTOUCHED)
    assert list(index_frames(built.master, probe(built.master)).md5) == expected
    assert [shot.changed_share for shot in shots] == [0.0, 0.0, 0.0]


def test_the_source_can_be_computed_back_from_restored_and_change(dirty: Work) -> None:
    """And where the change map is mid-grey, the restored sample is the source's."""
    shot = dirty.restore(CONSERVATIVE, 12)[0]
    restored, change = dirty.frames(shot.picture_file), dirty.frames(shot.change_file)
    picture = dirty.reel.header.picture
    source = list(specked(picture))[:12]
    assert shot.changed_share > 0
    assert [md5(f) for f in restored] == list(shot.frame_md5) != [md5(f) for f in source]
    for before, after, delta in zip(source, restored, change, strict=True):
        assert source_bytes(after, delta, picture) == before
        old, new, map_ = (np.frombuffer(data, "<u2") for data in (before, after, delta))
        assert np.array_equal(map_ == 512, old == new)


@pytest.mark.parametrize("pixel_format", ["gray", "gray10le", "yuv420p12le", "gray16le"])
def test_the_change_map_undoes_even_black_made_white(pixel_format: str) -> None:
    """Differences beyond half the range wrap around and come back."""
    picture = PictureFormat(8, 8, pixel_format)
    black, white = flat(picture, 0), flat(picture, picture.peak)
    for before, after in ((black, white), (white, black), (black, black)):
        frames = restore_module.frames_from([before, after], picture, "cpu")
        delta = restore_module.change_bytes(next(frames), next(frames))
        assert source_bytes(after, delta, picture) == before


def flat(picture: PictureFormat, value: int) -> bytes:
    return value.to_bytes(picture.sample_bytes, "little") * picture.frame_samples


def test_a_shot_does_not_depend_on_its_neighbours(dirty: Work, tmp_path: Path) -> None:
    """Cut out of the reel beforehand, the same range gives the same frames."""
    within = dirty.restore(CONSERVATIVE, 12)[0]
    alone = tmp_path / "alone.mkv"
    run(ffmpeg.input(file_url(dirty.reel.source)).output(file_url(alone), c="copy", vframes=12))
    single = Work.of(alone, dirty.store).restore(CONSERVATIVE)[0]
    assert len(single.frame_md5) == 12
    assert single.frame_md5 == within.frame_md5


def test_a_shot_restored_twice_gives_equal_files(dirty: Work) -> None:
    """Same key, same bytes: work that is done once need not be done again."""
    first = dirty.restore(CONSERVATIVE, 12)
    second = dirty.restore(CONSERVATIVE, 12)
    assert [replace(shot, seconds=0.0) for shot in first] == [
        replace(shot, seconds=0.0) for shot in second
    ]


def test_the_recorded_hashes_are_those_of_the_files(work: Work) -> None:
    shot = work.restore(UNTOUCHED)[0]
    for name, sha256 in (
        (shot.picture_file, shot.picture_sha256),
        (shot.change_file, shot.change_sha256),
    ):
        assert hashlib.sha256((work.store.root / name).read_bytes()).hexdigest() == sha256


def test_a_kept_original_says_so_and_is_bit_identical(dirty: Work) -> None:
    shots = [
        keep_original(dirty.reel, dirty.index, dirty.shot(a, b), CONSERVATIVE, dirty.store, "why")
        for a, b in ((0, 12), (12, 18))
    ]
    assert {(shot.status, shot.reason, shot.steps) for shot in shots} == {
        ("original kept", "why", ())
    }
    assert {shot.changed_share for shot in shots} == {0.0}
    built = dirty.assemble(shots, CONSERVATIVE)
    assert index_frames(built.master, probe(built.master)).md5 == dirty.index.md5
    manifest = json.loads((built.folder / "manifest.json").read_text())
    assert [(s["status"], s["reason"]) for s in manifest["shots"]] == [("original kept", "why")] * 2


def test_an_assembled_reel_is_a_derivative_with_its_manifest(film: Film, store: Store) -> None:
    path = film("reel.mov", vcodec="prores_ks", pix_fmt="yuv422p10le", sounds=2, frames=12,
                acodec="pcm_s24le", timecode="10:00:00:00", aspect="16:9", rate="24000/1001",
                setparams="colorspace=bt709:color_primaries=bt709:color_trc=bt709")  # fmt: skip
    before = path.read_bytes()
    work = Work.of(path, store)
    restored = work.restore(UNTOUCHED, 5)
    built = work.assemble(restored, UNTOUCHED)
    shots = [done.shot for done in restored]
    manifest = json.loads((built.folder / "manifest.json").read_text())
    assert built.derivative_id == f"{work.reel.reel_id}.{UNTOUCHED.label}" == manifest["derivative"]
    assert manifest["source_sha256"] == hashlib.sha256(before).hexdigest()
    assert manifest["files"].keys() == {
        built.master.name, built.access_copy.name, built.change_map.name,
        sidecar_of(built.master).name,
    }  # fmt: skip
    for name, facts in manifest["files"].items():
        assert hashlib.sha256((built.folder / name).read_bytes()).hexdigest() == facts["sha256"]
    assert count_packets(built.change_map) == 12
    assert is_assembled(work.reel, shots, UNTOUCHED, store)
    assert not is_assembled(work.reel, shots, CONSERVATIVE, store)
    assert not is_assembled(work.reel, shots[1:], UNTOUCHED, store)
    assert not is_assembled(work.reel, shots, UNTOUCHED, store, "Restored derivative")
    renamed = replace(work.reel, catalog=replace(work.reel.catalog, title="Another title"))
    assert not is_assembled(renamed, shots, UNTOUCHED, store)
    assert path.read_bytes() == before
    built.master.write_bytes(b"")
    assert not is_assembled(work.reel, shots, UNTOUCHED, store)


def test_sound_that_moved_is_found(film: Film, store: Store) -> None:
    path = film("reel.mkv", sounds=1, frames=12, acodec="flac")
    work = Work.of(path, store)
    restored = work.restore(UNTOUCHED, 5)
    built = work.assemble(restored, UNTOUCHED)
    (heard,) = work.reel.content.audio
    for moved in (
        replace(heard, offset_seconds=heard.offset_seconds + 0.1),
        replace(heard, holes=((0.2, 0.1),)),
    ):
        other = replace(work.reel, content=replace(work.reel.content, audio=(moved,)))
        with pytest.raises(VerificationError, match="sound in sync"):
            verify_reel(other, restored, built)


def test_a_reel_is_assembled_again_in_place_of_a_broken_one(work: Work) -> None:
    shots = work.restore(UNTOUCHED, 4)
    first = work.assemble(shots, UNTOUCHED)
    first.master.write_bytes(b"broken")
    work.assemble(shots, UNTOUCHED)
    assert verify_reel(work.reel, shots, first)


def test_work_of_a_killed_night_that_goes_on_beside_the_new_one_spoils_nothing(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker on another host joins on; the reel stands whole, whoever is done first."""
    shots = work.restore(UNTOUCHED, 4)
    play = assemble.play_master
    others: list[AssembledReel] = []

    def play_after_another(*given: Any) -> Any:
        monkeypatch.setattr(assemble, "play_master", play)
        others.append(work.assemble(shots, UNTOUCHED))
        return play(*given)

    monkeypatch.setattr(assemble, "play_master", play_after_another)
    built = work.assemble(shots, UNTOUCHED)
    assert built.folder == others[0].folder
    assert verify_reel(work.reel, shots, built)
    assert not list(work.store.root.glob("reels/*/.*"))


def test_a_reel_that_gets_its_place_while_another_is_about_to_stays(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    shots = work.restore(UNTOUCHED, 4)
    twin = work.assemble(shots, UNTOUCHED)
    monkeypatch.setattr(assemble, "_make_way", lambda *_: None)
    assert work.assemble(shots, UNTOUCHED).folder == twin.folder
    twin.master.write_bytes(b"broken")
    with pytest.raises(OSError, match="not empty"):
        work.assemble(shots, UNTOUCHED)


@pytest.mark.parametrize(
    ("ranges", "reason"),
    [
        (((0, 4), (5, 10)), "no shot starts at frame 4"),
        (((0, 4), (3, 10)), "no shot starts at frame 4"),
        (((1, 10),), "no shot starts at frame 0"),
        (((0, 4),), "shots end at 4 of 10 frames"),
        ((), "shots end at 0 of 10 frames"),
        (((4, 10), (0, 4)), "no shot starts at frame 0"),
    ],
    ids=["gap", "overlap", "late start", "early end", "nothing", "order"],
)
def test_shots_that_do_not_cover_the_reel_once_are_refused(
    work: Work, ranges: tuple[tuple[int, int], ...], reason: str
) -> None:
    shots = [
        restore_shot(work.reel, work.index, work.shot(a, b), UNTOUCHED, work.store)
        for a, b in ranges
    ]
    with pytest.raises(VerificationError, match=reason):
        work.assemble(shots, UNTOUCHED)
    assert not any(name.startswith("reels/") for name in work.files())


def remake(target: Path, picture: PictureFormat, header: Header, rate: str, keep: int) -> None:
    frames = list(read_picture(target, picture))[:keep]
    with ffv1_writer(target, header, Fraction(rate)) as writer:
        for frame in frames:
            writer.write(frame)


@pytest.mark.parametrize(
    ("rate", "keep", "message"),
    [
        ("24", 10, "frame rate: planned 18, found 24"),
        ("18", 9, "frame count: planned 10, found 9"),
        ("18", 10, r"colour tags: planned .*range=None.*found .*range='tv'"),
    ],
    ids=["another rate", "a frame less", "another range"],
)
def test_a_master_that_was_tampered_with_fails_with_field_plan_and_find(
    work: Work, rate: str, keep: int, message: str
) -> None:
    header = work.reel.header
    untagged = replace(header, colour=replace(header.colour, range=None))
    reel = replace(work.reel, header=untagged)
    shots = work.restore(UNTOUCHED)
    built = assemble_reel(reel, shots, UNTOUCHED, work.store)
    remake(built.master, header.picture, header, rate, keep)
    with pytest.raises(VerificationError, match=message):
        verify_reel(reel, shots, built)


def test_a_changed_sample_fails_the_verification(work: Work) -> None:
    shots = work.restore(UNTOUCHED)
    built = work.assemble(shots, UNTOUCHED)
    frames = list(read_picture(built.master, work.reel.header.picture))
    frames[6] = bytes([frames[6][0] ^ 1]) + frames[6][1:]
    with ffv1_writer(built.master, work.reel.header, Fraction(18)) as writer:
        for frame in frames:
            writer.write(frame)
    with pytest.raises(VerificationError, match="frame hashes"):
        verify_reel(work.reel, shots, built)


def test_lost_timecode_sound_or_aspect_fail_the_verification(film: Film, store: Store) -> None:
    path = film("reel.mkv", sounds=1, acodec="flac", frames=6, timecode="01:00:00:00", aspect="2:1")
    work = Work.of(path, store)
    shots = work.restore(UNTOUCHED)
    built = work.assemble(shots, UNTOUCHED)
    whole = built.master.with_name("whole.mkv")
    shutil.move(built.master, whole)
    source = ffmpeg.input(file_url(whole))
    for streams, options, message in (
        ((source["v"],), {}, "audio samples"),
        ((source["v"], source["a"]), {"map_metadata": -1}, "timecode: planned 01:00"),
        ((source["v"], source["a"]), {"aspect:v": "1:1"}, "aspect ratio"),
    ):
        run(ffmpeg.output(*streams, file_url(built.master), c="copy", **options).overwrite_output())
        with pytest.raises(VerificationError, match=message):
            verify_reel(work.reel, shots, built)


@pytest.mark.parametrize("which", ["picture_file", "change_file"])
@pytest.mark.parametrize("how", ["gone", "empty", "short", "of another shot"])
def test_a_shot_file_that_is_not_what_was_recorded_fails_the_reel_and_leaves_nothing(
    work: Work, which: str, how: str
) -> None:
    shots = work.restore(UNTOUCHED, 5)
    path = work.store.root / getattr(shots[1], which)
    other = work.store.root / getattr(shots[0], which.replace("change", "picture"))
    if how == "gone":
        path.unlink()
    else:
        content = {"empty": b"", "short": path.read_bytes()[:-900]}
        path.write_bytes(content.get(how, other.read_bytes()))
    with pytest.raises((MediaError, VerificationError)):
        work.assemble(shots, UNTOUCHED)
    assert [name for name in work.files() if name.startswith("reels/")] == []
    assert list((work.store.root / "reels").glob("*/*")) == []


def test_a_failure_while_restoring_leaves_no_file(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(frames: int) -> None:
        if frames == 4:
            raise RuntimeError("the worker broke")

    with pytest.raises(RuntimeError, match="the worker broke"):
        restore_shot(
            work.reel, work.index, work.shot(0, 10), UNTOUCHED, work.store, on_frame=failing
        )
    assert work.files() == []


@pytest.mark.parametrize("stage", ["change_bytes", "frames_from", "run_steps"])
def test_whichever_stage_breaks_no_file_process_or_thread_stays(
    work: Work, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    """Decoding, steps and encoding have threads and ffmpegs of their own."""
    plain = getattr(restore_module, stage)
    calls = itertools.count()

    def breaking(*arguments: Any) -> Any:
        if stage == "change_bytes" and next(calls) == 5:
            raise RuntimeError(f"{stage} broke")
        return plain(*arguments) if stage == "change_bytes" else broken_off(plain(*arguments))

    def broken_off(items: Iterator[Any]) -> Iterator[Any]:
        yield from itertools.islice(items, 5)
        raise RuntimeError(f"{stage} broke")

    monkeypatch.setattr(restore_module, stage, breaking)
    before = set(psutil.Process().children(recursive=True))
    with pytest.raises(RuntimeError, match=f"{stage} broke"):
        work.restore(UNTOUCHED)
    assert work.files() == []
    assert not set(psutil.Process().children(recursive=True)) - before
    assert not [t for t in threading.enumerate() if t.name.startswith(("read-", "write-"))]


def test_an_encoder_that_dies_fails_the_shot_with_its_reason(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is noticed by the thread that writes, and raised to whoever restores."""
    plain = FrameWriter.write

    def write(writer: FrameWriter, frame: bytes) -> None:
        if writer.frame_count == 3:
            writer._encoder.kill()
        plain(writer, frame)

    monkeypatch.setattr(FrameWriter, "write", write)
    with pytest.raises(MediaError, match="was ended by a signal, Killed"):
        work.restore(UNTOUCHED)
    assert work.files() == []


def test_a_source_that_changed_since_ingest_fails_the_shot_and_leaves_no_file(
    work: Work, make_reel: MakeReel
) -> None:
    make_reel(frames=10, seed=99)
    with pytest.raises(SourceError, match=r"reel\.mkv: frame 2 is not what was ingested"):
        restore_shot(work.reel, work.index, work.shot(2, 10), UNTOUCHED, work.store)
    assert work.files() == []


def test_measuring_proves_that_the_file_holds_what_was_restored(work: Work) -> None:
    shots = work.restore(UNTOUCHED, 5)
    measured = {m.metric: m for m in measure_shot(work.reel, work.index, shots[0], work.store)}
    assert measured["changed"].after == 0.0
    assert measured["TIME"].verdict == "ok"
    (work.store.root / shots[0].picture_file).write_bytes(
        (work.store.root / shots[1].picture_file).read_bytes()
    )
    with pytest.raises(VerificationError, match="frame 0 is not the one that was restored"):
        measure_shot(work.reel, work.index, shots[0], work.store)


def test_the_source_computed_back_from_the_change_map_measures_as_the_source_does(
    dirty: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    shot = dirty.restore(CONSERVATIVE, 12)[0]
    found = []
    for lighter in (True, False):
        monkeypatch.setattr("tasks.read_back.is_lighter", lambda *_, lighter=lighter: lighter)
        measured = measure_shot(dirty.reel, dirty.index, shot, dirty.store)
        found.append([replace(m, seconds=0.0) for m in measured])
    assert found[0] == found[1]
    assert next(m.after for m in found[0] if m.metric == "changed")


@pytest.mark.parametrize("keep", [3, 10], ids=["cut off", "of another shot"])
def test_a_change_map_that_does_not_give_the_source_back_is_noticed(
    dirty: Work, monkeypatch: pytest.MonkeyPatch, keep: int
) -> None:
    shot = dirty.restore(CONSERVATIVE, 12)[0]
    path, header = dirty.store.root / shot.change_file, dirty.reel.header
    untouched = flat(header.picture, 512)
    frames = dirty.frames(shot.change_file)[:keep]
    with ffv1_writer(path, header, Fraction(18)) as writer:
        for frame in frames if keep == 3 else [untouched] * 12:
            writer.write(frame)
    monkeypatch.setattr("tasks.read_back.is_lighter", lambda *_: True)
    with pytest.raises(VerificationError, match="cannot be computed back from it; run the night"):
        measure_shot(dirty.reel, dirty.index, shot, dirty.store)


def test_a_restored_file_with_a_frame_too_many_is_noticed(
    dirty: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    shot = dirty.restore(UNTOUCHED, 12)[0]
    frames = dirty.frames(shot.picture_file)
    for lighter in (True, False):
        with ffv1_writer(
            dirty.store.root / shot.picture_file, dirty.reel.header, Fraction(18)
        ) as writer:
            for frame in [*frames[:12], frames[0]]:
                writer.write(frame)
        monkeypatch.setattr("tasks.read_back.is_lighter", lambda *_, lighter=lighter: lighter)
        with pytest.raises(VerificationError, match="frame 12 is not the one that was restored"):
            measure_shot(dirty.reel, dirty.index, shot, dirty.store)


def test_a_second_measurement_searches_no_face_and_says_the_same(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    shot = work.restore(UNTOUCHED, 5)[0]
    first = measure_shot(work.reel, work.index, shot, work.store)
    assert len(list(work.store.root.glob("features/*/*.parquet"))) == 1
    monkeypatch.setattr("tasks.source_faces.FaceFinder", None)
    again = measure_shot(work.reel, work.index, shot, work.store)
    timeless = [[replace(m, seconds=0.0) for m in found if m.metric != "speed"]
                for found in (first, again)]  # fmt: skip
    assert timeless[0] == timeless[1]
