"""Shots become a reel by stream copy: no frame, sample, tick or tag is lost on the way."""

import hashlib
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from catalogs.errors import MediaError
from catalogs.picture import PictureFormat
from catalogs.source import ColourTags, Header
from tasks.media.access import access_copy
from tasks.media.check import check_audio, index_frames, survey
from tasks.media.join import Carried, join_shots
from tasks.media.probe import probe, probe_json
from tasks.media.program import ffmpeg_program
from tasks.media.read import read_picture
from tasks.media.write import ffv1_writer

Film = Callable[..., Path]
MakeReel = Callable[..., tuple[Path, list[bytes]]]
MakeHeader = Callable[..., Header]
GRAY = PictureFormat(32, 24, "gray")


def md5(frame: bytes) -> str:
    return hashlib.md5(frame, usedforsecurity=False).hexdigest()


def flat(picture: PictureFormat, number: int) -> bytes:
    """A frame of one code value, another one for each of 256 numbers."""
    value = number % 256 * (picture.peak // 255)
    return value.to_bytes(picture.sample_bytes, "little") * picture.frame_samples


def write_shots(folder: Path, header: Header, rate: Fraction, lengths: Sequence[int]) -> list[Path]:
    """Shots of flat frames, each frame of another value."""
    folder.mkdir(exist_ok=True, parents=True)
    shots, value = [], 0
    for number, length in enumerate(lengths):
        shots.append(folder / f"{number:04d}.mkv")
        with ffv1_writer(shots[-1], header, rate) as writer:
            for _ in range(length):
                writer.write(flat(header.picture, value))
                value += 1
    return shots


def picture_md5(path: Path, picture: PictureFormat) -> list[str]:
    return [md5(frame) for frame in read_picture(path, picture)]


@pytest.mark.parametrize("rate", ["16", "18", "20", "24000/1001", "25", "50/3", "48"])
def test_the_rate_is_exact_and_time_does_not_drift_over_one_frame_shots(
    tmp_path: Path, make_header: MakeHeader, rate: str
) -> None:
    """Every frame lies within a rounded millisecond of its number over the rate."""
    exact = Fraction(rate)
    header = make_header(GRAY, exact)
    one, two = write_shots(tmp_path, header, exact, (1, 2))
    target = tmp_path / "joined.mkv"
    join_shots([one] * 300 + [two], target, exact)
    found = probe(target)
    index = index_frames(target, found)
    assert found.frame_rate == exact
    assert len(index) == 302
    planned = [float(n / exact) for n in range(302)]
    apart = [abs(float(p * found.time_base) - t) for p, t in zip(index.pts, planned, strict=True)]
    assert max(apart) <= 0.000501


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj420p", "yuv422p10le", "gray16le", "gbrp"])
def test_joining_keeps_every_frame(make_reel: MakeReel, tmp_path: Path, pixel_format: str) -> None:
    shots = [make_reel(f"{n}.mkv", pixel_format, frames=n, seed=n) for n in (1, 5, 2)]
    target = tmp_path / "joined.mkv"
    join_shots([path for path, _ in shots], target, Fraction(18))
    expected = [md5(frame) for _, raw in shots for frame in raw]
    assert list(index_frames(target, probe(target)).md5) == expected


SOUNDS: dict[str, dict[str, Any]] = {
    "PCM 16 bit.mov": {"acodec": "pcm_s16le", "vcodec": "prores_ks", "pix_fmt": "yuv422p10le"},
    "PCM 24 bit big endian.mov": {"acodec": "pcm_s24be", "vcodec": "mjpeg", "pix_fmt": "yuvj420p"},
    "PCM.avi": {"acodec": "pcm_s16le", "vcodec": "mpeg4"},
    "PCM.mxf": {"acodec": "pcm_s16le", "vcodec": "mpeg2video", "pix_fmt": "yuv422p"},
    "FLAC.mkv": {"acodec": "flac"},
    "two FLAC.mkv": {"acodec": "flac", "sounds": 2},
    "AAC.mp4": {"acodec": "aac", "vcodec": "libx264", "preset": "ultrafast"},
    "AAC.mkv": {"acodec": "aac"},
    "AAC.ts": {"acodec": "aac", "vcodec": "libx264", "preset": "ultrafast"},
    "MP3.mkv": {"acodec": "libmp3lame"},
    "MP2 in a program stream.mpg": {"acodec": "mp2", "vcodec": "mpeg2video", "format": "vob"},
    "sound later.mkv": {"acodec": "pcm_s16le", "sound_late": 0.25},
    "sound later AAC.mp4": {"acodec": "aac", "vcodec": "libx264", "sound_late": 0.25},
    "picture later.mkv": {"acodec": "flac", "picture_late": 0.25},
}


@pytest.mark.parametrize(("name", "options"), SOUNDS.items(), ids=SOUNDS.keys())
def test_sound_is_carried_whole_and_in_step(
    film: Film, tmp_path: Path, make_header: MakeHeader, name: str, options: dict[str, Any]
) -> None:
    """Every sample, and as far from the first frame as in the source, to two milliseconds."""
    source = film(name, **({"sounds": 1, "frames": 30} | options))
    header = probe(source)
    planned = check_audio(source, header)
    shots = write_shots(
        tmp_path / "shots", make_header(GRAY, Fraction(25)), Fraction(25), (7, 1, 22)
    )
    target = tmp_path / "joined.mkv"
    carried = Carried(source, picture_start_seconds=header.start_seconds)
    join_shots(shots, target, Fraction(25), carried=carried)
    found = check_audio(target, probe(target))
    assert [(a.samples, a.md5) for a in planned] == [(a.samples, a.md5) for a in found]
    for before, after in zip(planned, found, strict=True):
        assert after.offset_seconds == pytest.approx(before.offset_seconds, abs=0.002)
    assert len(index_frames(target, probe(target))) == 30


def test_sound_that_starts_with_the_picture_is_known_to_start_with_it(film: Film) -> None:
    """Rounding the picture's start to whole frames would hide what moves."""
    for name, late in (("a.mkv", 0.0), ("b.mkv", 0.25), ("c.mkv", 0.013)):
        path = film(name, sounds=1, acodec="pcm_s16le", sound_late=late)
        offset = check_audio(path, probe(path))[0].offset_seconds
        assert offset == pytest.approx(late, abs=0.001)


TAGS = {
    "untagged": ColourTags(),
    "standard definition": ColourTags("tv", "smpte170m", "smpte170m", "smpte170m"),
    "PAL": ColourTags("tv", "bt470bg", "bt470bg", "bt470bg"),
    "high definition, full range": ColourTags("pc", "bt709", "bt709", "bt709"),
    "HDR": ColourTags("tv", "bt2020nc", "bt2020", "smpte2084"),
    "range only": ColourTags(range="pc"),
    "film": ColourTags(primaries="film", transfer="log100"),
    "chroma between the samples": ColourTags(siting="center"),
    "chroma on the samples": ColourTags("tv", "bt2020nc", "bt2020", "smpte2084", "topleft"),
}


@pytest.mark.parametrize("tags", TAGS.values(), ids=TAGS.keys())
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le"])
def test_colour_tags_are_written_and_the_samples_stay(
    tmp_path: Path, make_header: MakeHeader, tags: ColourTags, pixel_format: str
) -> None:
    picture = PictureFormat(32, 24, pixel_format)
    header = replace(make_header(picture), colour=tags)
    shots = write_shots(tmp_path, header, Fraction(18), (3, 200, 60))
    target = tmp_path / "joined.mkv"
    join_shots(shots, target, Fraction(18), colour_range=tags.range)
    assert tags == probe(target).colour
    planned = [md5(flat(picture, n)) for n in range(263)]
    assert planned == picture_md5(target, picture)


@pytest.mark.parametrize("aspect", ["1", "16/15", "59/54", "118/81", "8/9", "4/3"])
def test_the_aspect_ratio_is_carried(tmp_path: Path, make_header: MakeHeader, aspect: str) -> None:
    """Matroska stores a display size, which must not round the ratio away."""
    header = replace(make_header(PictureFormat(66, 50, "gray")), sample_aspect=Fraction(aspect))
    shots = write_shots(tmp_path, header, Fraction(18), (1, 1))
    target = tmp_path / "joined.mkv"
    join_shots(shots, target, Fraction(18))
    assert probe(target).sample_aspect == Fraction(aspect)


def test_what_the_picture_stream_says_of_itself_is_carried(
    film: Film, tmp_path: Path, make_header: MakeHeader
) -> None:
    said = {"metadata:s:v:0": "reel_name=A017", "metadata:s:v": "language=nor"}
    source = film("a.mov", vcodec="prores_ks", timecode="10:00:00:00", **said)
    header = probe(source)
    assert dict(header.picture_tags) == {"language": "nor", "reel_name": "A017"}
    shots = write_shots(tmp_path, make_header(GRAY), Fraction(18), (2,))
    target = tmp_path / "joined.mkv"
    tags = {"timecode": "10:00:00:00", **dict(header.picture_tags), "title": "Camera = 1"}
    join_shots(shots, target, Fraction(18), picture_tags=tags)
    found = probe(target)
    assert dict(found.picture_tags) | {"timecode": found.timecode} == tags


@pytest.mark.parametrize("timecode", ["01:00:00:00", "10:59:59:24", "00:00:00;02"])
def test_timecode_and_tags_are_carried_as_they_are(
    tmp_path: Path, make_header: MakeHeader, timecode: str
) -> None:
    shots = write_shots(tmp_path, make_header(GRAY), Fraction(18), (2,))
    target = tmp_path / "joined.mkv"
    title = 'L\'Arroseur: "arrosé" = 1; #2 \\ %d\nsecond line'
    join_shots(
        shots, target, Fraction(18), tags={"TITLE": title}, picture_tags={"timecode": timecode}
    )
    assert probe(target).timecode == timecode
    assert probe_json(target)["format"]["tags"]["title"] == title


def test_the_sources_tags_are_carried_and_ours_are_added(
    film: Film, tmp_path: Path, make_header: MakeHeader
) -> None:
    source = film("a.mkv", sounds=1, acodec="flac", **{"metadata:g:0": "comment=nitrate"})
    shots = write_shots(tmp_path / "s", make_header(GRAY), Fraction(25), (24,))
    target = tmp_path / "joined.mkv"
    tags = {"WETGATE_DERIVATIVE": "d"}
    join_shots(shots, target, Fraction(25), carried=Carried(source), tags=tags)
    found = {k.lower(): v for k, v in probe_json(target)["format"]["tags"].items()}
    assert (found["comment"], found["wetgate_derivative"]) == ("nitrate", "d")


def test_chapters_keep_their_place_in_the_picture(
    film: Film, tmp_path: Path, make_header: MakeHeader
) -> None:
    plain, source = film("a.mkv", picture_late=0.4, sounds=1), tmp_path / "b.mkv"
    marks = tmp_path / "marks.txt"
    marks.write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=600\nEND=900\ntitle=Two\n")
    line = [ffmpeg_program(), "-v", "error", "-copyts", "-i", plain, "-i", marks, "-map", "0",
            "-c", "copy", "-map_chapters", "1", source]  # fmt: skip
    subprocess.run(line, check=True)
    header, target = probe(source), tmp_path / "joined.mkv"
    shots = write_shots(tmp_path / "s", make_header(GRAY), Fraction(25), (24,))
    join_shots(shots, target, Fraction(25), carried=Carried(source, None, header.start_seconds))
    (chapter,) = probe_json(target, "-show_chapters")["chapters"]
    assert (chapter["tags"]["title"], float(chapter["start_time"])) == ("Two", 0.2)


@pytest.mark.parametrize(
    "name",
    ["it's", "two  blanks", "Über das Meer", "日本", 'a "b"', "%d", "a\\b", "-y", "a;b,[c]", "#1"],
)
def test_folders_and_files_may_have_any_name(
    film: Film, tmp_path: Path, make_header: MakeHeader, name: str
) -> None:
    folder = tmp_path / name
    shots = write_shots(folder, make_header(GRAY, Fraction(25)), Fraction(25), (1, 2))
    source = film(f"{name}/{name}.mkv", frames=3, sounds=1, acodec="flac")
    target = folder / f"{name} joined.mkv"
    join_shots(shots, target, Fraction(25), carried=Carried(source))
    assert len(index_frames(target, probe(target))) == 3


def test_a_missing_or_damaged_shot_is_an_error(tmp_path: Path, make_header: MakeHeader) -> None:
    """The concat demuxer goes on with the next file and ends with status 0."""
    shots = write_shots(tmp_path, make_header(GRAY), Fraction(18), (2, 2, 2))
    shots[1].write_bytes(b"")
    with pytest.raises(MediaError):
        join_shots(shots, tmp_path / "joined.mkv", Fraction(18))
    shots[1].unlink()
    with pytest.raises(MediaError):
        join_shots(shots, tmp_path / "joined.mkv", Fraction(18))


def test_equal_frames_give_equal_files(tmp_path: Path, make_header: MakeHeader) -> None:
    """Shots, joined reel and access copy hold no time, no chance and no path."""
    written = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        shots = write_shots(folder, make_header(GRAY), Fraction(18), (3, 4))
        master, copy = folder / "joined.mkv", folder / "copy.mp4"
        join_shots(
            shots,
            master,
            Fraction(18),
            tags={"TITLE": "T"},
            picture_tags={"timecode": "01:00:00:00"},
        )
        access_copy(master, copy, make_header(GRAY))
        written.append([path.read_bytes() for path in (*shots, master, copy)])
    assert written[0] == written[1]


def test_a_reel_has_its_rate_whatever_rate_its_shots_were_written_at(
    make_reel: MakeReel, tmp_path: Path
) -> None:
    """The catalog said 18 when the shots were restored, and was corrected to 16."""
    shot, _ = make_reel("shot.mkv", rate=Fraction(18), frames=12)
    target = tmp_path / "joined.mkv"
    join_shots([shot, shot], target, Fraction(16))
    found = probe(target)
    assert found.frame_rate == 16
    pts = index_frames(target, found).pts
    assert max(abs(ticks - n * 62.5) for n, ticks in enumerate(pts)) <= 0.5


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj422p", "yuv444p12le", "gray16le", "gbrp",
                                          "yuv411p"])  # fmt: skip
