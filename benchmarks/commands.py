"""How soon commands answer that only ask or say something, beside them with all libraries loaded.

    python benchmarks/commands.py [--times 5]

Each is run as a process of its own, in turn with one that loads torch, Prefect and Dask first, as
commands that restore have to. Seconds of wall time, medians.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from catalogs.store import open_store

COMMANDS = (
    ("status",),
    ("pause", "--by", "Benchmark"),
    ("resume", "--by", "Benchmark"),
    ("first", "--by", "Benchmark"),
)
SLIM = "from flows.cli import app; app()"
LOADED = f"import torch, prefect, distributed; {SLIM}"


def seconds(program: str, words: tuple[str, ...], store: Path) -> float:
    """Wall seconds of one command."""
    line = [sys.executable, "-c", program, *words, "--store", str(store)]
    begun = time.monotonic()
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return time.monotonic() - begun


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    print(f"{'command':10}{'as it is, s':>14}{'all loaded, s':>16}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as name:
        store = open_store(Path(name) / "store").root
        slim: dict[str, list[float]] = {words[0]: [] for words in COMMANDS}
        loaded: dict[str, list[float]] = {words[0]: [] for words in COMMANDS}
        for found, program in [(slim, SLIM), (loaded, LOADED)] * options.times:
            for words in COMMANDS:
                found[words[0]].append(seconds(program, words, store))
    for command, times in slim.items():
        own, other = median(times), median(loaded[command])
        print(f"{command:10}{own:14.2f}{other:16.2f}{own / other:8.2f}")


if __name__ == "__main__":
    main()
