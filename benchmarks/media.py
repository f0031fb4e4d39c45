"""Reading, writing and joining beside plain ffmpeg doing the same work, in one run.

    python benchmarks/media.py --data ../shared/data

Sources are 1080 lines of real footage, enlarged, with grain, in the kinds that archives
hold. Each pair runs alternately and the best of each side counts, because anything else
that runs on the machine only ever adds. Reading is every frame by index with its hash
proved; ffmpeg writes the same raw frames to a pipe that is read and thrown away.
"""

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import ffmpeg

from catalogs.fixity import sha256_file
from catalogs.records import CatalogReel
from catalogs.source import Header
from tasks.agree import agree
from tasks.find import find_source
from tasks.ingest import ingest_reel
from tasks.media.check import index_frames
from tasks.media.join import join_shots
from tasks.media.program import ffmpeg_program, file_url, run
from tasks.media.read import read_frames
from tasks.media.write import ffv1_writer, slice_count

CLIP = "clean/clean_golden_gate.mp4"
RATE = Fraction(24)
KINDS = {
    "FFV1 10 bit 4:2:2": ("reel.mkv", {"vcodec": "ffv1", "level": 3, "g": 1, "slices": 16,
                                       "slicecrc": 1, "pix_fmt": "yuv422p10le"}),
    "ProRes 422 HQ": ("reel.mov", {"vcodec": "prores_ks", "profile": 3, "pix_fmt": "yuv422p10le"}),
    "v210": ("reel_v210.mov", {"vcodec": "v210", "pix_fmt": "yuv422p10le"}),
    "H.264": ("reel.mp4", {"vcodec": "libx264", "crf": 18, "preset": "veryfast",
                           "pix_fmt": "yuv420p"}),
    "DPX 10 bit RGB": ("scan_%06d.dpx", {"vcodec": "dpx", "pix_fmt": "gbrp10be"}),
}  # fmt: skip


def make_source(clip: Path, folder: Path, kind: str, frames: int) -> CatalogReel:
    """A source of a kind, and what a catalog would say of it."""
    name, options = KINDS[kind]
    picture = ffmpeg.input(file_url(clip), stream_loop=-1)["v:0"].filter("scale", 1920, 1080)
    picture = picture.filter("noise", alls=6, allf="t").filter("setpts", f"N/{RATE}/TB")
    target = folder / "scans" / name if "%" in name else folder / name
    target.parent.mkdir(exist_ok=True)
    run(picture.output(file_url(target), vframes=frames, r=str(RATE), **options).overwrite_output())
    path = "scans" if "%" in name else name
    return CatalogReel(kind, kind, 1, 1, path, 2, frame_rate=RATE)


def best_of(repeats: int, *sides: Callable[[], None]) -> list[float]:
    """Least seconds of each side, taking turns."""
    times: list[list[float]] = [[] for _ in sides]
    for _ in range(repeats):
        for side, seconds in zip(sides, times, strict=True):
            started = time.perf_counter()
            side()
            seconds.append(time.perf_counter() - started)
    return [min(seconds) for seconds in times]


def plain(*arguments: str, feed: list[bytes] | None = None) -> None:
    """Run ffmpeg; its standard output is read in large pieces and thrown away."""
    line = [
        ffmpeg_program(),
        "-v",
        "error",
        "-y",
        *(["-nostdin"] if feed is None else []),
        *arguments,
    ]
    stdin = subprocess.PIPE if feed is not None else subprocess.DEVNULL
    with subprocess.Popen(line, stdin=stdin, stdout=subprocess.PIPE) as running:
        if feed is not None and running.stdin:
            for frame in feed:
                running.stdin.write(frame)
            running.stdin.close()
        while running.stdout and running.stdout.read(1 << 22):
            pass
    if running.returncode:
        raise SystemExit(f"ffmpeg failed: {' '.join(line)}")


