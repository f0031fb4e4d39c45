"""How each audio stream gets into a restored reel: copied, or encoded without loss.

Sound is never cut per shot and never encoded with loss: cutting compressed sound adds or
loses samples at every joint. Where Matroska cannot hold a stream as it is, its decoded
samples are kept as FLAC or, where FLAC cannot hold them, as PCM.
"""

from pathlib import Path

import ffmpeg

from catalogs.errors import MediaError
from catalogs.source import AudioHeader, Header
from tasks.media.program import file_url, run

_FLAC_CHANNELS = 8
_FLAC_BITS = 24

# What ffmpeg decodes to -> PCM that holds it exactly.
_PCM = {
    "u8": "pcm_u8",
    "s16": "pcm_s16le",
    "s32": "pcm_s32le",
    "flt": "pcm_f32le",
    "dbl": "pcm_f64le",
}


def sound_codecs(path: Path, header: Header) -> tuple[str, ...]:
    """How each audio stream is carried: "copy", or the name of a lossless encoder."""
    return tuple(
        "copy" if _is_held(path, number) else lossless_codec(audio)
        for number, audio in enumerate(header.audio)
    )


def lossless_codec(audio: AudioHeader) -> str:
    """An encoder that keeps every decoded sample of a stream.

    Raises:
        MediaError: samples of a kind that no encoder here is known to keep.
    """
    kind = audio.sample_format.removesuffix("p")  # planar or not, the samples are the same
    if kind not in _PCM:
        raise MediaError(
            f"audio stream {audio.index} ({audio.codec}) decodes to {audio.sample_format}, which "
            "cannot be kept without loss; re-wrap the source with PCM sound"
        )
    exact = kind == "s16" or (kind == "s32" and 0 < audio.bits <= _FLAC_BITS)
    return "flac" if exact and audio.channels <= _FLAC_CHANNELS else _PCM[kind]


def _is_held(path: Path, number: int) -> bool:
    """Ask ffmpeg's Matroska writer with a packet; its list of codecs is nowhere to be read."""
    packet = ffmpeg.input(file_url(path))[f"a:{number}"]
    try:
        run(packet.output("pipe:", format="matroska", c="copy", **{"frames:a": 1}))
    except MediaError:
        return False
    return True
