"""`wetgate demo`: a small archive, from its damage to its score."""

from pathlib import Path
from typing import Annotated

import typer

from catalogs.store import existing_store
from flows import words
from flows.commands.options import WorkersOption
from flows.commands.run import start_night


def demo(
    folder: Annotated[Path, typer.Argument(help="Where archive and store go.")] = Path("demo"),
    workers: WorkersOption = None,
) -> None:
    """Make a small archive of damaged reels, restore it, and score it against the truth."""
    from flows.demo import build_demo_archive, format_scores, score_demo

    typer.echo("Building a small archive of damaged reels from real footage ...")
    archive = build_demo_archive(folder)
    store = folder / "store"
    typer.echo(f"Running a night over {archive.catalog} ...")
    summary = start_night(
        catalog=str(archive.catalog), store=str(store), truth=str(archive.truth), workers=workers
    )
    typer.echo("\nScore against the truth:")
    typer.echo(format_scores(score_demo(archive, words.restored_masters(existing_store(store)))))
    typer.echo("\n" + words.summary_line(summary))
    expected = summary.held == 1 and not summary.failed and not summary.stopped
    raise typer.Exit(0 if expected else 1)
