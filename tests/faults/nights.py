"""Nights of the suite of faults: a small archive, the command, and what it left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from catalogs.picture import PictureFormat
from catalogs.store import existing_store
from tasks.media.check import index_frames
from tasks.media.probe import probe
from tasks.media.write import ffv1_writer
from tests.conftest import moving_texture, plain_header

ROOT = Path(__file__).parent.parent.parent
SEAM = Path(__file__).parent / "seam"
NIGHT_SECONDS = 900  # of a machine that has much else to do
SHOT_FRAMES = 12
SIZE = (96, 64)
REELS = {"A": ("gray", 3), "B": ("yuv420p", 2), "C": ("gray10le", 1)}  # pixel format, shots


def label(identifier: str, shot: int) -> str:
    """What a night calls a shot."""
    start = shot * SHOT_FRAMES
    return f"{identifier}.r1/{start:07d}-{start + SHOT_FRAMES:07d}"


def reel_frames(picture: PictureFormat, shots: int, seed: int) -> list[bytes]:
    """Shots of different textures, each with a speck on one of its frames."""
    frames = []
    for shot in range(shots):
        raw = moving_texture(picture, SHOT_FRAMES, seed=100 * seed + shot)
        speck = bytearray(raw[SHOT_FRAMES // 2])
        for line in range(20, 25):
            begin = (line * picture.width + 40) * picture.sample_bytes
            white = picture.peak.to_bytes(picture.sample_bytes, "little") * 5
            speck[begin : begin + len(white)] = white
        raw[SHOT_FRAMES // 2] = bytes(speck)
        frames += raw
    return frames


def write_reel(
    path: Path, pixel_format: str, shots: int, seed: int, size: tuple[int, int] = SIZE
) -> None:
    """One reel of the archive."""
    header = plain_header(PictureFormat(*size, pixel_format))
    assert header.frame_rate is not None
    with ffv1_writer(path, header, header.frame_rate) as writer:
        for frame in reel_frames(header.picture, shots, seed):
            writer.write(frame)


def write_catalog(folder: Path, paths: dict[str, str]) -> Path:
    """A catalog of one reel an identifier."""
    catalog = folder / "catalog.csv"
    lines = [f"{name},Film {name},1 of 1,{path},18" for name, path in paths.items()]
    catalog.write_text("\n".join(["identifier,title,reel,path,frame_rate", *lines]) + "\n")
    return catalog


def make_archive(folder: Path) -> Path:
    """The archive of every night here: its catalog."""
    folder.mkdir()
    for seed, (name, (pixel_format, shots)) in enumerate(REELS.items(), 1):
        write_reel(folder / f"{name}.mkv", pixel_format, shots, seed)
    return write_catalog(folder, {name: f"{name}.mkv" for name in REELS})


Frames = dict[str, tuple[str, ...]]  # MD5 of each frame, by identifier


def with_originals(restored: Frames, archive: Path, *shots: str) -> Frames:
    """The frames of restored reels, but for shots that keep the frames of the source."""
    found = dict(restored)
    for shot in shots:
        identifier, start = shot[0], int(shot.split("/")[1].split("-")[0])
        source = frame_hashes(archive / f"{identifier}.mkv")
        stop = start + SHOT_FRAMES
        frames = found[identifier]
        found[identifier] = frames[:start] + source[start:stop] + frames[stop:]
    return found


def frame_hashes(film: Path) -> tuple[str, ...]:
    """MD5 of each frame that a film decodes to."""
    return index_frames(film, probe(film)).md5


@dataclass
class Site:
    """An archive, a store, and the deeds that are done to the nights over them."""

    folder: Path
    catalog: Path
    environment: dict[str, str] = field(default_factory=dict)
    options: list[str] = field(default_factory=lambda: ["--workers", "2"])

    def __post_init__(self) -> None:
        self.deeds.mkdir(parents=True, exist_ok=True)
        self.plan({})

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def deeds(self) -> Path:
        return self.folder / "deeds"

    @property
    def archive(self) -> Path:
        return self.catalog.parent

    def own_archive(self) -> None:
        """Work on a copy of the archive, which may then be harmed."""
        copy = self.folder / "archive"
        shutil.copytree(self.archive, copy)
        self.catalog = copy / self.catalog.name

    def plan(self, deeds: Mapping[str, Sequence[str | list[Any]]]) -> None:
        """What is to be done at each start of the work of a label: names, or names and values."""
        rows = {
            name: [[deed] if isinstance(deed, str) else deed for deed in many]
            for name, many in deeds.items()
        }
        (self.deeds / "deeds.json").write_text(json.dumps(rows))

    def starts(self, work: str) -> int:
        """How often work of a label was begun."""
        return len(list(self.deeds.glob(f"{work.replace('/', '-')}.*")))

    def began(self, work: str, number: int = 0) -> bool:
        """Whether work of a label was begun that often, and once more."""
        return bool(self._mark(work, number))

    def process_at(self, work: str, number: int = 0) -> int:
        """The worker's process of a start of work; waits for it."""
        wait_until(lambda: self.began(work, number))
        return int(self._mark(work, number))

    def _mark(self, work: str, number: int) -> str:
        mark = self.deeds / f"{work.replace('/', '-')}.{number}"
        return mark.read_text() if mark.is_file() else ""

    def start(self, *more: str, **process: Any) -> subprocess.Popen[str]:
        """Begin a night."""
        line = [sys.executable, "-m", "flows.cli", "run", str(self.catalog), "--store",
                str(self.store), "--json", *self.options, *more]  # fmt: skip
        return subprocess.Popen(
            process.pop("prefix", []) + line, cwd=ROOT, env=self.process_environment(),
            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **process,
        )  # fmt: skip

    def night(self, *more: str, **process: Any) -> Ended:
        """A night from begin to end."""
        return finish(self.start(*more, **process))

    def process_environment(self) -> dict[str, str]:
        """What processes of a night see, and those of a cluster of its own."""
        path = os.pathsep.join([str(SEAM), str(ROOT)])
        own = {"PYTHONPATH": path, "WETGATE_TEST_DEEDS": str(self.deeds), "OMP_NUM_THREADS": "1"}
        return {**os.environ, **own, **self.environment}

    def reels(self) -> dict[str, tuple[str, str]]:
        """Status and reason of each reel, by identifier."""
        rows = existing_store(self.store).ledger().newest("reels")
        return {
            row.identifier: (row.status, row.reason or "") for row in rows.itertuples(index=False)
        }

    def table(self, name: str) -> pd.DataFrame:
        """Current rows of a table of the ledger."""
        return existing_store(self.store).ledger().newest(name)

    def shot(self, shot: str) -> Any:
        """What is recorded of a shot."""
        reel_id, frames = shot.split("/")
        rows = self.table("restorations")
        start = int(frames.split("-")[0])
        rows = rows[(rows["reel_id"] == reel_id) & (rows["start_frame"] == start)]
        return next(rows.itertuples())

    def events(self, event: str) -> pd.DataFrame:
        """All events of a kind."""
        rows = existing_store(self.store).ledger().read("events")
        return rows[rows["event"] == event]

    def masters(self) -> Frames:
        """MD5 of the frames of each restored master, by identifier."""
        manifests = sorted(self.store.glob("reels/*/*/manifest.json"))
        films = [next(p for p in path.parent.glob("*.mkv") if "change" not in p.name)
                 for path in manifests]  # fmt: skip
        return {film.parent.parent.name.split(".")[0]: frame_hashes(film) for film in films}

    def report(self, night: Ended | None = None) -> str:
        """A night's report, as text; of the only one if none is given."""
        if night is not None:
            return Path(night.summary["report"]).with_suffix(".md").read_text()
        (report,) = self.store.glob("reports/*/report.md")
        return report.read_text()

    def log(self, identifier: str) -> str:
        """What a reel's log tells."""
        return (self.store / "logs" / f"{identifier}.r1.log").read_text()


