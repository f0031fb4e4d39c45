"""Every format of an archive, in and out: the same picture, sound, tags and timecode.

The whole way is gone: ingest, two shots restored by a recipe without steps, assembly. What
comes out is compared with the source by plain ffmpeg, not by the code under test. The table
in `docs/formats.md` is what these tests found: `pytest tests/test_formats.py --write-docs`.
"""

import hashlib
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg
import pytest

from catalogs.recipe import read_recipe
from catalogs.records import CatalogReel, Shot
from catalogs.source import Header
from catalogs.store import Store
from tasks.assemble import assemble_reel
from tasks.ingest import ingest_reel
from tasks.media.probe import probe
from tasks.media.program import ffmpeg_program, run
from tasks.media.read import read_frames
from tasks.restore import restore_shot
from tasks.treat import resolve_recipe

Film = Callable[..., Path]

PAGE = Path(__file__).parent.parent / "docs" / "formats.md"
UNTOUCHED = resolve_recipe(read_recipe("untouched"))
BT709 = "colorspace=bt709:color_primaries=bt709:color_trc=bt709"
SD = "colorspace=smpte170m:color_primaries=smpte170m:color_trc=bt709"


@dataclass(frozen=True)
class Format:
    """A kind of source, and how one is made.

    Attributes:
        name: as the table calls it.
        file: name of the source, or the pattern of a sequence.
        options: of ffmpeg's output.
        planes: what its samples are in planes, for plain ffmpeg.
        facts: what the catalog says of it.
        make: keywords of the `film` fixture.
        scanner: what a scanner wrote into the headers of a DPX sequence.
    """

    name: str
    file: str
    planes: str
    options: dict[str, Any]
    facts: dict[str, Any] = field(default_factory=dict)
    make: dict[str, Any] = field(default_factory=dict)
    scanner: dict[str, Any] = field(default_factory=dict)

    @property
    def is_sequence(self) -> bool:
        return "%" in self.file


def ffv1(planes: str) -> Format:
    return Format(f"FFV1/Matroska, {planes}", "reel.mkv", planes, {"pix_fmt": planes},
                  make={"sounds": 1, "acodec": "flac", "rate": "18"})  # fmt: skip


def dpx(planes: str, coded: str, words: str, **scanner: Any) -> Format:
    facts = {"film_rate": 18.0, "television_rate": 18.0, "timecode": 0x10203004} | scanner
    return Format(f"DPX, {words}", "scan_%07d.dpx", planes, {"vcodec": "dpx", "pix_fmt": coded},
                  scanner=facts)  # fmt: skip


def tiff(planes: str, coded: str, words: str, **options: Any) -> Format:
    options |= {"vcodec": "tiff", "pix_fmt": coded}
    facts = {"frame_rate": Fraction(16)}
    return Format(f"TIFF, {words}", "scan_%05d.tif", planes, options, facts)


