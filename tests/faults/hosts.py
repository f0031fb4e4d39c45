"""Two hosts on one machine: network namespaces with a cable between them, which can be cut."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.faults.nights import wait_until

LEFT, RIGHT = "10.77.0.1", "10.77.0.2"
_UNSHARE = ["unshare", "--user", "--map-root-user", "--net"]


def why_not() -> str:
    """Why this machine cannot play two hosts; or ""."""
    try:
        line = [*_UNSHARE, "ip", "link", "add", "cable0", "type", "veth", "peer", "name", "cable1"]
        subprocess.run(line, check=True, capture_output=True, text=True, timeout=60)
    except FileNotFoundError as error:
        return f"there is no {error.filename}"
    except subprocess.CalledProcessError as error:
        return f"no network namespaces here: {error.stderr.strip()}"
    return ""


@dataclass(frozen=True)
class Host:
    """A host, by a process in its namespace."""

    process: int
    address: str

    @property
    def prefix(self) -> list[str]:
        """What makes a command run there."""
        return ["nsenter", f"--target={self.process}", "--user", "--net", "--preserve-credentials"]

    def run(self, *line: str) -> None:
        """Run a command there."""
        subprocess.run([*self.prefix, *line], check=True, capture_output=True, timeout=60)

    def cable(self, state: str) -> None:
        """Cut its cable, `down`, or mend it, `up`."""
        self.run("ip", "link", "set", "cable", state)


@contextmanager
def two_hosts() -> Iterator[tuple[Host, Host]]:
    """Hosts that reach each other, and nothing else."""
    wait = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    first = subprocess.Popen([*_UNSHARE, *wait], **pipes)  # type: ignore[call-overload]
    try:
        left = Host(first.pid, LEFT)
        assert first.stdout.readline()
        second = subprocess.Popen([*left.prefix, "unshare", "--net", *wait], **pipes)  # type: ignore[call-overload]
        try:
            assert second.stdout.readline()
            right = Host(second.pid, RIGHT)
            left.run("ip", "link", "add", "cable", "type", "veth", "peer", "name", "cable",
                     "netns", str(second.pid))  # fmt: skip
            for host in (left, right):
                host.run("ip", "address", "add", f"{host.address}/24", "dev", "cable")
                host.run("ip", "link", "set", "lo", "up")
                host.cable("up")
            wait_until(lambda: reaches(left, right), 30)
            yield left, right
        finally:
            second.kill()
            second.communicate()
    finally:
        first.kill()
        first.communicate()


def reaches(here: Host, there: Host) -> bool:
    """Whether packets pass: a refusal, of a port where nobody listens, is an answer."""
    ask = (
        f"import socket; s = socket.socket(); s.settimeout(2); s.connect_ex(('{there.address}', 9))"
    )
    done = subprocess.run([*here.prefix, sys.executable, "-c", f"{ask} == 111 or exit(1)"],
                          check=False)  # fmt: skip
    return done.returncode == 0
