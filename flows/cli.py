"""The command line: `wetgate COMMAND`.

Exit status 0 when all is well; 1 when reels are held, failed, waiting or not published, when a
night was stopped or decisions are open, or a check fails; 2 for wrong usage. Heavy
modules are imported by the command that needs them.
"""

import json
import sys
from contextlib import nullcontext, redirect_stdout
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from catalogs.catalog import read_catalog
from catalogs.errors import CatalogError, ProfileError, RecipeError, WetgateError
from catalogs.origin import archive_root
from catalogs.store import existing_store
from flows import words
from flows.commands.cluster import cluster_app
from flows.commands.compare import compare
from flows.commands.control import drain, pause, resume
from flows.commands.exports import export_app
from flows.commands.maintenance import first, maintenance_app
from flows.commands.models import models_app
from flows.commands.options import (
    ArchiveOption,
    CatalogArgument,
    ClusterOption,
    FpsOption,
    JsonOption,
    NoticeOption,
    PolicyOption,
    ProfileOption,
    PublishOption,
    RecipeOption,
    SameFaultOption,
    ScanOption,
    ScratchOption,
    ScratchSizeOption,
    SidecarOption,
    StoreOption,
    WorkersOption,
)
from flows.commands.reprocess import reprocess
from flows.commands.retire import retire
from flows.commands.review import review_app
from flows.commands.selftest import selftest
from flows.commands.shot_list import shots_app
from flows.commands.status import status
from flows.commands.strata import strata
from flows.night.choices import apply_choices, read_choices
from flows.night.same_fault import SAME_FAULT
from flows.window.drain import check_clock
from tasks.storage.scratch import SCRATCH_GB

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


@app.command()
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
    summary = _night(
        catalog=str(archive.catalog), store=str(store), truth=str(archive.truth), workers=workers
    )
    typer.echo("\nScore against the truth:")
    typer.echo(format_scores(score_demo(archive, words.restored_masters(existing_store(store)))))
    typer.echo("\n" + words.summary_line(summary))
    expected = summary.held == 1 and not summary.failed and not summary.stopped
    raise typer.Exit(0 if expected else 1)


@app.command()
def plan(
    catalog: CatalogArgument,
    store: StoreOption = Path("store"),
    recipe: RecipeOption = "conservative",
    archive: ArchiveOption = None,
    profile: ProfileOption = None,
    fps: FpsOption = None,
    scan: ScanOption = None,
    notice: NoticeOption = None,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a night would do, what it would hold and why; change nothing."""
    from flows.decisions.decided_words import plan_decided
    from flows.plan import plan_night
    from flows.registry.treatment import resolve_treatment
    from tasks.permit import find_policy, permit

    known = existing_store(store) if (store / "wetgate-store").is_file() else None
    choices = read_choices(fps or (), scan or ())
    resolved = resolve_treatment(recipe, store, ask=False)
    rules = find_policy(policy, store)
    read = apply_choices(read_catalog(catalog, profile), choices)
    read = permit(read, rules, resolved.treatment)
    read = replace(read, remarks=(*read.remarks, *resolved.remarks))
    if known:
        read = plan_decided(known, read, resolved.treatment, rules)
    planned = plan_night(
        read, archive_root(archive, catalog), resolved.treatment, known, store, notice, rules
    )
    typer.echo(_json(asdict(planned)) if as_json else words.plan_text(planned))
    raise typer.Exit(1 if planned.held else 0)


@app.command()
def run(
    catalog: CatalogArgument,
    store: StoreOption = Path("store"),
    recipe: RecipeOption = "conservative",
    archive: ArchiveOption = None,
    profile: ProfileOption = None,
    fps: FpsOption = None,
    scan: ScanOption = None,
    notice: NoticeOption = None,
    sidecar: SidecarOption = True,
    policy: PolicyOption = None,
    scheduler: Annotated[
        str | None, typer.Option(help="A running Dask scheduler, for instance tcp://host:8786.")
    ] = None,
    workers: WorkersOption = None,
    until: Annotated[
        str | None, typer.Option(metavar="HH:MM", help="Begin only what is done by this time.")
    ] = None,
    same_fault: SameFaultOption = SAME_FAULT,
    truth: Annotated[
        Path | None, typer.Option(help="For test material: undamaged reels by reel_id.")
    ] = None,
    cluster: ClusterOption = None,
    scratch: ScratchOption = None,
    scratch_gb: ScratchSizeOption = SCRATCH_GB,
    publish: PublishOption = None,
    as_json: JsonOption = False,
) -> None:
    """Restore every reel of a catalog; go on where an earlier night stopped."""
    if until is not None:
        check_clock(until)
    summary = _night(
        catalog=str(catalog),
        store=str(store),
        recipe=recipe,
        archive=archive,
        profile=profile,
        fps=fps,
        scan=scan,
        notice=notice,
        sidecar=sidecar,
        policy=str(policy) if policy else None,
        scheduler=scheduler,
        workers=workers,
        until=until,
        same_fault=same_fault,
        truth=str(truth) if truth else None,
        cluster=cluster,
        scratch=scratch,
        scratch_gb=scratch_gb,
        publish=publish,
    )
    typer.echo(_json(asdict(summary)) if as_json else words.summary_line(summary))
    raise typer.Exit(0 if summary.all_well else 1)


@app.command()
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


@app.command()
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
    typer.echo(_json(asdict(summary)) if as_json else summary_line(summary))
    raise typer.Exit(0 if summary.all_well else 1)


@app.command()
def doctor(store: StoreOption = Path("store"), as_json: JsonOption = False) -> None:
    """Check the installation and say what to do."""
    from flows.commands.doctor import examine
    from flows.services.services import quiet_settings

    quiet_settings()
    findings = examine(store)
    if as_json:
        typer.echo(_json([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            mark = "ok  " if finding.ok else "FAIL"
            remedy = f"\n     -> {finding.remedy}" if finding.remedy and not finding.ok else ""
            typer.echo(f"{mark} {finding.name}: {finding.found}{remedy}")
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


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


def _night(**parameters: Any) -> Any:
    """Run the nightly flow beside a Prefect server; returns its summary."""
    from catalogs.store import open_store
    from flows.night.object_storage import ObjectStorage
    from flows.services.services import prefect_api

    # Prefect records parameters as they are: what a URL must not hold is refused before.
    storage = ObjectStorage.of(
        parameters.get("scratch"),
        parameters.get("scratch_gb", SCRATCH_GB),
        parameters.get("publish"),
    )
    storage.refuse_sources(archive_root(parameters.get("archive"), Path(parameters["catalog"])))
    store = open_store(Path(parameters["store"]))
    with prefect_api(store.root / "prefect", lambda: import_module("flows.nightly")):
        from flows.night.summary import told_by_us
        from flows.nightly import nightly

        return told_by_us(lambda: nightly(**parameters))


def _json(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)


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
