"""Sequences in folders: which files belong, what is missing, what every file's header says."""

import os
import struct
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from catalogs.errors import SourceError
from catalogs.sequence import ImageSequence
from tasks.media.dpx_timecode import Timecode, parse_timecode, timecode_breaks
from tasks.media.program import ffmpeg_program
from tasks.media.sequence import (
    check_sequence,
    find_sequence,
    split_pattern,
    unexpected_gaps,
)

Touch = Callable[..., Path]
Scan = Callable[..., Path]
Patch = tuple[int, str, object]

LAYOUT = struct.Struct(">4sI8sI")


def dpx_bytes(number: int, *patches: Patch, width: int = 16, height: int = 8) -> bytes:
    """A 10-bit RGB frame whose timecode runs on at 18 a second from 01:00:00:00."""
    data = bytearray(b"\xff" * 2048 + bytes(width * height * 4))
    LAYOUT.pack_into(data, 0, b"SDPX", 2048, b"V2.0", len(data))
    seconds, frames = divmod(number, 18)
    code = int(f"0100{seconds:02d}{frames:02d}", 16)
    plain: tuple[Patch, ...] = (
        (768, "H", 0), (770, "H", 1), (772, "I", width), (776, "I", height), (780, "I", 0),
        (800, "B", 50), (801, "B", 3), (802, "B", 1), (803, "B", 10), (804, "H", 1), (806, "H", 0),
        (808, "I", 2048), (812, "I", 0), (1556, "8s", b"Cintel\0\0"), (1724, "f", 18.0),
        (1920, "I", code), (1940, "f", 24.0),
    )  # fmt: skip
    for offset, form, value in (*plain, *patches):
        struct.pack_into(">" + form, data, offset, value)
    return bytes(data)


@pytest.fixture
def touch(tmp_path: Path) -> Touch:
    """A function that makes files of these names, with a byte in each, in a folder."""

    def make(*names: str) -> Path:
        folder = tmp_path / "reel"
        folder.mkdir(exist_ok=True)
        for name in names:
            (folder / name).write_bytes(b"x")
        return folder

    return make


@pytest.fixture
def scan(tmp_path: Path) -> Scan:
    """A function that makes a DPX sequence; `patches` by file number."""

    def make(count: int = 36, **patches: Patch) -> Path:
        folder = tmp_path / "scan"
        folder.mkdir()
        for number in range(count):
            some = [p for name, p in patches.items() if int(name.split("_")[1]) == number]
            (folder / f"a_{number:04d}.dpx").write_bytes(dpx_bytes(number, *some))
        return folder

    return make


def test_a_folder_is_listed(touch: Touch) -> None:
    folder = touch("a_0001.dpx", "a_0002.dpx", "a_0005.dpx", ".a_0003.dpx", "Thumbs.db", "a.md5")
    (folder / "proxies").mkdir()
    found = find_sequence(folder)
    assert found == ImageSequence("dpx", "a_", ".dpx", 4, ((1, 2), (5, 5)))
    assert [path.name for path in found.files(folder)] == ["a_0001.dpx", "a_0002.dpx", "a_0005.dpx"]


@pytest.mark.parametrize(
    ("names", "digits", "runs"),
    [(("1.tif", "2.tif", "10.tif"), 1, ((1, 2), (10, 10))),
     (("098.TIF", "099.TIF", "100.TIF"), 3, ((98, 100),)),
     (("a9998.tiff", "a9999.tiff", "a10000.tiff"), 4, ((9998, 10000),)),
     (("reel2_take1_0000000.tif",), 7, ((0, 0),))],
)  # fmt: skip
def test_numbers_are_read(names: tuple[str, ...], digits: int, runs: object, touch: Touch) -> None:
    folder = touch(*names)
    found = find_sequence(folder)
    assert (found.kind, found.digits, found.runs) == ("tiff", digits, runs)
    assert {path.name for path in found.files(folder)} == set(names)


