"""`wetgate shots ...`: the shot list of a reel, to correct and to read back.

Exit status 0 when the list went out or came in, 1 when the store or the reel does not allow
it, 2 for wrong usage and for a list that cannot be used.
"""

from pathlib import Path
from typing import Annotated

import typer

from catalogs.store import existing_store
from flows.commands.options import StoreOption

shots_app = typer.Typer(
    name="shots", no_args_is_help=True, help="The shot list of a reel, to correct and read back."
)

ReelArgument = Annotated[str, typer.Argument(metavar="REEL", help="A reel id or an identifier.")]


@shots_app.command("export")
def export_shots(
    reel: ReelArgument,
    store: StoreOption = Path("store"),
    to: Annotated[
        Path | None,
        typer.Option("--to", help="An .otio, .edl or .csv file; REEL.shots.csv if none."),
    ] = None,
) -> None:
    """Write the shots that hold now, to correct them."""
    from tasks.correct import ingested_reel, write_shot_list
    from tasks.export.formats import LIST_KINDS

    opened = existing_store(store)
    found = ingested_reel(opened, reel)
    target = to or Path(f"{found.reel_id}.shots.csv")
    kind = next((kind for kind in LIST_KINDS if target.suffix.lower() == f".{kind}"), None)
    if kind is None:
        raise typer.BadParameter(f"{target} is no .otio, .edl or .csv file", param_hint="--to")
    count = write_shot_list(opened, found, kind, target)
    typer.echo(f"{target}: {count} shots of {found.reel_id}")


@shots_app.command()
def correct(
    reel: ReelArgument,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The corrected list.")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who corrected it.")],
    store: StoreOption = Path("store"),
    why: Annotated[str, typer.Option("--why", help="A word on the reason.")] = "",
) -> None:
    """Record a corrected shot list; the next night restores what is new in it."""
    from tasks.correct import correct_shots, ingested_reel

    opened = existing_store(store)
    found = ingested_reel(opened, reel)
    new = correct_shots(opened, found, file, by, why)
    typer.echo(
        f"{found.reel_id}: {new} shots are new; the next night restores them and keeps the others"
        if new
        else f"{found.reel_id}: that is the list that holds already; nothing recorded"
    )
