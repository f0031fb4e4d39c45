"""TIME of a joined reel: every fault of the suite, put into the file, is refused with its name."""

import json
import shutil
import subprocess
import wave
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np
import pytest

from catalogs.catalog import Catalog
from catalogs.errors import VerificationError
from catalogs.recipe import read_recipe
from catalogs.records import CatalogReel, Reel, Shot
from catalogs.store import Store, open_store
from flows.night import work
from flows.night.jobs import Job
from flows.night.loop import Night
from flows.night.order import Order
from flows.night.progress import NightProgress
from tasks.manifest import is_assembled, read_manifest
from tasks.media.join import join_shots
from tasks.media.program import ffmpeg_program, file_url, run
from tasks.report.write import write_report
from tasks.selftest.faults.timing import Reel as Heard
from tasks.selftest.suite import TIMING_FAULTS
from tasks.treat import resolve_recipe

UNTOUCHED = resolve_recipe(read_recipe("untouched"))
FRAMES, RATE, SAMPLES = 24, Fraction(25), 48000
DEFAULT_DURATION = b"\x23\xe3\x83"  # of Matroska, RFC 9559

# Where the reel is refused, and what TIME says of it.
REFUSED = {
    "sound late": ("sound in sync", "sound: the sound began at 0.0000 s and begins at 0.0050 s"),
    "sound pushed": ("audio hashes", "sound: the sound is not the source's own"),
    "sound resampled": ("audio samples", "sound: 46080 samples of sound became 46089"),
    "sound coarse": ("audio hashes", "sound: the sound is not the source's own"),
    "frames dropped": ("frame count", "picture: 24 frames became 23"),
    "frames uneven": ("TIME", "picture: frame 1 is +1.000 ms from its time"),
    "picture fast": ("frame rate", "picture: 25 frames a second became 5001/200"),
}


@dataclass
class Done:
    """A reel whose shots are restored; it only has to be joined."""

    order: Order
    reel: Reel
    shots: tuple[Shot, ...]

    @staticmethod
    def of(path: Path, root: Path, name: str = "night") -> "Done":
        order = Order(open_store(root / "store"), path.parent, UNTOUCHED, name)
        reel, shots, _ = work.ingest(order, CatalogReel("A", "T", 1, 1, path.name, 2))
        for shot in shots:
            work.restore(order, reel, shot, 60)
        return Done(order, reel, shots)

    @property
    def store(self) -> Store:
        return self.order.store

    @property
    def folder(self) -> Path:
        return self.store.reel_folder("A.r1", UNTOUCHED.label)

    def status(self) -> str:
        return str(self.store.ledger().newest("reels", "A.r1")["status"].iloc[-1])

    def report(self) -> str:
        page = write_report(self.store, self.order.batch_id)
        return page.with_suffix(".md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A second of a test picture and a tone."""
    root = tmp_path_factory.mktemp("reel")
    seconds = float(FRAMES / RATE)
    picture = ffmpeg.input(f"testsrc2=size=64x48:rate={RATE}:duration={seconds}", format="lavfi")
    tone = ffmpeg.input(f"sine=sample_rate={SAMPLES}:duration={seconds}", format="lavfi")
    run(ffmpeg.output(picture, tone, file_url(root / "a.mkv"), vcodec="ffv1", acodec="flac"))
    return Done.of(root / "a.mkv", root)


def heard(path: Path) -> Heard:
    """The joined reel in numbers, as the faults take it."""
    line = [ffmpeg_program(), "-v", "error", "-i", str(path), "-map", "0:a", "-f", "s16le", "-"]
    sound = subprocess.run(line, capture_output=True, check=True).stdout
    times = tuple(n / RATE for n in range(FRAMES))
    return Heard(times, RATE, np.frombuffer(sound, "<i2")[:, None], SAMPLES)


def write_heard(path: Path, reel: Heard) -> None:
    """The joined reel written again with other numbers; its frames are copied."""
    sound, whole = path.with_suffix(".wav"), path.rename(path.with_suffix(".whole"))
    with wave.open(str(sound), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(reel.sound_rate)
        out.writeframes(reel.sound.astype("<i2").tobytes())
    stamps = "+".join(rf"eq(N\,{n})*{round(at * 1000)}" for n, at in enumerate(reel.times))
    late = ffmpeg.input(file_url(sound), itsoffset=float(reel.sound_offset))
    lost = rf"noise=amount=0:drop=gte(n\,{len(reel.times)})"
    options: dict[str, Any] = {"bsf:v": f"{lost},setts=pts={stamps}:dts={stamps}"}
    picture = ffmpeg.input(file_url(whole))["v:0"]
    options |= {"vcodec": "copy", "acodec": "flac", "write_crc32": 0}
    run(ffmpeg.output(picture, late["a"], file_url(path), **options))
    # Told a rate, ffmpeg would move the frames to it: the nanoseconds a frame are set by hand.
    data, size = path.read_bytes(), 4
    at = data.index(DEFAULT_DURATION + bytes([0x80 | size])) + len(DEFAULT_DURATION) + 1
    written = int(10**9 / reel.rate).to_bytes(size, "big")
    path.write_bytes(data[:at] + written + data[at + size :])
    sound.unlink()
    whole.unlink()


@pytest.fixture
def join_with(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Heard], Heard]], None]:
    """Puts a fault into every master that is joined from now on."""

    def put(inject: Callable[[Heard], Heard]) -> None:
        def join(shots: Any, target: Path, rate: Fraction, **options: Any) -> None:
            join_shots(shots, target, rate, **options)
            if options.get("carried"):
                write_heard(target, inject(heard(target)))

        monkeypatch.setattr("tasks.assemble.join_shots", join)

    return put


