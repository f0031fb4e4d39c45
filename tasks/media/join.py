"""Shots joined into a reel by stream copy, with the reel's whole sound and its tags.

Sound is never cut per shot: cutting compressed sound adds or loses samples at every
joint. Time stamps are set from the frame number, so that rounding of the shots' own
stamps cannot add up.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from catalogs.errors import MediaError
from tasks.media.program import complaints, file_url, run
from tasks.media.source import quoted

_PICTURE = ("v:0", "V:0", "v", "V")  # all mean the picture; ffmpeg-python says an option once


@dataclass(frozen=True)
class Carried:
    """What a reel takes from its source beside the picture: sound, tags and chapters, whole.

    Attributes:
        source: the file with tags and chapters.
        codecs: how each audio stream is carried, see `sound_codecs`; None copies all.
        picture_start_seconds: when the picture starts, by the clock of the sound.
        sound: the file with the sound, where that is another.
    """

    source: Path
    codecs: Sequence[str] | None = None
    picture_start_seconds: Fraction = Fraction(0)
    sound: Path | None = None


def join_shots(
    shots: Sequence[Path],
    target: Path,
    rate: Fraction,
    *,
    carried: Carried | None = None,
    colour_range: str | None = None,
    tags: Mapping[str, str] | None = None,
    picture_tags: Mapping[str, str] | None = None,
) -> None:
    """Concatenate shot files in order, without decoding.

    Args:
        shots: FFV1 files of one format.
        target: the Matroska file to write.
        rate: frames per second of the result.
        carried: what comes from the source.
        colour_range: "tv", "pc" or None for untagged, written over the shots' own.
        tags: further tags of the container.
        picture_tags: tags of the picture stream, for instance the timecode of its first frame.

    Raises:
        MediaError: ffmpeg failed or complained.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".ffconcat", encoding="utf-8") as listing:
        listing.write("ffconcat version 1.0\n")
        listing.writelines(f"file {quoted(shot)}\n" for shot in shots)
        listing.flush()
        options = _tag_options(tags or {}, picture_tags or {})
        options["color_range"] = colour_range or "unknown"
        graph = _join_graph(Path(listing.name), target, rate, carried, options)
        if said := complaints(run(graph)):
            raise MediaError(f"{target.name}: ffmpeg complained while joining: {said[0]}")


def _join_graph(
    listing: Path, target: Path, rate: Fraction, carried: Carried | None, options: dict[str, Any]
) -> Any:
    joined = ffmpeg.input(file_url(listing), format="concat", safe=0)
    stamp = f"N*{rate.denominator}/{rate.numerator}/TB"
    streams = [joined["v:0"]]
    if carried is not None:
        # The picture starts at 0, and the sound keeps its distance by its source's own clock:
        # what ffmpeg calls a file's start differs by format.
        clock = {"copyts": None, "itsoffset": f"{-float(carried.picture_start_seconds):.9f}"}
        for path in filter(None, (carried.source, carried.sound)):
            streams.append(ffmpeg.input(file_url(path), **clock)["a?"])
        options |= {f"c:a:{n}": codec for n, codec in enumerate(carried.codecs or ())}
        options |= {"map_metadata": 1, "map_chapters": 1}
    return ffmpeg.output(
        *streams,
        file_url(target),
        format="matroska",
        fflags="+bitexact",
        c="copy",
        r=str(rate),  # shots may have been written when another rate was believed
        **{"bsf:v": f"setts=pts={stamp}:dts={stamp}:duration={1 / rate}/TB"},
        **options,
    ).overwrite_output()


def _tag_options(tags: Mapping[str, str], picture_tags: Mapping[str, str]) -> dict[str, Any]:
    options = {f"metadata:g:{n}": f"{name}={tags[name]}" for n, name in enumerate(tags)}
    for picture, (name, value) in zip(_PICTURE, picture_tags.items(), strict=False):
        options[f"metadata:s:{picture}"] = f"{name}={value}"
    return options
