"""Deliveries: what leaves the store is the restored reel, with the source's headers, or nothing."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import ffmpeg
import numpy as np
import pytest
from PIL import Image

from catalogs.errors import SourceError, StoreError, VerificationError
from catalogs.picture import PictureFormat
from catalogs.recipe import read_recipe
from catalogs.records import AssembledReel, CatalogReel, Reel, Shot
from catalogs.source import ColourTags, FrameIndex
from catalogs.store import Store
from models.contract import Change, Frame, Step
from models.motion import Motion
from tasks.assemble import assemble_reel
from tasks.export.deliver import deliver_mezzanine, deliver_sequence
from tasks.ingest import ingest_reel
from tasks.media.access import access_copy, draw_notice
from tasks.media.check import check_audio, index_frames
from tasks.media.mezzanine import make_mezzanine
from tasks.media.probe import probe
from tasks.media.program import run
from tasks.media.read import read_picture
from tasks.restore import restore_shot
from tasks.treat import resolve_recipe

Film = Callable[..., Path]
MakeReel = Callable[..., tuple[Path, list[bytes]]]

UNTOUCHED = resolve_recipe(read_recipe("untouched"))


class Brighter(Step):
    """Raises one sample of every other frame."""

    name = "brighter"
    version = 1
    touches = "damage"

    def changes(self, frames: Iterator[Frame], motion: Motion) -> Iterator[Change]:
        for number, frame in enumerate(frames):
            deltas = [plane.to(dtype=plane.dtype).int() * 0 for plane in frame.planes]
            deltas[0][3, 5] = number % 2
            yield Change(tuple(deltas))


@dataclass
class Done:
    reel: Reel
    index: FrameIndex
    built: AssembledReel
    store: Store


@pytest.fixture
def scans(tmp_path: Path, scanned: Callable[..., None]) -> Callable[..., Path]:
    def make(kind: str = "dpx") -> Path:
        folder = tmp_path / "scans"
        folder.mkdir()
        source = ffmpeg.input("testsrc2=size=66x50:rate=25", format="lavfi")
        source = source.filter("noise", alls=40, allf="t")
        pixels = "gbrp10be" if kind == "dpx" else "rgb48le"
        options = {"compression_algo": "raw"} if kind == "tiff" else {}
        pattern = f"file:{folder}/scan_%05d.{kind}"
        run(source.output(pattern, vframes=6, pix_fmt=pixels, vcodec=kind, **options))
        for number, path in enumerate(sorted(folder.iterdir())):
            if kind == "dpx":
                scanned(path, film_rate=18.0, television_rate=25.0, timecode=0x10203004 + number,
                        transfer=1, colorimetric=1, device="Scanner 5")  # fmt: skip
        return folder

    return make


def restored(folder: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Done:
    """The reel of a folder, every other frame changed by a step."""
    monkeypatch.setattr("tasks.restore.build_steps", lambda *_: (Brighter(),))
    catalog = CatalogReel("AFA-1", "Title", 1, 1, folder.name, 2, frame_rate=Fraction(18))
    reel, index = ingest_reel(catalog, folder.parent)
    shots = [Shot(reel.reel_id, reel.digest, n, *r) for n, r in enumerate(((0, 2), (2, 6)))]
    done = [restore_shot(reel, index, shot, UNTOUCHED, store) for shot in shots]
    return Done(reel, index, assemble_reel(reel, done, UNTOUCHED, store), store)


@pytest.mark.parametrize("kind", ["dpx", "tiff"])
def test_a_sequence_is_the_source_with_the_restored_samples(
    scans: Callable[..., Path], store: Store, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Trap 11: through ffmpeg the transfer byte of a DPX file is rewritten."""
    folder = scans(kind)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = restored(folder, store, monkeypatch)
    delivery = deliver_sequence(done.reel, done.index, done.built, store.root / "out" / "reel")
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}
    after = {path.name: path.read_bytes() for path in delivery.path.iterdir()}
    assert after.keys() == before.keys()
    assert delivery.untouched_files == 3
    for number, name in enumerate(sorted(before)):
        differing = [n for n, (a, b) in enumerate(zip(before[name], after[name], strict=True))
                     if a != b]  # fmt: skip
        assert bool(differing) == bool(number % 2), name
        assert len(differing) <= 2  # one sample, within one or two bytes
        assert all(n >= 2048 for n in differing) or kind == "tiff"
    frames = list(read_picture(done.built.master, probe(done.built.master).picture))
    found = index_frames(delivery.path, done.reel.header)
    assert [hashlib.md5(frame).hexdigest() for frame in frames] == list(found.md5)


