"""TIFF files: every kind against ffmpeg and tifffile, and the source's bytes around the samples."""

import itertools
import os
import re
import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from catalogs.errors import SourceError, StoreError
from catalogs.picture import PictureFormat
from tasks.media.program import ffmpeg_program
from tasks.media.sequence_files import reader_of
from tasks.media.tiff import restore_tiff, tiff_facts, tiff_planes
from tasks.media.tiff_header import parse_tiff_header
from tasks.media.tiff_layout import tiff_layout

FORMATS = {(8, 1): "gray", (16, 1): "gray16le", (8, 3): "gbrp", (16, 3): "gbrp16le"}
DECODED = {"gray": "gray", "gray16": "gray16", "gbrp": "rgb24", "gbrp16": "rgb48"}
KINDS = [
    (bits, channels, order, separate)
    for bits, channels, order, separate in itertools.product((8, 16), (1, 3), "<>", (False, True))
    if channels == 3 or not separate
]
COMPRESSED = [
    (pixel_format, algorithm)
    for pixel_format in ("gray", "gray16le", "rgb24", "rgb48le")
    for algorithm in ("lzw", "deflate", "packbits")
]
PROFILE = b"not a real profile, only bytes of one " * 4
TAGS = [
    (315, "s", 0, "An artist", False), (33432, "s", 0, "(c) an archive", False),
    (271, "s", 0, "Oxberry", False), (272, "s", 0, "Cinescan", False),
    (34675, "B", len(PROFILE), PROFILE, False), (65000, "B", 9, b"\x00\x01private", False),
    (65001, "H", 3, (7, 8, 9), False),
]  # fmt: skip
MakeTiff = Callable[..., tuple[Path, np.ndarray]]


def kind_name(kind: tuple[int, int, str, bool]) -> str:
    bits, channels, order, separate = kind
    parts = ("gray" if channels == 1 else "rgb", str(bits), "II" if order == "<" else "MM")
    return "-".join((*parts, "separate") if separate else parts)


every_kind = pytest.mark.parametrize("kind", KINDS, ids=map(kind_name, KINDS))


def full_range(bits: int, channels: int, width: int = 53, height: int = 29) -> np.ndarray:
    """Random samples over all codes, both ends among them, and a ramp of 1,024 levels."""
    samples = np.random.default_rng(bits).integers(0, 1 << bits, (height, width, channels))
    flat = samples.reshape(-1)
    flat[:1024] = np.linspace(0, (1 << bits) - 1, 1024).round()[: flat.size]
    flat[-2:] = 0, (1 << bits) - 1
    return samples.astype("u1" if bits == 8 else "u2")


def planes(samples: np.ndarray) -> bytes:
    ordered = samples[..., [1, 2, 0]] if samples.shape[2] == 3 else samples
    dtype = "u1" if samples.dtype.itemsize == 1 else "<u2"
    return np.ascontiguousarray(np.moveaxis(ordered, 2, 0)).astype(dtype).tobytes()


def write_tiff(
    path: Path, samples: np.ndarray, order: str = "<", *, separate: bool = False, **options: Any
) -> Path:
    """A file by tifffile, with the fields that an archive's scan carries."""
    channels = samples.shape[2]
    data = samples[..., 0] if channels == 1 else samples
    planar = ("separate" if separate else "contig") if channels == 3 else None
    wanted: dict[str, Any] = {
        "photometric": "rgb" if channels == 3 else "minisblack", "planarconfig": planar,
        "rowsperstrip": 10, "metadata": None, "extratags": TAGS, "resolution": (300, 300),
        "description": "reel 1 of 2", "software": "Wetgate test", "datetime": "1998:02:11 10:00:00",
    }  # fmt: skip
    tifffile.imwrite(
        path, np.moveaxis(data, 2, 0) if separate else data, byteorder=order, **wanted | options
    )
    return path


