"""A night whose cluster is played by the test: answers that are there already."""

import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from catalogs.picture import PictureFormat
from catalogs.recipe import Treatment
from catalogs.records import CatalogReel, Reel, Shot
from catalogs.source import Content
from flows.night.order import Ingested


class Answer:
    """A future that is done already."""

    def __init__(self, value: Any = None, error: BaseException | None = None) -> None:
        self._value, self._error = value, error
        self.state = self

    def is_completed(self) -> bool:
        return self._error is None

    def wait(self) -> None:
        pass

    def result(self, raise_on_failure: bool = True) -> Any:
        return self._value if self._error is None else self._error

    def add_done_callback(self, note: Callable[["Answer"], None]) -> None:
        note(self)


class AtWork(Answer):
    """A future of a worker: done when its work is."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self._work = work

    def add_done_callback(self, note: Callable[[Answer], None]) -> None:
        def worker() -> None:
            try:
                self._value = self._work()
            except Exception as error:
                self._error = error
            note(self)

        threading.Thread(target=worker, daemon=True).start()


SHOTS = 3
UNTOUCHED = Treatment("untouched", ())


def entry(name: str, line: int = 2) -> CatalogReel:
    return CatalogReel(name, name, 1, 1, f"{name}.mkv", line)


def ingested(
    catalog: CatalogReel, make_header: Callable[..., Any]
) -> tuple[Reel, tuple[Shot, ...]]:
    header = make_header(PictureFormat(64, 48, "gray"))
    digest = catalog.identifier * 4
    content = Content(digest, 1, 1, 10 * SHOTS, ())
    reel = Reel(catalog, Path(catalog.path), header, content, Fraction(18), "header")
    return reel, tuple(Shot(reel.reel_id, digest, n, 10 * n, 10 * n + 10) for n in range(SHOTS))


def ingest_done(catalog: CatalogReel, make_header: Callable[..., Any]) -> Ingested:
    """What a worker answers of it."""
    return Ingested(*ingested(catalog, make_header), 1.0)
