"""Header, catalog and operator: contradictions hold the reel, choices and doubts are disclosed."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg
import pytest

from catalogs.catalog import Catalog
from catalogs.errors import CatalogError, SourceError
from catalogs.picture import PIXEL_FORMATS, PLANES_OF, WITH_ALPHA
from catalogs.records import CatalogReel, HeldRow
from flows.night.choices import apply_choices, read_choices
from tasks.agree import Agreement, agree
from tasks.find import find_source, is_unchanged
from tasks.ingest import ingest_reel
from tasks.media.probe import probe
from tasks.media.program import file_url, run
from tasks.media.read import read_frames

Film = Callable[..., Path]
MakeReel = Callable[..., tuple[Path, list[bytes]]]

INTERLACED = {"vcodec": "mpeg2video", "flags": "+ildct+ilme", "field_order": "tt", "g": 6, "bf": 2}


def listed(path: str = "reel.mkv", **facts: Any) -> CatalogReel:
    return CatalogReel("AFA-1", "Title", 1, 1, path, 7, **facts)


def agreed(catalog: CatalogReel, root: Path) -> Agreement:
    return agree(catalog, find_source(catalog, root))


@pytest.fixture
def scans(tmp_path: Path, scanned: Callable[..., None]) -> Callable[..., Path]:
    """A function that makes a DPX sequence with rates in its headers."""

    def make(frames: int = 6, **rates: float) -> Path:
        folder = tmp_path / "scans"
        folder.mkdir()
        source = ffmpeg.input("testsrc2=size=64x48:rate=25", format="lavfi")
        source = source.filter("noise", alls=40, allf="t")  # or frames repeat
        pattern = f"file:{folder}/scan_%04d.dpx"
        run(source.output(pattern, vframes=frames, pix_fmt="gbrp10be", vcodec="dpx"))
        for path in folder.iterdir():
            scanned(path, **rates)
        return folder

    return make


# Frame rate


def test_the_operator_decides_a_conflict_of_rates_and_it_is_disclosed(
    make_reel: MakeReel, tmp_path: Path
) -> None:
    make_reel(rate=Fraction(25))
    catalog = listed(frame_rate=Fraction(16), operator_rate=Fraction(18))
    found = agreed(catalog, tmp_path)
    assert (found.frame_rate, found.frame_rate_source) == (Fraction(18), "operator")
    note = "frame rate 18 by the operator; 16 in the catalog and 25 in the header"
    assert found.disclosures == (note,)


def test_the_operator_cannot_take_the_sound_away_from_the_picture(
    film: Film, tmp_path: Path
) -> None:
    film("reel.mkv", sounds=1)
    with pytest.raises(SourceError, match=r"--fps says 18, the rate is 25 in the header, .* sound"):
        agreed(listed(operator_rate=Fraction(18)), tmp_path)
    assert agreed(listed(operator_rate=Fraction(25)), tmp_path).frame_rate == 25


def test_the_rate_of_a_dpx_header_is_read_where_ffmpeg_says_25(
    scans: Callable[..., Path], tmp_path: Path
) -> None:
    """Trap 4: the header says 18, ffmpeg opens it as 25."""
    scans(film_rate=18)
    found = agreed(listed("scans"), tmp_path)
    assert (found.frame_rate, found.frame_rate_source) == (Fraction(18), "header")
    with pytest.raises(SourceError, match="16 in the catalog and 18 in the film header"):
        agreed(listed("scans", frame_rate=Fraction(16)), tmp_path)


def test_two_rates_in_a_dpx_header_are_a_conflict_unless_the_catalog_decides(
    scans: Callable[..., Path], tmp_path: Path
) -> None:
    scans(film_rate=18, television_rate=25)
    with pytest.raises(SourceError, match="18 in the film header and 25 in the television header"):
        agreed(listed("scans"), tmp_path)
    found = agreed(listed("scans", frame_rate=Fraction(18)), tmp_path)
    assert found.frame_rate_source == "catalog"
    assert found.disclosures == ("the television header says 25 frames/s and was not followed",)


def test_a_sequence_that_says_no_rate_needs_one(scans: Callable[..., Path], tmp_path: Path) -> None:
    scans()
    with pytest.raises(SourceError, match="no frame rate in catalog or header"):
        agreed(listed("scans"), tmp_path)


def test_what_the_catalog_doubts_is_disclosed(make_reel: MakeReel, tmp_path: Path) -> None:
    make_reel(rate=Fraction(18))
    found = agreed(listed(frame_rate=Fraction(18), uncertain=("frame_rate", "gauge")), tmp_path)
    assert found.disclosures == (
        "the catalog is not sure of its frame rate", "the catalog is not sure of its gauge"
    )  # fmt: skip


def test_a_running_time_that_is_far_off_is_disclosed(make_reel: MakeReel, tmp_path: Path) -> None:
    """36 frames at 18 are 2 s; a catalog that says a minute thinks of another rate or reel."""
    make_reel(rate=Fraction(18), frames=36)
    reel, _ = ingest_reel(listed(duration_seconds=Fraction(60)), tmp_path)
    assert reel.disclosures == ("the catalog says 60 s, 2 s decode at 18 frames/s",)
    reel, _ = ingest_reel(listed(duration_seconds=Fraction(3)), tmp_path)
    assert reel.disclosures == ()


# Choices


def catalog_of(*reels: CatalogReel, held: tuple[HeldRow, ...] = ()) -> Catalog:
    return Catalog(Path("catalog.csv"), reels, held, ())


def test_a_choice_is_of_all_reels_or_of_one_item() -> None:
    one, two = listed(), replace(listed(), identifier="AFA=2")
    choices = read_choices(["18", "AFA=2=24000/1001"], ["AFA-1=deinterlace"])
    chosen = apply_choices(catalog_of(one, two), choices).reels
    assert [reel.operator_rate for reel in chosen] == [Fraction(18), Fraction(24000, 1001)]
    assert [reel.scan for reel in chosen] == ["deinterlace", None]


@pytest.mark.parametrize(
    ("fps", "scan", "reason"),
    [
        (["fast"], [], r"--fps fast: .*not a rate"),
        (["A=0"], [], r"--fps A=0: .*not a rate"),
        ([], ["weave"], r"--scan weave: 'weave' is not a scan; use one of: progressive, deint"),
    ],
)
def test_a_choice_that_is_none_is_refused(fps: list[str], scan: list[str], reason: str) -> None:
    with pytest.raises(CatalogError, match=reason):
        read_choices(fps, scan)


def test_a_choice_of_an_unknown_item_is_refused_and_of_a_held_one_is_not() -> None:
    held = HeldRow("AFA-9", "line-3", 3, "no path")
    catalog = catalog_of(listed(), held=(held,))
    assert apply_choices(catalog, read_choices(["AFA-9=18"])).reels == catalog.reels
    with pytest.raises(CatalogError, match=r"catalog\.csv has no item 'AFA-8'"):
        apply_choices(catalog, read_choices(["AFA-8=18"]))


# Interlaced picture


def moving(film: Film, name: str = "reel.mkv", **options: Any) -> Path:
    """576 lines of a picture whose two fields are of different moments."""
    path = film("even.mkv", size="720x576", rate="50", frames=36)
    source = ffmpeg.input(file_url(path))["v:0"].filter("tinterlace", "interleave_top")
    target = path.with_name(name)
    run(source.output(file_url(target), **options).overwrite_output())
    return target


def test_interlaced_picture_is_read_as_chosen(film: Film, tmp_path: Path) -> None:
    moving(film, "reel.mpg", **INTERLACED)
    with pytest.raises(SourceError, match=r"interlaced picture; choose with .* --scan"):
        agreed(listed("reel.mpg"), tmp_path)
    woven = agreed(listed("reel.mpg", scan="progressive"), tmp_path)
    assert (woven.header.deinterlaced, woven.header.interlaced) == (False, True)
    assert "frames are taken as they are" in woven.disclosures[0]
    apart = agreed(listed("reel.mpg", scan="deinterlace"), tmp_path)
    assert apart.header.deinterlaced
    assert "deinterlaced by choice" in apart.disclosures[0]


def test_a_deinterlaced_reel_is_another_reel_and_any_range_of_it_is_exact(
    film: Film, tmp_path: Path
) -> None:
    """The deinterlacer looks at neighbours: a range must not depend on where reading began."""
    moving(film, "reel.mpg", **INTERLACED)
    woven, _ = ingest_reel(listed("reel.mpg", scan="progressive"), tmp_path)
    reel, index = ingest_reel(listed("reel.mpg", scan="deinterlace"), tmp_path)
    assert reel.content.sha256 == woven.content.sha256
    assert reel.digest != woven.digest
    assert len(index) == 18
    whole = list(read_frames(reel.source, reel.header, index, 0, 18))
    assert len(set(whole)) == 18
    for start, stop in ((0, 3), (1, 2), (7, 11), (13, 18), (17, 18)):
        found = list(read_frames(reel.source, reel.header, index, start, stop))
        assert found == whole[start:stop], f"[{start}, {stop})"


def test_combs_that_no_header_tells_of_are_seen(film: Film, tmp_path: Path) -> None:
    """Uncompressed AVI has no field order: taken for progressive it would be silently wrong."""
    moving(film, "reel.avi", vcodec="rawvideo", pix_fmt="yuyv422")
    assert probe(tmp_path / "reel.avi").field_order == "unknown"
    with pytest.raises(SourceError, match="interlaced picture"):
        agreed(listed("reel.avi"), tmp_path)
    found = agreed(listed("reel.avi", scan="deinterlace"), tmp_path)
    assert found.header.field_order == "tt"
    assert "does not say whether it is interlaced; it looks tt" in found.disclosures[0]


def test_combs_after_a_still_leader_are_seen_in_matroska_too(film: Film, tmp_path: Path) -> None:
    """Matroska counts no frames: the places to look at come from its running time."""
    moving(film, "fields.mkv", vcodec="ffv1")
    leader = ffmpeg.input("color=c=gray:size=720x576:rate=25:duration=2.4", format="lavfi")
    fields = ffmpeg.input(file_url(tmp_path / "fields.mkv"), stream_loop=3)["v:0"]
    both = ffmpeg.concat(leader.filter("setsar", "1"), fields.filter("setsar", "1"))
    whole = both.filter("setfield", "auto").filter("format", "yuv420p")
    run(whole.output(file_url(tmp_path / "whole.avi"), vcodec="rawvideo"))
    unsaid = ffmpeg.input(file_url(tmp_path / "whole.avi"))
    run(unsaid.output(file_url(tmp_path / "reel.mkv"), vcodec="copy", allow_raw_vfw=1))
    assert probe(tmp_path / "reel.mkv").field_order == "unknown"
    assert probe(tmp_path / "reel.mkv").claimed_frames is None
    with pytest.raises(SourceError, match="interlaced picture"):
        agreed(listed(), tmp_path)


def test_progressive_picture_that_no_header_tells_of_goes_through(
    film: Film, tmp_path: Path
) -> None:
    film("reel.avi", source="testsrc", size="720x576", vcodec="rawvideo", pix_fmt="yuyv422")
    assert not agreed(listed("reel.avi"), tmp_path).header.interlaced
    with pytest.raises(SourceError, match="scan says deinterlace"):
        agreed(listed("reel.avi", scan="deinterlace"), tmp_path)


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["ingest_dv-pal-interlaced.mov", "ingest_xdcam-hd-1080i50.mov"])
def test_a_clean_aperture_costs_no_sample(shared_data: Path, name: str) -> None:
    """ffmpeg 9 cuts 720x576 to 703x576 because the container asks for it to be shown so."""
    reel, index = ingest_reel(listed(name, scan="progressive"), shared_data / "ingest")
    picture = reel.header.picture
    assert (picture.width, picture.height) in ((720, 576), (1440, 1080))
    frame = next(read_frames(reel.source, reel.header, index, 0, 1))
    assert len(frame) == picture.frame_bytes
    assert any("the restored reel holds and shows all" in note for note in reel.disclosures)


# Sequences


def test_a_gap_holds_the_reel_unless_the_catalog_knows_of_it(
    scans: Callable[..., Path], tmp_path: Path
) -> None:
    """Trap 1: ffmpeg ends at the gap with status 0, 2 of 5 frames read."""
    folder = scans(film_rate=18)
    (folder / "scan_0003.dpx").unlink()
    with pytest.raises(SourceError, match="frames 3 are missing; restore them, or name them"):
        agreed(listed("scans"), tmp_path)
    reel, index = ingest_reel(listed("scans", missing_frames=((3, 3),)), tmp_path)
    assert "frames 3 are missing, as the catalog says" in reel.disclosures
    assert (len(index), len(set(index.md5)), len(index.file_sha256)) == (5, 5, 5)
    assert index.pts == (0, 1, 2, 3, 4)
    frames = list(read_frames(reel.source, reel.header, index, 1, 4))
    assert len(frames) == 3


@pytest.mark.parametrize("before_gap", [1, 5, 10, 16])
def test_a_gap_is_read_over_however_many_files_stand_before_it(
    scans: Callable[..., Path], tmp_path: Path, before_gap: int
) -> None:
    """ffmpeg looks for the last file in doubling steps, leaps over a gap, and then misses one."""
    folder = scans(film_rate=18, frames=24)
    gap = before_gap + 1
    (folder / f"scan_{gap:04d}.dpx").unlink()
    reel, index = ingest_reel(listed("scans", missing_frames=((gap, gap),)), tmp_path)
    assert len(index) == 23
    frames = list(read_frames(reel.source, reel.header, index, max(0, before_gap - 2), 23))
    assert len(frames) == 23 - max(0, before_gap - 2)


def test_a_sequence_that_grew_is_not_the_one_that_was_ingested(
    scans: Callable[..., Path], tmp_path: Path
) -> None:
    """The scanner was still at work: what came later is not left out in silence."""
    folder = scans(film_rate=18)
    reel, _ = ingest_reel(listed("scans"), tmp_path)
    assert is_unchanged(reel, tmp_path)
    last, more = folder / "scan_0006.dpx", folder / "scan_0007.dpx"
    more.write_bytes(last.read_bytes())
    assert not is_unchanged(reel, tmp_path)
    more.unlink()
    assert is_unchanged(reel, tmp_path)
    assert not is_unchanged(reel, tmp_path / "elsewhere")

    def grow(frames: int) -> None:
        more.write_bytes(last.read_bytes())

    with pytest.raises(SourceError, match="changed while it was read"):
        ingest_reel(listed("scans"), tmp_path, grow)


def test_an_empty_file_of_a_sequence_holds_the_reel(
    scans: Callable[..., Path], tmp_path: Path
) -> None:
    """Trap 2: status 0, nothing on stderr, the rest of the reel gone."""
    (scans(film_rate=18) / "scan_0004.dpx").write_bytes(b"")
    with pytest.raises(SourceError, match=r"scan_0004\.dpx"):
        agreed(listed("scans"), tmp_path)


def test_a_sequence_whose_files_changed_is_noticed_at_the_frame(
    scans: Callable[..., Path], tmp_path: Path
) -> None:
    folder = scans(film_rate=18)
    reel, index = ingest_reel(listed("scans"), tmp_path)
    data = bytearray((folder / "scan_0004.dpx").read_bytes())
    data[-100] ^= 0xFF
    (folder / "scan_0004.dpx").write_bytes(data)
    with pytest.raises(SourceError, match="scans: frame 3 is not what was ingested"):
        list(read_frames(reel.source, reel.header, index, 0, 6))


def test_a_checksum_of_a_folder_means_nothing(scans: Callable[..., Path], tmp_path: Path) -> None:
    scans(film_rate=18)
    with pytest.raises(SourceError, match="field checksum is of one file"):
        agreed(listed("scans", checksum=("md5", "0" * 32)), tmp_path)


# What a restored reel does not carry


def test_an_opaque_alpha_plane_is_left_out_and_disclosed(film: Film, tmp_path: Path) -> None:
    film("reel.mkv", pix_fmt="yuva444p10le")
    reel, _ = ingest_reel(listed(), tmp_path)
    assert reel.header.picture.pixel_format == "yuv444p10le"
    assert reel.disclosures == ("the source has an alpha plane, opaque throughout; it is left out",)


@pytest.mark.parametrize("pixel_format", ["yuva444p10le", "bgra"])
def test_an_alpha_plane_that_shows_something_holds_the_reel(
    film: Film, tmp_path: Path, pixel_format: str
) -> None:
    plain = film("plain.mkv", frames=30, size="320x240")  # more alpha follows than a pipe holds
    clear = ffmpeg.input(file_url(plain))["v:0"].filter("format", "yuva444p")
    clear = clear.filter("geq", lum="lum(X,Y)", cb="128", cr="128", a="255-eq(N,4)*eq(X,9)*eq(Y,7)")
    run(clear.output(file_url(tmp_path / "reel.mkv"), vcodec="ffv1", pix_fmt=pixel_format))
    with pytest.raises(SourceError, match="alpha plane that is not opaque"):
        ingest_reel(listed(), tmp_path)


def test_streams_that_are_not_carried_are_named(film: Film, tmp_path: Path) -> None:
    path = film("film.mkv")
    words = tmp_path / "words.srt"
    words.write_text("1\n00:00:00,000 --> 00:00:01,000\nWords\n")
    with_words = ffmpeg.output(
        ffmpeg.input(file_url(path))["v:0"], ffmpeg.input(file_url(words))["s:0"],
        file_url(tmp_path / "reel.mkv"), c="copy",
    )  # fmt: skip
    run(with_words)
    note = "not carried into the restored reel: subtitle subrip"
    assert note in agreed(listed(), tmp_path).disclosures


def test_formats_that_are_taken_apart_are_known_planes() -> None:
    assert {*PLANES_OF.values(), *WITH_ALPHA.values()} <= PIXEL_FORMATS.keys()
    assert not (PLANES_OF.keys() | WITH_ALPHA.keys()) & PIXEL_FORMATS.keys()
