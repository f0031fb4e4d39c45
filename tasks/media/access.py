"""The access copy: H.264 for viewing, with a notice burned in when asked."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ffmpeg
from PIL import Image, ImageDraw, ImageFont

from catalogs.picture import PictureFormat
from catalogs.source import Header
from tasks.media.check import Survey, survey
from tasks.media.decoder import Beside
from tasks.media.probe import probe
from tasks.media.program import file_url

_NOTICE_SHARE = 1 / 24  # height of the notice's letters over that of the picture


def access_copy(
    master: Path,
    target: Path,
    header: Header,
    notice: str = "",
    sound: int | None = 0,
    beside: Sequence[Beside] = (),
) -> Survey:
    """Make an H.264 copy for viewing: 8-bit 4:2:0, even size, its first sound as AAC.

    RGB becomes YUV by an explicit BT.709 matrix; YUV keeps the master's matrix. Levels
    are those of video ("tv"), whatever the master's.

    Args:
        master: the restored reel.
        target: the MP4 file to write.
        header: what the reel's source is.
        notice: text that is burned in at the foot of every frame; none when empty.
        sound: number of the audio stream that is heard; None for none.
        beside: what else is made of the same decoding of the master.

    Returns:
        What the master holds, to its last frame and sample: it is decoded once for all.

    Raises:
        MediaError: ffmpeg failed, or a decoder complained.
        SourceError: the master has frames of another size than it claims, or none.
    """
    matrix = {"out_color_matrix": "bt709"} if header.picture.layout == "rgb" else {}

    def copy(picture: Any, source: Any, _: str) -> Any:
        if header.picture.layout != "gray":
            picture = picture.filter("scale", out_range="tv", **matrix)
        picture = picture.filter("format", "yuv420p").filter("pad", "ceil(iw/2)*2", "ceil(ih/2)*2")
        streams = [_burned_in(picture, label)]
        options: dict[str, Any] = {"vcodec": "libx264", "crf": 20, "preset": "veryfast"}
        if header.audio and sound is not None:
            streams.append(source[f"a:{sound}"])
            options |= {"acodec": "aac", "audio_bitrate": "192k"}
        return ffmpeg.output(
            *streams, file_url(target), format="mp4", movflags="+faststart",
            fps_mode="passthrough", **options,
        )  # fmt: skip

    with _drawn(notice, header.picture) as label:
        return survey(master, probe(master), beside=(Beside(copy), *beside))


@contextmanager
def _drawn(notice: str, size: PictureFormat) -> Iterator[Path | None]:
    """The notice as a picture. Drawn here: no machine is sure to have fonts."""
    if not notice:
        yield None
        return
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        draw_notice(notice, size.width, size.height).save(file, format="PNG")
        file.flush()
        yield Path(file.name)


def _burned_in(picture: Any, label: Path | None) -> Any:
    """The picture with a label over it."""
    if label is None:
        return picture
    over = ffmpeg.input(file_url(label))
    return picture.overlay(over, x="(W-w)/2", y="H-h-H/40", format="yuv420")


def draw_notice(notice: str, width: int, height: int) -> Image.Image:
    """Light letters on a translucent ground, as large as the picture allows."""
    size = max(8.0, height * _NOTICE_SHARE)
    while True:
        font = ImageFont.load_default(size)
        box = font.getbbox(notice)
        if box[2] + size <= width or size <= 6:
            break
        size *= 0.9
    edge = round(size / 3)
    label = Image.new("RGBA", (round(box[2]) + 2 * edge, round(box[3]) + 2 * edge), (0, 0, 0, 140))
    ImageDraw.Draw(label).text((edge, edge), notice, font=font, fill=(235, 235, 235, 255))
    return label
