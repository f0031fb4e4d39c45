"""`wetgate pause`, `resume` and `drain`: what is asked of a night from another terminal."""

from pathlib import Path
from typing import Annotated

import typer

from catalogs.asked import Asked
from catalogs.controls import EVENT
from catalogs.errors import StoreError
from catalogs.rows import event_row
from catalogs.store import Store, existing_store
from catalogs.store_lock import holding_batch
from flows.commands.options import StoreOption
from flows.window.asked import in_words

ByOption = Annotated[
    str, typer.Option("--by", metavar="NAME", envvar="WETGATE_PERSON", help="Who asks.")
]
WhyOption = Annotated[str, typer.Option("--why", metavar="TEXT", help="Why, for the others.")]


def pause(by: ByOption, store: StoreOption = Path("store"), why: WhyOption = "") -> None:
    """Let the night finish what is at work and begin nothing more until it is resumed."""
    opened, asked = _asked(store, by, why)
    opened.controls.pause(asked)
    running = running_night(opened)
    record(opened, asked, "pause", running)
    typer.echo(
        f"Night {running} is paused: what is at work is finished."
        if running
        else "No night is running; the next one will wait until `wetgate resume`."
    )


def resume(by: ByOption, store: StoreOption = Path("store"), why: WhyOption = "") -> None:
    """Let a paused night go on."""
    opened, asked = _asked(store, by, why)
    if opened.controls.paused is None:
        raise StoreError(f"{opened.root} is not paused; `wetgate status` says how it stands")
    opened.controls.resume()
    running = running_night(opened)
    record(opened, asked, "resume", running)
    typer.echo(f"Night {running} goes on." if running else "The next night will begin its work.")


def drain(by: ByOption, store: StoreOption = Path("store"), why: WhyOption = "") -> None:
    """Let the night finish what is at work and end; the next run goes on."""
    opened, asked = _asked(store, by, why)
    running = running_night(opened)
    if not running:
        raise StoreError(f"no night is running in {opened.root}; there is nothing to drain")
    opened.controls.drain(asked, running)
    record(opened, asked, "drain", running)
    typer.echo(f"Night {running} finishes what is at work and ends; the next run goes on.")


def running_night(store: Store) -> str:
    """The night that is running in a store; "" where none is."""
    running = holding_batch(store)
    if not running:
        return ""
    statuses = store.ledger().read("batches", running, ["status"])["status"]
    return running if len(statuses) and statuses.iloc[-1] == "running" else ""


def asked_of_nights(store: Store) -> str:
    """What is asked of nights and still holds, in words."""
    drain = store.controls.draining
    holds = drain is not None and drain.batch_id == running_night(store)
    return in_words(drain.asked if drain and holds else None, store.controls.paused)


def record(store: Store, asked: Asked, what: str, batch_id: str, subject: str = "") -> None:
    """Say in the ledger who asked for what, and why; of a running night in its own events."""
    row = event_row(EVENT, subject or batch_id or "store", "success", what, asked.person)
    detail = f"{what}: {asked.why}" if asked.why else what
    store.ledger(batch_id).append("events", batch_id or "controls", [{**row, "detail": detail}])


def _asked(store: Path, by: str, why: str) -> tuple[Store, Asked]:
    return existing_store(store), asked_now(by, why)


def asked_now(by: str, why: str) -> Asked:
    """Who asks, now; a name is needed."""
    if not any(map(str.isalpha, by)):
        raise typer.BadParameter("say who asks", param_hint="--by")
    return Asked.now(by.strip(), " ".join(why.split()))
