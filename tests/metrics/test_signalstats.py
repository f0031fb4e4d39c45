"""The sidecar is read as QCTools reads it, and holds what the picture holds."""

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from catalogs.errors import VerificationError
from catalogs.picture import PictureFormat
from tasks.media.access import access_copy
from tasks.media.probe import probe
from tasks.media.signal import NAMES, PREFIX, Signal
from tasks.media.write import ffv1_writer
from tasks.metrics.shown.signalstats import sidecar_of, write_sidecar
from tasks.sidecar import WRITTEN, Sidecar

BLOCK = 1 << 14


def as_qctools(path: Path) -> tuple[list[dict[str, float]], list[float], dict[str, str]]:
    """Read as `FileInformation::readStats` does: inflated in blocks, cut after the last whole
    frame, each part parsed by itself with the root and the frames closed and opened anew."""
    inflate = zlib.decompressobj(15 + 16)
    data, rest, frames, times = path.read_bytes(), b"", [], []
    for start in range(0, len(data), 97):
        rest += inflate.decompress(data[start : start + 97])
        while len(rest) > BLOCK or start + 97 >= len(data):
            cut = rest.rfind(b"</frame>", 0, BLOCK if len(rest) > BLOCK else None)
            if cut < 0:
                break
            part, rest = rest[: cut + 8], b"<ffprobe:ffprobe><frames>" + rest[cut + 8 :]
            root = parsed(part + b"</frames></ffprobe:ffprobe>")
            for frame in root.iterfind("./frames/frame"):
                if frame.get("media_type") != "video" or frame.get("stream_index") is None:
                    continue
                tags = {tag.get("key"): tag.get("value") for tag in frame.iterfind("tag")}
                frames.append({str(key): float(str(value)) for key, value in tags.items()})
                times.append(float(str(frame.get("pkt_pts_time"))))
    stream = parsed(rest).find("./streams/stream[@codec_type='video']")
    assert stream is not None
    return frames, times, stream.attrib


def parsed(part: bytes) -> ElementTree.Element:
    """QCTools' reader knows no namespaces: the root is called by its whole name."""
    plain = re.sub(rb"<(/?)ffprobe:ffprobe[^>]*>", rb"<\1root>", part)
    return ElementTree.fromstring(plain)


def test_the_report_is_read_back_frame_by_frame(
    make_reel: Callable[..., tuple[Path, list[bytes]]],
    signals_of: Callable[[Path], Iterator[Signal]],
) -> None:
    path, raw = make_reel(frames=20, rate=Fraction(18))
    picture = probe(path).picture
    target = write_sidecar(sidecar_of(path), signals_of(path), picture, Fraction(18), 20)
    assert target.name == "reel.mkv.qctools.xml.gz"
    frames, times, stream = as_qctools(target)
    assert len(frames) == 20 and times[18] == pytest.approx(1.0)
    assert stream["bits_per_raw_sample"] == "8" and stream["width"] == "64"
    lumas = [np.frombuffer(one, np.uint8)[: 64 * 48].astype(float) for one in raw]
    for frame, luma in zip(frames, lumas, strict=True):
        assert set(frame) == {PREFIX + name for name in NAMES}
        assert frame[PREFIX + "YMIN"] == luma.min() and frame[PREFIX + "YMAX"] == luma.max()
        assert frame[PREFIX + "YAVG"] == pytest.approx(luma.mean(), rel=1e-4)
    moved = float(np.abs(lumas[3] - lumas[2]).mean())
    assert frames[3][PREFIX + "YDIF"] == pytest.approx(moved, rel=1e-3)


@pytest.mark.parametrize("count", [11, 13])
def test_another_number_of_frames_leaves_no_file(
    make_reel: Callable[..., tuple[Path, list[bytes]]],
    count: int,
    signals_of: Callable[[Path], Iterator[Signal]],
) -> None:
    path, _ = make_reel(frames=12)
    picture = probe(path).picture
    with pytest.raises(VerificationError, match="12 frames of a reel of"):
        write_sidecar(sidecar_of(path), signals_of(path), picture, Fraction(18), count)
    assert [file.name for file in path.parent.iterdir()] == ["reel.mkv"]