FORMATS = [
    *(
        ffv1(planes)
        for planes in ("gray", "gray10le", "gray12le", "gray16le", "yuv420p", "yuv422p10le",
                       "yuv444p12le", "yuv444p16le", "gbrp", "gbrp10le", "gbrp12le", "gbrp16le")
    ),
    dpx("gbrp", "rgb24", "RGB 8 bit, big endian"),
    dpx("gbrp10le", "gbrp10be", "RGB 10 bit, big endian, printing density", transfer=1,
        colorimetric=1),
    dpx("gbrp10le", "gbrp10be", "RGB 10 bit, big endian, linear", transfer=2),
    dpx("gbrp12le", "gbrp12be", "RGB 12 bit, big endian"),
    dpx("gbrp16le", "rgb48be", "RGB 16 bit, big endian"),
    dpx("gbrp10le", "gbrp10le", "RGB 10 bit, little endian"),
    dpx("gbrp16le", "rgb48le", "RGB 16 bit, little endian"),
    dpx("gray", "gray", "luma 8 bit, big endian"),
    dpx("gray16le", "gray16be", "luma 16 bit, big endian"),
    tiff("gbrp16le", "rgb48le", "RGB 16 bit, uncompressed", compression_algo="raw"),
    tiff("gray16le", "gray16le", "gray 16 bit, deflate", compression_algo="deflate"),
    tiff("gbrp", "rgb24", "RGB 8 bit, LZW", compression_algo="lzw"),
    Format("ProRes 422 HQ/MOV", "reel.mov", "yuv422p10le",
           {"vcodec": "prores_ks", "profile": 3, "pix_fmt": "yuv422p10le", "acodec": "pcm_s24le",
            "timecode": "10:00:00:00", "aspect": "16:9",
            "metadata:s:v:0": "reel_name=A017", "metadata:s:v": "language=nor"},
           make={"sounds": 2, "setparams": BT709, "rate": "24000/1001"}),
    Format("ProRes 4444/MOV", "reel.mov", "yuv444p12le",
           {"vcodec": "prores_ks", "profile": 4, "pix_fmt": "yuv444p10le", "acodec": "pcm_s16be",
            "timecode": "01:00:00:00"},
           make={"sounds": 1, "setparams": BT709}),
    Format("v210/MOV", "reel.mov", "yuv422p10le",
           {"vcodec": "v210", "acodec": "pcm_f32be", "timecode": "09:58:30:00"},
           make={"sounds": 1, "setparams": BT709}),
    Format("uncompressed 4:2:2 8 bit (2vuy)/MOV", "reel.mov", "yuv422p",
           {"vcodec": "rawvideo", "pix_fmt": "uyvy422", "acodec": "pcm_s8"},
           make={"sounds": 1, "setparams": SD}),
    Format("uncompressed RGB/AVI", "reel.avi", "gbrp",
           {"vcodec": "rawvideo", "pix_fmt": "bgr24", "acodec": "pcm_u8"}, make={"sounds": 1}),
    Format("uncompressed 4:2:2 (YUY2)/AVI", "reel.avi", "yuv422p",
           {"vcodec": "rawvideo", "pix_fmt": "yuyv422"}, make={"rate": "50/3"}),
    Format("JPEG 2000/MXF OP1a", "reel.mxf", "yuv422p10le",
           {"vcodec": "libopenjpeg", "pix_fmt": "yuv422p10le", "acodec": "pcm_s24le",
            "timecode": "10:00:00:00"}, make={"sounds": 2, "setparams": BT709}),
    Format("XDCAM HD422/MXF OP1a, progressive", "reel.mxf", "yuv422p",
           {"vcodec": "mpeg2video", "pix_fmt": "yuv422p", "g": 12, "bf": 2,
            "acodec": "pcm_s24le", "timecode": "10:00:00:00", "video_bitrate": "20M"},
           make={"sounds": 2, "size": "320x240", "setparams": BT709}),
    Format("IMX D-10/MXF, interlaced, taken as progressive", "reel.mxf", "yuv422p",
           {"vcodec": "mpeg2video", "pix_fmt": "yuv422p", "g": 1, "bf": 0, "format": "mxf_d10",
            "minrate": "50M", "maxrate": "50M", "bufsize": "2M", "video_bitrate": "50M",
            "rc_init_occupancy": "2M", "intra_vlc": 1, "non_linear_quant": 1, "qmin": 1,
            "qmax": 3, "flags": "+ildct+low_delay", "acodec": "pcm_s24le", "ac": 2},
           {"scan": "progressive"}, {"sounds": 1, "size": "720x608", "frames": 6}),
    Format("MPEG-2 program stream, B-frames", "reel.mpg", "yuv420p",
           {"vcodec": "mpeg2video", "format": "vob", "g": 12, "bf": 2, "acodec": "pcm_dvd"},
           make={"sounds": 1, "size": "176x144"}),
    Format("H.264/MPEG transport stream, B-frames", "reel.ts", "yuv420p",
           {"vcodec": "libx264", "preset": "veryfast", "bf": 3, "acodec": "mp2"},
           make={"sounds": 1, "setparams": BT709, "size": "128x96"}),
    Format("DV PAL, interlaced, taken as progressive", "reel.dv", "yuv420p",
           {"vcodec": "dvvideo", "pix_fmt": "yuv420p", "acodec": "pcm_s16le", "ac": 2},
           {"scan": "progressive"}, {"sounds": 1, "size": "720x576", "frames": 6}),
    Format("DV NTSC, interlaced, taken as progressive", "reel.dv", "yuv411p",
           {"vcodec": "dvvideo", "pix_fmt": "yuv411p"},
           {"scan": "progressive"}, {"size": "720x480", "frames": 6, "rate": "30000/1001"}),
    Format("H.264/MP4, B-frames", "reel.mp4", "yuv420p",
           {"vcodec": "libx264", "preset": "veryfast", "bf": 3, "g": 50, "acodec": "aac"},
           make={"sounds": 1, "setparams": BT709, "size": "128x96"}),
    Format("H.264/Matroska, open GOP", "reel.mkv", "yuv420p",
           {"vcodec": "libx264", "preset": "veryfast", "bf": 3, "g": 8, "acodec": "mp3",
            "x264-params": "open-gop=1"}, make={"sounds": 1, "size": "128x96"}),
    Format("H.265/MP4 10 bit, B-frames, open GOP", "reel.mp4", "yuv420p10le",
           {"vcodec": "libx265", "preset": "ultrafast", "pix_fmt": "yuv420p10le",
            "x265-params": "bframes=3:keyint=8:open-gop=1:log-level=error", "acodec": "aac"},
           make={"sounds": 1, "size": "128x96", "rate": "30000/1001"}),
    Format("H.264/MP4, irregular time stamps, silent", "reel.mp4", "yuv420p",
           {"vcodec": "libx264", "preset": "veryfast", "bf": 0, "fps_mode": "passthrough"},
           {"operator_rate": Fraction(25)}, {"size": "128x96", "wobble": True}),
]  # fmt: skip