@dataclass(frozen=True)
class Ended:
    """A night that is over."""

    status: int
    stdout: str
    stderr: str

    @property
    def summary(self) -> dict[str, Any]:
        """What it says of itself."""
        assert self.status in (0, 1), self.stderr
        found: dict[str, Any] = json.loads(self.stdout.splitlines()[-1])
        return found

    @property
    def reels(self) -> tuple[int, int, int]:
        """Restored, held, failed."""
        return tuple(self.summary[word] for word in ("restored", "held", "failed"))  # type: ignore[return-value]


def finish(running: subprocess.Popen[str], seconds: float = NIGHT_SECONDS) -> Ended:
    """Wait for the end of a night; one that does not end is killed, and fails."""
    try:
        stdout, stderr = running.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        running.kill()
        raise
    return Ended(running.returncode, stdout, stderr)


def wait_until(holds: Callable[[], bool], seconds: float = 600.0) -> None:
    """Wait for what is to come; fails when it does not."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def descendants(process: int) -> Iterator[tuple[int, str]]:
    """Processes that a process started, and theirs: number and command line."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, IndexError):
            continue
        if parent == process:
            yield int(folder.name), line
            yield from descendants(int(folder.name))


def kill(process: int) -> None:
    """As the kernel does, or a person with `kill -9`."""
    os.kill(process, signal.SIGKILL)
