"""A ProRes mezzanine of a restored reel, for editing; lossy, never the master.

Ten bit: 4444 where the master has colour at full resolution, is RGB or of odd width, else
422 HQ. RGB becomes YUV by BT.709, levels become those of video; both are written into the
tags. YUV keeps its samples; where it is not tagged the usual tags are written.
"""

from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from catalogs.errors import MediaError, VerificationError
from catalogs.picture import PictureFormat
from catalogs.source import AudioHeader, ColourTags, Header
from tasks.media.check import survey
from tasks.media.probe import probe
from tasks.media.program import complaints, file_url, run
from tasks.media.sound import lossless_codec
from tasks.media.sync import out_of_sync

_HQ, _4444 = 3, 4  # profiles of prores_ks
_SD_LINES = 576  # up to here untagged YUV is by BT.601, as everybody takes it to be

Fact = tuple[str, object, object]  # field, planned, found


def make_mezzanine(
    master: Path, target: Path, header: Header, rate: Fraction, title: str
) -> tuple[str, ...]:
    """Encode a restored master and compare what was written with the plan.

    Args:
        master: the restored reel, FFV1 in Matroska.
        target: the MOV file to write; whole or not at all is the caller's care.
        header: what the restored reel's source is.
        rate: frames per second.
        title: written into the file.

    Returns:
        What was checked, in words.

    Raises:
        MediaError: ffmpeg failed or complained.
        VerificationError: field, planned and found.
    """
    found = probe(master)
    if said := complaints(run(_graph(master, target, found, rate, title))):
        raise MediaError(f"{target.name}: ffmpeg complained: {said[0]}")
    facts = _facts(master, target, found, header, rate)
    for field, planned, seen in facts:
        if planned != seen:
            raise VerificationError(f"{target.name}: {field}: planned {planned}, found {seen}")
    return tuple(field for field, _, _ in facts)


def _graph(master: Path, target: Path, found: Header, rate: Fraction, title: str) -> Any:
    source = ffmpeg.input(file_url(master), copyts=None)
    tags = _colour(found)
    picture = source["v:0"].filter("scale", **_matrices(found, tags), out_range="tv")
    picture = picture.filter("format", _pixel_format(found.picture)).filter(
        "setparams", range="tv", colorspace=tags.matrix,
        color_primaries=tags.primaries, color_trc=tags.transfer,
    )  # fmt: skip
    sound = [source[f"a:{number}"] for number in range(len(found.audio))]
    options = {f"c:a:{n}": _pcm(audio) for n, audio in enumerate(found.audio)}
    options |= {"timecode": found.timecode} if found.timecode else {}
    return ffmpeg.output(
        picture, *sound, file_url(target), format="mov", vcodec="prores_ks",
        profile=_4444 if _pixel_format(found.picture) == "yuv444p10le" else _HQ,
        vendor="wetg", fps_mode="passthrough", fflags="+bitexact",
        video_track_timescale=rate.numerator, **{"metadata:g:0": f"title={title}"}, **options,
    ).overwrite_output()  # fmt: skip


def _matrices(found: Header, tags: ColourTags) -> dict[str, str | None]:
    """YUV keeps its samples: what has no matrix is tagged, not converted from BT.601."""
    known = {"in_color_matrix": tags.matrix} if found.picture.layout.startswith("yuv") else {}
    return known | {"out_color_matrix": tags.matrix}


def _pixel_format(picture: PictureFormat) -> str:
    """4:2:2 cannot hold an odd width: its last column would come out green."""
    full = picture.layout in ("rgb", "yuv444") or picture.width % 2 == 1
    return "yuv444p10le" if full else "yuv422p10le"


def _colour(found: Header) -> ColourTags:
    """The mezzanine's tags: the master's, the usual ones where it has none (MOV wants all).

    A MOV file does not say its range: ProRes is "tv" by definition.
    """
    own = found.colour
    is_yuv = found.picture.layout.startswith("yuv")
    usual = "smpte170m" if is_yuv and found.picture.height <= _SD_LINES else "bt709"
    matrix = own.matrix if is_yuv and own.matrix else usual
    return ColourTags(None, matrix, own.primaries or "bt709", own.transfer or "bt709")


def _pcm(audio: AudioHeader) -> str:
    codec = lossless_codec(audio)
    if codec == "flac":  # MOV holds PCM of these samples as well
        return "pcm_s16le" if audio.sample_format.startswith("s16") else "pcm_s24le"
    return codec


def _facts(master: Path, target: Path, found: Header, header: Header, rate: Fraction) -> list[Fact]:
    written = probe(target)
    planned, made = survey(master, found), survey(target, written)
    size = (found.picture.width, found.picture.height)
    return [
        ("codec", "prores", written.codec),
        ("frame count", len(planned.index), len(made.index)),
        ("frame size", size, (written.picture.width, written.picture.height)),
        ("frame rate", rate, written.frame_rate),
        ("aspect ratio", header.sample_aspect or 1, written.sample_aspect or 1),
        ("colour tags", _colour(found), written.colour),
        ("timecode", found.timecode, written.timecode),
        ("audio samples", [a.samples for a in planned.audio], [a.samples for a in made.audio]),
        ("audio hashes", [a.md5 for a in planned.audio], [a.md5 for a in made.audio]),
        ("sound in sync", [], out_of_sync(planned.audio, made.audio)),
    ]
