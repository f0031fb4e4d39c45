"""The command line: `wetgate COMMAND`.

Exit status 0 when all is well; 1 when reels are held, failed, waiting or not published, when a
night was stopped or decisions are open, or a check fails; 2 for wrong usage. Heavy
modules are imported by the command that needs them.
"""

import sys

import typer

from catalogs.errors import CatalogError, ProfileError, RecipeError, WetgateError
from flows.commands.cluster import cluster_app
from flows.commands.compare import compare
from flows.commands.control import drain, pause, resume
from flows.commands.demo import demo
from flows.commands.doctor import doctor
from flows.commands.exports import export_app
from flows.commands.maintenance import first, maintenance_app
from flows.commands.models import models_app
from flows.commands.plan import plan
from flows.commands.report import report
from flows.commands.reprocess import reprocess
from flows.commands.retire import retire
from flows.commands.review import review_app
from flows.commands.run import run
from flows.commands.selftest import selftest
from flows.commands.shot_list import shots_app
from flows.commands.status import status
from flows.commands.strata import strata
from flows.commands.verify import verify

app = typer.Typer(
    name="wetgate",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Restores a film archive overnight: the damage goes, nothing else changes.",
)

app.add_typer(cluster_app, name="cluster")
app.add_typer(export_app, name="export")
app.add_typer(maintenance_app, name="maintenance")
app.add_typer(models_app, name="models")
app.add_typer(review_app, name="review")
app.add_typer(shots_app, name="shots")

app.command()(demo)
app.command()(plan)
app.command()(run)
app.command()(report)
app.command()(verify)
app.command()(doctor)
app.command()(compare)
app.command()(drain)
app.command()(first)
app.command()(pause)
app.command()(reprocess)
app.command()(resume)
app.command()(retire)
app.command()(selftest)
app.command()(status)
app.command()(strata)


def main() -> None:
    """Run a command; errors of ours are one line, not a traceback."""
    try:
        app()
    except (CatalogError, ProfileError, RecipeError) as error:
        typer.echo(f"wetgate: {error}", err=True)
        sys.exit(2)
    except (WetgateError, OSError) as error:
        typer.echo(f"wetgate: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
