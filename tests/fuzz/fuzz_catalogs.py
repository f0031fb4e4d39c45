"""Fuzz the catalog readers: python tests/fuzz/fuzz_catalogs.py [--count N] [FORMAT ...].

Each input is a sample catalog, mutated. For every one of them it holds that

- a Catalog or a CatalogError comes out, within `MOST_SECONDS`;
- what comes out is sound: reels have an identifier, a path and N of M, and their paths
  lie below the archive root or are refused;
- no file but the input is opened, no socket, no program.

With `--atheris` the inputs come from atheris (coverage-guided) instead; it is installed
apart, and `--count` is its number of runs.
"""

import argparse
import codecs
import contextlib
import faulthandler
import random
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from catalogs.catalog import read_catalog  # noqa: E402
from catalogs.errors import CatalogError  # noqa: E402
from catalogs.mapping_report import mapping_summary  # noqa: E402
from catalogs.paths import confine  # noqa: E402
from catalogs.profile import ENCODINGS, Profile  # noqa: E402
from catalogs.profile_file import read_profile  # noqa: E402

MOST_SECONDS = 2.0  # of processor time, so that a busy machine raises no alarm
SUFFIXES = {"csv": ".csv", "pbcore": ".xml", "en15907": ".xml", "ami": ".json"}
SAMPLES = ROOT / "tests" / "catalogs"
FORMATS: dict[str, tuple[tuple[str, str], ...]] = {  # samples, each with a profile that fits
    "csv": (("plain.csv", "csv"), ("stadtarchiv.csv", "stadtarchiv")),
    "pbcore": (("regional.xml", "regional-film"), ("parts.xml", "pbcore")),
    "en15907": (("efg.xml", "kinemathek"), ("forward.xml", "finna"), ("efg.xml", "en15907")),
    "ami": (("ami.json", "ami"),),
}
WORD = re.compile(rb"""(?<=[>";:,])[^\s<>";,={}][^<>";,={}\r\n]{0,60}(?=[<";,}\r\n])""")
TOKENS = [
    b"1 of 1", b"2 of 1", b"Part 1", b"r1 of 1", b"9999 of 9999", b"1950?", b"ca. 18 fps",
    b"0:29:9", b"(not assigned)", b"9" * 400, b"1e999999999", b"../../etc/passwd", b"file:///x",
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b"'", b";", b",", b"\t", b"\r\n", b"=cmd()",
    b'<!DOCTYPE a [<!ENTITY b "c">]>', b'<!ENTITY x SYSTEM "file:///etc/passwd">', b"&b;",
    b"&#0;", b"&amp;", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<?xml encoding='utf-7'?>",
    b"<a>" * 80, b"[" * 200, b'{"a":' * 200, b"NaN", b"-Infinity", b"null", b"true", b"\\ud800",
    b"any", b"100-104, 220", b"?" * 200, b"[" * 50 + b"]" * 50, "\u0661 of \u0662".encode(),
]  # fmt: skip

_armed: set[str] = set()
_touched: list[str] = []


def watch(event: str, arguments: tuple[object, ...]) -> None:
    """Notes what a reader has no business doing."""
    if not _armed:
        return
    if event == "open" and str(arguments[0]) not in _armed:
        _touched.append(f"open {arguments[0]!r}")
    elif event.partition(".")[0] in ("socket", "subprocess", "urllib", "ftplib") or event in (
        "os.system", "os.exec", "os.posix_spawn", "exec", "compile", "import",
    ):  # fmt: skip
        _touched.append(f"{event} {arguments!r}"[:200])


def too_slow(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"no end after {MOST_SECONDS} s")


def check(path: Path, profile: Profile, data: bytes) -> str:
    """Read one input; returns what came out, raises AssertionError when it is not sound."""
    path.write_bytes(data)
    _armed.add(str(path))
    signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
    try:
        catalog = read_catalog(path, profile)
    except CatalogError as error:
        assert str(path) in str(error), f"the file is not named: {error}"
        return "refused"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        _armed.clear()
        assert not _touched, _touched
    for row in catalog.held:
        assert row.reason.startswith(path.name), row
    for reel in catalog.reels:
        assert reel.identifier.strip() and reel.path and 1 <= reel.reel_number <= reel.reel_count
        with contextlib.suppress(CatalogError):
            assert confine(path.parent, reel.path).is_relative_to(path.parent.resolve())
    assert len({reel.reel_id.lower() for reel in catalog.reels}) == len(catalog.reels)
    mapping_summary(catalog.mapping)
    return "reels" if catalog.reels else "held only"


