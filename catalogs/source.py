"""A source: what its header claims, and what decoding it to the end found.

The two stand side by side, and neither is taken for the other.
"""

from dataclasses import dataclass
from fractions import Fraction

from catalogs.picture import PictureFormat
from catalogs.sequence import ImageSequence

PICTURE_TAGS = ("language", "reel_name", "title")


@dataclass(frozen=True)
class ColourTags:
    """How code values are meant, in ffmpeg's words; None where untagged.

    Attributes:
        siting: where chroma samples lie between those of luma; None where none are left out.
    """

    range: str | None = None
    matrix: str | None = None
    primaries: str | None = None
    transfer: str | None = None
    siting: str | None = None


@dataclass(frozen=True)
class AudioHeader:
    """One audio stream as its header claims it.

    Attributes:
        sample_format: what ffmpeg decodes it to, for instance "s16" or "fltp".
        bits: per sample; 0 where the header does not say.
        held_seconds: sound that is in the file, heard or hidden by an edit list; None where
            the container knows no edit lists.
    """

    index: int
    codec: str
    sample_rate: int
    channels: int
    start_seconds: Fraction
    sample_format: str = ""
    bits: int = 0
    held_seconds: float | None = None


@dataclass(frozen=True)
class Header:
    """What the header of a source claims, before anything is decoded.

    Attributes:
        picture: what reading yields; packed samples are taken apart into planes.
        time_base: seconds per tick of `FrameIndex.pts`.
        field_order: "progressive", "tt", "bb", "tb", "bt" (ffprobe's words) or "unknown".
        deinterlaced: True when reading weaves fields into frames by the operator's choice.
        alpha: True when there is an alpha plane, which is left out; ingest holds the reel
            unless it is opaque throughout.
        shown: width and height that the container asks to be shown, where it is not all.
        claimed_seconds: running time as the container claims it.
        picture_tags: (name, value) of what the picture stream says of itself: `PICTURE_TAGS`.
        left_out: streams that a restored reel does not carry, for instance "subtitle mov_text".
        sequence: the files, where the source is an image sequence and its path a folder.
    """

    container: str
    codec: str
    picture: PictureFormat
    claimed_frames: int | None
    frame_rate: Fraction | None
    time_base: Fraction
    start_seconds: Fraction
    sample_aspect: Fraction | None
    field_order: str
    colour: ColourTags
    timecode: str | None
    audio: tuple[AudioHeader, ...]
    deinterlaced: bool = False
    alpha: bool = False
    shown: tuple[int, int] | None = None
    claimed_seconds: float | None = None
    picture_tags: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()
    sequence: ImageSequence | None = None

    @property
    def interlaced(self) -> bool:
        """True when the header says that a frame holds two moments in time."""
        return self.field_order not in ("progressive", "unknown")


@dataclass(frozen=True)
class AudioContent:
    """One audio stream as decoded.

    Attributes:
        samples: samples per channel.
        md5: hash of the samples as 64-bit floats.
        offset_seconds: first sample's time minus the first frame's time.
        holes: (second, seconds missing) where time goes on and samples do not.
    """

    samples: int
    md5: str
    offset_seconds: float
    holes: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Content:
    """What decoding a source to its last frame found.

    Attributes:
        sha256: of the file; of an image sequence, of its files' SHA-256 (hexadecimal, one
            a line, in the order of the frames).
        size_bytes: of all files together, sound included.
        modified_ns: of the file that was modified last.
        sound_sha256: of the sound file, where there is one beside the picture.
        sound_bytes: size of the sound file.
    """

    sha256: str
    size_bytes: int
    modified_ns: int
    frame_count: int
    audio: tuple[AudioContent, ...]
    sound_sha256: str | None = None
    sound_bytes: int = 0

    @property
    def picture_bytes(self) -> int:
        """Size of the picture's files."""
        return self.size_bytes - self.sound_bytes


@dataclass(frozen=True)
class FrameIndex:
    """Every frame of a source in display order.

    Attributes:
        pts: presentation time of each frame, in ticks of the header's time base.
        md5: hash of each frame's samples, planes one after the other.
        crc32: of the same samples (ISO 3309), quick for those who read them.
        file_sha256: hash of each frame's file, where the source is an image sequence.
    """

    pts: tuple[int, ...]
    md5: tuple[str, ...]
    crc32: tuple[int, ...] = ()
    file_sha256: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.pts)

    def drift_frames(self, time_base: Fraction, rate: Fraction) -> float:
        """Largest distance, in frames, between a frame's time and an even `rate`."""
        ticks = rate * time_base
        return max(abs(float((p - self.pts[0]) * ticks) - n) for n, p in enumerate(self.pts))
