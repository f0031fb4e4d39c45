"""Sound that lies in a file beside the picture: joined whole, and watched as the picture is."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg
import pytest

from catalogs.errors import SourceError
from catalogs.recipe import read_recipe
from catalogs.records import AssembledReel, CatalogReel, Reel, Shot
from catalogs.source import FrameIndex
from catalogs.store import Store
from flows.night import work
from flows.night.order import Order
from tasks.agree import agree
from tasks.assemble import assemble_reel
from tasks.export.deliver import deliver_sequence
from tasks.find import find_source, is_unchanged
from tasks.fixity import check_source
from tasks.ingest import ingest_reel
from tasks.manifest import is_assembled
from tasks.media.probe import probe, probe_json
from tasks.media.program import ffmpeg_program, file_url, run
from tasks.restore import restore_shot
from tasks.treat import resolve_recipe

Film = Callable[..., Path]
MakeReel = Callable[..., tuple[Path, list[bytes]]]

UNTOUCHED = resolve_recipe(read_recipe("untouched"))
FRAMES = 18


def listed(path: str = "scans", **facts: Any) -> CatalogReel:
    facts = {"frame_rate": Fraction(18), "sound_path": "reel.wav", "sound": "sound"} | facts
    return CatalogReel("AFA-1", "Title", 1, 1, path, 7, **facts)


@pytest.fixture
def archive(tmp_path: Path, film: Film) -> Path:
    """A DPX sequence of a second at 18 frames, and a second of sound beside it."""
    film("scans/scan_%05d.dpx", frames=FRAMES, rate="18", vcodec="dpx", pix_fmt="gbrp10be")
    tone(tmp_path / "reel.wav")
    return tmp_path


def tone(path: Path, seconds: float = 1.0, pitch: int = 440, **options: Any) -> Path:
    """A file of 24-bit sound in two channels."""
    sound = ffmpeg.input(f"sine=frequency={pitch}:sample_rate=48000:duration={seconds}", f="lavfi")
    wanted = {"acodec": "pcm_s24le", "ac": 2} | options
    run(sound.output(file_url(path), **wanted).overwrite_output())
    return path


def samples(path: Path) -> str:
    """MD5 of the sound as plain ffmpeg decodes it."""
    line = [ffmpeg_program(), "-v", "error", "-i", str(path), "-map", "0:a:0", "-f", "s32le",
            "-acodec", "pcm_s32le", "-"]  # fmt: skip
    found = subprocess.run(line, capture_output=True, check=True).stdout
    assert len(found) > 100_000
    return hashlib.md5(found).hexdigest()


def assembled(
    catalog: CatalogReel, root: Path, store: Store, written_at: Fraction | None = None
) -> tuple[Reel, FrameIndex, AssembledReel]:
    """A reel, gone the whole way; its shots perhaps written when another rate was believed."""
    reel, index = ingest_reel(catalog, root)
    believed = replace(reel, frame_rate=written_at or reel.frame_rate)
    shots = [
        Shot(reel.reel_id, reel.digest, n, start, stop)
        for n, (start, stop) in enumerate(((0, 7), (7, len(index))))
    ]
    done = [restore_shot(believed, index, shot, UNTOUCHED, store) for shot in shots]
    return reel, index, assemble_reel(reel, done, UNTOUCHED, store)


@pytest.mark.parametrize("written_at", [None, Fraction(24)], ids=["", "shots written at 24"])
def test_a_sequence_and_its_sound_become_one_reel(
    archive: Path, store: Store, written_at: Fraction | None
) -> None:
    reel, _, built = assembled(listed(), archive, store, written_at)
    header = probe(built.master)
    assert samples(built.master) == samples(archive / "reel.wav")
    assert header.frame_rate == 18
    assert probe(built.access_copy).audio[0].codec == "aac"
    assert {"audio hashes", "sound in sync"} <= set(built.checks)
    assert "the sound is reel.wav, taken to begin with the first frame" in reel.disclosures


def test_the_frames_of_a_reel_with_sound_go_out_as_files_again(archive: Path, store: Store) -> None:
    reel, index, built = assembled(listed(), archive, store)
    done = deliver_sequence(reel, index, built, archive / "out")
    assert done.untouched_files == len(list((archive / "out").iterdir())) == FRAMES


def test_a_silent_film_keeps_its_own_tags_beside_the_sound(
    archive: Path, film: Film, store: Store
) -> None:
    film("reel.mov", rate="18", frames=FRAMES, vcodec="prores_ks", pix_fmt="yuv422p10le",
         picture_late=0.4, **{"metadata:g:0": "comment=nitrate"})  # fmt: skip
    _, _, built = assembled(listed("reel.mov"), archive, store)
    assert samples(built.master) == samples(archive / "reel.wav")
    tags = {k.lower(): v for k, v in probe_json(built.master)["format"]["tags"].items()}
    assert tags["comment"] == "nitrate"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("absent.wav", "absent.wav: no such file below the archive root"),
        ("empty.wav", "empty.wav: the file is empty"),
        ("../reel.wav", "field sound_path: .*reel.wav"),
        ("scans", "scans: no such file"),
        ("picture.mkv", "picture.mkv: holds no sound"),
        ("list.ffconcat", "a list of other files"),
    ],
)
def test_what_is_no_sound_file_holds_the_reel(
    archive: Path, make_reel: MakeReel, path: str, said: str
) -> None:
    (archive / "empty.wav").touch()
    (archive / "list.ffconcat").write_text("ffconcat version 1.0\nfile reel.wav\n")
    make_reel("picture.mkv")
    catalog = listed(sound_path=path)
    with pytest.raises(SourceError, match=said):
        agree(catalog, find_source(catalog, archive))


def test_two_sounds_contradict_each_other(archive: Path, film: Film) -> None:
    film("reel.mkv", rate="18", sounds=1)
    with pytest.raises(SourceError, match=r"has sound of its own, and .* names reel.wav"):
        ingest_reel(listed("reel.mkv"), archive)


def test_sound_of_another_length_holds_the_reel_unless_the_operator_decides(archive: Path) -> None:
    tone(archive / "long.wav", 2.5)
    catalog = listed(sound_path="long.wav")
    with pytest.raises(SourceError, match=r"long.wav lasts 2.5 s, the picture 1.0 s at 18 frames"):
        ingest_reel(catalog, archive)
    reel, _ = ingest_reel(replace(catalog, operator_rate=Fraction(16)), archive)
    assert "long.wav lasts 2.5 s, the picture 1.1 s" in reel.disclosures


def test_damaged_sound_holds_the_reel(archive: Path) -> None:
    path = tone(archive / "reel.flac", acodec="flac")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 400] = bytes(400)
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"reel.flac: damaged in its sound"):
        ingest_reel(listed(sound_path="reel.flac"), archive)


def test_a_changed_sound_is_seen_and_refused(archive: Path, store: Store) -> None:
    order = Order(store, archive, UNTOUCHED, "first")
    reel, shots, _ = work.ingest(order, listed())
    assert is_unchanged(reel, archive)
    assert check_source(reel, None).outcome == "unchanged"
    tone(archive / "reel.wav", pitch=441)
    assert not is_unchanged(reel, archive)
    found = check_source(reel, None)
    assert found.outcome == "changed"
    assert found.found == found.expected  # the picture is as it was
    assert [file.name for file in found.differing] == ["reel.wav"]
    with pytest.raises(SourceError, match="the sound is not the one that was ingested before"):
        work.ingest(order, listed(checksum=None))
    tone(archive / "other.wav", pitch=441)
    again, same, _ = work.ingest(order, listed(sound_path="other.wav"))
    assert (again.digest, same) == (reel.digest, shots)  # no shot is computed again


def test_a_reel_is_joined_again_when_it_gets_its_sound(archive: Path, store: Store) -> None:
    silent, _, built = assembled(listed(sound_path=None, sound=None), archive, store)
    shots = [
        Shot(silent.reel_id, silent.digest, n, a, b)
        for n, (a, b) in enumerate(((0, 7), (7, FRAMES)))
    ]
    assert probe(built.master).audio == ()
    assert is_assembled(silent, shots, UNTOUCHED, store)
    reel, _ = ingest_reel(listed(), archive)
    assert not is_assembled(reel, shots, UNTOUCHED, store)
