"""What the header of a source claims, by ffprobe."""

import json
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from catalogs.errors import MediaError, SourceError
from catalogs.sequence import ImageSequence
from catalogs.source import AudioHeader, Header
from tasks.media.answer import audio_of, header_of
from tasks.media.program import failure, ffprobe_program, file_url

# Files that name other files, which nobody confined to the archive or hashed.
_PLAYLISTS = {"concat", "hls", "applehttp", "dash", "imf", "sdp", "rtsp", "image2", "lavfi"}

_ALL = ("-show_streams", "-show_format")


def probe(path: Path) -> Header:
    """Read a source's header.

    Raises:
        SourceError: there is no picture in it, or one that cannot be kept as it is.
        MediaError: ffprobe cannot read it at all.
    """
    found = probe_json(path)
    container = _container(found, path)
    header = header_of(found, path)
    return replace(header, audio=_held(header.audio, path, container))


def probe_sound(path: Path) -> tuple[AudioHeader, ...]:
    """Read the header of a file of sound; a picture in it is not looked at.

    Raises:
        SourceError: there is no sound in it.
        MediaError: ffprobe cannot read it at all.
    """
    found = probe_json(path)
    container = _container(found, path)
    if not (audio := audio_of(found)):
        raise SourceError(f"{path.name}: holds no sound; name the sound file in sound_path")
    return _held(audio, path, container)


def _container(found: dict[str, Any], path: Path) -> str:
    container = str(found["format"]["format_name"])
    if _PLAYLISTS & set(container.split(",")):
        raise SourceError(f"{path.name}: a list of other files ({container}); name one of those")
    return container


def probe_sequence(folder: Path, sequence: ImageSequence) -> Header:
    """Read the header of an image sequence whose files were checked to agree.

    Its frames have no times: frame n is presented at n ticks of 1/25 s, which says nothing
    of its rate.

    Raises:
        SourceError, MediaError: as `probe`, of the first file.
    """
    first = folder / sequence.name(sequence.runs[0][0])
    header = header_of(probe_json(first, "-f", "image2", "-pattern_type", "none", *_ALL), first)
    return replace(
        header,
        container=sequence.kind,
        claimed_frames=len(sequence),
        frame_rate=None,
        time_base=Fraction(1, 25),
        start_seconds=Fraction(0),
        field_order="progressive",
        claimed_seconds=None,
        timecode=sequence.timecode,
        sequence=sequence,
    )


def _held(audio: tuple[AudioHeader, ...], path: Path, container: str) -> tuple[AudioHeader, ...]:
    """What a MOV file holds of sound, its edit list left aside."""
    if not audio or "mov" not in container.split(","):
        return audio
    whole = probe_json(path, "-ignore_editlist", "1", "-show_streams")
    seconds = {s["index"]: s.get("duration") for s in whole["streams"]}
    return tuple(
        replace(a, held_seconds=float(seconds[a.index]) if seconds.get(a.index) else None)
        for a in audio
    )


def probe_json(path: Path, *wanted: str) -> dict[str, Any]:
    """Ffprobe's answer as parsed JSON; streams and format unless told otherwise.

    Raises:
        MediaError: ffprobe failed or answered with nothing.
    """
    show = wanted or _ALL
    line = [ffprobe_program(), "-v", "error", "-of", "json", *show, file_url(path)]
    done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    stderr = done.stderr.decode(errors="replace")
    if done.returncode != 0:
        raise MediaError(
            f"{path.name}: cannot be read as picture or sound; restore it from a copy, or name "
            f"another file\n{failure(line, done.returncode, stderr)}"
        )
    answer: dict[str, Any] = json.loads(done.stdout or b"{}")
    if "format" not in answer and not wanted:
        raise MediaError(failure(line, done.returncode, stderr or "no answer"))
    return answer
