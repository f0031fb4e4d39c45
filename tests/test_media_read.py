"""Frames are read by index, exactly, in the source's own samples; damage never passes."""

import hashlib
import subprocess
import zlib
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import ffmpeg
import numpy as np
import pytest
from pymediainfo import MediaInfo

from catalogs.errors import MediaError, SourceError, VerificationError
from catalogs.picture import PIXEL_FORMATS, PLANES_OF, WITH_ALPHA, PictureFormat
from catalogs.records import CatalogReel
from catalogs.source import ColourTags, FrameIndex, Header
from tasks.ingest import ingest_reel
from tasks.media.check import index_frames
from tasks.media.probe import probe
from tasks.media.program import ffmpeg_program, file_url, run
from tasks.media.read import read_frames, read_picture
from tasks.media.write import count_packets, ffv1_writer, written_picture

Film = Callable[..., Path]
MakeReel = Callable[..., tuple[Path, list[bytes]]]

LONG_GOP = {"vcodec": "libx264", "bf": 3, "g": 250, "preset": "ultrafast"}
SOURCES: dict[str, dict[str, object]] = {
    "ffv1.mkv": {},
    "b-frames and one key frame.mp4": LONG_GOP | {"preset": "veryfast"},
    "open gop.mkv": LONG_GOP | {"g": 8, "preset": "veryfast", "x264-params": "open-gop=1"},
    "starts late.ts": LONG_GOP | {"g": 8},
    "elementary.h264": LONG_GOP | {"g": 8},
    "program stream.mpg": {"vcodec": "mpeg2video", "format": "vob", "g": 12, "bf": 2},
    "mpeg4 with b-frames.avi": {"vcodec": "mpeg4", "g": 12, "bf": 2},
    "mpeg2.mxf": {"vcodec": "mpeg2video", "g": 12, "bf": 2, "pix_fmt": "yuv422p"},
    "prores.mov": {"vcodec": "prores_ks", "pix_fmt": "yuv422p10le"},
    "full range.mov": {"vcodec": "mjpeg", "pix_fmt": "yuvj420p"},
}


def md5(frame: bytes) -> str:
    return hashlib.md5(frame, usedforsecurity=False).hexdigest()


def decoded_whole(path: Path, picture: PictureFormat) -> list[str]:
    """Hashes of a file's frames, decoded in one go: the truth to compare with."""
    return [md5(frame) for frame in read_picture(path, picture)]


def ingested(path: Path) -> tuple[Header, FrameIndex]:
    header = probe(path)
    return header, index_frames(path, header)


@pytest.mark.parametrize(("name", "options"), SOURCES.items(), ids=SOURCES.keys())
def test_every_range_is_read_exactly(film: Film, name: str, options: dict[str, object]) -> None:
    path = film(name, frames=40, **options)
    header, index = ingested(path)
    assert list(index.md5) == decoded_whole(path, header.picture)
    assert len(index) == 40
    read = read_frames(path, header, replace(index, crc32=()), 0, 40)
    assert list(index.crc32) == [zlib.crc32(frame) for frame in read]
    for start, stop in ((0, 1), (0, 40), (7, 9), (12, 13), (19, 38), (39, 40)):
        found = [md5(frame) for frame in read_frames(path, header, index, start, stop)]
        assert found == list(index.md5[start:stop]), f"[{start}, {stop})"


@pytest.mark.parametrize("proof", ["crc32", "md5"])
def test_a_wrong_seek_among_equal_frames_is_noticed_and_made_good(
    tmp_path: Path, make_header: Callable[..., Header], proof: str
) -> None:
    """Black leader before the picture: a seek that misses starts with an equal frame."""
    path, picture = tmp_path / "leader.mkv", PictureFormat(64, 48, "gray")
    with ffv1_writer(path, make_header(picture), Fraction(25)) as writer:
        for n in range(30):
            writer.write(bytes([0 if n < 20 else n]) * picture.frame_bytes)
    header, index = ingested(path)
    assert len(index.crc32) == 30
    crc32 = index.crc32 if proof == "crc32" else ()
    missing = FrameIndex(tuple(pts - 120 for pts in index.pts), index.md5, crc32)
    found = [md5(frame) for frame in read_frames(path, header, missing, 15, 25)]
    assert found == list(index.md5[15:25])


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (5, 4), (-1, 2), (0, 25), (24, 25)])
def test_a_range_that_is_not_in_the_source_is_refused(film: Film, start: int, stop: int) -> None:
    path = film("short.mkv")
    header, index = ingested(path)
    with pytest.raises(ValueError, match=r"not within 0\.\.24"):
        next(read_frames(path, header, index, start, stop))


def ramp(picture: PictureFormat, number: int) -> bytes:
    """A frame that counts upwards, so that a few frames use every code value."""
    samples = (np.arange(picture.frame_samples) + number * 9973) % (picture.peak + 1)
    return samples.astype("u1" if picture.sample_bytes == 1 else "<u2").tobytes()