@pytest.mark.parametrize(
    ("names", "named"),
    [(("a_0001.dpx", "b_0001.dpx"), "b_0001.dpx"),
     (("1.dpx", "001.dpx"), "001.dpx"),
     (("01.dpx", "2.dpx"), "01.dpx"),
     (("a_0001.dpx", "a_0002.DPX"), "a_0002.DPX"),
     (("a_0001.dpx", "a_0001.tif"), "a_0001.tif"),
     (("a_0001.dpx", "still.jpg"), "still.jpg"),
     (("a_0001.dpx", "title.dpx"), "title.dpx"),
     (("title.dpx",), "title.dpx"),
     (("a_0001.jpg",), "a_0001.jpg"),
     (("100%_0001.dpx",), "100%_"),
     (("99999999999.dpx",), "99999999999.dpx"),
     ((), "no DPX or TIFF")],
)  # fmt: skip
def test_a_folder_that_is_not_one_sequence_is_refused(
    names: tuple[str, ...], named: str, touch: Touch
) -> None:
    with pytest.raises(SourceError, match=named) as raised:
        find_sequence(touch(*names))
    assert "; " in str(raised.value)


def test_links_and_folders_between_the_frames_are_refused(touch: Touch, tmp_path: Path) -> None:
    folder = touch("a_0001.dpx")
    (tmp_path / "elsewhere").write_bytes(b"x")
    (folder / "a_0002.dpx").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SourceError, match=r"a_0002.dpx: symlinks"):
        find_sequence(folder)
    (folder / "a_0002.dpx").unlink()
    (folder / "a_0002.dpx").mkdir()
    with pytest.raises(SourceError, match=r"a_0002.dpx: not regular"):
        find_sequence(folder)


@pytest.mark.parametrize("hint", ("a_%07d.dpx", "a_#######.dpx", "a_0000001.dpx", "a_%d.dpx"))
def test_a_pattern_chooses_among_sequences(hint: str, touch: Touch) -> None:
    folder = touch("a_0000001.dpx", "a_0000002.dpx", "b_0000001.dpx", "still.jpg")
    pattern = split_pattern(folder / hint)
    assert pattern == (folder, hint)
    assert find_sequence(*pattern) == ImageSequence("dpx", "a_", ".dpx", 7, ((1, 2),))


@pytest.mark.parametrize(
    ("hint", "reason"),
    [("a_%05d.dpx", "more than one way"), ("c_%07d.dpx", "no file of"),
     ("a_002.dpx", "not the first"), ("a.dpx", "holds no number"), ("a_%x.dpx", "no number")],
)  # fmt: skip
def test_a_pattern_that_does_not_fit_is_refused(hint: str, reason: str, touch: Touch) -> None:
    with pytest.raises(SourceError, match=reason):
        find_sequence(touch("a_001.dpx", "a_002.dpx", "b_001.dpx"), hint)


def test_only_names_of_pictures_are_patterns(touch: Touch) -> None:
    folder = touch("reel.mkv", "a_0001.tif")
    assert split_pattern(folder) is None
    assert split_pattern(folder / "reel.mkv") is None
    (folder / "reel.dpx").mkdir()
    assert split_pattern(folder / "reel.dpx") is None
    assert split_pattern(folder / "a_0001.tif") == (folder, "a_0001.tif")


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No such file"):
        find_sequence(tmp_path / "none")


@given(st.sets(st.integers(0, 30), min_size=1), st.sets(st.integers(0, 30)))
def test_gaps_less_the_allowed(there: set[int], allowed: set[int]) -> None:
    def runs(numbers: set[int]) -> tuple[tuple[int, int], ...]:
        return tuple((n, n) for n in sorted(numbers))

    merged = runs(there)
    sequence = ImageSequence("dpx", "", ".dpx", 1, merged)
    expected = set(range(min(there), max(there) + 1)) - there - allowed
    # `gaps` of runs that touch hold empty ranges, which must not come back.
    found = unexpected_gaps(sequence, runs(allowed))
    assert {n for low, high in found for n in range(low, high + 1)} == expected
    assert all(low <= high for low, high in found)


def test_headers_that_agree_fill_the_sequence(scan: Scan) -> None:
    """Trap 4: the rate is the header's 18, whatever image2 says."""
    folder = scan()
    done: list[int] = []
    known, said = check_sequence(folder, find_sequence(folder), done.append)
    assert (known.film_rate, known.television_rate) == (Fraction(18), Fraction(24))
    assert (known.transfer, known.colorimetric, known.device) == (3, 1, "Cintel")
    assert known.timecode == "01:00:00:00"
    assert known.runs == ((0, 35),)
    assert said == ()
    assert done == list(range(1, 37))