def make_source(
    form: Format, film: Film, scanned: Callable[..., None], folder: Path
) -> tuple[CatalogReel, Path]:
    """Make a source of a format; returns what the catalog says of it, and where it lies."""
    if not form.is_sequence:
        path = film(form.file, **{"frames": 12} | form.make, **form.options)
        return CatalogReel("AFA 1", "Title", 1, 1, form.file, 2, **form.facts), path
    scans = folder / "scans"
    scans.mkdir()
    source = ffmpeg.input("testsrc2=size=66x50:rate=25:duration=0.48", format="lavfi")
    picture = source.filter("noise", alls=40, allf="t").filter("format", form.options["pix_fmt"])
    run(picture.output(f"file:{scans}/{form.file}", format="image2", **form.options))
    if form.scanner:
        for number, path in enumerate(sorted(scans.iterdir())):
            scanned(path, **form.scanner | {"timecode": form.scanner["timecode"] + number})
    return CatalogReel("AFA 1", "Title", 1, 1, "scans", 2, **form.facts), scans


def plain(source: Path, form: Format, *options: str) -> bytes:
    """What plain ffmpeg makes of a source."""
    where = ["-start_number", "1"] if form.is_sequence and source.is_dir() else []
    name = source / form.file if where else source
    line = [
        ffmpeg_program(),
        "-v",
        "error",
        "-nostdin",
        *where,
        "-i",
        f"file:{name}",
        *options,
        "-",
    ]
    return subprocess.run(line, capture_output=True, check=True).stdout


def frames_of(source: Path, form: Format) -> bytes:
    return plain(source, form, "-map", "0:v:0", "-fps_mode", "passthrough", "-vf",
                 f"format={form.planes}", "-f", "rawvideo")  # fmt: skip


def sound_of(source: Path, form: Format, stream: int) -> bytes:
    return plain(source, form, "-map", f"0:a:{stream}", "-c:a", "pcm_s32le", "-f", "s32le")


