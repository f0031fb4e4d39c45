"""DPX files: every kind against ffmpeg's decoder, and the source's bytes around the samples."""

import json
import math
import os
import re
import struct
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs.errors import SourceError, StoreError
from catalogs.picture import PictureFormat
from tasks.media.dpx import dpx_facts, dpx_planes, restore_dpx
from tasks.media.dpx_header import exact_rate, parse_dpx_header, read_dpx_header
from tasks.media.dpx_layout import dpx_layout
from tasks.media.program import ffmpeg_program, ffprobe_program

LUMA, RGB = 6, 50
FORMATS = {
    (LUMA, 8): "gray", (LUMA, 10): "gray10le", (LUMA, 12): "gray12le", (LUMA, 16): "gray16le",
    (RGB, 8): "gbrp", (RGB, 10): "gbrp10le", (RGB, 12): "gbrp12le", (RGB, 16): "gbrp16le",
}  # fmt: skip
DECODED = {  # what ffmpeg 9 hands over, by (descriptor, depth) and byte order
    "gray": "gray", "gray10le": "gray10le", "gray12le": "gray12le",
    "gray16le": {"<": "gray16le", ">": "gray16be"},
    "gbrp": "rgb24", "gbrp10le": "gbrp10le", "gbrp12le": "gbrp12le",
    "gbrp16le": {"<": "rgb48le", ">": "rgb48be"},
}  # fmt: skip
KINDS = [
    (descriptor, depth, packing, order)
    for descriptor in (LUMA, RGB)
    for depth, packings in ((8, (0, 1)), (10, (1, 2)), (12, (0, 1, 2)), (16, (0, 1)))
    for packing in packings
    for order in "<>"
]
MakeDpx = Callable[..., Path]


def kind_name(kind: tuple[int, int, int, str]) -> str:
    descriptor, depth, packing, order = kind
    what = "luma" if descriptor == LUMA else "rgb"
    return f"{what}{depth}-packing{packing}-{'little' if order == '<' else 'big'}"


every_kind = pytest.mark.parametrize("kind", KINDS, ids=map(kind_name, KINDS))