def line(what: str, frames: int, theirs: float, ours: float, bound: str) -> None:
    print(f"{what:34}{frames / theirs:9.1f}{frames / ours:9.1f}   {ours / theirs:5.2f}   {bound}")


def read_kind(catalog: CatalogReel, folder: Path, repeats: int) -> tuple[Header, list[bytes]]:
    """Compare reading and ingesting one source; returns its header and some frames."""
    source = find_source(catalog, folder)
    header = agree(catalog, source).header
    index = index_frames(source.path, header)
    if header.sequence is not None:
        where = [
            "-f",
            "image2",
            "-start_number",
            "1",
            "-i",
            str(source.path / KINDS[catalog.title][0]),
        ]
    else:
        where = ["-i", str(source.path)]
    raw = ["-map", "0:v:0", "-fps_mode", "passthrough", "-pix_fmt", header.picture.pixel_format,
           "-f", "rawvideo", "-"]  # fmt: skip

    def ours() -> None:
        for _ in read_frames(source.path, header, index, 0, len(index)):
            pass

    theirs, mine = best_of(repeats, lambda: plain(*where, *raw), ours)
    line(f"read {catalog.title}", len(index), theirs, mine, "1.10")

    def in_passes() -> None:
        for path in source.files():
            sha256_file(path)
        plain(*where, "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "framemd5", "-")

    theirs, mine = best_of(repeats, in_passes, lambda: ingest_reel(catalog, folder) and None)
    line(f"ingest {catalog.title}", len(index), theirs, mine, "(one pass beside two)")
    frames = list(read_frames(source.path, header, index, 0, min(24, len(index))))
    return header, frames


def write_kind(header: Header, frames: list[bytes], folder: Path, repeats: int) -> Path:
    """Compare encoding; returns a shot that was written."""
    shot, picture = folder / "shot.mkv", header.picture

    def ours() -> None:
        with ffv1_writer(shot, header, RATE) as writer:
            for frame in frames:
                writer.write(frame)

    def theirs() -> None:
        plain("-f", "rawvideo", "-pix_fmt", picture.pixel_format, "-s",
              f"{picture.width}x{picture.height}", "-r", str(RATE), "-i", "-", "-c:v", "ffv1",
              "-level", "3", "-g", "1", "-slices", str(slice_count(picture)), "-slicecrc", "1",
              str(folder / "plain.mkv"), feed=frames)  # fmt: skip

    them, us = best_of(repeats, theirs, ours)
    line("write FFV1 10 bit 4:2:2", len(frames), them, us, "")
    return shot


def join(shot: Path, folder: Path, repeats: int) -> None:
    """Compare assembly by stream copy: forty shots."""
    shots = [folder / f"shot{n:02}.mkv" for n in range(40)]
    for path in shots:
        path.hardlink_to(shot)
    listing = folder / "list.ffconcat"
    listing.write_text("ffconcat version 1.0\n" + "".join(f"file {s.name}\n" for s in shots))
    them, us = best_of(
        repeats,
        lambda: plain("-f", "concat", "-safe", "0", "-i", str(listing), "-c", "copy",
                      str(folder / "plain_joined.mkv")),
        lambda: join_shots(shots, folder / "joined.mkv", RATE),
    )  # fmt: skip
    line("join 40 shots, stream copy", 40 * 24, them, us, "1.20")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--frames", type=int, default=72)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(f"1920x1080, {options.frames} frames, best of {options.repeats}, frames/s")
    print(f"{'':34}{'ffmpeg':>9}{'ours':>9}   {'time':>5}   bound")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first: tuple[Header, list[bytes]] | None = None
        for kind in KINDS:
            catalog = make_source(options.data / CLIP, folder, kind, options.frames)
            found = read_kind(catalog, folder, options.repeats)
            first = first or found
        assert first is not None
        join(write_kind(*first, folder, options.repeats), folder, options.repeats)


if __name__ == "__main__":
    main()