def test_no_sequence_is_made_of_a_changed_source(
    scans: Callable[..., Path], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = scans()
    done = restored(folder, store, monkeypatch)
    data = bytearray((folder / "scan_00005.dpx").read_bytes())
    data[100] ^= 1  # a byte of the header: the picture is as it was
    (folder / "scan_00005.dpx").write_bytes(data)
    target = store.root / "out" / "reel"
    with pytest.raises(SourceError, match=r"scan_00005\.dpx: sha256 .* is not what was ingested"):
        deliver_sequence(done.reel, done.index, done.built, target)
    assert list(target.parent.iterdir()) == []


def test_a_damaged_master_is_not_delivered(
    scans: Callable[..., Path], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = restored(scans(), store, monkeypatch)
    data = bytearray(done.built.master.read_bytes())
    data[len(data) // 2] ^= 1
    done.built.master.write_bytes(data)
    for deliver in (
        lambda: deliver_sequence(done.reel, done.index, done.built, store.root / "out"),
        lambda: deliver_mezzanine(done.reel, done.built, store.root / "out.mov"),
    ):
        with pytest.raises(
            VerificationError, match=r"sha256 planned \w+, found \w+; run the night"
        ):
            deliver()
    assert not (store.root / "out").exists()


def test_a_sequence_that_decodes_to_other_frames_is_not_delivered(
    scans: Callable[..., Path], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = restored(scans(), store, monkeypatch)

    def forget(source: Path, planes: bytes, picture: PictureFormat, target: Path) -> None:
        target.write_bytes(source.read_bytes())

    monkeypatch.setattr("tasks.export.deliver._WRITERS", {"dpx": forget})
    with pytest.raises(VerificationError, match="other frames than were written"):
        deliver_sequence(done.reel, done.index, done.built, store.root / "out")
    assert not (store.root / "out").exists()


def test_a_file_has_no_headers_that_a_sequence_could_carry(
    make_reel: MakeReel, store: Store
) -> None:
    path, _ = make_reel(frames=4)
    reel, index = ingest_reel(CatalogReel("A", "T", 1, 1, path.name, 2), path.parent)
    shot = Shot(reel.reel_id, reel.digest, 0, 0, 4)
    done = restore_shot(reel, index, shot, UNTOUCHED, store)
    built = assemble_reel(reel, [done], UNTOUCHED, store)
    with pytest.raises(SourceError, match=r"not an image sequence .* export prores"):
        deliver_sequence(reel, index, built, store.root / "out")


# Mezzanine


MASTERS = {
    "10 bit 4:2:2, sound, timecode": (
        "yuv422p10le", "24000/1001", {"sounds": 2, "acodec": "pcm_s24le",
                                      "metadata:s:v:0": "timecode=10:00:00:00",
                                      "setparams": "colorspace=bt709:color_primaries=bt709"
                                                   ":color_trc=bt709"}),
    "gray at 18": ("gray", "18", {"acodec": "flac", "sounds": 1}),
    "RGB 10 bit": ("gbrp10le", "24", {"metadata:s:v:0": "timecode=01:00:00:00"}),
    "gray 16 bit at 50/3": ("gray16le", "50/3", {"sounds": 1, "acodec": "pcm_f32le"}),
    "SD at 16, odd size": ("yuv420p", "16", {"size": "65x49", "sounds": 1, "acodec": "mp3"}),
}  # fmt: skip


@pytest.mark.parametrize("name", MASTERS)
def test_a_mezzanine_is_what_was_planned(film: Film, tmp_path: Path, name: str) -> None:
    pixels, rate, options = MASTERS[name]
    master = film("master.mkv", pix_fmt=pixels, rate=rate, **options)
    header, target = probe(master), tmp_path / "out.mov"
    checks = make_mezzanine(master, target, header, Fraction(rate), "Title")
    assert {"frame count", "colour tags", "timecode", "audio hashes"} <= set(checks)
    found = probe(target)
    assert (found.codec, found.frame_rate, found.timecode) == (
        "prores", Fraction(rate), header.timecode
    )  # fmt: skip
    assert [a.md5 for a in check_audio(target, found)] == [
        a.md5 for a in check_audio(master, header)
    ]
    assert None not in (found.colour.matrix, found.colour.primaries, found.colour.transfer)


@pytest.mark.parametrize("lines", [96, 1080])
def test_rgb_becomes_yuv_by_the_matrix_that_is_tagged(
    film: Film, tmp_path: Path, lines: int
) -> None:
    """Trap 8: left alone, ffmpeg converts by BT.601 even at 1080 lines."""
    width = lines * 4 // 3
    master = film("m.mkv", pix_fmt="gbrp10le", frames=2, size=f"{width}x{lines}")
    target = tmp_path / "out.mov"
    make_mezzanine(master, target, probe(master), Fraction(25), "Title")
    found = probe(target)
    assert found.colour == ColourTags(None, "bt709", "bt709", "bt709")
    red, green, blue = (
        np.frombuffer(next(read_picture(master, probe(master).picture)), "<u2")
        .reshape(3, lines, width)[[2, 0, 1]].astype(float) / 1023
    )  # fmt: skip
    luma = 64 + 876 * (0.2126 * red + 0.7152 * green + 0.0722 * blue)
    raw = next(read_picture(target, found.picture))
    depth = found.picture.depth - 10
    coded = np.frombuffer(raw, "<u2")[: lines * width].reshape(lines, width) / 2**depth
    assert np.abs(coded - luma).mean() < 3  # BT.601 is off by 20 and more on these colours


def test_untagged_yuv_keeps_its_samples(film: Film, tmp_path: Path) -> None:
    """ffmpeg takes untagged YUV for BT.601 and would convert it to the BT.709 that is asked for."""
    for lines in (96, 720):
        master = film("m.mkv", pix_fmt="yuv422p10le", frames=2, size=f"{lines * 4 // 3}x{lines}")
        target = tmp_path / "out.mov"
        make_mezzanine(master, target, probe(master), Fraction(25), "Title")
        before, after = (
            np.frombuffer(next(read_picture(path, probe(path).picture)), "<u2").astype(int)
            for path in (master, target)
        )
        assert np.abs(before - after).mean() < 3


def test_an_odd_width_has_no_green_edge(film: Film, tmp_path: Path) -> None:
    master = film("m.mkv", pix_fmt="gray", frames=2, size="65x49")
    target = tmp_path / "out.mov"
    make_mezzanine(master, target, probe(master), Fraction(25), "Title")
    found = probe(target)
    raw = next(read_picture(target, found.picture))
    chroma = np.frombuffer(raw, "<u2")[65 * 49 :]
    neutral = 1 << (found.picture.depth - 1)
    assert np.abs(chroma.astype(int) - neutral).max() < neutral / 16


# Access copy


def test_a_notice_is_burned_in_and_nowhere_else(film: Film, tmp_path: Path) -> None:
    master = film("m.mkv", size="320x240", frames=4)
    plain, marked = tmp_path / "plain.mp4", tmp_path / "marked.mp4"
    access_copy(master, plain, probe(master))
    access_copy(master, marked, probe(master), "Restored derivative")
    one, other = (
        np.frombuffer(next(read_picture(path, probe(path).picture)), "u1")[: 320 * 240]
        .reshape(240, 320).astype(int)
        for path in (plain, marked)
    )  # fmt: skip
    apart = np.abs(one - other)
    assert apart[200:].max() > 100
    assert apart[:180].mean() < 1
    assert len(index_frames(marked, probe(marked))) == 4


@pytest.mark.parametrize(("width", "height"), [(320, 240), (160, 120), (1920, 1080), (4096, 3112)])
def test_a_notice_fits_the_picture(width: int, height: int) -> None:
    label: Image.Image = draw_notice("Restored derivative, not the original", width, height)
    assert label.width <= width
    assert label.height <= height / 2
    assert np.asarray(label.convert("L")).max() > 200


def test_an_older_delivery_is_replaced_whole(
    scans: Callable[..., Path], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = restored(scans(), store, monkeypatch)
    target = store.root / "out" / "reel"
    target.mkdir(parents=True)
    (target / "scan_00002.dpx").write_bytes(b"old")
    deliver_sequence(done.reel, done.index, done.built, target)
    assert len(list(target.iterdir())) == 6
    assert all(path.stat().st_size > 2048 for path in target.iterdir())
    (target / "graded by hand.txt").write_text("work of days")
    with pytest.raises(StoreError, match=r"holds graded by hand\.txt, which is no file of the"):
        deliver_sequence(done.reel, done.index, done.built, target)
    assert (target / "graded by hand.txt").exists()
    assert [path.name for path in target.parent.iterdir()] == ["reel"]
