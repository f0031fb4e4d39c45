"""The sample layout of a picture: what a decoder hands over and an encoder takes.

Only planar formats are worked on, because a step changes planes. Interleaved samples are
taken apart where that is exact; a format that would be converted is refused, because what
comes out is no longer the source's own samples.
"""

from dataclasses import dataclass
from typing import Literal

from catalogs.errors import SourceError

Layout = Literal["gray", "yuv420", "yuv411", "yuv422", "yuv444", "rgb"]

# ffmpeg's name -> layout, bits per sample. The `yuvj` names mean full range 8 bit.
PIXEL_FORMATS: dict[str, tuple[Layout, int]] = {
    "gray": ("gray", 8),
    "gray10le": ("gray", 10),
    "gray12le": ("gray", 12),
    "gray16le": ("gray", 16),
    "yuv411p": ("yuv411", 8),
    "yuv420p": ("yuv420", 8),
    "yuv422p": ("yuv422", 8),
    "yuv444p": ("yuv444", 8),
    "yuvj420p": ("yuv420", 8),
    "yuvj422p": ("yuv422", 8),
    "yuvj444p": ("yuv444", 8),
    "yuv420p10le": ("yuv420", 10),
    "yuv422p10le": ("yuv422", 10),
    "yuv444p10le": ("yuv444", 10),
    "yuv420p12le": ("yuv420", 12),
    "yuv422p12le": ("yuv422", 12),
    "yuv444p12le": ("yuv444", 12),
    "yuv420p16le": ("yuv420", 16),
    "yuv422p16le": ("yuv422", 16),
    "yuv444p16le": ("yuv444", 16),
    "gbrp": ("rgb", 8),
    "gbrp10le": ("rgb", 10),
    "gbrp12le": ("rgb", 12),
    "gbrp16le": ("rgb", 16),
}

# Formats whose samples are interleaved or big endian -> the same samples in planes.
# ffmpeg's conversion of each pair is exact for every code value; a test holds that.
PLANES_OF: dict[str, str] = {
    "gray10be": "gray10le",
    "gray12be": "gray12le",
    "gray16be": "gray16le",
    "rgb24": "gbrp",
    "bgr24": "gbrp",
    "rgb0": "gbrp",
    "bgr0": "gbrp",
    "0rgb": "gbrp",
    "0bgr": "gbrp",
    "rgb48le": "gbrp16le",
    "rgb48be": "gbrp16le",
    "gbrp10be": "gbrp10le",
    "gbrp12be": "gbrp12le",
    "gbrp16be": "gbrp16le",
    "yuyv422": "yuv422p",
    "uyvy422": "yuv422p",
    "yvyu422": "yuv422p",
    "nv12": "yuv420p",
    "p010le": "yuv420p10le",
    "yuv422p10be": "yuv422p10le",
    "yuv444p10be": "yuv444p10le",
}

# Formats with an alpha plane -> the same samples without it, exact likewise. What is not
# here is not exact: ffmpeg computes new samples on the way from gbrap10le to gbrp10le.
WITH_ALPHA: dict[str, str] = {
    "rgba": "gbrp",
    "bgra": "gbrp",
    "argb": "gbrp",
    "abgr": "gbrp",
    "rgba64le": "gbrp16le",
    "rgba64be": "gbrp16le",
    "gbrap": "gbrp",
    "yuva420p": "yuv420p",
    "yuva422p": "yuv422p",
    "yuva444p": "yuv444p",
    "yuva422p10le": "yuv422p10le",
    "yuva444p10le": "yuv444p10le",
    "yuva422p12le": "yuv422p12le",
    "yuva444p12le": "yuv444p12le",
    "yuva444p16le": "yuv444p16le",
}

_CHROMA_SHIFT: dict[Layout, tuple[int, int]] = {
    "yuv420": (1, 1),
    "yuv411": (0, 2),
    "yuv422": (0, 1),
    "yuv444": (0, 0),
}


@dataclass(frozen=True)
class PictureFormat:
    """Size and sample layout of every frame of a reel.

    Planes come in the order of the pixel format: Y, U, V for the `yuv` layouts,
    G, B, R for `rgb`, one plane for `gray`.

    Attributes:
        width: samples per line of the first plane.
        height: lines of the first plane.
        pixel_format: ffmpeg's name, one of `PIXEL_FORMATS`.
    """

    width: int
    height: int
    pixel_format: str

    def __post_init__(self) -> None:
        if self.pixel_format not in PIXEL_FORMATS:
            known = ", ".join(PIXEL_FORMATS)
            raise SourceError(
                f"pixel format {self.pixel_format} is not read without conversion; "
                f"re-wrap the source losslessly to one of: {known}"
            )
        if self.width < 1 or self.height < 1:
            raise SourceError(f"picture size {self.width}x{self.height} is not a picture")

    @staticmethod
    def decoded_as(width: int, height: int, decoded: str) -> "PictureFormat":
        """The planes of what ffmpeg decodes as `decoded`: taken apart, alpha left out."""
        return PictureFormat(width, height, {**PLANES_OF, **WITH_ALPHA}.get(decoded, decoded))

    @property
    def layout(self) -> Layout:
        """How the planes are to be understood."""
        return PIXEL_FORMATS[self.pixel_format][0]

    @property
    def is_subsampled(self) -> bool:
        """True when there are fewer samples of chroma than of luma."""
        return self.layout in ("yuv420", "yuv411", "yuv422")

    @property
    def depth(self) -> int:
        """Bits per sample: 8, 10, 12 or 16."""
        return PIXEL_FORMATS[self.pixel_format][1]

    @property
    def peak(self) -> int:
        """The largest code value, `2**depth - 1`."""
        return (1 << self.depth) - 1

    @property
    def sample_bytes(self) -> int:
        """Bytes per sample: 1 at 8 bit, else 2 (little endian)."""
        return 1 if self.depth == 8 else 2

    @property
    def plane_shapes(self) -> tuple[tuple[int, int], ...]:
        """(lines, samples per line) of each plane; odd sizes round chroma up."""
        full = (self.height, self.width)
        if self.layout == "gray":
            return (full,)
        if self.layout == "rgb":
            return (full, full, full)
        down, across = _CHROMA_SHIFT[self.layout]
        chroma = (-(-self.height >> down), -(-self.width >> across))
        return (full, chroma, chroma)

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame, planes one after the other without padding."""
        return self.sample_bytes * self.frame_samples

    @property
    def frame_samples(self) -> int:
        """Samples of one frame, all planes together."""
        return sum(lines * samples for lines, samples in self.plane_shapes)