@pytest.mark.parametrize("tagged", ["tv", "pc"])
@pytest.mark.parametrize("pixel_format", PIXEL_FORMATS)
def test_every_code_value_of_every_pixel_format_survives_ffv1(
    tmp_path: Path, make_header: Callable[..., Header], pixel_format: str, tagged: str
) -> None:
    """ffmpeg converts full-range YUV on its way into FFV1, and gray by its tag: never ours."""
    side = 256 if PIXEL_FORMATS[pixel_format][1] == 16 else 64
    picture = PictureFormat(side + 1, side - 1, pixel_format)
    header = replace(make_header(picture), colour=ColourTags(range=tagged))
    frames = [ramp(picture, number) for number in range(5)]
    values = np.frombuffer(b"".join(frames), "u1" if picture.sample_bytes == 1 else "<u2")
    assert len(np.unique(values)) == picture.peak + 1
    path = tmp_path / "ramp.mkv"
    with ffv1_writer(path, header, Fraction(18)) as writer:
        for frame in frames:
            writer.write(frame)
    found = list(read_picture(path, written_picture(picture)))
    assert [md5(frame) for frame in frames] == [md5(frame) for frame in found]


def test_a_changed_source_is_noticed_with_its_name_and_frame(make_reel: MakeReel) -> None:
    path, raw = make_reel("reel.mkv", frames=8)
    header, index = ingested(path)
    other, _ = make_reel("other.mkv", frames=8, seed=8)
    path.write_bytes(other.read_bytes())
    with pytest.raises(SourceError, match=r"reel\.mkv: frame 3 is not what was ingested"):
        list(read_frames(path, header, index, 3, 6))
    assert len(raw) == 8


def test_a_source_that_became_shorter_is_noticed_with_the_frame(make_reel: MakeReel) -> None:
    path, _ = make_reel("reel.mkv", frames=8)
    header, index = ingested(path)
    shorter = path.with_name("shorter.mkv")
    run(ffmpeg.input(file_url(path)).output(file_url(shorter), c="copy", vframes=5))
    shorter.replace(path)
    with pytest.raises(SourceError, match=r"reel\.mkv: frame 5 is missing"):
        list(read_frames(path, header, index, 0, 8))


@pytest.mark.parametrize("place", [0.3, 0.5, 0.7, 0.9])
def test_a_damaged_slice_is_refused_although_ffmpeg_ends_with_zero(
    make_reel: MakeReel, place: float
) -> None:
    """One byte of an FFV1 slice: every frame is listed, one differs, status 0."""
    path, _ = make_reel("reel.mkv", frames=8, size=(128, 96))
    header, index = ingested(path)
    data = bytearray(path.read_bytes())
    data[int(len(data) * place)] ^= 0x55
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"reel\.mkv: damaged around frame"):
        index_frames(path, header)
    with pytest.raises(SourceError, match=r"reel\.mkv: frame \d"):
        list(read_frames(path, header, index, 0, 8))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mkv", {}),
        ("a.mp4", LONG_GOP | {"movflags": "+faststart"}),
        ("a.mov", {"vcodec": "prores_ks", "pix_fmt": "yuv422p10le"}),
        ("a.avi", {"vcodec": "mpeg4"}),
        ("a.mxf", {"vcodec": "mpeg2video", "pix_fmt": "yuv422p"}),
    ],
)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_refused(
    film: Film, name: str, options: dict[str, object], share: float
) -> None:
    """An MXF decodes to its new end without a word: only the header's count tells."""
    path = film(name, frames=40, **options)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    catalog = CatalogReel("A", "T", 1, 1, name, 2)
    with pytest.raises((SourceError, MediaError), match=rf"{name}"):
        ingest_reel(catalog, path.parent)


@pytest.mark.parametrize(
    "content", [b"", b"hello\n" * 99, b"\0" * 4096], ids=["empty", "text", "zero"]
)
def test_a_file_that_is_no_film_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "reel.mkv"
    path.write_bytes(content)
    with pytest.raises((SourceError, MediaError), match=r"reel\.mkv"):
        probe(path)


def test_a_list_of_other_files_is_refused(film: Film, tmp_path: Path) -> None:
    """By its content a playlist would lead out of the archive, whatever its name."""
    film("secret.mp4", **LONG_GOP)
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.mp4\n#EXT-X-ENDLIST\n"
    for name, text in (("a.mkv", "ffconcat version 1.0\nfile secret.mp4\n"), ("b.m3u8", playlist)):
        (tmp_path / name).write_text(text)
        with pytest.raises((SourceError, MediaError), match=r"a list of other files|whitelist"):
            probe(tmp_path / name)


def test_a_source_without_picture_or_with_two_is_refused(film: Film, tmp_path: Path) -> None:
    sound = tmp_path / "sound.wav"
    run(ffmpeg.input("sine=duration=1", format="lavfi").output(file_url(sound)))
    with pytest.raises(SourceError, match="holds 0 picture streams"):
        probe(sound)
    one = ffmpeg.input(file_url(film("one.mkv")))
    two = tmp_path / "two.mkv"
    run(ffmpeg.output(one["v"], one["v"], file_url(two), c="copy"))
    with pytest.raises(SourceError, match="holds 2 picture streams"):
        probe(two)