@pytest.mark.parametrize("size", [(65, 49), (63, 47), (64, 48)], ids=str)
def test_the_access_copy_has_an_even_size_and_every_frame(
    make_reel: MakeReel, tmp_path: Path, pixel_format: str, size: tuple[int, int]
) -> None:
    path, _ = make_reel("a.mkv", pixel_format, frames=5, size=size, rate=Fraction(16))
    target = tmp_path / "copy.mp4"
    access_copy(path, target, probe(path))
    found = probe(target)
    assert (found.codec, found.picture.layout, found.picture.depth) == ("h264", "yuv420", 8)
    assert (found.picture.width, found.picture.height) == (
        size[0] + size[0] % 2,
        size[1] + size[1] % 2,
    )
    assert len(index_frames(target, found)) == 5


def test_making_the_access_copy_tells_what_the_master_holds(film: Film, tmp_path: Path) -> None:
    """It is decoded once, and what is found is what a decoding of its own would find."""
    path = film("a.mkv", sounds=2, acodec="flac", pix_fmt="yuv422p10le")
    found = access_copy(path, tmp_path / "copy.mp4", probe(path), "Restored derivative")
    assert found == survey(path, probe(path))
    assert len(found.index) == 24


def test_an_access_copy_that_cannot_be_written_is_no_fault_of_the_master(
    make_reel: MakeReel, tmp_path: Path
) -> None:
    path, _ = make_reel("a.mkv", frames=5)
    with pytest.raises(MediaError, match="No such file or directory"):
        access_copy(path, tmp_path / "nowhere" / "copy.mp4", probe(path))


def test_a_damaged_master_gives_no_access_copy(make_reel: MakeReel, tmp_path: Path) -> None:
    path, _ = make_reel("a.mkv", frames=8, size=(128, 96))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(MediaError):
        access_copy(path, tmp_path / "copy.mp4", probe(path))


def test_the_access_copy_has_the_first_sound(film: Film, tmp_path: Path) -> None:
    path = film("a.mkv", sounds=2, acodec="flac")
    target = tmp_path / "copy.mp4"
    access_copy(path, target, probe(path))
    assert [audio.codec for audio in probe(target).audio] == ["aac"]