def test_ffmpeg_ends_at_a_missing_or_empty_frame_with_status_0(scan: Scan) -> None:
    """Traps 1 and 2: 9 of 36 frames and no error; ours names the frames before work."""
    folder = scan()
    os.truncate(folder / "a_0020.dpx", 0)
    (folder / "a_0009.dpx").unlink()
    done = subprocess.run(
        [ffmpeg_program(), "-v", "error", "-i", str(folder / "a_%04d.dpx"), "-f", "framemd5", "-"],
        capture_output=True, check=True,
    )  # fmt: skip
    assert sum(not line.startswith(b"#") for line in done.stdout.splitlines()) == 9
    sequence = find_sequence(folder)
    assert unexpected_gaps(sequence, ()) == ((9, 9),)
    assert unexpected_gaps(sequence, ((9, 9),)) == ()
    with pytest.raises(SourceError, match=r"1 of 35 files \(a_0020.dpx\): is empty"):
        check_sequence(folder, sequence)


def test_every_kind_of_fault_is_told_at_once(scan: Scan) -> None:
    folder = scan(8, p_3=(803, "B", 16), p_4=(801, "B", 2), p_5=(801, "B", 2), p_6=(806, "H", 1))
    os.truncate(folder / "a_0001.dpx", 1700)
    os.truncate(folder / "a_0002.dpx", 2100)
    (folder / "a_0007.dpx").write_bytes(b"not a DPX file")
    with pytest.raises(SourceError) as raised:
        check_sequence(folder, find_sequence(folder))
    text = str(raised.value)
    assert "2 of 8 files (a_0001.dpx, a_0002.dpx): is cut short: 1700 bytes" in text
    assert "1 of 8 files (a_0003.dpx): is cut short" in text  # 16 bits need more bytes
    assert "2 of 8 files (a_0004.dpx, a_0005.dpx): transfer characteristic is 2" in text
    assert "1 of 8 files (a_0006.dpx): encoding 1" in text
    assert "1 of 8 files (a_0007.dpx): does not start with" in text


@pytest.mark.parametrize(
    ("patch", "what"),
    [((772, "I", 8), "width is 8"), ((776, "I", 4), "height is 4"), ((803, "B", 8), "bit depth"),
     ((804, "H", 2), "packing is filled B"), ((801, "B", 1), "transfer"),
     ((802, "B", 4), "colorimetric"), ((800, "B", 6), "descriptor is 6")],
)  # fmt: skip
def test_a_frame_of_another_kind_is_refused(patch: Patch, what: str, scan: Scan) -> None:
    """Trap 11 among them: a frame of another transfer would be written as it is not."""
    folder = scan(5, p_2=patch)
    with pytest.raises(SourceError, match=what) as raised:
        check_sequence(folder, find_sequence(folder))
    assert "a_0002.dpx" in str(raised.value)


def test_byte_orders_may_not_mix(scan: Scan) -> None:
    folder = scan(3)
    data = bytearray(dpx_bytes(1))
    for offset in (4, 16, 772, 776, 780, 808, 812):
        data[offset : offset + 4] = data[offset : offset + 4][::-1]
    for offset in (768, 770, 804, 806):
        data[offset : offset + 2] = data[offset : offset + 2][::-1]
    data[:4] = b"XPDS"
    (folder / "a_0001.dpx").write_bytes(data)
    with pytest.raises(SourceError, match="byte order is little"):
        check_sequence(folder, find_sequence(folder))


def test_differences_that_change_no_sample_are_disclosed(scan: Scan) -> None:
    folder = scan(6, p_2=(1724, "f", 24.0), q_3=(1556, "8s", b"Spirit\0\0"), r_4=(16, "I", 2048))
    _, said = check_sequence(folder, find_sequence(folder))
    assert len(said) == 3
    assert "1 of 6 files (a_0002.dpx): the header states another frame rate" in said[0]
    assert "a_0003.dpx" in said[1]
    assert "longer than their headers claim" in said[2]


