"""What the sidecar of a master costs: the decoding that makes its access copy, with and without.

    python benchmarks/sidecar.py --data ../shared/data

Masters are 1080 lines of real footage, enlarged, with grain, as FFV1 of 8 and of 10 bit.
Milliseconds of processor time a frame, ffmpeg's included: seconds on the clock say as much of
what else the machine does.
"""

import argparse
import resource
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import ffmpeg

from benchmarks.media import CLIP, RATE
from tasks.media.access import access_copy
from tasks.media.probe import probe
from tasks.media.program import file_url, run
from tasks.sidecar import WRITTEN, Sidecar

T = TypeVar("T")
DEPTHS = {"8 bit 4:2:0": "yuv420p", "10 bit 4:2:2": "yuv422p10le"}


def make_master(clip: Path, target: Path, pixels: str, frames: int) -> None:
    picture = ffmpeg.input(file_url(clip), stream_loop=-1)["v:0"].filter("scale", 1920, 1080)
    picture = picture.filter("noise", alls=6, allf="t").filter("setpts", f"N/{RATE}/TB")
    coded = {"vcodec": "ffv1", "level": 3, "g": 1, "slices": 16, "slicecrc": 1, "pix_fmt": pixels}
    run(picture.output(file_url(target), vframes=frames, r=str(RATE), **coded))


def milliseconds(work: Callable[[], T]) -> tuple[float, T]:
    """Processor time of this process and of those that it ran, and what came of it."""
    begun = _spent()
    result = work()
    return 1000 * (_spent() - begun), result


def _spent() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--frames", type=int, default=24)
    options = parser.parse_args()
    print(f"{'ms of processor time a frame':30}{'without':>9}{'with':>9}{'sidecar':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for name, pixels in DEPTHS.items():
            report(name, options.data / CLIP, Path(folder) / f"{pixels}.mkv", options.frames)


def report(name: str, clip: Path, master: Path, frames: int) -> None:
    make_master(clip, master, DEPTHS[name], frames)
    header, copy = probe(master), master.with_suffix(".mp4")
    plain, _ = milliseconds(partial(access_copy, master, copy, header))
    copy.unlink()
    sidecar = Sidecar(master, header.picture, RATE, frames)
    both, _ = milliseconds(partial(access_copy, master, copy, header, beside=(sidecar.beside(),)))
    if sidecar.said != WRITTEN:
        raise SystemExit(f"{name}: {sidecar.said}")
    print(f"{name:30}{plain / frames:9.0f}{both / frames:9.0f}{(both - plain) / frames:9.0f}")


if __name__ == "__main__":
    main()
