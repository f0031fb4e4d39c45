"""`wetgate run`: a night."""

from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from catalogs.origin import archive_root
from flows import words
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
from flows.night.same_fault import SAME_FAULT
from flows.streams import say
from flows.window.drain import check_clock
from tasks.storage.scratch import SCRATCH_GB


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
    summary = start_night(
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
    say(words.as_json(asdict(summary)) if as_json else words.summary_line(summary))
    raise typer.Exit(0 if summary.all_well else 1)


def start_night(**parameters: Any) -> Any:
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
