"""Ingest: a reel passes when file, header and catalog agree; else it is held with the reason."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from catalogs.errors import MediaError, SourceError
from catalogs.fixity import hash_file
from catalogs.records import CatalogReel
from catalogs.source import ColourTags, Header
from flows.words import Standing, standings_text
from tasks.agree import agree
from tasks.find import FoundSource, find_source, is_unchanged
from tasks.ingest import ingest_reel
from tasks.media.probe import probe

Film = Callable[..., Path]
MakeReel = Callable[..., tuple[Path, list[bytes]]]


def listed(path: str = "reel.mkv", **facts: Any) -> CatalogReel:
    return CatalogReel("AFA-1", "Title", 1, 1, path, 7, **facts)


def test_a_good_reel_is_described_as_it_is(make_reel: MakeReel, tmp_path: Path) -> None:
    path, raw = make_reel(frames=9)
    digests = hash_file(path, "md5", "sha256")
    catalog = listed(frame_rate=Fraction(18), sound="silent", checksum=("md5", digests["md5"]))
    seen: list[int] = []
    reel, index = ingest_reel(catalog, tmp_path, seen.append)
    assert (reel.catalog, reel.source) == (catalog, path)
    assert (reel.frame_rate, reel.frame_rate_source) == (Fraction(18), "catalog")
    assert (reel.digest, reel.content.size_bytes) == (digests["sha256"], path.stat().st_size)
    assert (reel.content.frame_count, reel.content.audio) == (9, ())
    assert list(index.md5) == [hashlib.md5(frame).hexdigest() for frame in raw]
    assert seen == list(range(1, 10))
    assert is_unchanged(reel, reel.source.parent)
    path.touch()
    assert not is_unchanged(reel, reel.source.parent)
    path.unlink()
    assert not is_unchanged(reel, reel.source.parent)


def test_the_source_is_only_read(make_reel: MakeReel, tmp_path: Path) -> None:
    path, _ = make_reel()
    path.chmod(0o444)
    before = path.read_bytes(), path.stat().st_mtime_ns
    ingest_reel(listed(), tmp_path)
    assert before == (path.read_bytes(), path.stat().st_mtime_ns)
    assert [file.name for file in tmp_path.iterdir()] == ["reel.mkv"]


@pytest.mark.parametrize(
    ("written", "header", "expected", "source"),
    [
        (None, "18", Fraction(18), "header"),
        (Fraction(18), "18", Fraction(18), "catalog"),
        (Fraction(24000, 1001), "24000/1001", Fraction(24000, 1001), "catalog"),
        (Fraction("16.667"), "50/3", Fraction("16.667"), "catalog"),
    ],
)
def test_the_rate_and_its_source_are_recorded(
    make_reel: MakeReel,
    tmp_path: Path,
    written: Fraction | None,
    header: str,
    expected: Fraction,
    source: str,
) -> None:
    make_reel(rate=Fraction(header))
    reel, _ = ingest_reel(listed(frame_rate=written), tmp_path)
    assert (reel.frame_rate, reel.frame_rate_source) == (expected, source)


def test_a_conflict_of_rates_shows_both(make_reel: MakeReel, tmp_path: Path) -> None:
    """18 in the catalog and 25 in the header: either may be wrong, so the reel is held."""
    make_reel(rate=Fraction(25))
    with pytest.raises(SourceError, match="frame rate is 18 in the catalog and 25 in the header"):
        ingest_reel(listed(frame_rate=Fraction(18)), tmp_path)


@pytest.mark.parametrize("header", ["24", "25"])
def test_near_rates_are_told_apart(make_reel: MakeReel, tmp_path: Path, header: str) -> None:
    make_reel(rate=Fraction(header))
    with pytest.raises(SourceError, match="24000/1001 in the catalog"):
        agree(listed(frame_rate=Fraction(24000, 1001)), FoundSource(tmp_path / "reel.mkv"))


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("absent.mkv", r"absent\.mkv: no such file .* restore it"),
        (".", "holds no DPX or TIFF file"),
        ("../reel.mkv", r"line 7, field path: .*'\.\.'"),
        ("http://example.org/reel.mkv", "line 7, field path: .*URL"),
        ("x" * 300 + ".mkv", r"cannot be reached \(File name too long\)"),
    ],
)
def test_a_source_that_is_not_there_holds_the_reel(
    make_reel: MakeReel, tmp_path: Path, path: str, reason: str
) -> None:
    make_reel()
    with pytest.raises(SourceError, match=reason):
        find_source(listed(path), tmp_path)


def test_an_empty_file_holds_the_reel(tmp_path: Path) -> None:
    (tmp_path / "reel.mkv").touch()
    with pytest.raises(SourceError, match="the file is empty; restore it from a copy"):
        ingest_reel(listed(), tmp_path)


def test_a_truncated_file_holds_the_reel(make_reel: MakeReel, tmp_path: Path) -> None:
    path, _ = make_reel(frames=40)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(SourceError, match=r"reel\.mkv: damaged around frame \d+: .*undamaged copy"):
        ingest_reel(listed(), tmp_path)


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512"])
def test_a_wrong_checksum_shows_both(make_reel: MakeReel, tmp_path: Path, algorithm: str) -> None:
    path, _ = make_reel()
    digest = hash_file(path, algorithm)[algorithm]
    ingest_reel(listed(checksum=(algorithm, digest)), tmp_path)
    wrong = ("0" if digest[0] != "0" else "1") + digest[1:]
    with pytest.raises(SourceError, match=f"{algorithm} is {digest}, the catalog says {wrong}"):
        ingest_reel(listed(checksum=(algorithm, wrong)), tmp_path)


def test_interlaced_pictures_hold_the_reel(film: Film, tmp_path: Path) -> None:
    film("reel.mkv", vcodec="mpeg2video", flags="+ilme+ildct", field_order="tt", vf="setfield=tff")
    with pytest.raises(SourceError, match="interlaced picture; choose with"):
        agree(listed(), FoundSource(tmp_path / "reel.mkv"))


def test_sound_in_a_silent_reel_and_silence_in_a_sound_reel_hold_it(
    film: Film, tmp_path: Path
) -> None:
    film("sound.mkv", sounds=2, acodec="flac")
    film("silent.mkv")
    with pytest.raises(SourceError, match="catalog says silent, the file has 2 audio"):
        ingest_reel(listed("sound.mkv", sound="silent"), tmp_path)
    with pytest.raises(SourceError, match="catalog says sound, the file has none"):
        ingest_reel(listed("silent.mkv", sound="sound"), tmp_path)
    reel, _ = ingest_reel(listed("sound.mkv", sound="sound"), tmp_path)
    assert [audio.samples for audio in reel.content.audio] == [46080, 46080]


def test_colour_that_is_not_there_holds_the_reel(make_reel: MakeReel, tmp_path: Path) -> None:
    make_reel(pixel_format="gray")
    with pytest.raises(SourceError, match="catalog says colour, the file has no colour"):
        ingest_reel(listed(colour="colour"), tmp_path)
    ingest_reel(listed(colour="black and white"), tmp_path)


def test_fewer_frames_than_the_header_claims_hold_the_reel(
    make_reel: MakeReel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_reel(frames=6)

    def claiming(path: Path) -> Header:
        return replace(probe(path), claimed_frames=8)

    monkeypatch.setattr("tasks.agree.probe", claiming)
    with pytest.raises(SourceError, match="the header says 8 frames, 6 decode"):
        ingest_reel(listed(), tmp_path)


def test_a_file_that_changes_while_it_is_read_holds_the_reel(
    make_reel: MakeReel, tmp_path: Path
) -> None:
    path, _ = make_reel()
    with pytest.raises(SourceError, match="changed while it was read"):
        ingest_reel(listed(), tmp_path, lambda _: path.touch())


def test_irregular_time_with_sound_holds_the_reel(film: Film, tmp_path: Path) -> None:
    """At an even rate sound would leave the picture."""
    film("reel.mkv", sounds=1, acodec="flac", vf="select=not(between(n\\,5\\,12))", fps_mode="vfr")
    with pytest.raises(SourceError, match="time stamps are irregular"):
        ingest_reel(listed(), tmp_path)


def test_a_picture_that_asks_to_be_turned_holds_the_reel(film: Film, tmp_path: Path) -> None:
    path = film("plain.mp4", vcodec="libx264")
    data = path.read_bytes()
    unit = (0x10000).to_bytes(4, "big") + bytes(12) + (0x10000).to_bytes(4, "big")
    turned = bytes(4) + (0x10000).to_bytes(4, "big") + bytes(4) + b"\xff\xff\x00\x00" + bytes(4)
    track = data.index(b"tkhd")
    place = data.index(unit, track)
    path.write_bytes(data[:place] + turned + data[place + len(turned) :])
    with pytest.raises(SourceError, match="rotated"):
        agree(listed("plain.mp4"), FoundSource(path))


def test_shape_tags_depth_sound_and_timecode_are_carried(film: Film, tmp_path: Path) -> None:
    film(
        "reel.mov", vcodec="prores_ks", pix_fmt="yuv422p10le", sounds=1, acodec="pcm_s24le",
        timecode="10:00:00:00", size="720x576", frames=5, aspect="4:3",
        setparams="colorspace=smpte170m:color_primaries=bt470bg:color_trc=bt709",
    )  # fmt: skip
    reel, _ = ingest_reel(listed("reel.mov"), tmp_path)
    header = reel.header
    assert (header.picture.width, header.picture.height, header.picture.depth) == (720, 576, 10)
    assert header.sample_aspect == Fraction(16, 15)
    assert header.timecode == "10:00:00:00"
    assert header.colour == ColourTags(None, "smpte170m", "bt470bg", "bt709")
    assert [(a.codec, a.sample_rate, a.channels) for a in header.audio] == [("pcm_s24le", 48000, 1)]
    assert (header.claimed_frames, reel.content.frame_count) == (5, 5)


@pytest.mark.parametrize("rate", ["16", "18", "24000/1001"])
def test_a_rate_is_read_exactly_from_a_file_that_counts_milliseconds(
    make_reel: MakeReel, tmp_path: Path, rate: str
) -> None:
    make_reel(rate=Fraction(rate), frames=30)
    reel, _ = ingest_reel(listed(), tmp_path)
    assert reel.frame_rate == Fraction(rate)


def test_what_is_no_film_is_named_in_a_line_with_what_to_do(tmp_path: Path) -> None:
    """The program's own words follow, for whoever looks into it."""
    (tmp_path / "reel.mkv").write_text("a letter")
    with pytest.raises(MediaError) as raised:
        ingest_reel(CatalogReel("A", "Title", 1, 1, "reel.mkv", 2), tmp_path)
    first, _, rest = str(raised.value).partition("\n")
    assert first.startswith("reel.mkv: cannot be read as picture or sound; restore it from a copy")
    assert "status 1" in rest
    row = Standing("A.r1", "Title", "held", str(raised.value), 0, 0, 0)
    assert standings_text((row,)) == f"A.r1  held, no shots yet: {first}"
