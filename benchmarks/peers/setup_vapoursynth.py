"""Install VapourSynth and its plugins into a Python 3.12 environment beside ours.

    python benchmarks/peers/setup_vapoursynth.py [FOLDER] [--python PYTHON3.12]

VapourSynth's wheels for Linux need Python 3.12 or newer, hence the second environment. The folder
is `.venv-vapoursynth` in the project's root unless another is named.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = (
    "vapoursynth==81",
    "vapoursynth-akarin==1.5.0",
    "vapoursynth-bestsource==22",
    "vapoursynth-bm3d==12.0",
    "vapoursynth-descratch==4.0",
    "vapoursynth-dfttest2-cpu==11.1.0",
    "vapoursynth-mvutensils==10",
    "vapoursynth-zsmooth==0.20.0",
    "dfttest2==11.0.0",  # what computes DFTTest's windows
)
FOLDER = Path(__file__).resolve().parents[2] / ".venv-vapoursynth"


def find_python() -> str:
    """A Python 3.12: on the path, or the newest that pyenv has.

    Raises:
        FileNotFoundError: there is none.
    """
    if found := shutil.which("python3.12"):
        works = subprocess.run([found, "--version"], capture_output=True, check=False)
        if works.returncode == 0:  # pyenv puts a python3.12 on the path that may only complain
            return found
    if shutil.which("pyenv"):
        root = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=True)
        versions = sorted(Path(root.stdout.strip()).glob("versions/3.12.*/bin/python3.12"))
        if versions:
            return str(versions[-1])
    raise FileNotFoundError("no Python 3.12 was found; name one with --python")


def variables(folder: Path) -> dict[str, str]:
    """The environment variables under which VapourSynth runs."""
    config = folder.resolve() / "config"
    config.mkdir(exist_ok=True)
    return {**os.environ, "XDG_CONFIG_HOME": str(config)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    parser.add_argument("--python", help="a Python 3.12")
    options = parser.parse_args()
    subprocess.run([options.python or find_python(), "-m", "venv", options.folder], check=True)
    python = options.folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", *PACKAGES], check=True)
    # vspipe must know its Python; the note lies in the environment, not in the user's home
    program = options.folder / "bin" / "vapoursynth"
    subprocess.run([program, "config"], check=True, env=variables(options.folder))
    listed = subprocess.run(
        [
            python,
            "-c",
            "import vapoursynth; print(*(p.namespace for p in vapoursynth.core.plugins()))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    print("plugins:", listed.stdout.strip(), file=sys.stderr)


if __name__ == "__main__":
    main()
