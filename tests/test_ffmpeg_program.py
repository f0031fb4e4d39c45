"""ffmpeg is started without a shell, never believed on its word, and never left running."""

import os
import resource
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg
import pytest

from catalogs.errors import MediaError
from catalogs.picture import PictureFormat
from catalogs.source import Header
from tasks.media.program import (
    Pipe,
    command,
    complaints,
    ffmpeg_program,
    ffprobe_program,
    file_url,
    pipe,
    run,
)
from tasks.media.write import ffv1_writer


def noise(seconds: float = 1.0) -> Any:
    return ffmpeg.input(f"testsrc2=size=64x48:duration={seconds}", format="lavfi")


def test_both_programs_are_found_and_can_be_overridden(monkeypatch: pytest.MonkeyPatch) -> None:
    for program, variable in (
        (ffmpeg_program, "WETGATE_FFMPEG"),
        (ffprobe_program, "WETGATE_FFPROBE"),
    ):
        assert os.access(program(), os.X_OK)
        monkeypatch.setenv(variable, "/elsewhere")
        assert program.__wrapped__() == "/elsewhere"


@pytest.mark.parametrize("name", ["-y.mkv", "a:b.mkv", "%03d.mkv", "http:", "a b.mkv"])
def test_a_path_is_never_an_option_a_protocol_or_a_pattern(tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    run(noise().output(file_url(target), format="matroska", vcodec="ffv1"))
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_failure_carries_the_whole_of_stderr_and_the_command(tmp_path: Path) -> None:
    graph = ffmpeg.input(file_url(tmp_path / "absent.mkv")).output("pipe:", format="null")
    with pytest.raises(MediaError) as caught:
        run(graph)
    said = str(caught.value)
    assert "No such file or directory" in said
    assert " ".join(command(graph)) in said


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("[ffv1 @ 0x1] [error] slice CRC mismatch 4F6F8C1B!", 1),
        ("[h264 @ 0x1] [warning] concealing 12 DC errors", 1),
        ("[in#0 @ 0x1] [warning] corrupt input packet in stream 0", 1),
        ("[swscaler @ 0x1] [warning] deprecated pixel format used", 0),
        ("", 0),
    ],
)
def test_what_speaks_of_damage_is_told_from_what_does_not(line: str, expected: int) -> None:
    assert len(complaints(f"\n{line}\n")) == expected


def running(program: Pipe) -> bool:
    return program._process.poll() is None


def test_a_reader_that_leaves_early_ends_ffmpeg() -> None:
    with pipe(noise(3600).output("pipe:", format="rawvideo"), feed=False) as program:
        assert len(program.stream.read(1000)) == 1000
        assert running(program)
    assert not running(program)


def test_a_failure_beside_ffmpeg_ends_it() -> None:
    graph = noise(3600).output("pipe:", format="rawvideo")
    with pytest.raises(KeyboardInterrupt), pipe(graph, feed=False) as program:
        raise KeyboardInterrupt
    assert not running(program)


def test_an_encoder_that_died_before_the_end_is_a_media_error(tmp_path: Path) -> None:
    """The last bytes are only sent when the pipe is closed: a broken pipe then is a failure too."""
    raw = ffmpeg.input("pipe:", format="rawvideo", pixel_format="gray", video_size=(8, 8))
    graph = raw.output(file_url(tmp_path / "a.mkv"), no_such_option=1)
    with pytest.raises(MediaError, match="no_such_option"), pipe(graph, feed=True) as program:
        program.stream.write(bytes(64))
        program._process.wait(20)
        program.finish()


def test_a_great_deal_of_stderr_does_not_block(tmp_path: Path) -> None:
    """Stderr goes to a file: a pipe that nobody reads would fill and stop the decoder."""
    path = tmp_path / "a.mkv"
    run(noise(20).output(file_url(path), vcodec="ffv1", g=1))
    data = bytearray(path.read_bytes())
    for place in range(len(data) // 10, len(data), 331):
        data[place] ^= 0x55
    path.write_bytes(data)
    graph = ffmpeg.input(file_url(path)).output("pipe:", format="framemd5")
    with pipe(graph, feed=False) as program:
        program.stream.read()
        program._process.wait()
        assert len(program.stderr()) > 65536, "too little was said for the test to tell"


def test_a_full_disk_is_an_error_and_leaves_no_file(
    tmp_path: Path, make_header: Callable[..., Header]
) -> None:
    """A file that may not grow stands in for it: no truncated film at the final path."""
    picture = PictureFormat(320, 240, "gray16le")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    frames = [os.urandom(picture.frame_bytes) for _ in range(4)]
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, limits[1]))
    try:
        with (
            pytest.raises(MediaError),
            ffv1_writer(tmp_path / "a.mkv", make_header(picture), Fraction(18)) as writer,
        ):
            for frame in frames:
                writer.write(frame)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []
