"""Names of formats, and their keys in PRONOM where they are known for certain.

A key is given only where the suffix and the header leave one choice: ffprobe calls MP4 and
QuickTime by one name, and a DPX key depends on a version that is not recorded.
"""

from dataclasses import dataclass
from pathlib import PurePath

from catalogs.records import Reel


@dataclass(frozen=True)
class Format:
    """A file format; `pronom` is empty where no key is certain."""

    name: str
    pronom: str = ""


MATROSKA = Format("Matroska", "fmt/569")
MP4 = Format("MPEG-4 Media File", "fmt/199")
GZIP = Format("GZIP Format", "x-fmt/266")

_BY_SUFFIX = {
    ".mkv": MATROSKA,
    ".mp4": MP4,
    ".mov": Format("QuickTime", "x-fmt/384"),
    ".mxf": Format("Material Exchange Format", "fmt/200"),
    ".avi": Format("Audio/Video Interleaved Format", "fmt/5"),
    ".tif": Format("Tagged Image File Format", "fmt/353"),
    ".tiff": Format("Tagged Image File Format", "fmt/353"),
    ".dpx": Format("Digital Picture Exchange"),
    ".wav": Format("Waveform Audio"),
    ".flac": Format("Free Lossless Audio Codec", "fmt/279"),
}
_DEMUXERS = {
    ".mkv": "matroska",
    ".mp4": "mp4",
    ".mov": "mov",
    ".mxf": "mxf",
    ".avi": "avi",
}


def sound_format(reel: Reel) -> Format:
    """The format of a sound file beside the picture, by its suffix."""
    suffix = PurePath(reel.catalog.sound_path or "").suffix.lower()
    return _BY_SUFFIX.get(suffix, Format(suffix.removeprefix(".").upper() or "unknown"))


def source_format(reel: Reel) -> Format:
    """The format of a source; its suffix counts only where the header agrees."""
    if reel.header.sequence is not None:
        return _BY_SUFFIX[".dpx" if reel.header.sequence.kind == "dpx" else ".tif"]
    suffix = PurePath(reel.catalog.path).suffix.lower()
    container = reel.header.container
    if _DEMUXERS.get(suffix, "-") in container.split(","):
        return _BY_SUFFIX[suffix]
    return Format(container)
