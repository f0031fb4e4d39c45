"""`wetgate report`: the report of a night, written again."""

from pathlib import Path
from typing import Annotated

import typer

from catalogs.store import existing_store
from flows import words
from flows.commands.options import StoreOption


def report(
    store: StoreOption = Path("store"),
    batch: Annotated[str | None, typer.Option(help="A night; the last one if not given.")] = None,
) -> None:
    """Write the report of a night again and print where it is."""
    from tasks.decisions.decided import update_copies
    from tasks.report.write import write_report

    opened = existing_store(store)
    if fault := update_copies(opened):
        typer.echo(f"wetgate: {fault}", err=True)
    typer.echo(write_report(opened, words.known_batch(opened, batch)))