@pytest.mark.parametrize("pixel_format", ["yuv440p", "gbrap10le", "gray9le"])
def test_a_pixel_format_that_is_not_kept_as_it_is_is_refused(film: Film, pixel_format: str) -> None:
    with pytest.raises(SourceError, match=f"pixel format {pixel_format}"):
        probe(film("odd.mkv", pix_fmt=pixel_format))


def test_a_picture_whose_size_changes_is_refused(film: Film, tmp_path: Path) -> None:
    one = film("one.m2v", vcodec="mpeg2video", size="64x48")
    two = film("two.m2v", vcodec="mpeg2video", size="96x80")
    path = tmp_path / "both.m2v"
    path.write_bytes(one.read_bytes() + two.read_bytes())
    with pytest.raises(SourceError, match=r"both\.m2v"):
        ingested(path)


def test_a_frame_of_the_wrong_size_is_not_written(
    tmp_path: Path, make_header: Callable[..., Header]
) -> None:
    path = tmp_path / "out.mkv"
    with (
        pytest.raises(ValueError, match="frame of 7 bytes"),
        ffv1_writer(path, make_header(PictureFormat(64, 48, "gray")), Fraction(18)) as writer,
    ):
        writer.write(b"7 bytes")
    assert list(tmp_path.iterdir()) == []


def test_no_frame_written_is_an_error_and_leaves_nothing(
    tmp_path: Path, make_header: Callable[..., Header]
) -> None:
    path = tmp_path / "out.mkv"
    with (
        pytest.raises((MediaError, VerificationError)),
        ffv1_writer(path, make_header(PictureFormat(64, 48, "gray")), Fraction(18)),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_packets_are_counted_not_computed(film: Film) -> None:
    assert count_packets(film("a.mkv", frames=17, rate="16")) == 17


# The masters' own form, as MediaInfo sees it


@pytest.mark.parametrize(
    ("size", "slices"),
    [((720, 576), 4), ((1920, 1080), 16), ((2048, 1556), 16), ((4096, 3112), 24)],
)
def test_a_master_is_ffv1_3_with_checked_slices_and_no_frame_leans_on_another(
    tmp_path: Path, make_header: Callable[..., Header], size: tuple[int, int], slices: int
) -> None:
    """FFV1 level 3, slice CRC, intra only, 16 slices or more at HD; read by another library."""
    picture = PictureFormat(*size, "yuv422p10le")
    path = tmp_path / "master.mkv"
    with ffv1_writer(path, make_header(picture), Fraction(18)) as writer:
        for _ in range(3):
            writer.write(bytes(picture.frame_bytes))
    (video,) = (track.to_data() for track in MediaInfo.parse(path).video_tracks)
    assert (video["format"], video["format_version"]) == ("FFV1", "Version 3.4")
    assert video["format_settings__slice_count"] >= slices
    assert video["errordetectiontype"] == "Per slice"
    assert video["format_settings__gop"] == "N=1"


def test_a_file_that_differs_from_the_plan_is_not_published(
    tmp_path: Path, make_header: Callable[..., Header], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trap 9: tags that were asked for and are not in the file."""
    header = replace(
        make_header(PictureFormat(64, 48, "yuv420p")), colour=ColourTags("tv", "bt709")
    )
    monkeypatch.setattr("tasks.media.write.tag_picture", lambda stream, _: stream)
    path = tmp_path / "shot.mkv"
    with (
        pytest.raises(VerificationError, match=r"shot\.mkv: colour tags: planned .*bt709.*, found"),
        ffv1_writer(path, header, Fraction(18)) as writer,
    ):
        writer.write(bytes(header.picture.frame_bytes))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("coded", "planes"), (PLANES_OF | WITH_ALPHA).items(), ids=(PLANES_OF | WITH_ALPHA).keys()
)
def test_every_code_value_survives_being_taken_apart(coded: str, planes: str) -> None:
    """Samples that lie interleaved, in the other byte order, or beside an alpha plane."""
    picture = PictureFormat(512, 256, planes)
    raw = ramp(picture, 1)
    assert len(np.unique(np.frombuffer(raw, f"<u{picture.sample_bytes}"))) == picture.peak + 1
    size = f"{picture.width}x{picture.height}"
    together = converted(raw, planes, coded, size)
    assert len(together) >= len(raw)
    assert converted(together, coded, planes, size) == raw


def converted(raw: bytes, given: str, wanted: str, size: str) -> bytes:
    line = [ffmpeg_program(), "-v", "error", "-f", "rawvideo", "-pix_fmt", given, "-s", size,
            "-i", "-", "-vf", f"format={wanted}", "-f", "rawvideo", "-"]  # fmt: skip
    return subprocess.run(line, input=raw, capture_output=True, check=True).stdout