def decode(path: Path, pixel_format: str) -> bytes:
    """Planes as ffmpeg decodes them, by no code of ours."""
    done = subprocess.run(
        [ffmpeg_program(), "-v", "error", "-f", "image2", "-pattern_type", "none",
         "-i", f"file:{path}", "-vf", f"format={pixel_format}", "-f", "rawvideo", "-"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.stderr == b"", done.stderr.decode()
    return done.stdout


def decoded_format(path: Path) -> str:
    said = subprocess.run(
        [ffmpeg_program(), "-hide_banner", "-i", f"file:{path}"], capture_output=True, check=False
    ).stderr.decode()
    found = re.search(r"Video: \w+, (\w+)", said)
    assert found, said
    return found[1]


def fields(path: Path) -> dict[int, Any]:
    """Every field as tifffile reads it, but those that say where the strips are."""
    with tifffile.TiffFile(path) as file:
        return {
            tag.code: (int(tag.dtype), tag.count, tag.value)
            for tag in file.pages[0].tags
            if tag.code not in (273, 279, 259)
        }


@pytest.fixture
def make_tiff(tmp_path: Path) -> MakeTiff:
    def make(
        kind: tuple[int, int, str, bool] = (16, 3, "<", False), name: str = "scan_0001.tif",
        **options: Any,
    ) -> tuple[Path, np.ndarray]:  # fmt: skip
        bits, channels, order, separate = kind
        samples = full_range(bits, channels)
        return write_tiff(tmp_path / name, samples, order, separate=separate, **options), samples

    return make


@pytest.fixture
def make_compressed(tmp_path: Path) -> MakeTiff:
    """Files by ffmpeg's encoder: of a picture that compresses, in several strips."""

    def make(pixel_format: str, algorithm: str) -> tuple[Path, np.ndarray]:
        path = tmp_path / "scan_0001.tif"
        subprocess.run(
            [ffmpeg_program(), "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=254x179",
             "-frames:v", "1", "-pix_fmt", pixel_format, "-update", "1", "-c:v", "tiff",
             "-compression_algo", algorithm, str(path)], check=True,
        )  # fmt: skip
        return path, np.array([])

    return make


@every_kind
def test_our_reading_is_ffmpegs(kind: tuple[int, int, str, bool], make_tiff: MakeTiff) -> None:
    """Trap 7: every level of every depth arrives."""
    path, samples = make_tiff(kind)
    pixel_format = FORMATS[kind[:2]]
    assert tiff_facts(path).picture == PictureFormat(53, 29, pixel_format)
    assert decode(path, pixel_format) == tiff_planes(path) == planes(samples)
    end = "" if kind[0] == 8 else "le" if kind[2] == "<" else "be"
    plain = pixel_format.removesuffix("le")
    assert decoded_format(path) == (plain if kind[3] else DECODED[plain]) + end


@every_kind
def test_written_samples_are_what_ffmpeg_reads(
    kind: tuple[int, int, str, bool], make_tiff: MakeTiff, tmp_path: Path
) -> None:
    """Trap 11: all fields stay, and going back gives the source's bytes."""
    path, samples = make_tiff(kind)
    picture = tiff_facts(path).picture
    other = samples[::-1, ::-1].copy()
    target, back, same = (tmp_path / f"{n}.tif" for n in ("restored", "back", "same"))
    restore_tiff(path, planes(other), picture, target)
    assert decode(target, picture.pixel_format) == planes(other)
    assert planes(_shaped(tifffile.imread(target), kind)) == planes(other)
    assert fields(target) == fields(path)
    restore_tiff(target, planes(samples), picture, back)
    restore_tiff(path, planes(samples), picture, same)
    assert back.read_bytes() == same.read_bytes() == path.read_bytes()


@every_kind
def test_one_sample_changes_only_its_bytes(
    kind: tuple[int, int, str, bool], make_tiff: MakeTiff, tmp_path: Path
) -> None:
    path, samples = make_tiff(kind)
    samples[20, 30, 0] ^= 1
    restore_tiff(path, planes(samples), tiff_facts(path).picture, tmp_path / "new.tif")
    before, after = path.read_bytes(), (tmp_path / "new.tif").read_bytes()
    changed = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    assert len(changed) == 1
    assert (changed[0][0] ^ changed[0][1]).bit_count() == 1


@pytest.mark.parametrize(
    "kind", [k for k in KINDS if k[0] == 16], ids=[kind_name(k) for k in KINDS if k[0] == 16]
)
def test_all_16_bit_values_pass_ffmpeg_unconverted(
    kind: tuple[int, int, str, bool], tmp_path: Path
) -> None:
    """Trap 12: 0 stays 0 and 65,535 stays 65,535, and so does all between."""
    _, channels, order, separate = kind
    values = (np.arange(65536 * channels).reshape(256, 256, channels) * 7 % 65536).astype("u2")
    path = write_tiff(tmp_path / "all.tif", values, order, separate=separate)
    assert decode(path, FORMATS[kind[:2]]) == tiff_planes(path) == planes(values)


@pytest.mark.parametrize(("pixel_format", "algorithm"), COMPRESSED)
def test_compressed_files_keep_their_fields(
    pixel_format: str, algorithm: str, make_compressed: MakeTiff, tmp_path: Path
) -> None:
    path, _ = make_compressed(pixel_format, algorithm)
    facts = tiff_facts(path)
    assert bool(facts.notes) == (algorithm != "deflate")
    held = tiff_planes(path)
    assert held == decode(path, facts.picture.pixel_format)
    restore_tiff(path, held, facts.picture, tmp_path / "same.tif")
    assert (tmp_path / "same.tif").read_bytes() == path.read_bytes()
    for name, new in _changes(held, facts.picture):
        target = tmp_path / f"{name}.tif"
        restore_tiff(path, new, facts.picture, target)
        assert decode(target, facts.picture.pixel_format) == tiff_planes(target) == new
        assert fields(target) == fields(path)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("channels", (1, 3))
@pytest.mark.parametrize("bits", (8, 16))
def test_deflate_with_predictor_and_all_fields(
    bits: int, channels: int, order: str, tmp_path: Path
) -> None:
    """Written by tifffile, with the private fields and the profile; strips of 10 lines."""
    samples = np.cumsum(full_range(bits, channels) % 3, axis=1).astype(f"u{bits // 8}")
    path = write_tiff(tmp_path / "a.tif", samples, order, compression="zlib", predictor=True)
    before = fields(path)
    assert before[317][2] == 2
    assert before[34675][2] == PROFILE
    assert before[65000][2] == b"\x00\x01private"
    picture = tiff_facts(path).picture
    assert tiff_planes(path) == planes(samples)
    changed = samples.copy()
    changed[12, 5, 0] ^= 1
    restore_tiff(path, planes(changed), picture, tmp_path / "one.tif")
    noise = full_range(bits, channels)
    restore_tiff(path, planes(noise), picture, tmp_path / "noise.tif")
    for name, expected in (("one", changed), ("noise", noise)):
        target = tmp_path / f"{name}.tif"
        assert decode(target, picture.pixel_format) == planes(expected)
        assert (tifffile.imread(target).reshape(expected.shape) == expected).all()
        assert fields(target) == before
    assert _strip(path, 0) == _strip(tmp_path / "one.tif", 0)
    assert _strip(path, 1) != _strip(tmp_path / "one.tif", 1)
    assert _strip(path, 2) == _strip(tmp_path / "one.tif", 2)


def test_lzw_by_libtiff_is_read_and_written(tmp_path: Path) -> None:
    """Pillow writes LZW with a predictor; what we write opens in Pillow again."""
    samples = full_range(8, 3)
    path = tmp_path / "lzw.tif"
    Image.fromarray(samples).save(path, compression="tiff_lzw", tiffinfo={317: 2, 270: "reel"})
    assert tiff_planes(path) == planes(samples)
    other = samples[::-1].copy()
    restore_tiff(path, planes(other), tiff_facts(path).picture, tmp_path / "new.tif")
    with Image.open(tmp_path / "new.tif") as image:
        assert (np.asarray(image) == other).all()
        assert image.tag_v2[270] == "reel"


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("strips", (1, 2))
def test_short_offsets_become_long_where_strips_outgrow_them(
    strips: int, order: str, tmp_path: Path
) -> None:
    """Offsets of 16 bits cannot say where strips of noise end up; black strips they could."""
    path, target = tmp_path / "short.tif", tmp_path / "noise.tif"
    path.write_bytes(short_tiff(strips, order))
    picture = tiff_facts(path).picture
    assert tiff_planes(path) == bytes(picture.frame_bytes)
    noise = np.random.default_rng(1).integers(0, 256, (600, 300)).astype("u1")
    restore_tiff(path, noise.tobytes(), picture, target)
    assert decode(target, "gray") == noise.tobytes()
    assert (tifffile.imread(target) == noise).all()
    assert fields(target) == fields(path)
    restore_tiff(target, bytes(picture.frame_bytes), picture, tmp_path / "black.tif")
    assert decode(tmp_path / "black.tif", "gray") == bytes(picture.frame_bytes)


def short_tiff(strips: int, order: str) -> bytes:
    """Black, 300x600, deflated; strips first and then fields of 16 bits, as old writers do."""
    strip = zlib.compress(bytes(300 * 600 // strips)).ljust(1000, b"\0")
    values = {256: [300], 257: [600], 258: [8], 259: [8], 262: [1],
              273: [8 + 1000 * n for n in range(strips)], 277: [1], 278: [600 // strips],
              279: [1000] * strips}  # fmt: skip
    data = struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", 42, 8 + 1000 * strips)
    data += strip * strips + struct.pack(order + "H", len(values))
    for tag, held in values.items():  # two shorts still fit into the field itself
        data += struct.pack(order + "HHIHH", tag, 3, len(held), *(*held, 0)[:2])
    return data + bytes(4)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "tiles": ({"tile": (16, 16), "rowsperstrip": None}, "tiled, which ffmpeg reads wrongly"),
    "bigtiff": ({"bigtiff": True}, "BigTIFF"),
    "lzma": ({"compression": "lzma"}, "compression 34925"),
    "alpha": ({"planarconfig": "contig", "extrasamples": ["unassalpha"]}, "alpha"),
    "orientation": ({"extratags": [(274, "H", 1, 3, True)]}, "orientation 3"),
    "fill order": ({"extratags": [(65002, "H", 1, 2, True)]}, "reverse order"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_exactly_is_refused(name: str, tmp_path: Path) -> None:
    options, reason = REFUSED[name]
    samples = full_range(8, 4 if name == "alpha" else 3)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, samples, **{"photometric": "rgb", "metadata": None} | options)
    tags = struct.pack("<H", 65002), struct.pack("<H", 266)  # tifffile would not write 266
    if name == "fill order":
        path.write_bytes(path.read_bytes().replace(*tags, 1))
    with pytest.raises(SourceError, match=reason):
        tiff_facts(path)


@pytest.mark.parametrize(
    ("dtype", "photometric", "reason"),
    [("f4", "minisblack", "bits a sample"), ("u4", "minisblack", "bits a sample"),
     ("i2", "minisblack", "signed or float"), ("f2", "minisblack", "signed or float"),
     ("u1", "miniswhite", "min-is-white"), ("u1", "palette", "photometric 3")],
)  # fmt: skip
def test_sample_formats_that_are_refused(
    dtype: str, photometric: str, reason: str, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"photometric": photometric, "metadata": None}
    if photometric == "palette":
        options["colormap"] = np.zeros((3, 256), "u2")
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((8, 8), dtype), **options)
    with pytest.raises(SourceError, match=reason):
        tiff_facts(tmp_path / "a.tif")


def test_ffmpeg_reads_tiles_wrongly_without_a_word(make_tiff: MakeTiff) -> None:
    """Why tiles are refused; when this fails, they can be read."""
    path, samples = make_tiff(tile=(16, 16), rowsperstrip=None)
    assert decode(path, "gbrp16le") != planes(samples)


def test_pages_are_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((2, 8, 8), "u1"), photometric="minisblack")
    with pytest.raises(SourceError, match="more than one page"):
        tiff_facts(tmp_path / "a.tif")


@pytest.mark.parametrize("size", (0, 1, 7, 8, 100, 1000, 9000))
def test_a_file_that_is_cut_short_is_refused(size: int, make_tiff: MakeTiff) -> None:
    """Trap 2: from nothing at all to all but the last strip."""
    path, _ = make_tiff()
    os.truncate(path, size)
    with pytest.raises(SourceError, match=r"empty|cut short|no TIFF header"):
        tiff_facts(path)


def test_a_strip_may_not_overlap(make_tiff: MakeTiff) -> None:
    """Patching such a file would write over its own fields."""
    path, _ = make_tiff(rowsperstrip=100)
    data = bytearray(path.read_bytes())
    header = parse_tiff_header(reader_of(bytes(data)), len(data), path.name)
    entry = header.entry(273)
    assert entry is not None
    struct.pack_into("<I", data, entry.place, 16)
    path.write_bytes(data)
    with pytest.raises(SourceError, match="overlaps"):
        tiff_facts(path)


def test_a_field_of_two_values_is_refused(make_tiff: MakeTiff) -> None:
    """ffmpeg takes the last of two photometric values: here, min-is-white."""
    path, samples = make_tiff((8, 1, "<", False))
    data = bytearray(path.read_bytes())
    header = parse_tiff_header(reader_of(bytes(data)), len(data), path.name)
    entry = header.entry(262)
    assert entry is not None
    struct.pack_into("<I", data, entry.place - 4, 2)
    path.write_bytes(data)
    assert decode(path, "gray") != planes(samples)
    with pytest.raises(SourceError, match="several values"):
        tiff_facts(path)


def test_damage_inside_a_compressed_strip_is_refused(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", full_range(16, 3), compression="zlib")
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        offset = file.pages[0].dataoffsets[1]
    data[offset : offset + 200] = bytes(200)
    path.write_bytes(data)
    with pytest.raises(SourceError, match="cannot be decoded"):
        tiff_planes(path)


def test_a_bad_target_and_bad_samples_are_refused(make_tiff: MakeTiff, tmp_path: Path) -> None:
    path, samples = make_tiff()
    before = path.read_bytes()
    picture = tiff_facts(path).picture
    with pytest.raises(ValueError, match="bytes of samples"):
        restore_tiff(path, planes(samples)[:-1], picture, tmp_path / "new.tif")
    with pytest.raises(StoreError, match="its own source"):
        restore_tiff(path, planes(samples), picture, path)
    (tmp_path / "link.tif").symlink_to(path)
    with pytest.raises(SourceError, match="symlink"):
        tiff_planes(tmp_path / "link.tif")
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link.tif", path.name]


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("tiff") / "valid.tif"
    return write_tiff(path, full_range(8, 3, 12, 8), rowsperstrip=3).read_bytes()


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400).map(lambda data: b"II*\0\x08\0\0\0" + data) | st.binary(max_size=64))
def test_random_bytes_are_refused_or_read(data: bytes) -> None:
    _read_or_refuse(data)


@settings(max_examples=600, deadline=None)
@given(edits=st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), min_size=1, max_size=12))
def test_a_mutated_header_is_refused_or_read(valid: bytes, edits: list[tuple[int, int]]) -> None:
    data = bytearray(valid)
    for offset, value in edits:
        data[offset] = value
    _read_or_refuse(bytes(data))


def _read_or_refuse(data: bytes) -> None:
    try:
        header = parse_tiff_header(reader_of(data), len(data), "fuzz.tif")
        layout = tiff_layout(header, len(data), "fuzz.tif")
    except SourceError as error:
        assert str(error).startswith("fuzz.tif: ")
    else:
        assert all(offset + size <= len(data) for offset, size in layout.strips)


def _shaped(held: np.ndarray, kind: tuple[int, int, str, bool]) -> np.ndarray:
    if kind[3]:
        return np.moveaxis(held, 0, 2)
    return held.reshape(*held.shape[:2], kind[1])


def _strip(path: Path, number: int) -> bytes:
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        offset, size = page.dataoffsets[number], page.databytecounts[number]
    return path.read_bytes()[offset : offset + size]


def _changes(held: bytes, picture: PictureFormat) -> list[tuple[str, bytes]]:
    """One sample, noise (strips that no longer fit into their places), and black."""
    one = bytearray(held)
    one[4000] ^= 1
    noise = np.random.default_rng(3).integers(0, 256, len(held)).astype("u1").tobytes()
    return [("one", bytes(one)), ("noise", noise), ("black", bytes(picture.frame_bytes))]
