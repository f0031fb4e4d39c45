"""`wetgate selftest`: its options, and how it ends.

Exit status 0 when all rules hold, 1 when one is broken, 2 for wrong usage.
"""

import sys
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.options import FootageOption, JsonOption, WorkersOption


def selftest(
    data: FootageOption = Path("../shared/data"),
    quick: Annotated[
        bool, typer.Option("--quick", help="Six clips, mild and strong faults only.")
    ] = False,
    clips: Annotated[int | None, typer.Option(min=1, help="At most so many clips.")] = None,
    faults: Annotated[
        str, typer.Option(metavar="NAME,NAME", help="Only these faults; all if not given.")
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(
            help="A .json file for what was found; the table goes beside it, as .parquet."
        ),
    ] = None,
    calibrate: Annotated[
        Path | None, typer.Option(help="Fit thresholds to this run and write them to this file.")
    ] = None,
    workers: WorkersOption = None,
    as_json: JsonOption = False,
) -> None:
    """Inject known faults into footage and check that each metric sees its own, and only those."""
    from flows.selftest.selftest import Wish, chosen, run_selftest
    from tasks.metrics.registry import METRICS
    from tasks.selftest.injection import SUITE
    from tasks.selftest.summary import summary_json
    from tasks.selftest.text import summary_text

    if calibrate and quick:
        raise typer.BadParameter("thresholds need the whole suite", param_hint="--quick")
    if out and out.suffix != ".json":
        raise typer.BadParameter(f"{out} is no .json file", param_hint="--out")
    names = tuple(name.strip() for name in faults.split(",") if name.strip())
    try:
        chosen(SUITE.designations, names)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--faults") from error
    wish = Wish(data, quick, clips, names, out, calibrate, workers)
    with redirect_stdout(sys.stderr) if as_json else nullcontext():
        summary = run_selftest(wish, SUITE, METRICS)
    typer.echo(summary_json(summary) if as_json else summary_text(summary))
    raise typer.Exit(0 if summary.all_well else 1)