def mutate(data: bytes, chance: random.Random) -> bytes:
    """A few random changes: half of the time of words only, so that the structure stays."""
    if chance.random() < 0.5:
        return change_words(data, chance)
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        at, size = chance.randrange(len(out) + 1), chance.choice((1, 2, 8, 64, 512))
        change = chance.randrange(6)
        if change == 0 and at < len(out):
            out[at] = chance.randrange(256)
        elif change == 1:
            del out[at : at + size]
        elif change == 2:
            out[at:at] = chance.choice(TOKENS)
        elif change == 3:
            out[at:at] = out[at : at + size] * chance.choice((1, 2, 20))
        elif change == 4:
            other = chance.randrange(len(out) + 1)
            out[at : at + size] = out[other : other + size]
        else:
            out[at : at + size] = chance.choice(TOKENS)
    return bytes(out[: 1 << 16])


def change_words(data: bytes, chance: random.Random) -> bytes:
    """Some words become other words of the catalog, or tokens without markup."""
    words = [match.span() for match in WORD.finditer(data)]
    plain = [token for token in TOKENS if not re.search(rb"[<>&\"{\0]", token)]
    out = bytearray(data)
    for start, stop in sorted(chance.sample(words, chance.choice((1, 2, 4))), reverse=True):
        other = slice(*chance.choice(words))
        out[start:stop] = chance.choice((data[other], chance.choice(plain)))
    return bytes(out)


def seeds(format_name: str) -> list[tuple[bytes, Profile]]:
    """The format's sample catalogs, in several encodings, with their profiles."""
    return [
        ((SAMPLES / sample).read_text(encoding="utf-8").encode(encoding), read_profile(profile))
        for sample, profile in FORMATS[format_name]
        for encoding in ("utf-8", "cp1252", "utf-8-sig")
    ]


def fuzz(format_name: str, count: int, seed: int, folder: Path) -> None:
    """Mutate and read; says how it went."""
    chance = random.Random(seed)
    path, known = folder / f"input{SUFFIXES[format_name]}", seeds(format_name)
    outcomes: Counter[str] = Counter()
    slowest, begun = 0.0, time.monotonic()
    for number in range(count):
        original, profile = chance.choice(known)
        data = mutate(original, chance)
        if number % 1000 == 0:  # for what not even an alarm interrupts
            faulthandler.dump_traceback_later(300, exit=True)
        started = time.process_time()
        try:
            outcomes[check(path, profile, data)] += 1
        except BaseException:
            failed = Path(tempfile.gettempdir()) / f"fuzz-{format_name}-{seed}-{number}"
            failed.write_bytes(data)
            print(f"{format_name}: input {number} failed; kept as {failed}", flush=True)
            raise
        slowest = max(slowest, time.process_time() - started)
    seconds = time.monotonic() - begun
    print(f"{format_name}: {count} inputs in {seconds:.0f} s, slowest {slowest * 1000:.0f} ms, "
          f"{dict(outcomes)}", flush=True)  # fmt: skip


def fuzz_with_atheris(format_name: str, count: int, folder: Path) -> None:
    """Coverage-guided; ends the process."""
    import atheris  # type: ignore[import-untyped]

    atheris.instrument_all()
    path, known = folder / f"input{SUFFIXES[format_name]}", seeds(format_name)
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, (data, _) in enumerate(known):
        (corpus / str(number)).write_bytes(data)

    def read(data: bytes) -> None:
        check(path, known[len(data) % len(known)][1], data)

    options = [f"-atheris_runs={count}", "-max_len=8192", "-timeout=10", "-verbosity=1"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], read)
    atheris.Fuzz()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("formats", nargs="*", default=list(FORMATS))
    arguments.add_argument("--count", type=int, default=100_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--atheris", action="store_true")
    chosen = arguments.parse_args()
    for name in ENCODINGS:
        codecs.lookup(name)  # imports it, before anything is watched
    sys.addaudithook(watch)
    signal.signal(signal.SIGPROF, too_slow)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        for name in chosen.formats:
            if chosen.atheris:
                fuzz_with_atheris(name, chosen.count, Path(folder))
            fuzz(name, chosen.count, chosen.seed, Path(folder))


if __name__ == "__main__":
    main()
