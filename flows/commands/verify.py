"""`wetgate verify`: fixity of sources, outputs and published copies."""

import sys
from contextlib import nullcontext, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from catalogs.store import existing_store
from flows import words
from flows.commands.options import JsonOption, StoreOption


def verify(
    reels: Annotated[
        list[str] | None,
        typer.Argument(metavar="REEL", help="reel_id or identifier; all reels if none."),
    ] = None,
    store: StoreOption = Path("store"),
    sources: Annotated[
        bool, typer.Option("--sources/--no-sources", help="Read the sources.")
    ] = True,
    outputs: Annotated[
        bool, typer.Option("--outputs/--no-outputs", help="Read restored reels and shots.")
    ] = True,
    published: Annotated[
        bool, typer.Option("--published", help="Read copies of finished reels in object storage.")
    ] = False,
    older_than: Annotated[
        int | None,
        typer.Option(metavar="DAYS", min=0, help="Leave out what was found well since then."),
    ] = None,
    at_most: Annotated[
        float | None, typer.Option(metavar="HOURS", min=0, help="Stop in time; go on next time.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Read sources and outputs again, to the last byte, and compare them with the record."""
    from flows.fixity.due import Asked, unknown_reels
    from flows.services.services import quiet_settings

    quiet_settings()
    from flows.verify import summary_line, verify_store

    opened = existing_store(store)
    if not (sources or outputs or published):
        raise typer.BadParameter("nothing is left to read", param_hint="--no-sources --no-outputs")
    if unknown := unknown_reels(opened, reels or ()):
        raise typer.BadParameter(f"never ingested: {', '.join(unknown)}", param_hint="REEL")
    asked = Asked(tuple(reels or ()), sources, outputs, older_than, published)
    with redirect_stdout(sys.stderr) if as_json else nullcontext():
        summary = verify_store(opened, asked, at_most)
    typer.echo(words.as_json(asdict(summary)) if as_json else summary_line(summary))
    raise typer.Exit(0 if summary.all_well else 1)