class Journey:
    """A source, and the reel that came out of it."""

    def __init__(
        self, form: Format, source: tuple[CatalogReel, Path], folder: Path, store: Store
    ) -> None:
        self.form = form
        catalog, self.source = source
        self.before = snapshot(self.source)
        self.reel, self.index = ingest_reel(catalog, folder)
        frames = len(self.index)
        shots = [
            Shot(self.reel.reel_id, self.reel.digest, n, start, stop)
            for n, (start, stop) in enumerate(((0, 5), (5, frames)))
        ]
        done = [restore_shot(self.reel, self.index, s, UNTOUCHED, store) for s in shots]
        self.built = assemble_reel(self.reel, done, UNTOUCHED, store)
        self.header: Header = probe(self.built.master)

    def source_untouched(self) -> bool:
        return snapshot(self.source) == self.before

    def picture_identical(self) -> bool:
        master = Format("", "", self.form.planes, {})
        return frames_of(self.source, self.form) == frames_of(self.built.master, master)

    def ranges_exact(self) -> bool:
        """Any `[a, b)` gives what decoding the whole and cutting gives."""
        whole = frames_of(self.source, self.form)
        size = self.reel.header.picture.frame_bytes
        count = len(self.index)
        for start, stop in ((0, 1), (1, count), (count // 2, count // 2 + 2), (count - 1, count)):
            found = read_frames(self.reel.source, self.reel.header, self.index, start, stop)
            if b"".join(found) != whole[start * size : stop * size]:
                return False
        return True

    def tags_kept(self) -> bool:
        own, found = self.reel.header, self.header
        matrix = "gbr" if own.picture.layout == "rgb" else own.colour.matrix
        return (
            replace(own.colour, matrix=matrix) == found.colour
            and own.picture_tags == found.picture_tags
            and (own.sample_aspect or 1) == (found.sample_aspect or 1)
            and self.reel.frame_rate == found.frame_rate
        )

    def sound(self) -> str:
        """How the sound came over, or "changed"."""
        streams = len(self.reel.header.audio)
        if not streams:
            return "none"
        if len(self.header.audio) != streams:
            return "changed"
        equal = all(
            sound_of(self.source, self.form, n) == sound_of(self.built.master, self.form, n) != b""
            for n in range(streams)
        )
        before, after = self.reel.header.audio[0].codec, self.header.audio[0].codec
        how = f"{before} copied" if before == after else f"{before} to {after}"
        return f"{how}, exact" if equal else "changed"

    def timecode(self) -> str:
        own = self.reel.header.timecode
        return (own or "none") if own == self.header.timecode else "changed"


def snapshot(source: Path) -> dict[str, str]:
    files = sorted(source.iterdir()) if source.is_dir() else [source]
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


FOUND: dict[str, tuple[str, ...]] = {}


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_format_comes_through_whole(
    form: Format, film: Film, scanned: Callable[..., None], tmp_path: Path, store: Store
) -> None:
    journey = Journey(form, make_source(form, film, scanned, tmp_path), tmp_path, store)
    assert journey.reel.header.picture.pixel_format == form.planes
    assert journey.source_untouched()
    assert journey.picture_identical()
    assert journey.ranges_exact()
    assert journey.tags_kept()
    sound, timecode = journey.sound(), journey.timecode()
    assert "changed" not in (sound, timecode)
    FOUND[form.name] = ("identical", "exact", "kept", sound, timecode)


def table() -> Iterator[str]:
    """The page, from what the tests found."""
    yield "# Formats"
    yield ""
    yield "Written by `pytest tests/test_formats.py --write-docs`; every cell is what a test found."
    yield "A source of each kind goes through ingest, two restored shots of a recipe without"
    yield "steps, and assembly. Picture and sound are then decoded by plain ffmpeg on both sides"
    yield "and compared byte by byte."
    yield ""
    yield "| format | round trip | range read | colour tags, aspect, rate | sound | timecode |"
    yield "|---|---|---|---|---|---|"
    for form in FORMATS:
        yield f"| {form.name} | {' | '.join(FOUND[form.name])} |"


def test_the_page_says_what_was_found(request: pytest.FixtureRequest) -> None:
    if len(FOUND) < len(FORMATS):
        pytest.skip("needs the other tests of this file")
    text = "\n".join((*table(), "", *PAGE_END)) + "\n"
    if request.config.getoption("--write-docs"):
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text, "run pytest tests/test_formats.py --write-docs"


PAGE_END = (
    "More is in `tests/test_dpx.py` and `tests/test_tiff.py`: every bit depth, packing and byte",
    "order of the sequences, file by file.",
)