@pytest.mark.parametrize(
    "pixels", ["gray", "gray10le", "gray12le", "gray16le", "yuv422p10le", "yuv411p", "gbrp10le"]
)
def test_every_format_keeps_its_range(
    pixels: str,
    tmp_path: Path,
    header_maker: Callable[..., object],
    signals_of: Callable[[Path], Iterator[Signal]],
) -> None:
    """Black to white, with ffmpeg's own conversion of grey out of the way."""
    picture = PictureFormat(64, 48, pixels)
    dtype = np.dtype("u1" if picture.sample_bytes == 1 else "<u2")
    ramp = np.linspace(0, picture.peak, 64).round().astype(dtype)
    planes = [np.tile(ramp[: shape[1]] if n == 0 or picture.layout == "rgb" else
                      np.full(shape[1], (picture.peak + 1) // 2, dtype), shape[0])
              for n, shape in enumerate(picture.plane_shapes)]  # fmt: skip
    path = tmp_path / "ramp.mkv"
    header = header_maker(picture)
    with ffv1_writer(path, header, Fraction(25)) as writer:  # type: ignore[arg-type]
        writer.write(b"".join(plane.tobytes() for plane in planes))
    (frame,) = signals_of(path)
    low, high = (0, picture.peak) if picture.layout != "rgb" else (16 << 2, 235 << 2)
    assert float(frame["YMIN"]) == pytest.approx(low, abs=1)
    assert float(frame["YMAX"]) == pytest.approx(high, abs=1 if picture.layout != "rgb" else 3)
    assert float(frame["SATMAX"]) <= 2


def test_equal_reels_give_equal_reports(
    make_reel: Callable[..., tuple[Path, list[bytes]]],
    tmp_path: Path,
    signals_of: Callable[[Path], Iterator[Signal]],
) -> None:
    path, _ = make_reel(frames=5)
    picture = probe(path).picture
    written = []
    for name in ("a", "b"):
        target = tmp_path / name
        write_sidecar(target, signals_of(path), picture, Fraction(18), 5)
        written.append(target.read_bytes())
    assert written[0] == written[1]
    assert gzip.decompress(written[0]).startswith(b"<?xml")


@pytest.mark.parametrize(
    "pixels", ["gray", "gray10le", "gray16le", "yuv420p", "yuvj420p", "yuv422p10le", "yuv411p",
               "gbrp", "gbrp10le"]
)  # fmt: skip
def test_a_signal_made_beside_an_access_copy_is_that_of_a_decoding_of_its_own(
    make_reel: Callable[..., tuple[Path, list[bytes]]],
    tmp_path: Path,
    pixels: str,
    signals_of: Callable[[Path], Iterator[Signal]],
) -> None:
    """Byte for byte, and the access copy is that which is made without it."""
    path, _ = make_reel("a.mkv", pixels, frames=4)
    header = probe(path)
    picture, rate = header.picture, Fraction(18)
    own = write_sidecar(tmp_path / "own", signals_of(path), picture, rate, 4)
    sidecar = Sidecar(path, picture, rate, 4)
    shared = access_copy(path, tmp_path / "shared.mp4", header, beside=(sidecar.beside(),))
    alone = access_copy(path, tmp_path / "alone.mp4", header)
    assert (sidecar.said, shared) == (WRITTEN, alone)
    assert sidecar_of(path).read_bytes() == own.read_bytes()
    copies = [(tmp_path / f"{name}.mp4").read_bytes() for name in ("shared", "alone")]
    assert copies[0] == copies[1]


def test_a_disk_that_is_full_ends_no_decoding(
    make_reel: Callable[..., tuple[Path, list[bytes]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the decoder goes on to say is taken from it: more than a pipe holds."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tasks.sidecar.write_sidecar", full)
    path, _ = make_reel("a.mkv", frames=120)
    sidecar = Sidecar(path, probe(path).picture, Fraction(18), 120)
    found = access_copy(path, tmp_path / "a.mp4", probe(path), beside=(sidecar.beside(),))
    assert len(found.index) == 120
    assert sidecar.said == "not written: [Errno 28] No space left on device"
