"""One ffmpeg over one source: what it decodes is hashed, looked at, listened to and made use of.

Each thing that is wanted of the decoding comes out of an outlet of its own, and a thread of its own
takes it, so that none keeps the others waiting for ever.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import ffmpeg

from catalogs.errors import MediaError, SourceError
from catalogs.source import AudioContent, Header
from tasks.media.listen import FrameLines, hash_samples, hear_crc32, hear_times, refuse_alpha
from tasks.media.program import Outlet, Pipe, complaints, failure, pipe
from tasks.media.source import alpha_plane, open_input, read_as
from tasks.media.thumbnails import Thumbnail, read_thumbnails, shrunk

OnStart = Callable[[int], None]

# "[matroska,webm @ 0x55d0] [error] ": which part of ffmpeg spoke, and where it lay in memory.
_ADDRESS = re.compile(r"\[[^\]]* @ 0x[0-9a-f]+\] |\[(?:error|warning|fatal|panic)\] ")

_LINES = {"format": "framemd5", "fps_mode": "passthrough", "enc_time_base": "demux"}


@dataclass(frozen=True)
class Beside:
    """What else is made of a decoding.

    Attributes:
        output: from a branch of the picture, the whole input and the URL of an outlet, an output
            of ffmpeg.
        hear: takes what comes out of that outlet, to its end; None where nothing does.
    """

    output: Callable[[Any, Any, str], Any]
    hear: Callable[[IO[bytes]], None] | None = None


@dataclass
class Decoder:
    """One ffmpeg over one input, everything it says heard at the same time."""

    path: Path
    header: Header
    frames: FrameLines
    watched: bool
    sound: bool
    sound_file: Path | None
    on_start: OnStart | None
    beside: Sequence[Beside]
    crc32: tuple[int, ...] = ()
    audio: list[AudioContent] = field(default_factory=list)

    def run(self, source: Any) -> Iterator[Thumbnail]:
        """Decode to the end; yields thumbnails where somebody watches."""
        streams = len(self.header.audio) if self.sound else 0
        with ExitStack() as stack:
            count = 3 + len(self.beside) + 2 * streams
            listeners = stack.enter_context(ThreadPoolExecutor(count))
            outlets = [stack.enter_context(closing(Outlet())) for _ in range(count)]
            crc32, small, alpha, *more = outlets
            beside, sound = more[: len(self.beside)], more[len(self.beside) :]
            graph = self._graph(source, (crc32, small, alpha), beside, sound)
            running = stack.enter_context(pipe(graph, feed=False, outlets=outlets))
            if self.on_start:
                self.on_start(running.process_id)
            peak = self.header.picture.peak
            heard = [
                listeners.submit(_hear, running, self.frames.read, running.stream),
                listeners.submit(_hear, running, hear_crc32, crc32.stream),
                listeners.submit(_hear, running, refuse_alpha, self.path, peak, alpha.stream),
                *self._hear_sound(listeners, running, sound),
            ]
            apart = [
                listeners.submit(_hear, running, one.hear, outlet.stream)
                for one, outlet in zip(self.beside, beside, strict=True)
                if one.hear
            ]
            yield from read_thumbnails(small.stream)
            answers = [listener.result() for listener in heard]
            for listener in apart:
                listener.result()
            self._refuse_complaints(running)
            self.crc32 = answers[1]
            self._note_sound(answers[3:])

    def _graph(
        self,
        source: Any,
        picture_outlets: tuple[Outlet, Outlet, Outlet],
        beside: list[Outlet],
        sound: list[Outlet],
    ) -> Any:
        crc32, small, alpha = picture_outlets
        # The picture itself, its thumbnails, its alpha plane, what is made beside: as many branches
        # as are wanted.
        branches = 1 + self.watched + self.header.alpha + len(self.beside)
        parts = source["v:0"].split() if branches > 1 else {0: source["v:0"]}
        free = iter(range(branches))
        picture = read_as(parts[next(free)], self.header)
        hashes = f"[f=framemd5]pipe:1|[f=framehash:hash=crc32]{crc32.url}"
        wanted = _LINES | {"format": "tee", "vcodec": "rawvideo"}
        outputs = [picture.output(hashes, noautoscale=None, **wanted)]
        if self.watched:
            outputs.append(shrunk(read_as(parts[next(free)], self.header), small.url))
        if self.header.alpha:
            plane = alpha_plane(parts[next(free)])
            outputs.append(plane.output(alpha.url, format="rawvideo", fps_mode="passthrough"))
        for one, outlet in zip(self.beside, beside, strict=True):
            outputs.append(one.output(parts[next(free)], source, outlet.url))
        sounding = open_input(self.sound_file, copyts=None) if self.sound_file else source
        for number in range(len(sound) // 2):
            samples, times = sound[2 * number : 2 * number + 2]
            stream = sounding[f"a:{number}"]
            # As doubles, which hold every kind of sample exactly: the decoder that ffmpeg takes for
            # one codec differs by container, in integers here and in floats there.
            outputs.append(stream.output(samples.url, format="f64le", acodec="pcm_f64le"))
            outputs.append(stream.output(times.url, **_LINES, acodec="pcm_s16le"))
        return ffmpeg.merge_outputs(*outputs) if len(outputs) > 1 else outputs[0]

    def _hear_sound(
        self, listeners: ThreadPoolExecutor, running: Pipe, sound: list[Outlet]
    ) -> list[Future[Any]]:
        heard = []
        for number in range(len(sound) // 2):
            samples, times = (outlet.stream for outlet in sound[2 * number : 2 * number + 2])
            audio = self.header.audio[number]
            heard.append(
                listeners.submit(_hear, running, hash_samples, samples, 8 * audio.channels)
            )
            rate, channels = audio.sample_rate, audio.channels
            heard.append(listeners.submit(_hear, running, hear_times, times, rate, channels))
        return heard

    def _note_sound(self, answers: list[Any]) -> None:
        begins_apart = self.sound_file is None and self.frames.pts
        start = self.frames.pts[0] * self.header.time_base if begins_apart else 0
        for (samples, md5), (begins, holes) in zip(answers[::2], answers[1::2], strict=True):
            self.audio.append(AudioContent(samples, md5, float(begins - start), holes))

    def _refuse_complaints(self, running: Pipe) -> None:
        try:
            said = complaints(running.finish())
        except MediaError as error:
            if self.beside:  # nobody can say whose fault it is
                raise
            said = [str(error)]
        if said and self.beside:
            raise MediaError(failure(running.line, 0, said[0]))
        if said:
            raise SourceError(self._damaged(said))

    def _damaged(self, said: list[str]) -> str:
        heard = any(f"[{audio.codec}" in said[0] for audio in self.header.audio)
        name = (self.sound_file if heard and self.sound_file else self.path).name
        where = "in its sound" if heard else f"around frame {len(self.frames.md5)}"
        more = f" (and {len(said) - 1} more)" if len(said) > 1 else ""
        what = _ADDRESS.sub("", said[0])
        return f"{name}: damaged {where}: {what}{more}; replace it with an undamaged copy"


def _hear(running: Pipe, listen: Callable[..., Any], *arguments: Any) -> Any:
    """Listen to an outlet; a listener that gives up ends the decoder, or it would wait for ever."""
    try:
        return listen(*arguments)
    except BaseException:
        running.kill()
        raise
