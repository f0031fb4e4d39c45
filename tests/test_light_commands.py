"""Commands that only ask or say something do not load what restores film."""

import subprocess
import sys
from pathlib import Path

import pytest

from catalogs.asked import Asked
from catalogs.store import Store

HEAVY = ("cv2", "distributed", "mlflow", "prefect", "scipy", "torch")
LOADED = f"""
import sys
from flows.cli import app
app(sys.argv[1:], standalone_mode=False)
print("loaded:", *(name for name in {HEAVY} if name in sys.modules))
"""


@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["pause", "--by", "A. Operator"],
        ["resume", "--by", "A. Operator"],
        ["first", "--by", "A. Operator"],
        ["maintenance", "begin", "/archive/disk1", "--by", "A. Operator"],
    ],
    ids=lambda words: words[0],
)
def test_it_is_there_at_once(words: list[str], store: Store) -> None:
    if words[0] == "resume":
        store.controls.pause(Asked.now("A. Operator", ""))
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words, "--store", str(store.root)],
        cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1:] == ["loaded:"], done.stdout + done.stderr
