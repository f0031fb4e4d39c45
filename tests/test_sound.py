"""Sound is whole per reel: copied, or encoded without loss, sample for sample."""

import struct
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import ffmpeg
import pytest

from catalogs.errors import MediaError, SourceError, VerificationError
from catalogs.picture import PictureFormat
from catalogs.records import CatalogReel
from catalogs.source import AudioHeader, Header
from tasks.ingest import ingest_reel
from tasks.media.check import check_audio
from tasks.media.join import Carried, join_shots
from tasks.media.mezzanine import make_mezzanine
from tasks.media.probe import probe
from tasks.media.program import file_url, run
from tasks.media.sound import lossless_codec, sound_codecs
from tasks.media.sync import out_of_sync
from tasks.media.write import ffv1_writer

Film = Callable[..., Path]

CASES = [
    ("pcm_s16be", "mov", "copy"), ("pcm_s24be", "mov", "copy"), ("pcm_s8", "mov", "pcm_u8"),
    ("pcm_f32be", "mov", "pcm_f32le"), ("pcm_f64be", "mov", "pcm_f64le"),
    ("adpcm_ima_qt", "mov", "flac"), ("alac", "mov", "copy"), ("aac", "mp4", "copy"),
    ("pcm_mulaw", "mov", "copy"), ("pcm_dvd", "vob", "flac"), ("mp2", "vob", "copy"),
    ("pcm_u8", "avi", "copy"), ("adpcm_ms", "avi", "copy"), ("wmav2", "asf", "copy"),
]  # fmt: skip


@pytest.mark.parametrize(("codec", "suffix", "carried"), CASES, ids=[c[0] for c in CASES])
def test_every_sample_of_every_kind_of_sound_arrives(
    film: Film, make_header: Callable[..., Header], tmp_path: Path, codec: str, suffix: str,
    carried: str,
) -> None:  # fmt: skip
    vcodec = "mpeg2video" if suffix == "vob" else "mjpeg"
    pixels = "yuv420p" if suffix == "vob" else "yuvj420p"
    source = film(f"source.{suffix}", sounds=1, vcodec=vcodec, pix_fmt=pixels, acodec=codec)
    header = probe(source)
    assert sound_codecs(source, header) == (carried,)
    shot, picture = tmp_path / "shot.mkv", PictureFormat(64, 48, "gray")
    with ffv1_writer(shot, make_header(picture), Fraction(25)) as writer:
        for number in range(24):
            writer.write(bytes([number]) * picture.frame_bytes)
    target = tmp_path / "reel.mkv"
    carry = Carried(source, sound_codecs(source, header), header.start_seconds)
    join_shots([shot], target, Fraction(25), carried=carry)
    planned, found = check_audio(source, header), check_audio(target, probe(target))
    assert [(a.samples, a.md5) for a in planned] == [(a.samples, a.md5) for a in found]
    assert planned[0].samples > 40_000
    assert abs(planned[0].offset_seconds - found[0].offset_seconds) <= 0.002


STEREO = AudioHeader(1, "codec", 48000, 2, Fraction(0), "s16", 16)


@pytest.mark.parametrize(
    ("facts", "codec"),
    [
        ({}, "flac"),
        ({"sample_format": "s16p", "bits": 0}, "flac"),
        ({"sample_format": "s32", "bits": 24}, "flac"),
        ({"sample_format": "s32p", "bits": 32}, "pcm_s32le"),
        ({"sample_format": "s32", "bits": 0}, "pcm_s32le"),
        ({"channels": 16}, "pcm_s16le"),
        ({"sample_format": "fltp", "bits": 0}, "pcm_f32le"),
        ({"sample_format": "dbl", "bits": 64}, "pcm_f64le"),
    ],
)
def test_the_encoder_holds_what_is_decoded(facts: dict[str, object], codec: str) -> None:
    """FLAC holds 24 bits and 8 channels; more goes into PCM of the same kind."""
    assert lossless_codec(replace(STEREO, **facts)) == codec  # type: ignore[arg-type]


def test_samples_that_nothing_holds_are_refused() -> None:
    with pytest.raises(MediaError, match=r"audio stream 1 \(codec\) decodes to s64"):
        lossless_codec(replace(STEREO, sample_format="s64"))


