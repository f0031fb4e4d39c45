"""What a source really holds: every frame and every audio sample, decoded once.

One ffmpeg decodes picture and sound together, and a watcher may look at a thumbnail of
each frame as it goes by, so that a reel is not decoded again to find its shots.

Traps this stands against: exit status 0 with frames missing; damaged slices that are
only mentioned on stderr; frame counts computed from duration and rate.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalogs.errors import SourceError
from catalogs.source import AudioContent, FrameIndex, Header
from tasks.media.decoder import Beside, Decoder, OnStart
from tasks.media.listen import FrameLines, OnFrame
from tasks.media.source import open_input, sequence_input
from tasks.media.thumbnails import Thumbnail

Watcher = Callable[[Iterator[Thumbnail]], None]


@dataclass(frozen=True)
class Survey:
    """What one pass over a source found."""

    index: FrameIndex
    audio: tuple[AudioContent, ...]


def index_frames(path: Path, header: Header, on_frame: OnFrame | None = None) -> FrameIndex:
    """Decode the picture to its last frame; see `survey`."""
    return survey(path, header, on_frame, sound=False).index


def check_audio(path: Path, header: Header) -> tuple[AudioContent, ...]:
    """Decode every audio stream: its samples, their hash, and where they start."""
    return survey(path, header).audio if header.audio else ()


def survey(
    path: Path,
    header: Header,
    on_frame: OnFrame | None = None,
    *,
    watch: Watcher | None = None,
    sound: bool = True,
    sound_file: Path | None = None,
    on_start: OnStart | None = None,
    beside: Sequence[Beside] = (),
) -> Survey:
    """Decode a source to its last frame and sample.

    Args:
        path: the file, or the folder of an image sequence.
        header: what `probe` said of it.
        on_frame: called with the number of frames decoded so far.
        watch: looks at a thumbnail of every frame, in order.
        sound: False leaves the sound alone.
        sound_file: where the sound of `header` lies, if not in the source itself.
        on_start: called with the process number of the decoder.
        beside: what else is made of the same decoding.

    Raises:
        SourceError: a decoder complained, no frame came, or a frame is not of the size
            that the header claims.
        MediaError: something is made beside, and it or the decoding failed.
    """
    frames = FrameLines(path, header, on_frame)
    crc32: list[int] = []
    audio: list[AudioContent] = []

    def thumbnails() -> Generator[Thumbnail, None, None]:
        with _input(path, header) as source:
            decoder = Decoder(
                path, header, frames, watch is not None, sound, sound_file, on_start, beside
            )
            yield from decoder.run(source)
            crc32.extend(decoder.crc32)
            audio.extend(decoder.audio)

    with closing(thumbnails()) as passing:  # a watcher that raises must not leave ffmpeg behind
        if watch is not None:
            watch(passing)
        for _ in passing:  # to the end, whatever the watcher wanted to see
            pass
    if not frames.md5:
        raise SourceError(f"{path.name}: not one frame could be decoded")
    index = FrameIndex(tuple(frames.pts), tuple(frames.md5), tuple(crc32))
    return Survey(index, tuple(audio))


@contextmanager
def _input(path: Path, header: Header) -> Iterator[Any]:
    """The source as an input of ffmpeg."""
    if header.sequence is None:
        yield open_input(path, copyts=None)
        return
    with sequence_input(path, header.sequence, 0, len(header.sequence)) as source:
        yield source
