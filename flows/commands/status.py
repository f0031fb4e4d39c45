"""`wetgate status`: where every reel stands, and the night."""

from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from catalogs.store import Store, existing_store
from flows import words
from flows.commands.control import asked_of_nights, running_night
from flows.commands.options import JsonOption, StoreOption
from tasks.report.rows import plain_rows
from tasks.report.shortcomings import shortcomings


@dataclass(frozen=True)
class NightStanding:
    """How the nights of a store stand.

    Attributes:
        running: the night that is running; "" where none is.
        asked: what people ask of nights, in words.
        first: reels that come before others.
        storages: which of them are under maintenance, in words.
        said: what the newest night could not do, and why.
    """

    running: str
    asked: str
    first: tuple[str, ...]
    storages: tuple[str, ...]
    said: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        """The same for people, at most a line each."""
        running = [f"night {self.running} is running"] if self.running else []
        asked = [f"nights are {self.asked}"] if self.asked else []
        first = [f"first: {', '.join(self.first)}"] if self.first else []
        said = [f"last night: {words.first_line(one)}" for one in self.said]
        return [*running, *asked, *first, *self.storages, *said]


def night_standing(store: Store) -> NightStanding:
    """How the nights of a store stand."""
    batches = store.ledger().read("batches")
    said: tuple[str, ...] = ()
    if len(batches):
        events = store.ledger().read("events", str(batches["batch_id"].iloc[-1]))
        said = tuple(shortcomings(plain_rows(events)))
    asked = asked_of_nights(store)
    first = store.controls.first
    storages = tuple(map(str, store.controls.storages))
    named = first.reels if first else ()
    return NightStanding(running_night(store), asked, named, storages, said)


def status(store: StoreOption = Path("store"), as_json: JsonOption = False) -> None:
    """Say where every reel stands, and whether a night is running, paused or was cut short."""
    opened = existing_store(store)
    standing, night = words.reel_standings(opened), night_standing(opened)
    if as_json:
        found = {"night": asdict(night), "reels": [asdict(reel) for reel in standing]}
        typer.echo(words.as_json(found))
    else:
        typer.echo("\n".join([words.standings_text(standing), *night.lines]))
    raise typer.Exit(0 if all(reel.status == "restored" for reel in standing) else 1)