@pytest.mark.parametrize("fault", TIMING_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_of_the_least_severity_in_the_joined_file_is_refused(
    done: Done, join_with: Callable[..., None], fault: Any
) -> None:
    """None of it is delivered, and the message says what TIME sees."""
    join_with(lambda reel: fault.inject(reel, fault.strengths[0]))
    field, said = REFUSED[fault.name]
    with pytest.raises(VerificationError) as refused:
        work.assemble(done.order, done.reel)
    text = str(refused.value)
    assert text.startswith(f"A.r1.{UNTOUCHED.label}: {field}: planned")
    assert "TIME: " in text and said in text.partition("TIME: ")[2]
    assert "; " not in text, "what follows would be taken for a remedy"
    assert done.status() != "restored" and not done.folder.exists()
    assert not is_assembled(done.reel, done.shots, UNTOUCHED, done.store)


class Played:
    """A future of work that is done at once, in this process."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.state, self.answer, self.failed = self, None, False
        try:
            self.answer = make()
        except VerificationError as error:
            self.answer, self.failed = error, True

    def is_completed(self) -> bool:
        return not self.failed

    def wait(self) -> None:
        pass

    def result(self, raise_on_failure: bool = True) -> Any:
        return self.answer

    def add_done_callback(self, note: Callable[[Any], None]) -> None:
        note(self)


def test_a_night_records_the_reel_as_failed_and_its_report_says_what_time_saw(
    done: Done, join_with: Callable[..., None]
) -> None:
    join_with(lambda reel: replace(reel, sound_offset=Fraction(1, 25)))
    order = replace(done.order, batch_id="faulty")

    def submit(job: Job) -> Any:
        assert job.kind == "assemble" and job.reel is not None, "shots are finished already"
        return Played(lambda: work.assemble(order, done.reel))

    loop = Night(order, submit, 1, NightProgress(done.store, None), lambda: False)
    tally = loop.run(Catalog(Path("c.csv"), (done.reel.catalog,), (), ()))
    assert (tally.restored, tally.failed, done.status()) == (set(), {"A.r1"}, "failed")
    text = replace(done, order=order).report().replace("\\", "")
    assert "failed" in text
    assert "TIME: sound: the sound began at 0.0000 s and begins at 0.0400 s" in text
    assert not done.folder.exists()


def test_the_same_file_written_again_without_a_fault_is_in_time(
    done: Done, join_with: Callable[..., None]
) -> None:
    """So what is refused above is refused for its fault; and the report says what it rests on."""
    join_with(lambda reel: reel)
    work.assemble(done.order, done.reel)
    assert done.status() == "restored"
    manifest = read_manifest(done.folder)
    assert "TIME" in manifest["verified"]
    assert [(p["part"], p["differences"]) for p in manifest["time"]] == [
        ("picture", 0.0), ("sound", 0.0)
    ]  # fmt: skip
    text = done.report()
    assert "TIME of the joined reel, beside the source:" in text
    assert "picture: equal (24 frames decoded from the source, 25 a second by the header)" in text
    assert "sound: equal (46080 samples decoded from the source, 48000 a second, md5 " in text
    (done.folder / "manifest.json").write_text(json.dumps({**manifest, "time": None}))
    assert "TIME is not recorded: the reel was joined by an earlier version" in done.report()


def test_of_a_silent_film_sound_is_not_measurable(
    make_reel: Callable[..., tuple[Path, list[bytes]]], tmp_path: Path
) -> None:
    path, _ = make_reel("a.mkv", "gray", 6, rate=Fraction(50, 3))
    silent = Done.of(path, tmp_path)
    work.assemble(silent.order, silent.reel)
    picture, sound = read_manifest(silent.folder)["time"]
    assert picture["differences"] == 0
    assert sound["differences"] is None
    assert "sound: not measurable: the source has no sound." in silent.report()


def test_each_stream_of_sound_is_compared(
    film: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A master without its second stream is named by it."""
    path = film("a.mkv", sounds=2, acodec="flac", frames=6)
    done = Done.of(path, tmp_path)
    work.assemble(done.order, done.reel)
    assert [part["part"] for part in read_manifest(done.folder)["time"]] == [
        "picture", "sound 1", "sound 2"
    ]  # fmt: skip

    def join(shots: Any, target: Path, rate: Fraction, **options: Any) -> None:
        whole = target.with_suffix(".whole")
        join_shots(shots, whole, rate, **options)
        source = ffmpeg.input(file_url(whole))
        streams = [source["v:0"]] + [source["a:0"]] * bool(options.get("carried"))
        run(ffmpeg.output(*streams, file_url(target), c="copy", fflags="+bitexact"))

    shutil.rmtree(done.folder)  # or it would stand joined already
    monkeypatch.setattr("tasks.assemble.join_shots", join)
    with pytest.raises(VerificationError, match=r"TIME: sound 2: the sound began at 0.0000 s and"):
        work.assemble(done.order, done.reel)