def test_a_timecode_that_does_not_run_on_is_disclosed(scan: Scan) -> None:
    """Trap 10: it is carried in each file as it is; the report says where it jumps."""
    folder = scan(36, p_20=(1920, "I", 0x02000000))
    _, said = check_sequence(folder, find_sequence(folder))
    assert said == (
        "the timecode does not run on at 2 of 36 files, first at a_0020.dpx: "
        "01:00:01:01 is followed by 02:00:00:00",
    )


def test_a_timecode_of_zeros_is_none(scan: Scan) -> None:
    folder = scan(3, p_0=(1920, "I", 0), p_1=(1920, "I", 0), p_2=(1920, "I", 0))
    known, said = check_sequence(folder, find_sequence(folder))
    assert (known.timecode, said) == (None, ())


def test_a_timecode_in_some_files_is_disclosed(scan: Scan) -> None:
    folder = scan(4, p_2=(1920, "I", 0xFFFFFFFF))
    _, said = check_sequence(folder, find_sequence(folder))
    assert said == ("1 of 4 files hold no timecode; the first file does",)


def test_a_gap_in_files_is_a_gap_in_time(scan: Scan) -> None:
    folder = scan()
    for number in range(9, 14):
        (folder / f"a_{number:04d}.dpx").unlink()
    assert check_sequence(folder, find_sequence(folder))[1] == ()


def test_tiff_files_agree(tmp_path: Path) -> None:
    for number in range(4):
        tifffile.imwrite(tmp_path / f"{number}.tif", np.zeros((8, 9, 3), "u2"), photometric="rgb",
                         metadata=None, extratags=[(271, "s", 0, "Oxberry", True)])  # fmt: skip
    known, said = check_sequence(tmp_path, find_sequence(tmp_path))
    assert (known.kind, known.device, known.transfer, said) == ("tiff", "Oxberry", None, ())
    tifffile.imwrite(tmp_path / "2.tif", np.zeros((8, 9, 3), "u1"), photometric="rgb",
                     extratags=[(34675, "B", 4, b"icc!", True)])  # fmt: skip
    with pytest.raises(SourceError) as raised:
        check_sequence(tmp_path, find_sequence(tmp_path))
    assert "bit depth is 8 where the first file's is 16" in str(raised.value)
    assert "colour profile is of 4 bytes where the first file's is absent" in str(raised.value)


def test_files_that_vanish_or_turn_into_links_are_refused(scan: Scan, tmp_path: Path) -> None:
    folder = scan(4)
    sequence = find_sequence(folder)
    (folder / "a_0001.dpx").unlink()
    (folder / "a_0002.dpx").rename(tmp_path / "x.dpx")
    (folder / "a_0002.dpx").symlink_to(tmp_path / "x.dpx")
    with pytest.raises(SourceError) as raised:
        check_sequence(folder, sequence)
    assert "(a_0001.dpx): cannot be opened" in str(raised.value)
    assert "(a_0002.dpx): is a symlink" in str(raised.value)


@given(st.integers(0, 2**32 - 1))
def test_any_word_is_a_timecode_or_none(word: int) -> None:
    code = parse_timecode(word)
    assert code is None or (code.hours < 24 and code.minutes < 60 and code.seconds < 60)


def test_drop_frame_runs_on_over_the_minute() -> None:
    """ST 12-1: 00:00:59;29 is followed by 00:01:00;02, and ten minutes drop nothing."""
    rate = (Fraction(30000, 1001),)
    over = [Timecode(0, 0, 59, 29, True), Timecode(0, 1, 0, 2, True)]
    tenth = [Timecode(0, 9, 59, 29, True), Timecode(0, 10, 0, 0, True)]
    wrong = [Timecode(0, 0, 59, 29, True), Timecode(0, 1, 0, 0, True)]
    assert timecode_breaks(over, (0, 1), rate) == []
    assert timecode_breaks(tenth, (0, 1), rate) == []
    assert timecode_breaks(wrong, (0, 1), rate) == [1]
    assert parse_timecode(0x00005969) == over[0]
    assert str(over[1]) == "00:01:00;02"
