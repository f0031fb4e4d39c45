"""A signal drains a night, whenever it comes."""

import io
import signal
import sys

import pytest

from flows.window.drain import drained_by_signals


class Interrupted(io.RawIOBase):
    """A stream during whose writing SIGTERM comes."""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        signal.raise_signal(signal.SIGTERM)
        return len(bytes(data))  # type: ignore[call-overload]


def test_a_signal_in_the_midst_of_a_line_on_standard_error_is_heard(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whoever writes there then would find the stream taken, and the night would end of it."""
    stream = io.TextIOWrapper(io.BufferedWriter(Interrupted()), line_buffering=True)
    monkeypatch.setattr(sys, "stderr", stream)
    with drained_by_signals() as should_stop:
        sys.stderr.write("a worker is not used\n")
        assert should_stop()
    assert "what runs is finished first" in capfd.readouterr().err
