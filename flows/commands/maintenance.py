"""`wetgate maintenance` and `wetgate first`: what to leave alone, and what comes first."""

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from catalogs.asked import Storage
from catalogs.errors import StoreError
from catalogs.store import existing_store
from flows.commands.control import ByOption, WhyOption, asked_now, record, running_night
from flows.commands.options import StoreOption

maintenance_app = typer.Typer(
    no_args_is_help=True, help="Says which storages are under maintenance; their reels wait."
)
_URL = re.compile(r"[a-z][a-z0-9+.-]*:/")  # a path has one of the two slashes left
PathArgument = Annotated[
    Path, typer.Argument(help="Folder or mount, of sources or of the store itself.")
]


@maintenance_app.command("begin")
def begin(
    path: PathArgument, by: ByOption, store: StoreOption = Path("store"), why: WhyOption = ""
) -> None:
    """Leave a storage alone: reels whose sources lie there wait, the others go on."""
    if _URL.match(str(path)):
        raise typer.BadParameter(
            f"{path} names object storage, which is not switched here: its faults hold only the "
            "reels that need it, and `wetgate drain` ends a night",
            param_hint="PATH",
        )
    opened, asked = existing_store(store), asked_now(by, why)
    named = os.path.abspath(path)  # noqa: PTH100
    storage = Storage(named, os.path.realpath(path), asked)
    opened.controls.change_storages(lambda now: [*_without(now, named), storage])
    record(opened, asked, "maintenance begins", running_night(opened), named)
    typer.echo(f"From now on {storage}. What is at work there is finished.")


@maintenance_app.command("end")
def end(
    path: PathArgument, by: ByOption, store: StoreOption = Path("store"), why: WhyOption = ""
) -> None:
    """Use a storage again: the night that runs, or the next one, takes up what waited."""
    opened, asked = existing_store(store), asked_now(by, why)
    named = os.path.abspath(path)  # noqa: PTH100
    before = opened.controls.change_storages(lambda now: _without(now, named))
    if named not in (paths := [one.path for one in before]):
        raise StoreError(f"{named} is not under maintenance; {', '.join(paths) or 'none is'}")
    record(opened, asked, "maintenance ends", running_night(opened), named)
    typer.echo(f"{named} is used again.")


def _without(storages: tuple[Storage, ...], path: str) -> list[Storage]:
    return [one for one in storages if one.path != path]


def first(
    by: ByOption,
    reels: Annotated[
        list[str] | None,
        typer.Argument(metavar="REEL", help="reel_id or identifier; none takes it back."),
    ] = None,
    store: StoreOption = Path("store"),
    why: WhyOption = "",
) -> None:
    """Let reels come before all others, in the order named, tonight and in nights to come."""
    opened, asked = existing_store(store), asked_now(by, why)
    chosen = tuple(dict.fromkeys(reels or ()))
    opened.controls.put_first(chosen, asked)
    record(opened, asked, f"first: {', '.join(chosen) or 'none'}", running_night(opened))
    typer.echo(f"First: {', '.join(chosen)}." if chosen else "No reel comes before others.")