def words_of_line(samples: list[int], depth: int, packing: int, order: str, rgb: bool) -> bytes:
    """A line as ST 268 lays it out, one sample at a time: slow, and plain to read."""
    if depth == 8:
        data = bytes(samples)
    elif depth == 16:
        data = struct.pack(f"{order}{len(samples)}H", *samples)
    elif depth == 12 and packing:
        shifted = [s << 4 if packing == 1 else s for s in samples]
        data = struct.pack(f"{order}{len(samples)}H", *shifted)
    elif depth == 12:
        bits = sum(sample << 12 * n for n, sample in enumerate(samples))
        count = -(-len(samples) * 12 // 32)
        data = struct.pack(
            f"{order}{count}I", *((bits >> 32 * n) & 0xFFFFFFFF for n in range(count))
        )
    else:
        low = 2 if packing == 1 else 0
        places = (low + 20, low + 10, low) if rgb else (low, low + 10, low + 20)
        triples = [samples[n : n + 3] for n in range(0, len(samples), 3)]
        words = [sum(s << p for s, p in zip(t, places, strict=False)) for t in triples]
        data = struct.pack(f"{order}{len(words)}I", *words)
    return data


def build_dpx(
    samples: np.ndarray, kind: tuple[int, int, int, str], *, tail: bytes = b"",
    aligned: bool = True, **fields: tuple[int, str, object],
) -> bytes:  # fmt: skip
    """A DPX file; `fields` are (offset, struct code, value) and come last."""
    descriptor, depth, packing, order = kind
    height, width, channels = samples.shape
    offset = 2048 + 32  # with user data
    header = bytearray(b"\xff" * offset)
    header[:4] = b"SDPX" if order == ">" else b"XPDS"
    header[8:16] = b"V2.0\0\0\0\0"
    header[36:660] = b"\0" * 624
    header[136:160] = b"1998:02:11:10:00:00:CET\0"
    header[160:172] = b"Wetgate test"
    header[1556:1588] = b"Oxberry Cinescan".ljust(32, b"\0")
    header[2048:] = bytes(range(32))
    lines = []
    for line in samples.reshape(height, -1).tolist():
        data = words_of_line(line, depth, packing, order, channels == 3)
        lines.append(data + b"\0" * (-len(data) % 4 if aligned else 0))
    image = b"".join(lines)
    plain = (
        (4, "I", offset), (16, "I", offset + len(image) + len(tail)), (24, "I", 1664),
        (28, "I", 384), (32, "I", 32), (768, "H", 0), (770, "H", 1), (772, "I", width),
        (776, "I", height), (780, "I", 0), (800, "B", descriptor), (801, "B", 1), (802, "B", 1),
        (803, "B", depth), (804, "H", packing), (806, "H", 0), (808, "I", offset), (812, "I", 0),
        (1628, "I", 1), (1632, "I", 1), (1712, "I", 42), (1716, "I", 1200), (1724, "f", 18.0),
        (1920, "I", 0x01020304), (1928, "B", 0), (1940, "f", 24.0),
    )  # fmt: skip
    for place, code, value in (*plain, *fields.values()):
        struct.pack_into(order + code, header, place, value)
    return bytes(header) + image + tail


def full_range(kind: tuple[int, int, int, str], width: int = 53, height: int = 23) -> np.ndarray:
    """Random samples over all codes, with both ends and a ramp of 1,024 levels among them."""
    descriptor, depth, _, _ = kind
    channels = 3 if descriptor == RGB else 1
    peak = (1 << depth) - 1
    samples = np.random.default_rng(depth).integers(0, peak + 1, (height, width, channels))
    ramp = np.linspace(0, peak, 1024).round().astype(samples.dtype)
    flat = samples.reshape(-1)
    flat[: min(1024, flat.size)] = ramp[: flat.size]
    flat[-2:] = 0, peak
    return samples


def planes(samples: np.ndarray, depth: int) -> bytes:
    ordered = samples[..., [1, 2, 0]] if samples.shape[2] == 3 else samples
    dtype = "u1" if depth == 8 else "<u2"
    return np.ascontiguousarray(np.moveaxis(ordered, 2, 0)).astype(dtype).tobytes()


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


@pytest.fixture
def make_dpx(tmp_path: Path) -> MakeDpx:
    def make(
        name: str = "scan_0001.dpx", kind: tuple[int, int, int, str] = (RGB, 10, 1, ">"),
        samples: np.ndarray | None = None, **options: object,
    ) -> Path:  # fmt: skip
        path = tmp_path / name
        path.write_bytes(
            build_dpx(full_range(kind) if samples is None else samples, kind, **options)
        )
        return path

    return make


@every_kind
def test_our_reading_is_ffmpegs(kind: tuple[int, int, int, str], make_dpx: MakeDpx) -> None:
    """Trap 7: every level of every depth arrives, 1,024 of a ramp among them."""
    samples = full_range(kind)
    path = make_dpx(kind=kind, samples=samples)
    pixel_format = FORMATS[kind[:2]]
    expected = planes(samples, kind[1])
    named = DECODED[pixel_format]
    assert decoded_format(path) == (named if isinstance(named, str) else named[kind[3]])
    assert decode(path, pixel_format) == expected
    assert dpx_planes(path) == expected
    assert dpx_facts(path).picture == PictureFormat(53, 23, pixel_format)


@every_kind
def test_an_untouched_frame_is_the_same_file(
    kind: tuple[int, int, int, str], make_dpx: MakeDpx, tmp_path: Path
) -> None:
    path = make_dpx(kind=kind, tail=b"a tail that somebody wrote")
    restore_dpx(path, dpx_planes(path), dpx_facts(path).picture, tmp_path / "out" / path.name)
    assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes()


@every_kind
def test_written_samples_are_what_ffmpeg_reads(
    kind: tuple[int, int, int, str], make_dpx: MakeDpx, tmp_path: Path
) -> None:
    """Trap 11: and not one bit beside the samples changes, though all padding is set."""
    path = make_dpx(kind=kind, tail=b"tail")
    filled = bytearray(path.read_bytes())
    filled[2080:-4] = b"\xff" * (len(filled) - 2084)
    if kind[:3] == (RGB, 10, 2):  # padding bits must be zero there
        filled[2080:-4] = struct.pack(kind[3] + "I", 0x3FFFFFFF) * (len(filled[2080:-4]) // 4)
    path.write_bytes(filled)
    other = full_range(kind)[::-1, ::-1].copy()
    target = tmp_path / "restored.dpx"
    restore_dpx(path, planes(other, kind[1]), dpx_facts(path).picture, target)
    assert decode(target, FORMATS[kind[:2]]) == planes(other, kind[1])
    restore_dpx(target, planes(np.full_like(other, (1 << kind[1]) - 1), kind[1]),
                dpx_facts(path).picture, tmp_path / "back.dpx")  # fmt: skip
    assert (tmp_path / "back.dpx").read_bytes() == bytes(filled)


@every_kind
def test_one_sample_changes_only_its_bytes(
    kind: tuple[int, int, int, str], make_dpx: MakeDpx, tmp_path: Path
) -> None:
    path = make_dpx(kind=kind)
    picture = dpx_facts(path).picture
    size = picture.sample_bytes
    changed = bytearray(dpx_planes(path))
    changed[100 * size] ^= 1
    restore_dpx(path, bytes(changed), picture, tmp_path / "new.dpx")
    before, after = path.read_bytes(), (tmp_path / "new.dpx").read_bytes()
    differing = [n for n, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    assert len(differing) == 1
    assert (before[differing[0]] ^ after[differing[0]]).bit_count() == 1
    assert decode(tmp_path / "new.dpx", picture.pixel_format) == bytes(changed)


@pytest.mark.parametrize("order", "<>")
def test_stray_bits_that_ffmpeg_takes_for_picture_are_refused(
    order: str, make_dpx: MakeDpx
) -> None:
    """10-bit RGB filled by method B: ffmpeg 9 lets the padding into the third sample."""
    kind = (RGB, 10, 2, order)
    samples = np.full((4, 5, 3), 256)
    path = make_dpx(kind=kind, samples=samples)
    data = bytearray(path.read_bytes())
    data[2080 + (3 if order == "<" else 0)] |= 0xC0
    path.write_bytes(data)
    assert decode(path, "gbrp10le") != planes(samples, 10)  # when this holds no more, read them
    for read in (dpx_facts, dpx_planes):
        with pytest.raises(SourceError, match="padding bits"):
            read(path)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("descriptor", (LUMA, RGB))
def test_all_16_bit_values_pass_ffmpeg_unconverted(
    descriptor: int, order: str, make_dpx: MakeDpx
) -> None:
    """Trap 12: 0 stays 0 and 65,535 stays 65,535, and so does all between."""
    channels = 3 if descriptor == RGB else 1
    values = np.arange(65536 * channels).reshape(256, 256, channels) * 7 % 65536
    kind = (descriptor, 16, 0, order)
    path = make_dpx(kind=kind, samples=values)
    found = decode(path, FORMATS[descriptor, 16])
    assert found == planes(values, 16)
    assert set(np.unique(np.frombuffer(found, "<u2"))) == set(range(65536))


def test_all_8_bit_values_pass_ffmpeg_unconverted(make_dpx: MakeDpx) -> None:
    """Trap 12, and 7: packed RGB is taken apart into planes, all 256 levels of each."""
    values = np.arange(768).reshape(16, 16, 3) * 5 % 256
    path = make_dpx(kind=(RGB, 8, 0, ">"), samples=values)
    assert decode(path, "gbrp") == planes(values, 8)


@pytest.mark.parametrize("kind", [k for k in KINDS if k[1] == 8 or k[:2] == (LUMA, 16)],
                         ids=kind_name)  # fmt: skip
def test_lines_without_alignment_are_read(
    kind: tuple[int, int, int, str], make_dpx: MakeDpx, tmp_path: Path
) -> None:
    """Older encoders write lines that do not end on 32-bit words."""
    samples = full_range(kind)
    path = make_dpx(kind=kind, samples=samples, aligned=False)
    assert decode(path, FORMATS[kind[:2]]) == dpx_planes(path) == planes(samples, kind[1])


def test_luma_of_a_scanner_that_does_not_pad_lines(make_dpx: MakeDpx) -> None:
    """ffmpeg knows two devices whose 10-bit luma runs over the ends of lines."""
    samples = full_range((LUMA, 10, 1, ">"))
    run = samples.reshape(1, -1, 1)
    size = {"wide": (772, "I", 53), "high": (776, "I", 23)}
    path = make_dpx(kind=(LUMA, 10, 1, ">"), samples=run, device=(1556, "8s", b"Scanity\0"), **size)
    assert decode(path, "gray10le") == dpx_planes(path) == planes(samples, 10)


@pytest.mark.parametrize(
    ("pixel_format", "ours"),
    [("gray", "gray"), ("gray16be", "gray16le"), ("gray16le", "gray16le"), ("rgb24", "gbrp"),
     ("rgb48le", "gbrp16le"), ("rgb48be", "gbrp16le"), ("gbrp10le", "gbrp10le"),
     ("gbrp10be", "gbrp10le"), ("gbrp12le", "gbrp12le"), ("gbrp12be", "gbrp12le")],
)  # fmt: skip
def test_files_by_ffmpegs_encoder(pixel_format: str, ours: str, tmp_path: Path) -> None:
    path = tmp_path / "ffmpeg_0001.dpx"
    subprocess.run(
        [ffmpeg_program(), "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=53x23", "-frames:v",
         "1", "-pix_fmt", pixel_format, "-update", "1", "-c:v", "dpx", str(path)], check=True,
    )  # fmt: skip
    assert dpx_facts(path).picture.pixel_format == ours
    assert dpx_planes(path) == decode(path, ours)


def test_header_fields_are_read_and_carried(make_dpx: MakeDpx, tmp_path: Path) -> None:
    """Traps 4 and 11: the film header's 18 frames a second, of which ffprobe knows nothing."""
    path = make_dpx(samples=full_range((RGB, 10, 1, ">")))
    header = read_dpx_header(path)
    assert (header.film_rate, header.television_rate) == (Fraction(18), Fraction(24))
    assert (header.transfer, header.colorimetric) == (1, 1)
    assert str(header.timecode) == "01:02:03:04"
    assert (header.device, header.created) == ("Oxberry Cinescan", "1998:02:11:10:00:00:CET")
    assert (header.frame_position, header.sequence_length) == (42, 1200)
    picture = dpx_facts(path).picture
    restore_dpx(path, bytes(picture.frame_bytes), picture, tmp_path / "restored.dpx")
    assert read_dpx_header(tmp_path / "restored.dpx") == header
    assert (tmp_path / "restored.dpx").read_bytes()[:2080] == path.read_bytes()[:2080]


def test_image2_opens_a_sequence_at_25(make_dpx: MakeDpx) -> None:
    """Trap 4: with the header at 18 and 24, ffprobe says 25; we say what the header says."""
    path = make_dpx()
    done = subprocess.run(
        [ffprobe_program(), "-v", "error", "-of", "json", "-show_streams", "-f", "image2",
         str(path.parent / "scan_%04d.dpx")], capture_output=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["streams"][0]["r_frame_rate"] == "25/1"
    assert dpx_facts(path).film_rate == 18


@pytest.mark.parametrize("transfer", (1, 2, 3))
def test_ffmpegs_encoder_would_rewrite_the_transfer_byte(
    transfer: int, make_dpx: MakeDpx, tmp_path: Path
) -> None:
    """Trap 11: DPX to DPX through ffmpeg loses printing density and log; ours keeps it."""
    path = make_dpx(transfer=(801, "B", transfer))
    copy = tmp_path / "copy.dpx"
    subprocess.run([ffmpeg_program(), "-v", "error", "-i", str(path), str(copy)], check=True)
    assert read_dpx_header(copy).transfer == (2 if transfer == 2 else 4)  # 4: unspecified video
    restore_dpx(path, dpx_planes(path), dpx_facts(path).picture, tmp_path / "ours.dpx")
    assert read_dpx_header(tmp_path / "ours.dpx").transfer == transfer


def test_undefined_fields_are_none(make_dpx: MakeDpx) -> None:
    path = make_dpx(
        film=(1724, "I", 0xFFFFFFFF), television=(1940, "f", math.nan),
        time=(1920, "I", 0xFFFFFFFF), transfer=(801, "B", 255), position=(1712, "I", 0xFFFFFFFF),
        device=(1556, "32s", b"\xff" * 32), aspect=(1628, "I", 0xFFFFFFFF),
    )  # fmt: skip
    header = read_dpx_header(path)
    assert (header.film_rate, header.television_rate, header.timecode) == (None, None, None)
    assert (header.transfer, header.frame_position, header.device) == (None, None, None)
    assert header.pixel_aspect is None


@pytest.mark.parametrize(
    ("value", "rate"),
    [(23.976, Fraction(24000, 1001)), (23.98, Fraction(24000, 1001)), (24.0, Fraction(24)),
     (29.97, Fraction(30000, 1001)), (18.0, Fraction(18)), (16.667, Fraction(16667, 1000)),
     (0.0, None), (-24.0, None), (math.inf, None), (1e9, None), (1e-9, None)],
)  # fmt: skip
def test_rates_are_rational(value: float, rate: Fraction | None) -> None:
    (stored,) = struct.unpack("f", struct.pack("f", value))
    assert exact_rate(stored) == rate


REFUSED = {
    "run-length": (806, "H", 1, "compressed"),
    "two elements": (770, "H", 2, "2 image elements"),
    "rgba": (800, "B", 51, "neither luma"),
    "abgr": (800, "B", 52, "neither luma"),
    "4:2:2": (800, "B", 100, "neither luma"),
    "packing": (804, "H", 5, "packing 5 is unknown"),
    "10 bits packed": (804, "H", 0, "without filling"),
    "float": (803, "B", 32, "32 bits"),
    "signed": (780, "I", 1, "signed"),
    "upside down": (768, "H", 2, "orientation 2"),
    "encrypted": (660, "I", 77, "encrypted"),
    "hdr version": (8, "8s", b"V2.0HDR\0", "V2.0HDR"),
    "no width": (772, "I", 0, "0x23"),
    "huge": (772, "I", 0xFFFFFFF0, "claims a picture"),
    "data in the header": (4, "I", 100, "in its own header"),
    "two places for the data": (808, "I", 4096, "image data at 2080 and at 4096"),
    "larger than the file": (776, "I", 24, "cut short"),
    "file size": (16, "I", 999999, "cut short"),
    "data beyond the end": (4, "I", 999999, "cut short"),
    "padding": (812, "I", 16, "padding a line"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_exactly_is_refused(name: str, make_dpx: MakeDpx) -> None:
    offset, code, value, reason = REFUSED[name]
    fields = {"lie": (offset, code, value)}
    if name == "data beyond the end":
        fields["element"] = (808, "I", 0)
    path = make_dpx(**fields)
    with pytest.raises(SourceError, match=reason) as raised:
        dpx_facts(path)
    assert str(raised.value).startswith("scan_0001.dpx: ")
    assert "; " in str(raised.value)  # and a remedy


def test_lines_of_no_certain_length_are_refused(make_dpx: MakeDpx) -> None:
    """Unaligned lines and a tail: the size no longer tells where lines begin."""
    path = make_dpx(kind=(RGB, 8, 0, ">"), aligned=False, tail=b"tail")
    with pytest.raises(SourceError, match="neither 23 lines of 159 bytes nor of 160"):
        dpx_facts(path)


@pytest.mark.parametrize("size", (0, 3, 1000, 1663, 2047, 2080, 5000))
def test_a_file_that_is_cut_short_is_refused(size: int, make_dpx: MakeDpx) -> None:
    """Trap 2: from nothing at all to all but the last lines."""
    path = make_dpx()
    os.truncate(path, size)
    with pytest.raises(SourceError, match=r"empty|cut short|no DPX|within its header"):
        dpx_facts(path)


def test_only_regular_files_are_opened(make_dpx: MakeDpx, tmp_path: Path) -> None:
    path = make_dpx()
    (tmp_path / "link.dpx").symlink_to(path)
    os.mkfifo(tmp_path / "pipe.dpx")
    with pytest.raises(SourceError, match="symlink"):
        dpx_facts(tmp_path / "link.dpx")
    with pytest.raises(SourceError, match="regular"):
        dpx_facts(tmp_path / "pipe.dpx")
    with pytest.raises(SourceError, match="No such file"):
        dpx_facts(tmp_path / "none.dpx")


def test_bad_samples_and_a_bad_target_are_refused(make_dpx: MakeDpx, tmp_path: Path) -> None:
    path = make_dpx()
    before = path.read_bytes()
    picture = dpx_facts(path).picture
    right = dpx_planes(path)
    new = tmp_path / "new.dpx"
    with pytest.raises(ValueError, match="bytes of samples"):
        restore_dpx(path, right[:-1], picture, new)
    with pytest.raises(ValueError, match="do not fit the source"):
        restore_dpx(path, right, PictureFormat(23, 53, "gbrp10le"), new)
    with pytest.raises(ValueError, match="does not fit into 10 bits"):
        restore_dpx(path, b"\x00\x04" + right[2:], picture, new)
    with pytest.raises(StoreError, match="its own source"):
        restore_dpx(path, right, picture, path)
    assert not new.exists()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


VALID = build_dpx(full_range((RGB, 10, 1, ">"), 12, 8), (RGB, 10, 1, ">"))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=2100).map(lambda data: b"SDPX" + data) | st.binary(max_size=64))
def test_random_bytes_are_refused_or_read(data: bytes) -> None:
    _read_or_refuse(data)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2047), st.integers(0, 255)), min_size=1, max_size=12),
       st.sampled_from((b"SDPX", b"XPDS")))  # fmt: skip
def test_a_mutated_header_is_refused_or_read(edits: list[tuple[int, int]], magic: bytes) -> None:
    data = bytearray(magic + VALID[4:])
    for offset, value in edits:
        data[offset] = value
    _read_or_refuse(bytes(data))


def _read_or_refuse(data: bytes) -> None:
    try:
        layout = dpx_layout(parse_dpx_header(data[:2048], "fuzz.dpx"), len(data), "fuzz.dpx")
    except SourceError as error:
        assert str(error).startswith("fuzz.dpx: ")
    else:
        assert layout.offset + layout.image_bytes <= len(data)