def edited(path: Path, first_sample: int, milliseconds: int) -> None:
    """Make the edit list of the sound show `milliseconds` from a sample on."""
    data = bytearray(path.read_bytes())
    last = data.rfind(b"elst")
    struct.pack_into(">Ii", data, last + 12, milliseconds, first_sample)
    path.write_bytes(data)


@pytest.mark.parametrize(("first", "milliseconds"), [(44100, 3000), (0, 2000)])
def test_sound_that_an_edit_list_hides_holds_the_reel(
    film: Film, tmp_path: Path, first: int, milliseconds: int
) -> None:
    """It is in the file, and would be gone from the master without a word."""
    path = film("reel.mov", frames=100, sounds=1, vcodec="mjpeg", pix_fmt="yuvj420p",
                acodec="pcm_s16le")  # fmt: skip
    catalog = CatalogReel("A", "T", 1, 1, path.name, 2)
    ingest_reel(catalog, tmp_path)
    edited(path, first, milliseconds)
    with pytest.raises(SourceError, match=r"an edit list hides \d\.\d\d s of sound of stream 1"):
        ingest_reel(catalog, tmp_path)


def test_a_hole_in_the_sound_is_disclosed_and_kept_where_it_is(
    film: Film, tmp_path: Path, make_header: Callable[..., Header]
) -> None:
    whole = film("whole.mkv", frames=100, sounds=1, acodec="pcm_s16le")
    source = tmp_path / "hole.mkv"
    drop = "noise=drop='between(n\\,60\\,100)'"
    run(ffmpeg.input(file_url(whole)).output(file_url(source), c="copy", **{"bsf:a": drop}))
    reel, _ = ingest_reel(CatalogReel("A", "T", 1, 1, source.name, 2), tmp_path)
    ((_, missing),) = reel.content.audio[0].holes
    assert 0.3 < missing < 1.5
    assert "sound stream 1 is interrupted" in reel.disclosures[0]
    target = tmp_path / "reel.mkv"
    join_shots([whole], target, Fraction(25), carried=Carried(source, ["copy"]))
    found = check_audio(target, probe(target))
    assert out_of_sync(reel.content.audio, found) == []
    closed = [replace(content, holes=()) for content in found]
    assert out_of_sync(reel.content.audio, closed) == [
        f"stream 1 has a hole of 0.0 s, not {missing} s"
    ]
    later = [replace(content, offset_seconds=content.offset_seconds + 0.01) for content in found]
    assert "begins at 0.010 s" in out_of_sync(reel.content.audio, later)[0]
    with pytest.raises(VerificationError, match="sound in sync"):
        make_mezzanine(target, tmp_path / "out.mov", probe(target), Fraction(25), "Title")


def test_sound_beyond_full_scale_is_not_taken_for_clipped_sound(film: Film, tmp_path: Path) -> None:
    plain = film("plain.mkv")
    digests = []
    for name, peak in (("loud", 2.0), ("clipped", 1.0)):
        wave = f"aevalsrc=clip(2*sin(440*t)\\,-{peak}\\,{peak}):s=48000:d=0.96"
        tone = ffmpeg.input(wave, format="lavfi")["a:0"]
        path = tmp_path / f"{name}.mkv"
        run(ffmpeg.output(ffmpeg.input(file_url(plain))["v:0"], tone, file_url(path),
                          vcodec="copy", acodec="pcm_f32le"))  # fmt: skip
        digests.append(check_audio(path, probe(path))[0].md5)
    assert digests[0] != digests[1]


def test_sixteen_channels_of_24_bits_arrive(film: Film, tmp_path: Path) -> None:
    """As MXF may hold them; FLAC ends at eight."""
    plain = film("plain.mkv")
    voices = "|".join(f"sin({300 + 50 * n}*t)" for n in range(16))
    wide = ffmpeg.input(f"aevalsrc={voices}:c=hexadecagonal:s=48000:d=0.96", format="lavfi")["a:0"]
    source = tmp_path / "wide.mov"
    run(ffmpeg.output(ffmpeg.input(file_url(plain))["v:0"], wide, file_url(source),
                      vcodec="mjpeg", pix_fmt="yuvj420p", acodec="pcm_s24be"))  # fmt: skip
    header = probe(source)
    assert header.audio[0].channels == 16
    target = tmp_path / "reel.mkv"
    join_shots([plain], target, Fraction(25), carried=Carried(source, ["pcm_s32le"]))
    planned, found = check_audio(source, header), check_audio(target, probe(target))
    assert planned[0].md5 == found[0].md5
