"""Shots joined into a reel by stream copy, with the reel's whole sound and its tags.

Sound is never cut per shot: cutting compressed sound adds or loses samples at every
joint. Time stamps are set from the frame number, so that rounding of the shots' own
stamps cannot add up.
"""

import tempfile
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from catalogs.errors import MediaError
from catalogs.records import Header
from tasks.media.program import complaints, file_url, run


def join_shots(
    shots: Sequence[Path],
    target: Path,
    rate: Fraction,
    *,
    sound_from: Path | None = None,
    picture_start_seconds: Fraction = Fraction(0),
    colour_range: str | None = None,
    tags: Mapping[str, str] | None = None,
    timecode: str | None = None,
) -> None:
    """Concatenate shot files in order, without decoding.

    Args:
        shots: FFV1 files of one format.
        target: the Matroska file to write.
        rate: frames per second of the result.
        sound_from: file whose audio streams and tags are carried, whole and copied.
        picture_start_seconds: when the picture starts, by the clock of that file's sound.
        colour_range: "tv", "pc" or None for untagged, written over the shots' own.
        tags: further tags of the container.
        timecode: timecode of the first frame.

    Raises:
        MediaError: ffmpeg failed or complained.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".ffconcat", encoding="utf-8") as listing:
        listing.write("ffconcat version 1.0\n")
        listing.writelines(f"file {_quoted(shot)}\n" for shot in shots)
        listing.flush()
        options = _tag_options(tags or {}, timecode) | {"color_range": colour_range or "unknown"}
        graph = _join_graph(
            Path(listing.name), target, rate, sound_from, picture_start_seconds, options
        )
        if said := complaints(run(graph)):
            raise MediaError(f"{target.name}: ffmpeg complained while joining: {said[0]}")


def access_copy(master: Path, target: Path, header: Header) -> None:
    """Make an H.264 copy for viewing: 8-bit 4:2:0, even size, its first sound as AAC.

    RGB becomes YUV by an explicit BT.709 matrix; YUV keeps the master's matrix.

    Raises:
        MediaError: ffmpeg failed.
    """
    source = ffmpeg.input(file_url(master))
    picture = source["v:0"].filter("pad", "ceil(iw/2)*2", "ceil(ih/2)*2")
    if header.picture.layout == "rgb":
        picture = picture.filter("scale", out_color_matrix="bt709", out_range="tv")
    streams = [picture.filter("format", "yuv420p")]
    options: dict[str, Any] = {"vcodec": "libx264", "crf": 20, "preset": "veryfast"}
    if header.audio:
        streams.append(source["a:0"])
        options |= {"acodec": "aac", "audio_bitrate": "192k"}
    run(
        ffmpeg.output(
            *streams, file_url(target), format="mp4", movflags="+faststart",
            fps_mode="passthrough", **options,
        ).overwrite_output()
    )  # fmt: skip


def _join_graph(
    listing: Path,
    target: Path,
    rate: Fraction,
    sound_from: Path | None,
    start: Fraction,
    options: dict[str, Any],
) -> Any:
    joined = ffmpeg.input(file_url(listing), format="concat", safe=0)
    stamp = f"(N*{rate.denominator}/{rate.numerator}+{float(start):.9f})/TB"
    streams = [joined["v:0"]]
    if sound_from is not None:
        # The sound keeps its source's clock; what ffmpeg calls a file's start differs by format.
        streams.append(ffmpeg.input(file_url(sound_from), copyts=None)["a?"])
        options |= {
            "map_metadata": 1,
            "map_chapters": 1,
            "output_ts_offset": f"{-float(start):.9f}",
        }
    return ffmpeg.output(
        *streams,
        file_url(target),
        format="matroska",
        fflags="+bitexact",
        c="copy",
        **{"bsf:v": f"setts=pts={stamp}:dts={stamp}:duration={1 / rate}/TB"},
        **options,
    ).overwrite_output()


def _tag_options(tags: Mapping[str, str], timecode: str | None) -> dict[str, Any]:
    options = {f"metadata:g:{n}": f"{name}={tags[name]}" for n, name in enumerate(tags)}
    if timecode is not None:
        options["metadata:s:v:0"] = f"timecode={timecode}"
    return options


def _quoted(path: Path) -> str:
    """A path as the concat demuxer reads it, whatever characters it holds."""
    return "'" + f"file:{path.absolute()}".replace("'", "'\\''") + "'"
