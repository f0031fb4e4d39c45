"""What a file really holds: every frame and every audio sample decoded once.

Traps this stands against: exit status 0 with frames missing; damaged slices that are
only mentioned on stderr; frame counts computed from duration and rate.
"""

import hashlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import ffmpeg

from catalogs.errors import MediaError, SourceError
from catalogs.records import AudioContent, FrameIndex, Header
from tasks.media.program import complaints, file_url, pipe
from tasks.media.read import open_picture

OnFrame = Callable[[int], None]


def index_frames(path: Path, header: Header, on_frame: OnFrame | None = None) -> FrameIndex:
    """Decode the picture to its last frame.

    Args:
        path: the file.
        header: what `probe` said of it.
        on_frame: called with the number of frames decoded so far.

    Raises:
        SourceError: the decoder complained, no frame came, or a frame is not of the size
            that the header claims.
    """
    graph = open_picture(path, header.picture, copyts=None).output(
        "pipe:", format="framemd5", fps_mode="passthrough", enc_time_base="demux", noautoscale=None
    )
    pts: list[int] = []
    md5: list[str] = []
    with pipe(graph, feed=False) as decoder:
        for line in decoder.stream:
            if line.startswith(b"#"):
                _check_time_base(line, header.time_base, path)
                continue
            _, _, time, _, size, digest = (word.strip() for word in line.decode().split(","))
            if int(size) != header.picture.frame_bytes:
                raise SourceError(
                    f"{path.name}: frame {len(pts)} has {size} bytes where the header's "
                    f"{header.picture} has {header.picture.frame_bytes}; the picture changes"
                )
            pts.append(int(time))
            md5.append(digest)
            if on_frame:
                on_frame(len(pts))
        _refuse_complaints(path, decoder.finish, len(pts))
    if not pts:
        raise SourceError(f"{path.name}: not one frame could be decoded")
    return FrameIndex(tuple(pts), tuple(md5))


def check_audio(path: Path, header: Header) -> tuple[AudioContent, ...]:
    """Decode every audio stream: its samples, their hash, and where they start.

    Raises:
        SourceError: the decoder complained.
    """
    if not header.audio:
        return ()
    picture_start = _first_time(path, "v:0")
    return tuple(
        _check_stream(path, number, audio.channels, picture_start)
        for number, audio in enumerate(header.audio)
    )


def _check_stream(path: Path, number: int, channels: int, picture_start: float) -> AudioContent:
    graph = ffmpeg.input(file_url(path))[f"a:{number}"].output(
        "pipe:", format="s32le", acodec="pcm_s32le"
    )
    digest = hashlib.md5(usedforsecurity=False)
    size = 0
    with pipe(graph, feed=False) as decoder:
        while block := decoder.stream.read(1 << 20):
            digest.update(block)
            size += len(block)
        _refuse_complaints(path, decoder.finish, None)
    offset = _first_time(path, f"a:{number}") - picture_start
    return AudioContent(size // (4 * max(channels, 1)), digest.hexdigest(), offset)


def _first_time(path: Path, stream: str) -> float:
    """Seconds at which the first decoded frame of a stream is presented."""
    graph = ffmpeg.input(file_url(path), copyts=None)[stream].output(
        "pipe:", format="framemd5", fps_mode="passthrough", enc_time_base="demux",
        **{f"frames:{stream[0]}": 1},
    )  # fmt: skip
    time_base, ticks = Fraction(0), 0
    with pipe(graph, feed=False) as decoder:
        for line in decoder.stream:
            if line.startswith(b"#tb 0:"):
                time_base = Fraction(line[6:].decode().strip())
            elif not line.startswith(b"#"):
                ticks = int(line.split(b",")[2])
        decoder.finish()
    return float(ticks * time_base)


def _refuse_complaints(path: Path, finish: Callable[[], str], frames: int | None) -> None:
    where = "in its sound" if frames is None else f"around frame {frames}"
    try:
        said = complaints(finish())
    except MediaError as error:
        said = [str(error)]
    if said:
        more = f" (and {len(said) - 1} more)" if len(said) > 1 else ""
        raise SourceError(
            f"{path.name}: damaged {where}: {said[0]}{more}; replace it with a sound copy"
        )


def _check_time_base(line: bytes, expected: Fraction, path: Path) -> None:
    if line.startswith(b"#tb 0:") and Fraction(line[6:].decode().strip()) != expected:
        raise MediaError(f"{path.name}: decoder's time base {line!r} is not {expected}")
