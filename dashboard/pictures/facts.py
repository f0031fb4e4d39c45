"""What the player must know of a proxy, as it is sent."""

from dataclasses import asdict
from fractions import Fraction
from typing import Any

from catalogs.picture import PictureFormat
from tasks.media.proxy import BIT_WIDTH, NUMBER_BITS, STRIP_LINES, Panels


def proxy_facts(
    address: str,
    picture: PictureFormat,
    panels: Panels,
    *,
    frames: int,
    start_frame: int,
    rate: Fraction,
    timecode: str | None,
    version: str = "",
) -> dict[str, Any]:
    """The facts of a proxy that is ready.

    Args:
        address: of the shot's pictures, for instance `/pictures/REEL/KEY`.
        picture: of the source, native.
        panels: where source, restored and change lie in the proxy's picture.
        frames: of the shot.
        start_frame: first frame of the shot in its reel.
        rate: frames a second.
        timecode: of the reel's first frame, where it has one.
        version: of the proxy, so that a browser does not keep an older one.
    """
    return {
        "state": "ready",
        "video": f"{address}/proxy.mp4" + (f"?version={version}" if version else ""),
        "frames_at": f"{address}/frames",
        "series_at": f"{address}/series",
        "frames": frames,
        "start_frame": start_frame,
        "rate": [rate.numerator, rate.denominator],
        "timecode": timecode,
        "native": {"width": picture.width, "height": picture.height},
        "panels": asdict(panels),
        "strip": {
            "bits": NUMBER_BITS,
            "block_width": BIT_WIDTH,
            "top": panels.frame_height - STRIP_LINES,
            "lines": STRIP_LINES,
        },
    }
