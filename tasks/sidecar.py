"""Sidecar: the signal of a finished master, which QCTools loads with it.

It is written while the master is decoded for its verification and its access copy, and stands
beside the master, whole or not at all. The reel does not hang on it: where it cannot be written
the reason is recorded instead, and a reel without it is finished all the same.
"""

from contextlib import suppress
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import IO, Any

from catalogs.errors import WetgateError
from catalogs.picture import PictureFormat
from tasks.media.decoder import Beside
from tasks.media.signal import read_signals, signal_output
from tasks.metrics.shown.signalstats import SUFFIX, sidecar_of, write_sidecar

WRITTEN = "written"
LEFT_OFF = "left off by the operator"


def is_sidecar(name: str) -> bool:
    """True of the name of a sidecar."""
    return name.endswith(SUFFIX)


class Sidecar:
    """The sidecar of a master, written beside whatever decodes the master.

    Args:
        master: the file.
        picture: its size and samples.
        rate: frames a second.
        frames: how many it has.

    Attributes:
        said: `WRITTEN`, or why there is none.
    """

    def __init__(self, master: Path, picture: PictureFormat, rate: Fraction, frames: int) -> None:
        self._picture, self._rate, self._frames = picture, rate, frames
        self._target = sidecar_of(master)
        self.said = "not written: the master was not decoded"

    def beside(self) -> Beside:
        """What is to be made of the decoding."""
        return Beside(self._output, self._write)

    def give_up(self, error: Exception) -> None:
        """Leave no sidecar, and keep the reason."""
        with suppress(FileNotFoundError):
            self._target.unlink()
        said = str(error).splitlines()
        self.said = f"not written: {said[0] if said else type(error).__name__}"

    def _output(self, picture: Any, _: Any, url: str) -> Any:
        return signal_output(picture, self._picture, url)

    def _write(self, stream: IO[bytes]) -> None:
        """Write what the decoder says; an error here must not end the decoder."""
        try:
            write_sidecar(
                self._target, read_signals(stream), self._picture, self._rate, self._frames
            )
            self.said = WRITTEN
        except (WetgateError, OSError) as error:
            self.give_up(error)
            for _ in iter(partial(stream.read, 1 << 16), b""):  # or the decoder would wait for ever
                pass
