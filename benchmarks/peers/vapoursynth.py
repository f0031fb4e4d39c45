"""VapourSynth with the plugins restorers use, run in an environment of its own by vspipe.

Frames go in as a y4m file in a temporary folder and come back raw through a pipe. Each chain is
a script in `scripts`; deflicker is not to be had as a plugin, so ffmpeg's precedes in `all`.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from benchmarks.peers.ffmpeg_chains import DEFLICKER, STABILIZE
from benchmarks.peers.raw import Frames, Peer, in_turn, packed, unpacked
from benchmarks.peers.setup_vapoursynth import FOLDER, variables

SCRIPTS = Path(__file__).parent / "scripts"
MISSING = "vapoursynth: not installed; python benchmarks/peers/setup_vapoursynth.py"


def script(name: str, environment: Path = FOLDER) -> Peer:
    """A peer that is one script of the folder `scripts`."""

    def run(frames: Frames) -> Frames:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "frames.y4m"
            path.write_bytes(as_y4m(frames))
            raw = _run(environment, SCRIPTS / f"{name}.vpy", path)
        return unpacked(raw, frames[0].format, len(frames))

    return run


def _run(environment: Path, chain: Path, path: Path) -> bytes:
    """What vspipe writes for a script.

    Raises:
        RuntimeError: the script failed.
    """
    command = [environment / "bin" / "vspipe", "--arg", f"path={path}", chain, "-"]
    done = subprocess.run(
        command,
        capture_output=True,
        check=False,
        env={**variables(environment), "PYTHONPATH": str(SCRIPTS)},
    )
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace"))
    return done.stdout


def as_y4m(frames: Frames) -> bytes:
    """8 bit 4:2:0 frames as a YUV4MPEG2 file at 24 frames per second."""
    form, size = frames[0].format, frames[0].format.frame_bytes
    raw = packed(frames)
    header = f"YUV4MPEG2 W{form.width} H{form.height} F24:1 Ip A1:1 C420mpeg2\n".encode()
    cut = (raw[at : at + size] for at in range(0, len(raw), size))
    return header + b"".join(b"FRAME\n" + frame for frame in cut)


def vapoursynth_peers(environment: Path = FOLDER) -> dict[str, Peer]:
    """One peer per script; ffmpeg's deflicker precedes `all`, in the last its vidstab follows."""
    peers = {
        f"vapoursynth {path.stem.replace('_', ' ')}": script(path.stem, environment)
        for path in sorted(SCRIPTS.glob("*.vpy"))
    }
    peers["vapoursynth all"] = in_turn(DEFLICKER, peers["vapoursynth all"])
    peers["vapoursynth all, vidstab"] = in_turn(peers["vapoursynth all"], STABILIZE)
    return peers


def is_installed(environment: Path = FOLDER) -> bool:
    """True when the environment is there."""
    return (environment / "bin" / "vspipe").exists()
