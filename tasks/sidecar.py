"""Sidecar: the signal of a finished master, which QCTools loads with it.

It stands beside the master, whole or not at all. The reel does not hang on it: where it cannot
be written the reason is recorded instead, and a reel without it is finished all the same.
"""

from fractions import Fraction
from pathlib import Path

from catalogs.errors import WetgateError
from tasks.media.probe import probe
from tasks.media.signal import signal_of_file
from tasks.metrics.shown.signalstats import SUFFIX, sidecar_of, write_sidecar

WRITTEN = "written"
LEFT_OFF = "left off by the operator"


def is_sidecar(name: str) -> bool:
    """True of the name of a sidecar."""
    return name.endswith(SUFFIX)


def describe_signal(master: Path, rate: Fraction, frames: int) -> str:
    """Write the sidecar of a master that was verified.

    Returns:
        `WRITTEN`, or why there is none.
    """
    try:
        picture = probe(master).picture
        write_sidecar(sidecar_of(master), signal_of_file(master, picture), picture, rate, frames)
    except (WetgateError, OSError) as error:
        said = str(error).splitlines()
        return f"not written: {said[0] if said else type(error).__name__}"
    return WRITTEN
