"""A bucket as a keeper sees it, and a wire to the server that can be spoilt."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SECRET = "never-to-be-written-anywhere"


@dataclass(frozen=True)
class Place:
    """A bucket, its keeper's client, and the folder in it that the tests work in."""

    client: Any
    bucket: str
    prefix: str = "films"

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def put(self, path: str, data: bytes, **more: Any) -> None:
        self.client.put_object(Bucket=self.bucket, Key=f"{self.prefix}/{path}", Body=data, **more)

    def put_folder(self, folder: Path) -> None:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.put(str(path.relative_to(folder)), path.read_bytes())

    def get(self, path: str) -> bytes:
        found = self.client.get_object(Bucket=self.bucket, Key=f"{self.prefix}/{path}")
        return bytes(found["Body"].read())

    def delete(self, path: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=f"{self.prefix}/{path}")

    def everything(self) -> list[tuple[Any, ...]]:
        """Every version of every object, and every mark of deletion."""
        found = self.client.list_object_versions(Bucket=self.bucket)
        kept = [(v["Key"], v["VersionId"], v["ETag"], v["LastModified"], v["Size"])
                for v in found.get("Versions", ())]  # fmt: skip
        return kept + [(m["Key"], m["VersionId"]) for m in found.get("DeleteMarkers", ())]

    def names(self) -> set[str]:
        found = self.client.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix + "/")
        return {o["Key"].removeprefix(self.prefix + "/") for o in found.get("Contents", ())}


@dataclass
class Wire:
    """Stands between a client and a server and may harm what the server answers.

    Attributes:
        cut_after: bytes of an answer after which the connection is reset; 0 for a whole wire.
        cuts: how many connections are cut before the wire is whole again.
        flip: whether a byte of each long answer is turned.
        silent: whether answers never come.
    """

    server: str
    cut_after: int = 0
    cuts: int = 1_000_000
    flip: bool = False
    silent: bool = False
    hurt: int = 0

    def answer(self, data: bytes, sent: int) -> bytes | None:
        """What becomes of a piece of an answer; None cuts the connection."""
        if self.flip and sent > 600 and len(data) > 300:
            self.hurt += 1
            return data[:200] + bytes([data[200] ^ 1]) + data[201:]
        cutting = self.cut_after and self.hurt < self.cuts
        if cutting and sent + len(data) > self.cut_after:
            self.hurt += 1
            return None
        return data


@contextmanager
def spoilt(wire: Wire) -> Iterator[str]:
    """The address of a wire."""
    listener = socket.create_server(("127.0.0.1", 0))
    parts = urlsplit(wire.server)
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            with suppress(OSError):
                client, _ = listener.accept()
                threading.Thread(target=_carry, args=(wire, client, parts), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _carry(wire: Wire, client: socket.socket, parts: Any) -> None:
    with (
        suppress(OSError),
        client,
        socket.create_connection((parts.hostname, parts.port)) as server,
    ):
        threading.Thread(target=_up, args=(client, server), daemon=True).start()
        sent = 0
        while data := server.recv(65536):
            if wire.silent:
                continue
            harmed = wire.answer(data, sent)
            if harmed is None:
                client.sendall(data[: len(data) // 2])
                client.shutdown(socket.SHUT_RDWR)  # its other direction is read by another thread
                return
            client.sendall(harmed)
            sent += len(data)


def _up(client: socket.socket, server: socket.socket) -> None:
    with suppress(OSError):
        while data := client.recv(65536):
            server.sendall(data)
        server.shutdown(socket.SHUT_WR)
